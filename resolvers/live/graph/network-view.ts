/** A network as it was read, and what a follower has once it was given it. Pure. */
import type { Position } from '../../events/feed/position.ts';
import type { Cut, GraphNode, Network } from '../../graph/port.ts';
import type { MetRelation } from '../../graph/rows.ts';
import type { Era } from '../shared-items.ts';
import { digestOf, writeNetworkCursor, type NetworkCursor } from './network-cursor.ts';

/** What tells one state of an entity or relation from another. */
export interface Stamp {
  readonly version: number;
  /** Number of the view with which it came in: one that went and came again has a new one, whatever its version. */
  readonly since: number;
}

/** What a follower has once it was given a view; all that is kept for a slow one. */
export interface Mark {
  /** Rises when the feed begins anew: then nothing can be compared with what was before. */
  readonly era: number;
  /** By keyOf. */
  readonly stamps: ReadonlyMap<string, Stamp>;
  readonly cut: string;
}

export interface NetworkView {
  readonly mark: Mark;
  readonly entities: readonly GraphNode[];
  readonly relations: readonly MetRelation[];
  readonly cut: Cut | null;
  /** Why its era began; null for the first. */
  readonly reason: string | null;
  readonly at: NetworkCursor;
  readonly cursor: string;
}

/** Of an entity or a relation: what it is known by in a mark. */
export function keyOf(kind: 'entity' | 'relation', id: string): string {
  return `${kind === 'entity' ? 'Entity' : 'EntityRelation'}:${id}`;
}

/** How a view comes about. */
export interface Reading {
  /** Of the network. */
  readonly key: string;
  readonly feed: Position;
  readonly era: Era;
  /** By keyOf: what the feed said was gone since the view before. */
  readonly gone: ReadonlySet<string>;
  /** Rises from view to view. */
  readonly number: number;
}

/**
 * The view of a network that was read after its position. O(size). Rows may be newer than the position: what went and
 * came again meanwhile is known by a lower version, or else once the feed tells that it was gone.
 */
export function viewOf(
  { key, feed, era, gone, number }: Reading,
  { nodes, relations, cut }: Network,
  before: NetworkView | null,
): NetworkView {
  const stamps = new Map<string, Stamp>();
  const stamp = (id: string, version: number) => {
    const had = before?.mark.stamps.get(id);
    const isAsBefore = had !== undefined && !gone.has(id) && had.version <= version;
    stamps.set(id, { version, since: isAsBefore ? had.since : number });
  };
  const byId = new Map(nodes.map(({ node }) => [node.id, node]));
  for (const { id, version } of byId.values()) stamp(keyOf('entity', id), version);
  for (const { id, version } of relations) stamp(keyOf('relation', id), version);
  const cutText = cut ? `${cut.by} ${cut.at}` : '';
  const at = { feed, ids: digestOf(stamps.keys()), cut: cutText };
  return {
    mark: { era: era.number, stamps, cut: cutText },
    entities: [...byId.values()],
    relations: relations.map((relation) => ({
      ...relation,
      from: byId.get(relation.fromId)!,
      to: byId.get(relation.toId)!,
    })),
    cut,
    reason: era.reason,
    at,
    cursor: writeNetworkCursor(key, at),
  };
}

/** True when a follower of either has all of the other. */
export function isSame(one: Mark, other: Mark): boolean {
  if (one.era !== other.era || one.cut !== other.cut) return false;
  if (one.stamps.size !== other.stamps.size) return false;
  return [...one.stamps].every(([key, stamp]) => isSameStamp(stamp, other.stamps.get(key)));
}

/** True for one and the same state. */
export function isSameStamp(one: Stamp | undefined, other: Stamp | undefined): boolean {
  return one?.version === other?.version && one?.since === other?.since;
}
