/** `polyphony watch`: a run while it happens, until it has ended. */
import { WebSocket } from 'ws';
import { openClient, Refused, runState, type FollowState } from '../../client/client.ts';
import { Unavailable, type Issue } from '../../resolvers/errors.ts';
import { RUN_TERMINAL } from '../../resolvers/runs/model.ts';
import { refusalOf } from './api.ts';
import { EXIT, Interrupted } from './exit.ts';
import { WATCHED, type WatchedRun, type WatchedStep, type WatchedUpdate } from './run-view.ts';
import { jsonShow, plainShow, tableShow, type Show } from './watch-show.ts';

export interface WatchCommand {
  readonly run: string;
  /** Of the gateway's GraphQL endpoint. */
  readonly url: string;
  /** Each item as a line of JSON on stdout. */
  readonly json: boolean;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/** A gateway that is restarted is waited for this long. */
const PATIENCE_MS = 120_000;

/**
 * Shows the run until it has ended; answers 0 when it succeeded, 1 otherwise. Throws the gateway's refusal,
 * Unavailable when it is away for too long, Interrupted on Ctrl-C.
 */
export async function watch({ run, url, json, signal }: WatchCommand): Promise<number> {
  const show = showFor(json);
  const client = openClient({
    url,
    webSocket: (address, protocol) => new WebSocket(address, protocol),
  });
  const patience = openPatience(() => following.stop());
  const stop = () => following.stop();
  let last: WatchedRun | null = null;
  const following = client.follow<WatchedUpdate>(runState<WatchedRun, WatchedStep>(run, WATCHED), {
    item(update) {
      show.item(update);
      last = update.run;
      if (RUN_TERMINAL.has(last.status)) stop();
    },
    state(state) {
      patience.see(state);
      show.link(state);
    },
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    const error = await following.ended;
    return codeOf({ error, last, signal, url, patience });
  } finally {
    signal.removeEventListener('abort', stop);
    patience.end();
    show.end();
  }
}

interface Ended {
  readonly error: Error | null;
  readonly last: WatchedRun | null;
  readonly signal: AbortSignal;
  readonly url: string;
  readonly patience: Patience;
}

function codeOf({ error, last, signal, url, patience }: Ended): number {
  if (error instanceof Refused) {
    const { code, message, details } = error;
    const { issues } = details as { readonly issues?: readonly Issue[] };
    throw refusalOf({ code, message, ...(issues ? { issues } : {}) });
  }
  if (error) throw error;
  if (last && RUN_TERMINAL.has(last.status)) {
    return last.status === 'SUCCEEDED' ? EXIT.done : EXIT.failed;
  }
  if (signal.aborted) throw new Interrupted();
  throw new Unavailable(url, patience.reason());
}

interface Patience {
  see(state: FollowState): void;
  /** Why the link is down, as it was told last. */
  reason(): string;
  end(): void;
}

/** Calls `lost` when the link has been down for too long. */
function openPatience(lost: () => void): Patience {
  let timer: NodeJS.Timeout | undefined;
  let reason = 'no answer';
  const end = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    see(state) {
      if (state.is === 'waiting') ({ reason } = state);
      if (state.is === 'live' || state.is === 'degraded') end();
      else if (state.is !== 'ended') timer ??= setTimeout(lost, PATIENCE_MS);
    },
    reason: () => reason,
    end,
  };
}

function showFor(json: boolean): Show {
  if (json) return jsonShow(process.stdout, process.stderr);
  return process.stdout.isTTY
    ? tableShow(process.stdout)
    : plainShow(process.stdout, process.stderr);
}
