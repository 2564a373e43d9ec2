/** Graph.shortestPaths and Graph.allPaths, one statement each. */
import { checkBounds, checkIds, isGraphId } from '../../../resolvers/graph/check.ts';
import {
  DEPTH_MAX,
  type Direction,
  type Graph,
  type GraphPath,
} from '../../../resolvers/graph/port.ts';
import { cypher, whole, type Cypher, type Reader } from './client.ts';
import { spread } from './network.ts';
import { inEachDirection } from './reads.ts';
import {
  AGAINST,
  ARROWS,
  kindsOf,
  NODE_WALKED,
  nodeColumns,
  nodesOf,
  RELATION_WALKED,
  relationColumns,
  relationsOf,
  step,
  type NodeColumns,
  type RelationColumns,
} from './rows.ts';

interface PathRow {
  readonly nodes: NodeColumns;
  readonly relations: RelationColumns;
}

/**
 * Both searches that Neo4j makes from the two ends look at one relation and node at a time, so the conditions must be
 * `all(…)` of them and nothing else: any other is tried on every path there is.
 */
function shortestText(direction: Direction, depth: number): Cypher<PathRow & { at: number }> {
  const [left, right] = ARROWS[direction];
  const [relationWalked, nodeWalked] = [RELATION_WALKED, NODE_WALKED].map((text) =>
    text.slice(1, -1),
  );
  return cypher(
    'graph.shortestPaths',
    `UNWIND range(0, size($pairs) - 1) AS at
    MATCH (a:Node {id: $pairs[at].fromId}) USING INDEX a:Node(id) WHERE a.workspaceId = $workspaceId
    MATCH (b:Node {id: $pairs[at].toId}) USING INDEX b:Node(id) WHERE b.workspaceId = $workspaceId
    MATCH path = shortestPath((a)${left}[:REL*1..${depth}]${right}(b))
    WHERE all(r IN relationships(path) WHERE ${relationWalked})
      AND all(m IN nodes(path) WHERE ${nodeWalked} OR m = a)
    RETURN at, ${nodeColumns('nodes(path)')} AS nodes, ${relationColumns('relationships(path)')} AS relations`,
  );
}

/**
 * A depth cannot be a parameter either, and each text is planned for a tenth of a second or more when it first comes:
 * there are few, and what one finds beyond the depth asked for is left out, as nothing shorter is there then.
 */
const DEPTHS = [1, 2, 4, 8, 16, DEPTH_MAX];
const SHORTEST = DEPTHS.map((depth) => ({
  depth,
  texts: {
    OUT: shortestText('OUT', depth),
    IN: shortestText('IN', depth),
    BOTH: shortestText('BOTH', depth),
  },
}));

/** Graph.shortestPaths. */
export async function readShortestPaths(
  client: Reader,
  ...[workspaceId, pairs, walk, depth]: Parameters<Graph['shortestPaths']>
): Promise<(GraphPath | null)[]> {
  checkIds({ workspaceId });
  checkBounds({ roots: pairs.length, depth });
  const keyOf = ({ fromId, toId }: (typeof pairs)[number]) => `${fromId} ${toId}`;
  const asked = new Map(pairs.filter(mayBeJoined).map((pair) => [keyOf(pair), pair]));
  const { texts } = SHORTEST.find((known) => known.depth >= depth)!;
  const rows = await client.read(texts[walk.direction], {
    workspaceId,
    pairs: [...asked.values()].map(({ fromId, toId }) => ({ fromId, toId })),
    ...kindsOf(walk),
  });
  const keys = [...asked.keys()];
  const near = rows.filter(({ relations: [ids] }) => ids.length <= depth);
  const found = new Map(near.map((row) => [keys[row.at], pathOf(row)]));
  return pairs.map((pair) => found.get(keyOf(pair)) ?? null);
}

/**
 * Length by length, all paths from `a` of which every node is as near to `b` as it must be to arrive in time: `balls`
 * has the nodes so many steps from it. So work is in proportion to the paths of each length, found or more than `$limit`,
 * and no longer length is begun once there are enough; what is too much for Neo4j is asked of SQL.
 * (count(*): see network.ts.)
 */
const ALL = inEachDirection<PathRow>('graph.allPaths', (direction) => {
  const back = `${step('f', AGAINST[direction])} WHERE ${RELATION_WALKED} AND (m = a OR ${NODE_WALKED})`;
  return `MATCH (a:Node {id: $fromId}) USING INDEX a:Node(id) WHERE a.workspaceId = $workspaceId
  MATCH (b:Node {id: $toId}) USING INDEX b:Node(id) WHERE b.workspaceId = $workspaceId
  WITH a, b, ${spread('[b]', '$depth', back)} AS found
  WITH a, b, [steps IN range(0, $depth) | found.v[..coalesce(found.e[steps + 1], size(found.v))]] AS balls
  UNWIND reduce(paths = [], length IN range(1, $depth) |
    CASE WHEN size(paths) >= $limit OR NOT a IN balls[length] THEN paths ELSE paths + COLLECT {
      UNWIND reduce(begun = [{nodes: [a], relations: []}], steps IN range(1, length) | COLLECT {
        UNWIND begun AS path
        WITH path, path.nodes[-1] AS f, balls[length - steps] AS ball
        MATCH ${step('f', direction)}
        WHERE ${RELATION_WALKED} AND ${NODE_WALKED} AND m IN ball AND NOT m IN path.nodes
          AND (steps = length OR m <> b)
        RETURN {nodes: path.nodes + [m], relations: path.relations + [r]}
      }) AS path RETURN path
    } END) AS path
  WITH path.nodes AS nodes, path.relations AS relations, count(*) AS once
  WITH nodes, relations, once ORDER BY size(relations), [r IN relations | r.id] LIMIT $limit
  RETURN ${nodeColumns('nodes')} AS nodes, ${relationColumns('relations')} AS relations`;
});

/** Graph.allPaths. O(paths found × depth), and O(relations of the nodes within the depth of the end). */
export async function readAllPaths(
  client: Reader,
  ...[workspaceId, pair, walk, { depth, limit }]: Parameters<Graph['allPaths']>
): ReturnType<Graph['allPaths']> {
  checkIds({ workspaceId });
  checkBounds({ depth, paths: limit });
  const kinds = kindsOf(walk);
  if (!mayBeJoined(pair)) return { paths: [], cut: null };
  const { fromId, toId } = pair;
  const rows = await client.read(ALL[walk.direction], {
    workspaceId,
    fromId,
    toId,
    ...kinds,
    depth: whole(depth),
    limit: whole(limit + 1),
  });
  const paths = rows.map(pathOf).toSorted(inOrder);
  if (paths.length <= limit) return { paths, cut: null };
  return { paths: paths.slice(0, limit), cut: { by: 'PATHS', at: limit } };
}

function mayBeJoined({
  fromId,
  toId,
}: {
  readonly fromId: string;
  readonly toId: string;
}): boolean {
  return fromId !== toId && isGraphId(fromId) && isGraphId(toId);
}

function pathOf({ nodes, relations }: PathRow): GraphPath {
  return { nodes: nodesOf(nodes), relations: relationsOf(relations) };
}

function inOrder(a: GraphPath, b: GraphPath): number {
  const key = ({ relations }: GraphPath) => relations.map(({ id }) => id).join(' ');
  return a.relations.length - b.relations.length || (key(a) < key(b) ? -1 : 1);
}
