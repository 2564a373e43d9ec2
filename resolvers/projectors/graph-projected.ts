/** Entities and relations, as the projector keeps them: each row is one item by its own id. */
import assert from 'node:assert/strict';
import type { ProjectedNode, ProjectedRelation } from '../graph/projection.ts';
import { NODES, RELATIONS } from './graph-rows.ts';
import type { Batch, Item, Projected, Stage } from './projected.ts';

/** graph_node and graph_relation. */
export const GRAPH: Projected = {
  kinds: ['entity', 'relation'],
  async bring(batch, changed) {
    const nodeIds = changed.get('entity') ?? [];
    const relationIds = changed.get('relation') ?? [];
    const nodes = await NODES.byIds(batch.sql, nodeIds);
    const relations = await RELATIONS.byIds(batch.sql, relationIds);
    await write(batch, nodes, relations);
    // With a node go its relations. Where one that was just written goes too, the node was made anew after it was
    // looked for: both are changes that are still to come.
    const goneRelations = without(relationIds, relations);
    if (goneRelations.length > 0) await batch.held.removeRelations(goneRelations);
    const goneNodes = without(nodeIds, nodes);
    if (goneNodes.length > 0) await batch.held.removeNodes(goneNodes);
  },
  stages: [
    {
      name: 'nodes',
      async work(batch, after, limit) {
        const rows = await NODES.after(batch.sql, after, limit);
        await write(batch, rows, []);
        return rows.at(-1)?.id ?? null;
      },
    },
    {
      name: 'relations',
      async work(batch, after, limit) {
        const rows = await RELATIONS.after(batch.sql, after, limit);
        await write(batch, [], rows);
        return rows.at(-1)?.id ?? null;
      },
    },
    sweep('relations'), // Before nodes, so that of those that go none has many.
    sweep('nodes'),
  ],
  compared: [
    {
      item: 'node',
      kind: 'entity',
      rowsAfter: (sql, id, limit) => asItems(NODES.after(sql, id, limit)),
      storedAfter: (projection, id, limit) => asItems(projection.nodesAfter(id, limit)),
      rows: (sql, ids) => asItems(NODES.byIds(sql, ids)),
      stored: (held, ids) => asItems(held.nodes(ids)),
    },
    {
      item: 'relation',
      kind: 'relation',
      rowsAfter: (sql, id, limit) => asItems(RELATIONS.after(sql, id, limit)),
      storedAfter: (projection, id, limit) => asItems(projection.relationsAfter(id, limit)),
      rows: (sql, ids) => asItems(RELATIONS.byIds(sql, ids)),
      stored: (held, ids) => asItems(held.relations(ids)),
    },
  ],
};

async function asItems(
  found: Promise<readonly (ProjectedNode | ProjectedRelation)[]>,
): Promise<Item[]> {
  return (await found).map((one) => ({ ...one }));
}

function sweep(what: 'nodes' | 'relations'): Stage {
  return {
    name: `sweep ${what}`,
    async work({ held, mark }, after, limit) {
      const { last } = await held.sweep(what, mark, after, limit);
      return last;
    },
  };
}

/**
 * Nodes, then relations. A change of a relation may come before that of its end, for transactions do not commit in the
 * order of their ids; and a rebuild may not have met the end yet: then the ends are read and written along. An end that
 * has no row took the relation with it, and its removal is still to come.
 */
async function write(
  { held, sql, mark }: Batch,
  nodes: readonly ProjectedNode[],
  relations: readonly ProjectedRelation[],
): Promise<void> {
  if (nodes.length > 0) await held.writeNodes(nodes, mark);
  if (relations.length === 0) return;
  const left = new Set(await held.writeRelations(relations, mark));
  if (left.size === 0) return;
  const loose = relations.filter(({ id }) => left.has(id));
  const ends = await NODES.byIds(sql, [
    ...new Set(loose.flatMap(({ fromId, toId }) => [fromId, toId])),
  ]);
  if (ends.length > 0) await held.writeNodes(ends, mark);
  const still = new Set(await held.writeRelations(loose, mark));
  const there = new Set(ends.map(({ id }) => id));
  for (const { id, fromId, toId } of loose) {
    const isLost = still.has(id) && there.has(fromId) && there.has(toId);
    assert(!isLost, `relation ${id} was not written between two nodes that were`);
  }
}

function without(ids: readonly string[], items: readonly { readonly id: string }[]): string[] {
  const found = new Set(items.map(({ id }) => id));
  return ids.filter((id) => !found.has(id));
}
