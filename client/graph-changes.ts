/** What some entities of the graph reach, ready to be followed. docs/PROTOCOL.md shows it as messages. */
import { operation, textOf, type Operation } from './operation.ts';
import type { Followed } from './transport.ts';

/** An entity of a network. */
export interface FollowedEntity {
  /** Opaque, as the gateway's other fields take it. */
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  readonly properties: unknown;
  /** Grows with each change. */
  readonly version: number;
}

/** A relation between two entities of a network. */
export interface FollowedRelation {
  readonly id: string;
  readonly kind: string;
  readonly from: { readonly id: string } | null;
  readonly to: { readonly id: string } | null;
  readonly properties: unknown;
  readonly version: number;
}

/** An item of a network; `mergeGraph` makes a network of it. */
export interface GraphUpdate {
  /** SNAPSHOT replaces all that the caller has of the network. */
  readonly type: 'SNAPSHOT' | 'CHANGE';
  /** Why the caller is told to start over; null for a first snapshot and for changes. */
  readonly reason: string | null;
  readonly cursor: string;
  readonly entities: readonly FollowedEntity[];
  readonly relations: readonly FollowedRelation[];
  /** Ids to take out, before the others are put in. */
  readonly removed: readonly string[];
  /** The bound that left something out of the network as it is now. */
  readonly cut: { readonly by: string; readonly at: number } | null;
}

export interface GraphChangesOptions {
  /** Ids of entities, agents or documents: 1 to 100. */
  readonly roots: readonly string[];
  /** Relations away: 1 to 10. Default: 2. */
  readonly depth?: number;
  /** Default: BOTH. */
  readonly direction?: 'OUT' | 'IN' | 'BOTH';
  /** Of the relations that are walked; default: all. */
  readonly relationKinds?: readonly string[] | null;
  /** Entities at most, the nearest: 1 to 1,000. Default: 200. */
  readonly first?: number;
  /** Cursor of the last item that the caller has, of the same network. */
  readonly after?: string | null;
}

const NETWORK: Operation<{ graphChanges: GraphUpdate }, never> =
  operation(`subscription GraphChanges($roots: [ID!]!, $depth: Int!, $direction: GraphDirection!, $relationKinds: [String!], $first: Int, $after: Cursor) {
  graphChanges(roots: $roots, depth: $depth, direction: $direction, relationKinds: $relationKinds, first: $first, after: $after) {
    type reason cursor removed cut { by at }
    entities { id kind key name properties version }
    relations { id kind from { id } to { id } properties version }
  }
}`);

/** A network, then how it changes. Passes by WebSocket and server-sent events. */
export function graphChanges({
  roots,
  depth = 2,
  direction = 'BOTH',
  relationKinds = null,
  first = 200,
  after = null,
}: GraphChangesOptions): Followed<GraphUpdate> {
  return {
    query: textOf(NETWORK),
    variables: { roots, depth, direction, relationKinds, first },
    field: 'graphChanges',
    after,
  };
}

/** A network as its follower holds it, by id. */
export interface HeldGraph {
  readonly entities: ReadonlyMap<string, FollowedEntity>;
  readonly relations: ReadonlyMap<string, FollowedRelation>;
}

/**
 * The network after an item. Of an id that is there already the higher version stays, so a page never goes backwards; a
 * snapshot counts as it is.
 */
export function mergeGraph(
  before: HeldGraph | null,
  { type, entities, relations, removed }: GraphUpdate,
): HeldGraph {
  const isAnew = type === 'SNAPSHOT' || before === null;
  const merged = <Row extends { readonly id: string; readonly version: number }>(
    had: ReadonlyMap<string, Row> | undefined,
    told: readonly Row[],
  ): ReadonlyMap<string, Row> => {
    const now = new Map(isAnew ? [] : had);
    for (const id of removed) now.delete(id);
    for (const row of told)
      if (row.version >= (now.get(row.id)?.version ?? 0)) now.set(row.id, row);
    return now;
  };
  return {
    entities: merged(before?.entities, entities),
    relations: merged(before?.relations, relations),
  };
}
