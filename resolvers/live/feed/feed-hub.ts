/**
 * The change feed, as all its followers in this gateway read it. Each holds its own position; those that come to the
 * same one share its page, so at the head a change costs one read however many follow. A gateway that committed wakes
 * the others through the bus; since the bus may lose that, and plain SQL tells nobody, all look once a second as well.
 */
import { randomUUID } from 'node:crypto';
import { openFeed, type Change, type Feed } from '../../events/feed/feed.ts';
import {
  advance,
  formatPosition,
  parseSnapshot,
  type Position,
} from '../../events/feed/position.ts';
import type { Bus } from '../../ports.ts';
import type { Sql } from '../../sql.ts';
import { until } from '../waiting.ts';
import { openWatch } from '../watch.ts';

/** A change and the position after it, as text. */
export interface FollowedChange extends Change {
  readonly cursor: string;
}

export interface HubPage {
  /** Of all workspaces and kinds. The same objects for everybody who reads this page. */
  readonly changes: readonly FollowedChange[];
  readonly next: Position;
  /** True when there may be more at once. */
  readonly more: boolean;
  /** How often this gateway had been woken when the page was read. */
  readonly wakes: number;
  /** The number of its read, as in `HubCounts.reads`: one above what was counted before was begun since. */
  readonly read: number;
}

export interface FeedHub {
  /** Begins to listen; the answer ends it. Before the first read, so that nothing falls between. */
  follow(): Promise<() => void>;
  /** The same for who reads the feed by itself, and only wants to be woken: it is no follower. */
  listen(): Promise<() => void>;
  /** How often this gateway has been woken so far. */
  wakes(): number;
  /** Resolves when it is woken again after `wakes` times, or `signal` aborts. */
  woken(wakes: number, signal: AbortSignal): Promise<void>;
  /** The position now. One statement. */
  first(): Promise<Position>;
  /** The next changes after a position. Refuses with CursorExpired. One statement, shared with others who ask the same. */
  page(position: Position): Promise<HubPage>;
  /** Resolves when there may be something after this page, or `signal` aborts. */
  moved(page: HubPage, signal: AbortSignal): Promise<void>;
  /** After a commit: wakes the followers of all gateways. Many calls are one message. */
  announce(): void;
  /** How far its followers have been brought, slow ones aside; null while there are none. For feedLag. */
  head(): Position | null;
  counts(): HubCounts;
  close(): Promise<void>;
}

export interface HubCounts {
  readonly followers: number;
  /** Of these, those that do not wait for news: they read, or are slow to take what they were given. */
  readonly behind: number;
  /** Pages read, whoever asked. */
  readonly reads: number;
}

/** Changes of one read. */
const PAGE_CHANGES = 500;
/** Pages kept for those who come to the same position. */
const PAGES_KEPT_MAX = 16;
/** Cursors of a page that is kept, together: with many open transactions they are long. */
const PAGE_KEPT_CHARS_MAX = 1_000_000;
/** Between two wakes at least: what is committed meanwhile is read together. */
const PACE_ms = 20;
/** Messages of many gateways go over as many topics: none is hot, and a cluster spreads them over its nodes. */
const TOPICS = Array.from({ length: 16 }, (_, number) => `changes:${number}`);

export interface HubOptions {
  /** Between two looks that nobody asked for. */
  readonly look_ms: number;
}

