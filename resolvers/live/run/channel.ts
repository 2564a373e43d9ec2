/**
 * One followed run in this gateway: how far its log goes, and what was read of it last. All followers share it, so a
 * change costs one read however many they are. It keeps no line per follower: each holds its own position and reads
 * on from there, one that is behind in pages of its own.
 */
import { readEvents, type StoredEvent } from '../../events/read.ts';
import { eventCursor } from '../../runs/event-pages.ts';
import type { Sql } from '../../sql.ts';
import { until } from '../waiting.ts';

/** Events of one read. */
export const PAGE_EVENTS_MAX = 500;
/** Their payloads: a follower that takes nothing holds a page. */
const PAGE_BYTES_MAX = 1_048_576;
/** Reads kept for followers that come to the same position; about as many as followers stand apart. */
const PAGES_KEPT_MAX = 16;
/** Payloads of a page that is kept; a larger one is shared only by those who ask while it is read. */
const PAGE_KEPT_CHARS_MAX = 262_144;

/** An event and the cursor by which a reader goes on after it. */
export interface LiveEvent extends StoredEvent {
  readonly cursor: string;
}

export interface Channel {
  readonly runId: string;
  /** Seq of the newest event known to be there. */
  readonly head: number;
  /** The log goes up to `seq`; less than is known is ignored. True when it was news. */
  advance(seq: number): boolean;
  /**
   * Some events after `seq`, in order and without a gap, at least one when `seq` is below the head. One statement,
   * shared with others who ask the same.
   */
  after(seq: number): Promise<readonly LiveEvent[]>;
  /** What `read` makes at this head, under a name; made once, however many ask. */
  share<T>(key: string, read: () => Promise<T>): Promise<T>;
  /** True once the run was found deleted. */
  readonly gone: boolean;
  /** The run is no longer there: wakes all who wait. */
  end(): void;
  /** Resolves when the head is above `seq`, the run is gone, or `signal` aborts. */
  moved(seq: number, signal: AbortSignal): Promise<void>;
}

/** A channel that knows of no event yet. */
export function openChannel(sql: Sql, runId: string): Channel {
  const waiting = new Set<() => void>();
  const pages = new Map<number, Page>();
  let shared = new Map<string, Promise<unknown>>();
  let head = 0;
  let gone = false;

  return {
    runId,
    get head() {
      return head;
    },
    get gone() {
      return gone;
    },
    end() {
      gone = true;
      for (const wake of waiting) wake();
    },
    advance(seq) {
      if (seq <= head) return false;
      head = seq;
      shared = new Map();
      for (const wake of waiting) wake();
      return true;
    },
    after(seq) {
      const kept = pages.get(seq)?.asked ?? within(pages, seq);
      if (kept) return kept;
      const asked = readEvents(sql, runId, seq, PAGE_EVENTS_MAX, PAGE_BYTES_MAX).then((events) =>
        events.map((event) => ({ ...event, cursor: eventCursor(event) })),
      );
      keep(pages, seq, { asked, events: null });
      return asked;
    },
    share(key, read) {
      const known = shared.get(key) as Promise<Awaited<ReturnType<typeof read>>> | undefined;
      if (known) return known;
      const made = read();
      const atHead = shared;
      if (atHead.size < PAGES_KEPT_MAX) atHead.set(key, made);
      made.catch(() => atHead.delete(key));
      return made;
    },
    moved: (seq, signal) => until(waiting, () => head > seq || gone, signal),
  };
}

/** Read, or being read. */
interface Page {
  readonly asked: Promise<readonly LiveEvent[]>;
  events: readonly LiveEvent[] | null;
}

/** The rest of a page that goes over the position: so followers that began apart come to hold the same events. */
function within(
  pages: ReadonlyMap<number, Page>,
  seq: number,
): Promise<readonly LiveEvent[]> | undefined {
  for (const [from, { events }] of pages) {
    if (events && from < seq && seq < from + events.length)
      return Promise.resolve(events.slice(seq - from));
  }
  return undefined;
}

/** What a run's log holds after a position never changes, except that an empty page is filled. */
function keep(pages: Map<number, Page>, seq: number, page: Page): void {
  if (pages.size >= PAGES_KEPT_MAX) pages.delete(pages.keys().next().value!);
  pages.set(seq, page);
  const forget = () => {
    if (pages.get(seq) === page) pages.delete(seq);
  };
  const judge = (events: readonly LiveEvent[]) => {
    page.events = events;
    if (events.length === 0 || isLarge(events)) forget();
  };
  void page.asked.then(judge, forget);
}

function isLarge(events: readonly LiveEvent[]): boolean {
  let characters = 0;
  return events.some(({ payload }) => {
    characters += JSON.stringify(payload).length;
    return characters > PAGE_KEPT_CHARS_MAX;
  });
}
