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
import type { RunLists } from './followed-lists.ts';
import { reachOf } from './filter-reach.ts';
import { listKey, readListCursor, type ListCursor } from './run-list-cursor.ts';
import { changedSince } from './run-list-resume.ts';
import type { Mark, RunList, StatusCount, View } from './run-window.ts';

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
  return abortable(ctx.signal, (signal) => updatesAfter(ctx.live.lists, list, from, signal));
}

async function* updatesAfter(
  lists: RunLists,
  list: RunList,
  from: ListCursor | null,
  signal: AbortSignal,
): AsyncGenerator<RunsUpdate> {
  const { followed, leave } = await lists.join(list);
  try {
    const view = await followed.now(from !== null, signal);
    if (!view) return;
    const begin = from ? await resumed(lists.feed, list, from, view) : snapshot(view, null);
    let { mark } = view;
    if (begin) yield begin;
    while (!signal.aborted) {
      const next = await followed.after(mark, signal);
      if (!next) return;
      const update = difference(mark, next);
      ({ mark } = next);
      if (update) yield update;
    }
  } finally {
    leave();
  }
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

/** Items by the view that they lead to: one for all who were told the same before. */
const items = new WeakMap<View, Map<string | null, RunsUpdate>>();
const differences = new WeakMap<View, WeakMap<Mark, { readonly update: RunsUpdate | null }>>();

function snapshot(view: View, reason: string | null): RunsUpdate {
  const made = items.get(view) ?? new Map<string | null, RunsUpdate>();
  items.set(view, made);
  const known = made.get(reason);
  if (known) return known;
  const { cursor, runs, counts } = view;
  const update: RunsUpdate = { type: 'SNAPSHOT', reason, cursor, runs, removed: [], counts };
  made.set(reason, update);
  return update;
}

function change(
  { cursor, counts }: View,
  runs: readonly RunRow[],
  removed: readonly string[],
): RunsUpdate {
  return { type: 'CHANGE', reason: null, cursor, runs, removed, counts };
}

/** From what a follower has to a view; null when it looks the same to it. */
function difference(mark: Mark, view: View): RunsUpdate | null {
  if (mark.era !== view.mark.era) return snapshot(view, view.reason);
  const made = differences.get(view) ?? new WeakMap<Mark, { readonly update: RunsUpdate | null }>();
  differences.set(view, made);
  const known = made.get(mark);
  if (known) return known.update;
  const runs = view.runs.filter(({ id, version }) => mark.versions.get(id) !== version);
  const removed = [...mark.versions.keys()].filter((id) => !view.mark.versions.has(id));
  const same = runs.length === 0 && removed.length === 0 && mark.counts === view.mark.counts;
  const update = same ? null : change(view, runs, removed);
  made.set(mark, { update });
  return update;
}
