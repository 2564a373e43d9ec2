/**
 * The lists of runs that this gateway follows for its subscribers, each once however many follow it. A list is looked
 * at only while somebody waits for what is new: slow followers cost nothing.
 */
import { until } from '../waiting.ts';
import type { FeedHub } from '../feed/feed-hub.ts';
import { openWindowReader, type Mark, type RunList, type View } from './run-window.ts';

/** One list with followers in this gateway. */
interface FollowedList {
  /**
   * What is there now. With `anew` its rows are read after this call begins: not older than anything that the caller
   * was given before, by whatever gateway. Null when `signal` aborts.
   */
  now(anew: boolean, signal: AbortSignal): Promise<View | null>;
  /** The newest view that is not the one of this mark; null when `signal` aborts. */
  after(mark: Mark, signal: AbortSignal): Promise<View | null>;
}

/** The lists that this gateway follows for its subscribers. */
export interface RunLists {
  readonly feed: FeedHub;
  /** Begins to follow a list, or joins those who do; `leave` ends it. */
  join(list: RunList): Promise<{ readonly followed: FollowedList; readonly leave: () => void }>;
}

/** Windows that one gateway reads at once, however many lists are followed. */
const READS_AT_ONCE_MAX = 4;

/** None followed yet. */
export function openRunLists(feed: FeedHub): RunLists {
  const open = new Map<string, Entry>();
  const inTurn = openTurns(READS_AT_ONCE_MAX);

  function entryOf(list: RunList): Entry {
    const there = open.get(list.key);
    if (there && !there.failed()) return there;
    const entry = openEntry(list, feed, inTurn);
    open.set(list.key, entry);
    return entry;
  }

  return {
    feed,
    async join(list) {
      const entry = entryOf(list);
      entry.followers += 1;
      let here = true;
      const leave = () => {
        if (!here) return;
        here = false;
        entry.followers -= 1;
        if (entry.followers > 0) return;
        if (open.get(list.key) === entry) open.delete(list.key);
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

interface Entry extends FollowedList {
  followers: number;
  readonly listening: Promise<unknown>;
  failed(): boolean;
  close(): void;
}

interface Failure {
  readonly error: unknown;
}

/** It looks only while somebody waits for what it sees. */
function openEntry(list: RunList, feed: FeedHub, inTurn: ReturnType<typeof openTurns>): Entry {
  const reader = openWindowReader(list, feed, inTurn);
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
function openTurns(max: number) {
  const line: (() => void)[] = [];
  let free = max;
  return async <T>(work: () => Promise<T>): Promise<T> => {
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
