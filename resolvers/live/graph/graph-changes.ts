/**
 * `graphChanges`: the network of some entities, then how it changes. All followers of the same network share its walks,
 * and those that were given the same view are given the same next item. Nothing is kept for a slow one but what it has:
 * when it asks again it is given the difference to what is there then.
 */
import type { LiveCtx } from '../../context.ts';
import { CursorExpired, Invalid, Limited } from '../../errors.ts';
import { checkBounds, walkedKinds } from '../../graph/check.ts';
import { entityUuids } from '../../graph/ids.ts';
import type { Direction } from '../../graph/port.ts';
import { readPage } from '../../page.ts';
import { authorize } from '../../policy.ts';
import { abortable } from '../abortable.ts';
import { changesSince } from '../feed/changes-since.ts';
import { updatesOf } from '../followed-views.ts';
import type { FollowedNetworks } from './followed-networks.ts';
import { readNetworkCursor, type NetworkCursor } from './network-cursor.ts';
import type { FollowedNetwork } from './network-reader.ts';
import { change, difference, snapshot, type GraphUpdate } from './network-items.ts';
import { keyOf, type NetworkView } from './network-view.ts';

/** Bounds of a network that is followed. */
export const LIVE_NETWORK_LIMITS = {
  roots_max: 100,
  depth_max: 10,
  /** Entities. */
  first: { max: 1_000, fallback: 200 },
  /** Relations that it may have, for each entity that it may. */
  relations_per_entity: 10,
} as const;

export interface FollowGraph {
  /** Ids of entities, or of what has one of its own: an agent, a document. Those that are not there yet may come. */
  readonly roots: readonly string[];
  readonly depth: number;
  readonly direction: Direction;
  readonly relationKinds?: readonly string[] | null | undefined;
  /** Entities at most, the nearest. */
  readonly first?: number | null | undefined;
  /** Cursor of the last item that the caller has. */
  readonly after?: string | null | undefined;
}

/**
 * Refuses before the first item: Invalid (an id that is none, a cursor of another network), Limited, Forbidden. A
 * cursor never expires: where it cannot be continued from, a snapshot says why.
 */
export async function followGraph(
  ctx: LiveCtx,
  asked: FollowGraph,
): Promise<AsyncIterableIterator<GraphUpdate>> {
  authorize(ctx.viewer, 'graph.read', ctx.viewer);
  const network = networkOf(ctx, asked);
  const resume = ctx.resumeAfter ?? asked.after ?? null;
  const from = resume === null ? null : readNetworkCursor(network.key, resume);
  const { networks } = ctx.live;
  const begin = (view: NetworkView) =>
    from ? resumed(networks, network, from, view) : snapshot(view, null);
  const telling = { isResumed: from !== null, begin, difference };
  return abortable(ctx.signal, (signal) => updatesOf(networks, network, telling, signal));
}

function networkOf({ viewer, live }: LiveCtx, asked: FollowGraph): FollowedNetwork {
  const { depth, direction, relationKinds } = asked;
  const limits = LIVE_NETWORK_LIMITS;
  if (asked.roots.length === 0) throw new Invalid('roots', 'must name at least one');
  if (asked.roots.length > limits.roots_max) {
    throw new Limited('roots', limits.roots_max, asked.roots.length);
  }
  const rootIds = new Set(entityUuids(asked.roots, 'roots').toSorted());
  checkBounds({ depth });
  if (depth > limits.depth_max) throw new Limited('depth', limits.depth_max, depth);
  const { size } = readPage({ first: asked.first }, limits.first);
  checkBounds({ nodes: size });
  const kinds = relationKinds ? walkedKinds([...new Set(relationKinds)].toSorted()) : null;
  const { workspaceId } = viewer;
  const bound = [workspaceId, [...rootIds], depth, direction, kinds, size];
  return {
    key: `GraphChanges ${JSON.stringify(bound)}`,
    reach: { workspaceId, rootIds, walk: { direction, ...(kinds && { relationKinds: kinds }) } },
    bounds: { depth, nodes: size, relations: size * limits.relations_per_entity },
    graph: live.graph,
    sql: live.sql,
  };
}

/** To a client that stands at `from`: what it lacks of a view that was read after it came; null when it lacks nothing. */
async function resumed(
  { feed }: FollowedNetworks,
  { reach }: FollowedNetwork,
  from: NetworkCursor,
  view: NetworkView,
): Promise<GraphUpdate | null> {
  const { stamps } = view.mark;
  const changed = new Set<string>();
  const removed = new Set<string>();
  try {
    const isAll = await changesSince(feed, from.feed, ({ kind, id, gone, workspaceId }) => {
      if (workspaceId !== reach.workspaceId || (kind !== 'entity' && kind !== 'relation')) {
        return true;
      }
      const key = keyOf(kind, id);
      if (stamps.has(key)) changed.add(key);
      if (stamps.has(key) && gone) removed.add(key);
      return true;
    });
    if (!isAll) return snapshot(view, 'too much changed since the cursor');
  } catch (error) {
    if (!(error instanceof CursorExpired)) throw error;
    return snapshot(view, error.message);
  }
  if (from.ids !== view.at.ids) {
    return snapshot(view, 'entities or relations came or went since the cursor');
  }
  if (changed.size === 0 && from.cut === view.at.cut) return null;
  return change(view, changed, removed);
}
