/**
 * Follows one live field through whatever happens to its connections: each begins after the last item that was handed
 * over, so nothing is lost and nothing comes twice.
 */
import { openBackoff } from './backoff.ts';
import { sleep, type Clock } from './clock.ts';
import { openSeen } from './seen.ts';
import type { WireError } from './refused.ts';
import type { End, Followed, Hear, Transport, TransportName } from './transport.ts';

export type FollowState =
  | { readonly is: 'connecting' }
  /** By the first of the transports. */
  | { readonly is: 'live' }
  /** By another, because those before it do not pass here. */
  | { readonly is: 'degraded'; readonly how: TransportName }
  | { readonly is: 'waiting'; readonly wait_ms: number; readonly reason: string }
  /** For good; null when it was stopped, or the gateway had no more. */
  | { readonly is: 'ended'; readonly error: Error | null };

export interface Handlers<Item> {
  /** Each item once, in order. What it throws ends the following. `errors`: of fields below the item. */
  item(item: Item, errors: readonly WireError[]): void;
  /** Each change of the state. */
  state?(state: FollowState): void;
}

export interface FollowCounts {
  /** Handed over. */
  readonly items: number;
  /** Came a second time and were kept back. */
  readonly repeated: number;
  /** Were older than what was handed over, and kept back. */
  readonly older: number;
  /** Connections that the gateway answered. */
  readonly connections: number;
  /** Of these, those that went on after a cursor that an earlier one had brought. */
  readonly resumes: number;
  /** Connections given up because nothing was heard of them. */
  readonly halfOpen: number;
}

export interface Following {
  state(): FollowState;
  counts(): FollowCounts;
  /** Of the last item that was handed over, or the one that it began after. */
  cursor(): string | null;
  stop(): void;
  /** Resolves when it has ended, with the error that ended it or null. */
  readonly ended: Promise<Error | null>;
}

