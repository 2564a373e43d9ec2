/**
 * `runs`: the newest runs that match a filter, then how that list changes, with counters by status. All followers of
 * one filter share its reads, and those that were given the same view are given the same next item. Nothing is kept
 * for a slow one but what it has: when it asks again it is given the difference to what is there then.
 */
import type { LiveCtx } from '../../context.ts';
import { compileFilter, params, type Filter } from '../../filter.ts';
import { readPage } from '../../page.ts';
import { authorize } from '../../policy.ts';
import { RUN } from '../../runs/entities.ts';
import type { RunRow } from '../../runs/rows.ts';
import { abortable } from '../abortable.ts';
import type { FeedHub } from '../feed/feed-hub.ts';
import { updatesOf } from '../followed-views.ts';
import { shareItems } from '../shared-items.ts';
import { reachOf } from './filter-reach.ts';
import { listKey, readListCursor, type ListCursor } from './run-list-cursor.ts';
import { changedSince } from './run-list-resume.ts';
import type { RunList, StatusCount, View } from './run-window.ts';

/** One item. The list is then: without `removed`, with `runs` in the place of those of the same id. */
export interface RunsUpdate {
  /** SNAPSHOT replaces all that the client has of the list, CHANGE is merged into it. */
  readonly type: 'SNAPSHOT' | 'CHANGE';
  /** Why the client is told to start over; null for a first snapshot and for changes. */
  readonly reason: string | null;
  readonly cursor: string;
  /** Newest first: the whole list, or those that came in or changed. */
  readonly runs: readonly RunRow[];
  /** Ids of those that are no longer in the list; also of some that never were, once after a cursor. */
  readonly removed: readonly string[];
  /** Of all runs that match, as far as they go beyond the list. */
  readonly counts: readonly StatusCount[];
}

export interface FollowRuns {
  readonly filter?: Filter | null | undefined;
  /** Size of the list: 0 (counters only) to that of any page. */
  readonly first?: number | null | undefined;
  /** Cursor of the last item that the caller has. */
  readonly after?: string | null | undefined;
}

/**
 * Refuses before the first item, as the query `runs` does: Invalid (filter, page, cursor of another list), Limited,
 * Forbidden. A cursor never expires: where it cannot be continued from, a snapshot says why.
 */
export async function followRuns(
  ctx: LiveCtx,
  { filter = null, first, after }: FollowRuns,
): Promise<AsyncIterableIterator<RunsUpdate>> {
  authorize(ctx.viewer, RUN.read, ctx.viewer);
  const { size } = readPage({ first });
  compileFilter(RUN, filter, 'x', { params: params(), now: ctx.now() });
  const key = listKey(ctx.viewer.workspaceId, size, filter);
  const resume = ctx.resumeAfter ?? after ?? null;
  const from = resume === null ? null : readListCursor(key, resume);
  const shared = { ...ctx, sql: ctx.live.sql, signal: new AbortController().signal };
  const list = { ctx: shared, filter, first: size, key, reach: reachOf(filter) };
  const { lists } = ctx.live;
  const begin = (view: View) =>
    from ? resumed(lists.feed, list, from, view) : snapshot(view, null);
  const telling = { isResumed: from !== null, begin, difference };
  return abortable(ctx.signal, (signal) => updatesOf(lists, list, telling, signal));
}

async function resumed(
  feed: FeedHub,
  list: RunList,
  from: ListCursor,
  view: View,
): Promise<RunsUpdate | null> {
  const since = await changedSince(feed, list, from, view);
  if ('restart' in since) return snapshot(view, since.restart);
  const { runs, removed } = since;
  const same = runs.length === 0 && removed.length === 0 && from.counts === view.at.counts;
  return same ? null : change(view, runs, removed);
}

const { snapshot, difference } = shareItems<View, RunsUpdate>({
  snapshot: ({ cursor, runs, counts }, reason) => ({
    type: 'SNAPSHOT',
    reason,
    cursor,
    runs,
    removed: [],
    counts,
  }),
  difference(mark, view) {
    const runs = view.runs.filter(({ id, version }) => mark.versions.get(id) !== version);
    const removed = [...mark.versions.keys()].filter((id) => !view.mark.versions.has(id));
    const same = runs.length === 0 && removed.length === 0 && mark.counts === view.mark.counts;
    return same ? null : change(view, runs, removed);
  },
});

function change(
  { cursor, counts }: View,
  runs: readonly RunRow[],
  removed: readonly string[],
): RunsUpdate {
  return { type: 'CHANGE', reason: null, cursor, runs, removed, counts };
}
