/**
 * The worker's half of the client: tells a gateway the events of one run, in order, each stored once, while the
 * worker goes on with its work. What a gateway that is away does not take waits in a bounded buffer, and on request
 * in a file as well.
 *
 *     const emitter = openEmitter({ url: 'http://127.0.0.1:4000/graphql', runId });
 *     emitter.emit({ type: 'RUN_STARTED' });
 *     if (!emitter.emit({ type: 'STEP_STARTED', stepKey: 'align' })) await emitter.flush();
 *     await emitter.close();
 */
import { openBackoff } from './backoff.ts';
import { SYSTEM_CLOCK, sleep, type Clock } from './clock.ts';
import { openBuffer, type Waiting } from './event-buffer.ts';
import { newEventId } from './event-id.ts';
import { sendEvents, sendHeartbeat, type Sending } from './append.ts';
import type { Fetch } from './post.ts';
import type { Refused } from './refused.ts';

/** What a worker says. docs/PROTOCOL.md has the types and the shapes of their payloads. */
export interface NewEvent {
  readonly type: string;
  readonly stepKey?: string;
  /** From 1; else the step's current one. */
  readonly attempt?: number;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Else now. */
  readonly occurredAt?: Date;
  /** A UUID; else a new one. The same id with the same body is stored once. */
  readonly eventId?: string;
  readonly causationId?: string;
  readonly correlationId?: string;
  readonly schemaVersion?: number;
}

/** Where events wait that must outlive the process: `openSpool` of `polyphony/client/spool`. */
export interface Spool {
  /** What an earlier process left: events that were not acknowledged, in order, and the fence. Asked once. */
  load(): { readonly events: readonly string[]; readonly fence: string | null };
  /** Keeps one more event; when it returns, the event outlives this process. */
  put(event: string): void;
  /** The oldest `count` events are stored in the gateway, which answered with this fence. */
  acknowledge(count: number, fence: string | null): void;
  /** Lets go of it. `done`: nothing of it is needed any more. */
  close(done: boolean): void;
}

