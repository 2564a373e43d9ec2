/**
 * From the cursor of a list of runs to a view of it: what a client that comes again lacks. Which runs changed since is
 * read from the feed; what its window held beside them follows from the edge in the cursor.
 */
import { CursorExpired } from '../../errors.ts';
import type { Position } from '../../events/feed/position.ts';
import { runs as runsOf } from '../../runs/queries.ts';
import type { RunRow } from '../../runs/rows.ts';
import { changesSince } from '../feed/changes-since.ts';
import type { FeedHub } from '../feed/feed-hub.ts';
import { isBeyond, type ListCursor } from './run-list-cursor.ts';
import { placeOf, type RunList, type View } from './run-window.ts';

/** Runs to be put in and ids to be taken out, or why the client must start over. */
export type Since =
  | { readonly runs: readonly RunRow[]; readonly removed: readonly string[] }
  | { readonly restart: string };

/** Runs that changed since a cursor; with more of them a snapshot is less than the change. */
const CHANGED_RUNS_MAX = 500;

/**
 * What to tell a client that stands at `from`, to bring it to `view`, which was read after it came. Cost: the pages of
 * the feed since the cursor, and one statement when newer runs may have pushed others out of its window.
 */
export async function changedSince(
  feed: FeedHub,
  list: RunList,
  from: ListCursor,
  view: View,
): Promise<Since> {
  const { ids, restart } = await changesOf(feed, list, from.feed);
  if (restart !== null && restart.always) return { restart: restart.reason };
  if (from.runs === view.at.runs) return { runs: [], removed: [] };
  if (restart !== null) return { restart: restart.reason };
  if (!list.reach.own || list.reach.byTime) {
    return { restart: 'runs of this filter come and go without a change of their own' };
  }
  const pushed = await pushedOut(list, from, view);
  if (!pushed) return { restart: TOO_MUCH };
  const here = new Set(view.runs.map(({ id }) => id));
  return {
    runs: view.runs.filter((run) => ids.has(run.id) || isBeyond(from.edge, placeOf(run))),
    removed: [...new Set([...ids, ...pushed])].filter((id) => !here.has(id)),
  };
}

const TOO_MUCH = 'too much changed since the cursor';

interface Changes {
  /** Of the runs that changed. */
  readonly ids: ReadonlySet<string>;
  /** Why the ids do not tell it all; `always`: even if the list looks as it did. */
  readonly restart: { readonly reason: string; readonly always: boolean } | null;
}

async function changesOf(feed: FeedHub, list: RunList, after: Position): Promise<Changes> {
  const { workspaceId } = list.ctx.viewer;
  const ids = new Set<string>();
  const restart = (reason: string, always = false) => ({ ids, restart: { reason, always } });
  let other: string | null = null;
  try {
    const isAll = await changesSince(feed, after, (change) => {
      if (change.workspaceId !== workspaceId || !list.reach.kinds.has(change.kind)) return true;
      if (change.kind === 'run') ids.add(change.id);
      else other = change.kind;
      return other === null && ids.size <= CHANGED_RUNS_MAX;
    });
    if (other !== null) return restart(`${String(other)}s that the filter goes by changed`);
    return isAll ? { ids, restart: null } : restart(TOO_MUCH);
  } catch (error) {
    if (error instanceof CursorExpired) return restart(error.message, true);
    throw error;
  }
}

/**
 * Ids of runs that match and lie below the window now, but may have been in it: newer ones came in. Null when they are
 * too many to be told.
 */
async function pushedOut(
  { ctx, filter, first }: RunList,
  { edge }: ListCursor,
  { runs, rest }: View,
): Promise<readonly string[] | null> {
  const last = runs.at(-1);
  if (!last || rest === null) return [];
  if (edge && !isBeyond(placeOf(last), edge)) return [];
  const { nodes, hasNextPage } = await runsOf(ctx, { filter, first, after: rest });
  const pushed = nodes.filter((run) => !isBeyond(edge, placeOf(run)));
  return hasNextPage && pushed.length === nodes.length ? null : pushed.map((run) => run.id);
}