export interface FollowOptions {
  readonly backoff_first_ms: number;
  readonly backoff_max_ms: number;
  /** A better transport is tried again after so long; the time doubles each time that it does not pass. */
  readonly upgrade_ms: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** The longest time on a lesser transport before a better one is tried again. */
const UPGRADE_max_ms = 3_600_000;

/** Begins at once. `transports` in the order of preference. */
export function follow<Item>(
  followed: Followed<Item>,
  transports: readonly Transport[],
  options: FollowOptions,
  handlers: Handlers<Item>,
): Following {
  const stopping = new AbortController();
  const inbox = openInbox(followed, handlers);
  let state: FollowState = { is: 'connecting' };
  const say = (now: FollowState) => {
    state = now;
    handlers.state?.(now);
  };
  const ended = run(followed, transports, options, inbox, say, stopping.signal)
    .catch((error: unknown) => error as Error)
    .then((error) => {
      say({ is: 'ended', error });
      return error;
    });
  return {
    state: () => state,
    counts: () => inbox.counts(),
    cursor: () => inbox.cursor(),
    stop: () => stopping.abort(),
    ended,
  };
}

async function run<Item>(
  followed: Followed<Item>,
  transports: readonly Transport[],
  options: FollowOptions,
  inbox: Inbox<Item>,
  say: (state: FollowState) => void,
  signal: AbortSignal,
): Promise<Error | null> {
  const { clock, backoff_first_ms, backoff_max_ms, random } = options;
  const backoff = openBackoff({ first_ms: backoff_first_ms, max_ms: backoff_max_ms, random });
  const ladder = openLadder(transports, options);
  while (!signal.aborted) {
    say({ is: 'connecting' });
    const before = inbox.counts().items;
    const began_ms = clock.now_ms();
    const end = await ladder.climb(followed, inbox, say, signal);
    if (signal.aborted) break;
    if (end.kind === 'refused') return end.error;
    if (end.kind === 'complete') return null;
    if (end.kind === 'stopped') continue; // To try a better transport.
    if (end.kind === 'half-open') inbox.halfOpen();
    const wasWell = inbox.counts().items > before || clock.now_ms() - began_ms > backoff_max_ms;
    if (wasWell) backoff.reset();
    const told_ms = end.kind === 'broken' ? (end.wait_ms ?? 0) : 0;
    const wait_ms = Math.round(told_ms + backoff.next_ms());
    say({ is: 'waiting', wait_ms, reason: end.reason });
    await sleep(clock, wait_ms, signal);
  }
  return null;
}

interface Inbox<Item> {
  /** What a connection is told to call; `opened` says that it is a way. */
  hear(opened: () => void): Hear<Item>;
  cursor(): string | null;
  counts(): FollowCounts;
  halfOpen(): void;
}

function openInbox<Item>(followed: Followed<Item>, handlers: Handlers<Item>): Inbox<Item> {
  const seen = openSeen(followed.version, followed.key);
  const counts = { items: 0, repeated: 0, older: 0, connections: 0, resumes: 0, halfOpen: 0 };
  let cursor = followed.after ?? null;
  let brought = false;

  const item = (value: Item, at: string | null, errors: readonly WireError[]): End | null => {
    if (startsOver(value)) seen.forget();
    const judged = at !== null && at === cursor ? 'repeated' : seen.judge(value);
    if (judged !== 'new') {
      counts[judged] += 1;
      return null;
    }
    try {
      handlers.item(value, errors);
    } catch (error) {
      return { kind: 'refused', error: error as Error };
    }
    counts.items += 1;
    cursor = at ?? cursor;
    brought ||= at !== null;
    return null;
  };

  return {
    hear: (opened) => {
      let first = true;
      return {
        opened() {
          if (!first) return;
          first = false;
          counts.connections += 1;
          if (brought) counts.resumes += 1;
          opened();
        },
        item,
      };
    },
    cursor: () => cursor,
    counts: () => ({ ...counts }),
    halfOpen() {
      counts.halfOpen += 1;
    },
  };
}

/** A snapshot with a reason: after a restore it may be older than what was shown. */
function startsOver(item: unknown): boolean {
  const { type, reason } = item as { readonly type?: unknown; readonly reason?: unknown };
  return type === 'SNAPSHOT' && typeof reason === 'string';
}

interface Ladder {
  /** Carries by the first transport that passes, until that ends. */
  climb<Item>(
    followed: Followed<Item>,
    inbox: Inbox<Item>,
    say: (state: FollowState) => void,
    signal: AbortSignal,
  ): Promise<End>;
}

/** Remembers for a while that the first transports do not pass here. */
function openLadder(
  transports: readonly Transport[],
  { clock, upgrade_ms }: FollowOptions,
): Ladder {
  let from = 0;
  let stay_ms = upgrade_ms;

  return {
    async climb(followed, inbox, say, signal) {
      const usable = transports.filter(({ name }) => name !== 'poll' || followed.poll);
      let end: End = { kind: 'broken', reason: 'there is no transport for it' };
      for (const [at, transport] of usable.entries()) {
        if (at < from || signal.aborted) continue;
        const session = openSession(signal);
        let opened = false;
        const hear = inbox.hear(() => {
          opened = true;
          from = at;
          if (at > 0) session.endAfter(clock, stay_ms);
          say(at === 0 ? { is: 'live' } : { is: 'degraded', how: transport.name });
        });
        const asked = { ...followed, after: inbox.cursor() };
        end = await transport.carry(asked, hear, session.signal);
        session.close();
        if (opened && at === 0) stay_ms = upgrade_ms;
        if (opened && end.kind === 'stopped') {
          from = 0;
          stay_ms = Math.min(stay_ms * 2, UPGRADE_max_ms);
        }
        if (opened || end.kind !== 'broken') return end;
      }
      from = 0; // None passes: it is not the transport.
      return end;
    },
  };
}

/** The signal of one connection: that of the whole following, or earlier. */
function openSession(signal: AbortSignal) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener('abort', abort, { once: true });
  let cancel = () => {};
  return {
    signal: controller.signal,
    endAfter(clock: Clock, wait_ms: number) {
      cancel = clock.after(wait_ms, abort);
    },
    close() {
      cancel();
      signal.removeEventListener('abort', abort);
    },
  };
}