export interface EmitterOptions {
  /** Of the GraphQL endpoint, http or https. */
  readonly url: string;
  readonly runId: string;
  /** When another process has won the run already. */
  readonly fence?: string;
  readonly fetch?: Fetch;
  /** Events that wait at most, those under way included. Default: 10,000. */
  readonly buffer_events_max?: number;
  /** Bytes of JSON that wait at most. Default: 16 MiB. */
  readonly buffer_bytes_max?: number;
  /** Of one call; the gateway's APPEND_CALL_EVENTS_MAX is 1,000. Default: 500. */
  readonly batch_events_max?: number;
  /** Of one call; the gateway's APPEND_CALL_BYTES_MAX is 4 MiB. Default: 1 MiB. A larger event goes alone. */
  readonly batch_bytes_max?: number;
  /** Default: 100. */
  readonly backoff_first_ms?: number;
  /** Default: 5,000. */
  readonly backoff_max_ms?: number;
  /** One call. Default: 30,000. */
  readonly request_max_ms?: number;
  /** After so long without a call the worker says that it is alive, from RUN_STARTED on. Default: 10,000. */
  readonly heartbeat_ms?: number;
  readonly spool?: Spool;
  /** The status of the run as each answer tells it: so a worker hears of a pause or a cancel. */
  readonly onStatus?: (status: string) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface EmitterCounts {
  /** Stored, as the gateway answered. */
  readonly acknowledged: number;
  /** Taken and not acknowledged yet. */
  readonly waiting: number;
  readonly waiting_bytes: number;
  readonly calls: number;
  /** Calls that were sent once more: their answer was lost, or the gateway could not take them then. */
  readonly repeats: number;
}

export interface Emitter {
  /**
   * Takes the event and returns at once. False: the buffer is full and the event was *not* taken; `flush` and emit it
   * again. Throws what stopped the emitter, and after `close`.
   */
  emit(event: NewEvent): boolean;
  /** Resolves when all that was taken is stored; rejects with what stopped the emitter. */
  flush(): Promise<void>;
  /** Takes no more, and flushes; after `bound_ms` gives up and rejects. What is left is in the spool, if there is one. */
  close(bound_ms?: number): Promise<void>;
  /** As the gateway answered to the RUN_STARTED that won the run; null before. */
  fence(): string | null;
  counts(): EmitterCounts;
}

const DEFAULTS = {
  buffer_events_max: 10_000,
  buffer_bytes_max: 16 * 1_024 * 1_024,
  batch_events_max: 500,
  batch_bytes_max: 1_024 * 1_024,
  backoff_first_ms: 100,
  backoff_max_ms: 5_000,
  request_max_ms: 30_000,
  heartbeat_ms: 10_000,
  clock: SYSTEM_CLOCK,
  random: Math.random,
};

/**
 * One per run and process. Begins with what the spool holds. A call that the gateway refuses (CONFLICT, INVALID …)
 * stops it: what was refused and what came after it would be refused again.
 */
export function openEmitter(options: EmitterOptions): Emitter {
  const asked = { ...DEFAULTS, ...options };
  const { spool, clock } = asked;
  const kept = spool?.load();
  const buffer = openBuffer(asked, kept?.events ?? []);
  const stopping = new AbortController();
  const state: State = {
    fence: options.fence ?? kept?.fence ?? null,
    stopped: null,
    closed: false,
    heard_ms: clock.now_ms(),
    counts: { acknowledged: 0, calls: 0, repeats: 0 },
  };
  const pump = openPump(asked, buffer, state, stopping.signal);
  pump.wake();
  const beating = beat(asked, state, stopping.signal);
  beating.catch((error: unknown) => (state.stopped ??= error as Error)); // What `onStatus` threw.

  const flush = async () => {
    if (state.stopped) throw state.stopped;
    await buffer.empty();
    if (state.stopped) throw state.stopped;
  };
  return {
    emit(event) {
      if (state.stopped) throw state.stopped;
      if (state.closed) throw new Error('the emitter is closed');
      const entry = buffer.fit(eventText(event));
      if (!entry) return false;
      spool?.put(entry.text); // First: what cannot be kept is not taken.
      buffer.put(entry);
      pump.wake();
      return true;
    },
    flush,
    async close(bound_ms) {
      state.closed = true;
      const cancel =
        bound_ms === undefined ? () => undefined : clock.after(bound_ms, () => giveUp(bound_ms));
      try {
        await flush();
      } finally {
        cancel();
        stopping.abort();
        spool?.close(buffer.count() === 0);
      }
    },
    fence: () => state.fence,
    counts: () => ({ ...state.counts, waiting: buffer.count(), waiting_bytes: buffer.bytes() }),
  };

  function giveUp(bound_ms: number): void {
    const left = buffer.count();
    state.stopped ??= new Error(`${left} events were not taken within ${bound_ms} ms`);
    stopping.abort();
    buffer.wake();
  }
}

interface State {
  fence: string | null;
  stopped: Error | null;
  closed: boolean;
  /** When the gateway last answered. */
  heard_ms: number;
  readonly counts: { acknowledged: number; calls: number; repeats: number };
}

type Asked = EmitterOptions & typeof DEFAULTS;

/** Sends while there is something to send; one call at a time keeps the order. */
function openPump(asked: Asked, buffer: Waiting, state: State, signal: AbortSignal) {
  let running = false;
  const run = async () => {
    running = true;
    try {
      while (buffer.count() > 0 && !signal.aborted) await sendOne(asked, buffer, state, signal);
    } catch (error) {
      state.stopped ??= error as Error;
      buffer.wake();
    } finally {
      running = false;
    }
  };
  return {
    wake(): void {
      if (!running && !state.stopped) void run();
    },
  };
}

/** Sends one batch until it is stored. Throws when it is refused. */
async function sendOne(
  asked: Asked,
  buffer: Waiting,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, backoff_first_ms, backoff_max_ms } = asked;
  const backoff = openBackoff({ first_ms: backoff_first_ms, max_ms: backoff_max_ms, random });
  const sending = sendingOf(asked, signal);
  let size = asked.batch_events_max;
  for (let tries = 0; !signal.aborted; tries++) {
    if (tries > 0) state.counts.repeats += 1;
    const batch = buffer.batch(size, asked.batch_bytes_max);
    state.counts.calls += 1;
    const answer = await sendEvents(sending, asked.runId, state.fence, batch);
    if ('stored' in answer) {
      state.fence ??= answer.stored.fence;
      state.heard_ms = clock.now_ms();
      state.counts.acknowledged += batch.length;
      asked.spool?.acknowledge(batch.length, state.fence);
      buffer.drop(batch.length);
      asked.onStatus?.(answer.stored.status);
      return;
    }
    if ('refused' in answer) {
      // Too much at once, or too much for the gateway just now: less, and later.
      if (!mayBeLess(answer.refused, tries)) throw answer.refused;
      size = Math.max(1, Math.floor(batch.length / 2));
    }
    await sleep(clock, backoff.next_ms(), signal);
  }
}

/** Says that the worker is alive when it has said nothing else. What is refused then, the next append hears. */
async function beat(asked: Asked, state: State, signal: AbortSignal): Promise<void> {
  const { clock, heartbeat_ms, runId, onStatus } = asked;
  while (!signal.aborted && !state.stopped) {
    await sleep(clock, Math.max(0, state.heard_ms + heartbeat_ms - clock.now_ms()), signal);
    if (signal.aborted || clock.now_ms() < state.heard_ms + heartbeat_ms) continue;
    state.heard_ms = clock.now_ms();
    if (state.fence === null) continue;
    const status = await sendHeartbeat(sendingOf(asked, signal), runId, state.fence);
    if (status !== null) onStatus?.(status);
  }
}

function sendingOf(asked: Asked, signal: AbortSignal): Sending {
  const { url, request_max_ms, clock } = asked;
  const fetch: Fetch = asked.fetch ?? ((...request) => globalThis.fetch(...request));
  return { url, fetch, request_max_ms, clock, signal };
}

/** So often a LIMITED call is sent again, with half of its events each time: 2^10 is above any batch. */
const LIMITED_TRIES_MAX = 12;

function mayBeLess({ code }: Refused, tries: number): boolean {
  return code === 'LIMITED' && tries < LIMITED_TRIES_MAX;
}

/** As it is sent, now and each time again. */
function eventText({ eventId, occurredAt = new Date(), ...event }: NewEvent): string {
  return JSON.stringify({
    eventId: eventId ?? newEventId(occurredAt.getTime()),
    occurredAt: occurredAt.toISOString(),
    ...event,
  });
}
