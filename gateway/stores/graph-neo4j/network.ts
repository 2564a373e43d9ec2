/**
 * Graph.network in one statement. Cypher has no loop but reduce, so that is what goes from depth to depth: `found.v`
 * are the nodes met so far in the order of depth, `found.e` where each depth begins in it. Of the union of those met
 * and the neighbours of the last depth the first of each is kept, by hash: O(nodes met) a depth, however dense the
 * graph is; a path of variable length is O(paths). A count(*) of one forgets the other variables, and a
 * CALL does not: the lists would be counted as memory of each row that is sorted, and a transaction may have only so
 * much. So what is known of the whole is a row of its own before the relations.
 */
import { checkBounds, cutRelations } from '../../../resolvers/graph/check.ts';
import {
  RELATIONS_MAX,
  type Direction,
  type Graph,
  type Network,
} from '../../../resolvers/graph/port.ts';
import { whole, type Reader } from './client.ts';
import { byId, inEachDirection, rootsOf } from './reads.ts';
import {
  inChunks,
  kindsOf,
  NODE_WALKED,
  nodeColumns,
  nodesOf,
  RELATION_WALKED,
  relationColumns,
  relationsOf,
  ROOTS,
  step,
  type NodeColumns,
  type RelationColumns,
} from './rows.ts';

/** Some nodes with their depths, or some relations, and what is known of the whole. */
interface NetworkRow {
  /** Within the depth, before the cut. */
  readonly within: number;
  /** With those one step beyond; they are not looked for where there are too many within. */
  readonly met: number;
  readonly depths: readonly number[];
  readonly nodes: NodeColumns | null;
  readonly relations: RelationColumns | null;
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

const nodesWithin = (direction: Direction) => {
  const walk = `${step('f', direction)} WHERE ${RELATION_WALKED} AND ${NODE_WALKED}`;
  return `${ROOTS}
  WITH collect(n) AS roots
  WITH ${spread('roots', '$steps', walk, 'size(found.v) > $limit')} AS found
  WITH found, coalesce(found.e[$depth + 1], size(found.v)) AS within, size(found.v) AS met
  UNWIND range(0, within - 1) AS at
  WITH within, met, found.v[at] AS n, size([begin IN found.e WHERE begin <= at]) - 1 AS depth
  WITH within, met, n, depth, count(*) AS once
  WITH within, met, n, depth, once ORDER BY depth, n.id LIMIT $limit`;
};

const NODES = inEachDirection<NetworkRow>(
  'graph.network',
  (direction) => `${nodesWithin(direction)}
  WITH within, met, collect([depth, n]) AS found
  ${inChunks('found', ['within', 'met'])}
  RETURN within, met, [x IN chunk | x[0]] AS depths, ${nodeColumns('chunk', 'x[1]')} AS nodes, null AS relations`,
);

const NETWORK = inEachDirection<NetworkRow>(
  'graph.network',
  (direction) => `${nodesWithin(direction)}
  WITH within, met, collect(n) AS kept, collect([depth, n]) AS nodes
  UNWIND [{whole: {within: within, met: met, nodes: nodes}}] + COLLECT {
    UNWIND kept AS n
    MATCH (n)-[r:REL]->(m:Node) WHERE ${RELATION_WALKED} AND m IN kept
    RETURN {relation: r}
  } AS row
  WITH row.whole AS whole, row.relation AS r, count(*) AS once
  WITH whole, r, once ORDER BY whole IS NULL, r.id LIMIT $relations + 1
  WITH collect(whole)[0] AS whole, collect(r) AS relations WHERE whole IS NOT NULL
  UNWIND [[true, whole.nodes], [false, relations]] AS part
  WITH whole, part[0] AS isNodes, part[1] AS found
  ${inChunks('found', ['whole', 'isNodes'])}
  RETURN whole.within AS within, whole.met AS met,
    CASE WHEN isNodes THEN [x IN chunk | x[0]] ELSE [] END AS depths,
    CASE WHEN isNodes THEN ${nodeColumns('chunk', 'x[1]')} END AS nodes,
    CASE WHEN NOT isNodes THEN ${relationColumns('chunk')} END AS relations`,
);

/** Graph.network. O(relations of the nodes within depth + 1, with nodesOnly within depth), and O(depth × nodes). */
export async function readNetwork(
  client: Reader,
  ...[workspaceId, rootIds, walk, bounds]: Parameters<Graph['network']>
): Promise<Network> {
  const { depth, nodes: nodes_max, relations: relations_max = RELATIONS_MAX, nodesOnly } = bounds;
  checkBounds({ depth, nodes: nodes_max, relations: relations_max });
  const texts = nodesOnly ? NODES : NETWORK;
  const rows = await client.read(texts[walk.direction], {
    workspaceId,
    ids: rootsOf(workspaceId, rootIds),
    ...kindsOf(walk),
    depth: whole(depth),
    steps: whole(nodesOnly ? depth : depth + 1), // The one beyond tells whether it goes on.
    limit: whole(nodes_max),
    relations: whole(relations_max + 1),
  });
  const [first] = rows;
  if (!first) return { nodes: [], relations: [], cut: null };
  const { within, met } = first;
  const nodes = rows
    .flatMap(({ depths, nodes: of }) =>
      of ? nodesOf(of).map((node, at) => ({ depth: depths[at]!, node })) : [],
    )
    .toSorted((a, b) => a.depth - b.depth || byId(a.node, b.node));
  const relations = rows.flatMap(({ relations: of }) => (of ? relationsOf(of) : [])).toSorted(byId);
  const kept = cutRelations(relations, relations_max);
  const goesOn = met > within ? ({ by: 'DEPTH', at: depth } as const) : null;
  return {
    nodes,
    relations: kept.relations,
    cut: within > nodes_max ? { by: 'NODES', at: nodes_max } : (kept.cut ?? goesOn),
  };
}
