/**
 * Reads the newest runs that match a filter, again and again as the change feed tells of changes. Each look takes the
 * position first and the rows after, so rows are never older than their cursor; what is read is the whole window,
 * which is right for every filter, however far it reaches. Looks are paced by what they cost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ctx } from '../../context.ts';
import { CursorExpired } from '../../errors.ts';
import type { Position } from '../../events/feed/position.ts';
import type { Filter } from '../../filter.ts';
import type { RunStatus } from '../../../prisma/generated/enums.ts';
import { runs as runsOf } from '../../runs/queries.ts';
import type { RunRow } from '../../runs/rows.ts';
import { runStats } from '../../runs/stats.ts';
import type { FeedHub, HubPage } from '../feed/feed-hub.ts';
import type { InTurn, ViewReader } from '../followed-views.ts';
import { paced, ROWS_PACE } from '../paced.ts';
import type { Era } from '../shared-items.ts';
import type { Reach } from './filter-reach.ts';
import { digestOf, writeListCursor, type ListCursor, type Place } from './run-list-cursor.ts';

/** A list that is followed, as its followers share it: no signal of one of them ends its reads. */
export interface RunList {
  readonly ctx: Ctx;
  readonly filter: Filter | null;
  /** Size of the window. */
  readonly first: number;
  /** Of listKey. */
  readonly key: string;
  readonly reach: Reach;
}

export interface StatusCount {
  readonly status: RunStatus;
  readonly count: number;
}

/** What a follower has once it was given a view; all that is kept for a slow one. */
export interface Mark {
  /** Rises when the feed begins anew: then nothing can be compared with what was before. */
  readonly era: number;
  /** Version by id, newest run first. */
  readonly versions: ReadonlyMap<string, number>;
  /** Digest. */
  readonly counts: string;
}

/** The list as it was read. */
export interface View {
  readonly mark: Mark;
  readonly runs: readonly RunRow[];
  /** Of all runs that match; a status that none has is not named. */
  readonly counts: readonly StatusCount[];
  /** Why its era began; null for the first. */
  readonly reason: string | null;
  readonly at: ListCursor;
  readonly cursor: string;
  /** Where the list goes on behind the window; null when all that match are in it. */
  readonly rest: string | null;
}

const COUNTS_PACE = { least_ms: 1_000, times: 10 };
/** A filter by time is read again after so long, even when nothing changed. */
const BY_TIME_PACE_ms = 5_000;

/** `inTurn` bounds how many windows a gateway reads at once. */
export function openWindowReader(list: RunList, feed: FeedHub, inTurn: InTurn): ViewReader<View> {
  const { byTime } = list.reach;
  const rows = paced(ROWS_PACE, () => inTurn(() => readRows(list)));
  const counts = paced(COUNTS_PACE, () => inTurn(() => readCounts(list)));
  const changed = () => {
    rows.due = true;
    counts.due = true;
  };
  const reading = openReading(list, feed, changed);
  let view: View | null = null;
  let nudged = new AbortController();

  return {
    async look() {
      nudged = new AbortController();
      let at = await reading.position();
      if (byTime && rows.idle_ms() >= BY_TIME_PACE_ms) changed();
      if (rows.due && rows.wait_ms() > 0) {
        await sleep(rows.wait_ms());
        at = await reading.position();
      }
      const recount = counts.due && counts.wait_ms() === 0;
      if (!rows.due && !recount) return null;
      const [window, byStatus] = await Promise.all([
        rows.due ? rows.read() : rows.last!,
        recount ? counts.read() : counts.last!,
      ]);
      const now = viewOf(list, at, reading.era(), window, byStatus);
      if (view && sameMark(view, now)) return null;
      view = now;
      return view;
    },
    async wait(signal) {
      const page = reading.page();
      if (!page || page.more) return;
      const nudge = () => nudged.abort();
      const waits_ms = [
        ...(counts.due ? [counts.wait_ms()] : []),
        ...(byTime ? [BY_TIME_PACE_ms - rows.idle_ms()] : []),
      ];
      const timer = waits_ms.length > 0 ? setTimeout(nudge, Math.min(...waits_ms)) : undefined;
      signal.addEventListener('abort', nudge, { once: true });
      await feed.moved(page, nudged.signal);
      signal.removeEventListener('abort', nudge);
      clearTimeout(timer);
    },
    nudge: () => nudged.abort(),
    expire: changed,
  };
}

/** Follows the feed to its end; `changed` is called when something came that the list goes by. */
function openReading(list: RunList, feed: FeedHub, changed: () => void) {
  const { workspaceId } = list.ctx.viewer;
  let position: Position | null = null;
  let page: HubPage | null = null;
  let era: Era = { number: 0, reason: null };
  const isTold = ({ changes }: HubPage) =>
    changes.some(
      (change) => change.workspaceId === workspaceId && list.reach.kinds.has(change.kind),
    );

  return {
    era: () => era,
    /** What was read last; null when there is more to read at once. */
    page: () => page,
    /** Where the feed stands now. Far behind, it is quicker to read the rows than what changed in them. */
    async position(): Promise<Position> {
      try {
        position ??= await feed.first();
        page = await feed.page(position);
        if (page.more || isTold(page)) changed();
        position = page.more ? await feed.first() : page.next;
      } catch (error) {
        if (!(error instanceof CursorExpired)) throw error;
        era = { number: era.number + 1, reason: error.message };
        changed();
        position = await feed.first();
        page = null;
      }
      return position;
    },
  };
}

interface Window {
  readonly runs: readonly RunRow[];
  readonly rest: string | null;
}

async function readRows({ ctx, filter, first }: RunList): Promise<Window> {
  if (first === 0) return { runs: [], rest: null };
  const page = await runsOf(ctx, { filter, first });
  const { nodes, hasNextPage } = page;
  const last = nodes.at(-1);
  return { runs: nodes, rest: last && hasNextPage ? page.cursorOf(last) : null };
}

async function readCounts({ ctx, filter }: RunList): Promise<StatusCount[]> {
  const rows = await runStats(ctx, { filter, groupBy: ['STATUS'] });
  return rows.map(({ groups, counts }) => ({
    status: groups['STATUS'] as RunStatus,
    count: counts.count,
  }));
}

function viewOf(
  list: RunList,
  feed: Position,
  era: Era,
  { runs, rest }: Window,
  counts: readonly StatusCount[],
): View {
  const versions = new Map(runs.map(({ id, version }) => [id, version]));
  const mark = { era: era.number, versions, counts: digestOf(JSON.stringify(counts)) };
  const last = runs.at(-1);
  const at = {
    feed,
    edge: last && rest !== null ? placeOf(last) : null,
    runs: digestOf(JSON.stringify([...versions])),
    counts: mark.counts,
  };
  const cursor = writeListCursor(list.key, at);
  return { mark, runs, counts, reason: era.reason, at, cursor, rest };
}

/** Where a run stands among others, newest first. */
export function placeOf({ createdAt, id }: Pick<RunRow, 'createdAt' | 'id'>): Place {
  return [createdAt.getTime(), id];
}

/** True when they look the same to followers. */
function sameMark({ mark, at }: View, now: View): boolean {
  return mark.era === now.mark.era && at.runs === now.at.runs && at.counts === now.at.counts;
}
