/** Live networks over a database of its own: what writes the graph, what follows it, and what a fresh walk says. */
import { openLocalBus } from '../../gateway/stores/bus-local.ts';
import { graphOverSql } from '../../gateway/stores/graph-sql.ts';
import type { LiveCtx } from '../../resolvers/context.ts';
import type { GraphNode, GraphRelation } from '../../resolvers/graph/port.ts';
import { writeGraph, type GraphWrites, type Written } from '../../resolvers/graph/write.ts';
import { globalId } from '../../resolvers/keys.ts';
import {
  followGraph,
  LIVE_NETWORK_LIMITS,
  type FollowGraph,
} from '../../resolvers/live/graph/graph-changes.ts';
import type { GraphUpdate } from '../../resolvers/live/graph/network-items.ts';
import { openLive, type Live } from '../../resolvers/live/live.ts';
import type { Sql } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';
import { until } from './until.ts';
import { contextOver, otherViewer } from './world.ts';

export interface NetworkWorld {
  readonly live: Live;
  /** Of a workspace of its own. */
  readonly ctx: LiveCtx;
  /** One transaction, which followers hear of at once. */
  write(writes: GraphWrites): Promise<Written>;
  follow(asked: FollowGraph, parts?: Partial<LiveCtx>): NetworkFollower;
  /** As a client that comes again: it has what `before` held, and its cursor. */
  resume(before: NetworkFollower, asked: FollowGraph): NetworkFollower;
  /** What a client would be told now that asks anew. */
  fresh(asked: FollowGraph): Promise<string>;
  close(): Promise<void>;
}

/** A network as a client holds it, by global id. */
export interface HeldNetwork {
  readonly rows: ReadonlyMap<string, GraphNode | GraphRelation>;
  readonly cut: GraphUpdate['cut'];
}

export interface NetworkFollower {
  readonly items: GraphUpdate[];
  readonly errors: unknown[];
  held(): HeldNetwork;
  cursor(): string;
  stopped(): boolean;
  stop(): Promise<void>;
}

/** `sql` is what is followed by. `look_ms`: how often the feed is looked at when nobody tells. */
export async function openNetworkWorld(
  database: TestDatabase,
  look_ms = 100,
  sql: Sql = database.sql,
): Promise<NetworkWorld> {
  const live = openLive(sql, openLocalBus(), {
    heads_ms: look_ms,
    graph: graphOverSql({ sql }),
    onError: () => undefined,
  });
  const viewer = await otherViewer(database);
  const ctx: LiveCtx = { ...contextOver(database, { viewer }), live, resumeAfter: null };
  const followers: NetworkFollower[] = [];
  const started = (one: NetworkFollower) => {
    followers.push(one);
    return one;
  };
  return {
    live,
    ctx,
    async write(writes) {
      const written = await database.sql.transaction((tx) =>
        writeGraph(tx, viewer.workspaceId, writes),
      );
      live.feed.announce();
      return written;
    },
    follow: (asked, parts = {}) => started(follower({ ...ctx, ...parts }, asked)),
    resume: (before, asked) => started(follower(ctx, { ...asked, after: before.cursor() }, before)),
    async fresh({ roots, depth, direction, relationKinds, first }) {
      const nodes = first ?? LIVE_NETWORK_LIMITS.first.fallback;
      const walk = { direction, ...(relationKinds ? { relationKinds } : {}) };
      const relations = nodes * LIVE_NETWORK_LIMITS.relations_per_entity;
      const bounds = { depth, nodes, relations };
      const network = await graphOverSql(database).network(viewer.workspaceId, roots, walk, bounds);
      const rows = new Map<string, GraphNode | GraphRelation>();
      for (const { node } of network.nodes) rows.set(globalId('Entity', node.id), node);
      for (const one of network.relations) rows.set(globalId('EntityRelation', one.id), one);
      return textOf({ rows, cut: network.cut });
    },
    async close() {
      await Promise.all(followers.map((one) => one.stop()));
      await live.close();
    },
  };
}

/** Follows until it is stopped, and holds the network as PROTOCOL.md tells a client to. */
function follower(ctx: LiveCtx, asked: FollowGraph, before?: NetworkFollower): NetworkFollower {
  const items: GraphUpdate[] = [];
  const errors: unknown[] = [];
  let held: HeldNetwork = before?.held() ?? { rows: new Map(), cut: null };
  const stop = new AbortController();
  const reading = (async () => {
    const source = await followGraph({ ...ctx, signal: stop.signal }, asked);
    for await (const item of source) {
      held = foldNetwork(held, item, before !== undefined && items.length === 0);
      items.push(item);
    }
  })().catch((error: unknown) => void errors.push(error));
  return {
    items,
    errors,
    held: () => held,
    cursor: () => items.at(-1)?.cursor ?? before?.cursor() ?? '',
    stopped: () => stop.signal.aborted,
    async stop() {
      stop.abort();
      await reading;
    },
  };
}

/**
 * Takes out what left and puts in what came, no more. Throws where an id goes backwards, or is told twice: but who comes
 * again with a cursor may have had what it is told first.
 */
function foldNetwork(held: HeldNetwork, item: GraphUpdate, isResumed: boolean): HeldNetwork {
  const rows = item.type === 'SNAPSHOT' ? new Map() : new Map(held.rows);
  for (const id of item.removed) rows.delete(id);
  const put = (id: string, row: GraphNode | GraphRelation) => {
    const there = rows.get(id) as GraphNode | undefined;
    if (there && (isResumed ? there.version > row.version : there.version >= row.version)) {
      throw new Error(`${id} of version ${there.version} was told again as ${row.version}`);
    }
    rows.set(id, row);
  };
  for (const node of item.entities) put(globalId('Entity', node.id), node);
  for (const one of item.relations) put(globalId('EntityRelation', one.id), one);
  return { rows, cut: item.cut };
}

/** All that a client sees of it, in one order. */
function textOf({ rows, cut }: HeldNetwork): string {
  const shown = [...rows].map(([id, row]) => {
    const { kind, properties, version } = row;
    const ends = 'fromId' in row ? [row.fromId, row.toId] : [row.key, row.name];
    return JSON.stringify([id, kind, ends, properties, version]);
  });
  return `${JSON.stringify(cut)}\n${shown.toSorted().join('\n')}`;
}

/** Waits until every follower holds what a fresh walk says. Throws with the difference when that never comes. */
export async function untilSameNetwork(
  world: NetworkWorld,
  asked: FollowGraph,
  ...followers: readonly NetworkFollower[]
): Promise<void> {
  await until(`${JSON.stringify(asked)} is as walked anew`, async () => {
    const fresh = await world.fresh(asked);
    const failed = followers.find(({ errors }) => errors.length > 0);
    if (failed) throw new Error('a follower ended', { cause: failed.errors[0] });
    return followers.every((one) => textOf(one.held()) === fresh);
  });
}
