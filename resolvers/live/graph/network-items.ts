/** What followers of a network are told, by what they have. */
import type { Cut, GraphNode } from '../../graph/port.ts';
import type { MetRelation } from '../../graph/rows.ts';
import { globalId } from '../../keys.ts';
import { shareItems } from '../shared-items.ts';
import { isSameStamp, keyOf, type NetworkView } from './network-view.ts';

/** One item. The network is then: without `removed`, with the others in the place of those of the same id. */
export interface GraphUpdate {
  /** SNAPSHOT replaces all that the client has of the network, CHANGE is merged into it. */
  readonly type: 'SNAPSHOT' | 'CHANGE';
  /** Why the client is told to start over; null for a first snapshot and for changes. */
  readonly reason: string | null;
  readonly cursor: string;
  readonly entities: readonly GraphNode[];
  readonly relations: readonly MetRelation[];
  /** Global ids of entities and relations that are no longer in it, or not the same as before by that id. */
  readonly removed: readonly string[];
  /** Of the network as it is now. */
  readonly cut: Cut | null;
}

export const { snapshot, difference } = shareItems<NetworkView, GraphUpdate>({
  snapshot: ({ cursor, entities, relations, cut }, reason) => ({
    type: 'SNAPSHOT',
    reason,
    cursor,
    entities,
    relations,
    removed: [],
    cut,
  }),
  difference(mark, view) {
    const changed = new Set<string>();
    const removed = new Set<string>();
    for (const [key, stamp] of view.mark.stamps) {
      const before = mark.stamps.get(key);
      if (isSameStamp(before, stamp)) continue;
      changed.add(key);
      if (before && before.since !== stamp.since) removed.add(key);
    }
    for (const key of mark.stamps.keys()) if (!view.mark.stamps.has(key)) removed.add(key);
    return change(view, changed, removed);
  },
});

/** Those of a view that changed, and those that are not there or not the same, by keyOf. */
export function change(
  { cursor, entities, relations, cut }: NetworkView,
  changed: ReadonlySet<string>,
  removed: ReadonlySet<string>,
): GraphUpdate {
  return {
    type: 'CHANGE',
    reason: null,
    cursor,
    entities: entities.filter(({ id }) => changed.has(keyOf('entity', id))),
    relations: relations.filter(({ id }) => changed.has(keyOf('relation', id))),
    removed: [...removed].map(globalIdOf),
    cut,
  };
}

function globalIdOf(key: string): string {
  const at = key.indexOf(':');
  return globalId(key.slice(0, at), key.slice(at + 1));
}
