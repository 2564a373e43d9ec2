/**
 * Graph.network in one statement. Cypher has no loop but reduce, so that is what goes from depth to depth: `found.v`
 * are the nodes met so far in the order of depth, `found.e` where each depth begins in it. Of the union of those met
 * and the neighbours of the last depth the first of each is kept, by hash: O(nodes met) a depth, however dense the
 * graph is; a path of variable length is O(paths). A count(*) of one forgets the other variables, and a
 * CALL does not: the lists would be counted as memory of each row that is sorted, and a transaction may have only so
 * much. So what is known of the whole is a row of its own before the relations.
 */
import { checkBounds, cutRelations } from '../../../resolvers/graph/check.ts';
import { RELATIONS_MAX, type Graph, type Network } from '../../../resolvers/graph/port.ts';
import { whole, type Reader } from './client.ts';
import { byId, inEachDirection, rootsOf } from './reads.ts';
import {
  kindsOf,
  NODE_WALKED,
  nodeMap,
  nodeOf,
  RELATION_WALKED,
  relationMap,
  relationOf,
  ROOTS,
  step,
  type NodeRow,
  type RelationRow,
} from './rows.ts';

interface NetworkRow {
  /** Within the depth, before the cut. */
  readonly within: number;
  /** With those one step beyond; they are not looked for where there are too many within. */
  readonly met: number;
  readonly nodes: readonly { readonly depth: number; readonly node: NodeRow }[];
  readonly relations: readonly RelationRow[];
}

/**
 * From the nodes in the list `roots`, so many `depths`, over steps from `f` to `m`; stops where nothing comes, or where
 * `enough` says so.
 */
export function spread(roots: string, depths: string, walk: string, enough = 'false'): string {
  const last = 'found.v[found.e[-1]..]';
  const next = `COLLECT { UNWIND ${last} AS f MATCH ${walk} RETURN DISTINCT m }`;
  return `reduce(found = {v: ${roots}, e: [0]}, depth IN range(1, ${depths}) |
    CASE WHEN found.e[-1] = size(found.v) OR ${enough} THEN found ELSE {
      e: found.e + [size(found.v)],
      v: COLLECT { UNWIND found.v + ${next} AS met RETURN DISTINCT met }
    } END)`;
}

const NETWORK = inEachDirection<NetworkRow>('graph.network', (direction) => {
  const walk = `${step('f', direction)} WHERE ${RELATION_WALKED} AND ${NODE_WALKED}`;
  return `${ROOTS}
  WITH collect(n) AS roots
  WITH ${spread('roots', '$steps', walk, 'size(found.v) > $limit')} AS found
  WITH found, coalesce(found.e[$depth + 1], size(found.v)) AS within, size(found.v) AS met
  UNWIND range(0, met - 1) AS at
  WITH within, met, found.v[at] AS n, size([begin IN found.e WHERE begin <= at]) - 1 AS depth
  WHERE depth <= $depth
  WITH within, met, n, depth, count(*) AS once
  WITH within, met, n, depth, once ORDER BY depth, n.id LIMIT $limit
  WITH within, met, collect(n) AS kept, collect({depth: depth, node: ${nodeMap('n')}}) AS nodes
  UNWIND [{whole: {within: within, met: met, nodes: nodes}}] + COLLECT {
    UNWIND CASE WHEN $steps > $depth THEN kept ELSE [] END AS n
    MATCH (n)-[r:REL]->(m:Node) WHERE ${RELATION_WALKED} AND m IN kept
    RETURN {relation: r}
  } AS row
  WITH row.whole AS whole, row.relation AS r, count(*) AS once
  WITH whole, r, once ORDER BY whole IS NULL, r.id LIMIT $relations + 1
  WITH collect(whole)[0] AS whole, collect(${relationMap('r')}) AS relations WHERE whole IS NOT NULL
  RETURN whole.within AS within, whole.met AS met, whole.nodes AS nodes, relations`;
});

/** Graph.network. O(relations of the nodes within depth + 1, with nodesOnly within depth), and O(depth × nodes). */
export async function readNetwork(
  client: Reader,
  ...[workspaceId, rootIds, walk, bounds]: Parameters<Graph['network']>
): Promise<Network> {
  const { depth, nodes: nodes_max, relations: relations_max = RELATIONS_MAX, nodesOnly } = bounds;
  checkBounds({ depth, nodes: nodes_max, relations: relations_max });
  const [row] = await client.read(NETWORK[walk.direction], {
    workspaceId,
    ids: rootsOf(workspaceId, rootIds),
    ...kindsOf(walk),
    depth: whole(depth),
    steps: whole(nodesOnly ? depth : depth + 1), // The one beyond tells whether it goes on.
    limit: whole(nodes_max),
    relations: whole(relations_max + 1),
  });
  if (!row) return { nodes: [], relations: [], cut: null };
  const { nodes, relations, within, met } = row;
  const reached = nodes
    .map(({ depth: at, node }) => ({ depth: at, node: nodeOf(node) }))
    .toSorted((a, b) => a.depth - b.depth || byId(a.node, b.node));
  const kept = cutRelations(relations.map(relationOf).toSorted(byId), relations_max);
  const goesOn = met > within ? ({ by: 'DEPTH', at: depth } as const) : null;
  return {
    nodes: reached,
    relations: kept.relations,
    cut: within > nodes_max ? { by: 'NODES', at: nodes_max } : (kept.cut ?? goesOn),
  };
}
