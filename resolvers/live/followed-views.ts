/**
 * What this gateway reads again and again for its subscribers, such as lists and networks: each once, however many
 * follow it. It is looked at only while somebody waits for what is new: slow followers cost nothing.
 */
import type { FeedHub } from './feed/feed-hub.ts';
import { until } from './waiting.ts';

/** What was read. Followers know it by its mark, which is all that is kept for a slow one. */
export interface Viewed {
  readonly mark: object;
}

/** Reads one thing, again and again as the feed tells of changes. */
export interface ViewReader<View> {
  /** What is there now, or null when it is as it was. Not twice at a time. */
  look(): Promise<View | null>;
  /** Resolves when there may be something to see, when nudged, or when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** Ends a wait. */
  nudge(): void;
  /** What was read does not count any more: the next look reads rows. */
  expire(): void;
}

/** Does the work when it is its turn. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** One thing with followers in this gateway. */
export interface FollowedView<View extends Viewed> {
  /**
   * What is there now. With `anew` its rows are read after this call begins: not older than anything that the caller
   * was given before, by whatever gateway. Null when `signal` aborts.
   */
  now(anew: boolean, signal: AbortSignal): Promise<View | null>;
  /** The newest view that is not the one of this mark; null when `signal` aborts. */
  after(mark: View['mark'], signal: AbortSignal): Promise<View | null>;
}

/** What this gateway follows of one kind. */
export interface FollowedViews<Of, View extends Viewed> {
  readonly feed: FeedHub;
  /** Begins to follow a thing, or joins those who do; `leave` ends it. */
  join(of: Of): Promise<{ readonly followed: FollowedView<View>; readonly leave: () => void }>;
}

/** Reads of one kind that a gateway makes at once, however many things are followed. */
const READS_AT_ONCE_MAX = 4;

/** None followed yet. Things of the same key are the same. */
export function openFollowedViews<Of extends { readonly key: string }, View extends Viewed>(
  feed: FeedHub,
  readerOf: (of: Of, feed: FeedHub, inTurn: InTurn) => ViewReader<View>,
): FollowedViews<Of, View> {
  const open = new Map<string, Entry<View>>();
  const inTurn = openTurns(READS_AT_ONCE_MAX);

  function entryOf(of: Of): Entry<View> {
    const there = open.get(of.key);
    if (there && !there.failed()) return there;
    const entry = openEntry(readerOf(of, feed, inTurn), feed);
    open.set(of.key, entry);
    return entry;
  }

  return {
    feed,
    async join(of) {
      const entry = entryOf(of);
      entry.followers += 1;
      let here = true;
      const leave = () => {
        if (!here) return;
        here = false;
        entry.followers -= 1;
        if (entry.followers > 0) return;
        if (open.get(of.key) === entry) open.delete(of.key);
        entry.close();
      };
      try {
        await entry.listening; // Before the first read: nothing falls between.
      } catch (error) {
        leave();
        throw error;
      }
      return { followed: entry, leave };
    },
  };
}

/** What one follower is told. */
export interface Telling<View extends Viewed, Update> {
  /** Whether it has been given something before, by whatever gateway. */
  readonly isResumed: boolean;
  /** Its first item; null when it lacks nothing. */
  begin(view: View): Update | null | Promise<Update | null>;
  /** From what it has to a view; null when that looks the same to it. */
  difference(mark: View['mark'], view: View): Update | null;
}

/** Items until `signal` aborts. Of a slow reader nothing is kept but the mark of what it has. */
export async function* updatesOf<Of, View extends Viewed, Update>(
  views: FollowedViews<Of, View>,
  of: Of,
  telling: Telling<View, Update>,
  signal: AbortSignal,
): AsyncGenerator<Update> {
  const { followed, leave } = await views.join(of);
  try {
    const view = await followed.now(telling.isResumed, signal);
    if (!view) return;
    const begin = await telling.begin(view);
    let mark: View['mark'] = view.mark;
    if (begin) yield begin;
    while (!signal.aborted) {
      const next = await followed.after(mark, signal);
      if (!next) return;
      const update = telling.difference(mark, next);
      ({ mark } = next);
      if (update) yield update;
    }
  } finally {
    leave();
  }
}

interface Entry<View extends Viewed> extends FollowedView<View> {
  followers: number;
  readonly listening: Promise<unknown>;
  failed(): boolean;
  close(): void;
}

interface Failure {
  readonly error: unknown;
}

/** It looks only while somebody waits for what it sees. */
function openEntry<View extends Viewed>(reader: ViewReader<View>, feed: FeedHub): Entry<View> {
  const waiting = new Set<() => void>();
  const stop = new AbortController();
  const listening = feed.follow();
  const now = { view: null as View | null, looking: false, failure: null as Failure | null };
  const looks = { begun: 0, done: 0 };
  const wakeAll = () => {
    for (const wake of waiting) wake();
  };

  const lookUntilNews = async () => {
    const before = now.view;
    while (now.view === before) {
      if (looks.begun > 0) await reader.wait(stop.signal);
      if (stop.signal.aborted) return;
      looks.begun += 1;
      now.view = (await reader.look()) ?? now.view;
      looks.done = looks.begun;
      wakeAll();
    }
  };
  const look = async () => {
    if (now.looking || now.failure) return;
    now.looking = true;
    try {
      await lookUntilNews();
    } catch (error) {
      now.failure = { error };
    }
    now.looking = false;
    wakeAll();
  };
  const seen = async (holds: () => boolean, signal: AbortSignal): Promise<View | null> => {
    while (!holds() && !now.failure && !signal.aborted) {
      void look();
      await until(waiting, () => holds() || !now.looking, signal);
    }
    if (now.failure) throw now.failure.error;
    return signal.aborted ? null : now.view;
  };

  return {
    followers: 0,
    listening,
    failed: () => now.failure !== null,
    now(anew, signal) {
      const target = looks.begun + 1;
      if (anew) reader.expire();
      reader.nudge();
      return seen(() => looks.done >= target, signal);
    },
    after: (mark, signal) => seen(() => now.view !== null && now.view.mark !== mark, signal),
    close() {
      stop.abort();
      void listening.then(
        (leave) => leave(),
        () => undefined,
      );
    },
  };
}

/** At most so many at once; the others wait for their turn. */
function openTurns(max: number): InTurn {
  const line: (() => void)[] = [];
  let free = max;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((turn) => void line.push(turn));
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else free += 1;
    }
  };
}