/** The feed of the primary: a replica gives no positions that it understands. */
export function openFeedHub(sql: Sql, bus: Bus, { look_ms }: HubOptions): FeedHub {
  const feed = openFeed(sql);
  const pages = openPages((position) => feed.page(position, PAGE_CHANGES));
  const waiting = new Set<() => void>();
  const others = new Set<() => void>();
  const topic = TOPICS[Math.floor(Math.random() * TOPICS.length)]!;
  const self = randomUUID();
  let followers = 0;
  let listeners = 0;
  let wakes = 0;

  const wake = paced(() => {
    wakes += 1;
    for (const look of [...waiting, ...others]) look();
  });
  const tell = paced(() => bus.publish(topic, self));
  const listening = openListening(bus, (from) => {
    if (from !== self) wake.soon(); // We woke when we told.
  });
  const look = openWatch(
    async () => wake.soon(),
    look_ms,
    () => undefined,
  );
  const stopGaps = bus.onGap(() => {
    if (listeners > 0) void listening.begin();
    wake.soon();
  });

  const listen = async () => {
    listeners += 1;
    await listening.begin();
    return once(() => {
      listeners -= 1;
      if (listeners === 0) listening.end();
    });
  };

  return {
    async follow() {
      followers += 1;
      const leave = await listen();
      return once(() => {
        followers -= 1;
        leave();
      });
    },
    listen,
    wakes: () => wakes,
    woken: (seen, signal) => until(others, () => wakes > seen, signal),
    first: () => feed.first(),
    page: (position) => pages.at(position, wakes),
    moved: (page, signal) => until(waiting, () => wakes > page.wakes, signal),
    announce() {
      wake.soon();
      tell.soon();
    },
    counts: () => ({ followers, behind: followers - waiting.size, reads: pages.reads() }),
    head: () => (followers > 0 ? pages.head() : null),
    async close() {
      stopGaps();
      wake.stop();
      tell.stop();
      listening.end();
      await look.close();
    },
  };
}

/** Reads pages, each once for all who ask for it at the same position. */
function openPages(read: (position: Position) => ReturnType<Feed['page']>) {
  const kept = new Map<string, Promise<HubPage>>();
  let reads = 0;
  let head: Position | null = null;

  const readPage = async (position: Position, wakes: number): Promise<HubPage> => {
    const number = (reads += 1);
    const { changes, next, more, snapshot } = await read(position);
    if (!more) head = next;
    const now = parseSnapshot(snapshot);
    const cursorOf = (change: Change, at: number) =>
      formatPosition(at === changes.length - 1 ? next : advance(position, now, change, true));
    const followed = changes.map((change, at) => ({ ...change, cursor: cursorOf(change, at) }));
    return { changes: followed, next, more, wakes, read: number };
  };

  return {
    reads: () => reads,
    head: () => head,
    at(position: Position, wakes: number): Promise<HubPage> {
      const key = formatPosition(position);
      const there = kept.get(key);
      if (there) return there;
      const page = readPage(position, wakes);
      if (kept.size >= PAGES_KEPT_MAX) kept.delete(kept.keys().next().value!);
      kept.set(key, page);
      const forget = () => {
        if (kept.get(key) === page) kept.delete(key);
      };
      // What follows a position never changes, except that an empty page is filled.
      const judge = ({ changes, more }: HubPage) => {
        if ((changes.length === 0 && !more) || isLarge(changes)) forget();
      };
      void page.then(judge, forget);
      return page;
    },
  };
}

function isLarge(changes: readonly FollowedChange[]): boolean {
  return changes.reduce((sum, { cursor }) => sum + cursor.length, 0) > PAGE_KEPT_CHARS_MAX;
}

/** All topics, or none: with the bus away the look each second is the live path. */
function openListening(bus: Bus, hear: (message: string) => void) {
  let stops: Promise<(() => void)[]> | null = null;

  const listen = async (): Promise<(() => void)[]> => {
    const begun = await Promise.allSettled(TOPICS.map((topic) => bus.listen(topic, hear)));
    return begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  };
  const end = async (listened: Promise<(() => void)[]>): Promise<void> => {
    for (const stop of await listened) stop();
  };

  return {
    async begin(): Promise<void> {
      const before = stops;
      if (before && (await before).length === TOPICS.length) return;
      if (stops === before) {
        stops = listen();
        if (before) void end(before);
      }
      await stops; // Perhaps another call's.
    },
    end(): void {
      if (stops) void end(stops);
      stops = null;
    },
  };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/** Does it at once, and then at most once each PACE_ms, the last time included. */
function paced(work: () => void) {
  let timer: NodeJS.Timeout | null = null;
  let again = false;
  let stopped = false;
  const run = () => {
    again = false;
    timer = setTimeout(() => {
      timer = null;
      if (again) run();
    }, PACE_ms).unref();
    work();
  };
  return {
    soon() {
      if (timer) again = true;
      else if (!stopped) run();
    },
    stop() {
      if (timer) clearTimeout(timer);
      timer = null;
      stopped = true;
    },
  };
}
