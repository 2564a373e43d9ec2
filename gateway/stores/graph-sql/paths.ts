/** Paths from one node to another: found by functions of the migration, within one statement. */
import { checkBounds, walkedKinds } from '../../../resolvers/graph/check.ts';
import type { Graph, GraphPath } from '../../../resolvers/graph/port.ts';
import { statement, type Sql } from '../../../resolvers/sql.ts';
import { goesIn, goesOut } from './reads.ts';
import { idParameter, NODE_PART, partsOf, RELATION_PART, type Part } from './rows.ts';

/** A path, or what one of them is made of: `place` is null then. */
interface PathRow extends Part {
  /** From 1: of the pair, or of the path. */
  readonly place: number | null;
  readonly nodeIds: readonly string[] | null;
  readonly relationIds: readonly string[] | null;
}

/** Paths, and each of their nodes and relations once. */
const withParts = (paths: string) => `WITH path AS MATERIALIZED (${paths}), part AS (
    SELECT ${NODE_PART('n')} FROM graph_node n
    WHERE n.id IN (SELECT unnest(path.node_ids) FROM path) AND n.workspace_id = $1
    UNION ALL
    SELECT ${RELATION_PART('r')} FROM graph_relation r WHERE r.id IN (SELECT unnest(path.relation_ids) FROM path)
  )
  SELECT path.place::int, path.node_ids AS "nodeIds", path.relation_ids AS "relationIds", part.*
  FROM path FULL JOIN part ON false
  ORDER BY path.place`;

const SHORTEST_PATHS = statement<PathRow>(
  'graph.shortestPaths',
  withParts(`SELECT pair.place, found.node_ids, found.relation_ids
    FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS pair(from_id, to_id, place)
    CROSS JOIN LATERAL graph_shortest_path($1, pair.from_id, pair.to_id, $4, $5, $6::text[], $7::text[], $8) AS found
    WHERE found.node_ids IS NOT NULL`),
);

const ALL_PATHS = statement<PathRow>(
  'graph.allPaths',
  withParts(`SELECT found.place, found.node_ids, found.relation_ids
    FROM graph_all_paths($1, $2, $3, $4, $5, $6::text[], $7::text[], $8, $9)
      WITH ORDINALITY AS found(node_ids, relation_ids, place)`),
);

/** Graph.shortestPaths. */
export async function readShortestPaths(
  ...[sql, workspaceId, pairs, walk, depth]: [sql: Sql, ...Parameters<Graph['shortestPaths']>]
): ReturnType<Graph['shortestPaths']> {
  checkBounds({ roots: pairs.length, depth });
  const rows = await sql.query(SHORTEST_PATHS, [
    workspaceId,
    idParameter(pairs.map(({ fromId }) => fromId)),
    idParameter(pairs.map(({ toId }) => toId)),
    goesOut(walk.direction),
    goesIn(walk.direction),
    walkedKinds(walk.relationKinds),
    walkedKinds(walk.nodeKinds),
    depth,
  ]);
  const found = pathsIn(rows);
  return pairs.map((_, index) => found.get(index + 1) ?? null);
}

/** Graph.allPaths. Looks for one path more than is wanted: the deadline bounds what that may cost. */
export async function readAllPaths(
  ...[sql, workspaceId, pair, walk, { depth, limit }]: [sql: Sql, ...Parameters<Graph['allPaths']>]
): ReturnType<Graph['allPaths']> {
  checkBounds({ depth, paths: limit });
  const rows = await sql.query(ALL_PATHS, [
    workspaceId,
    ...idParameter([pair.fromId, pair.toId]),
    goesOut(walk.direction),
    goesIn(walk.direction),
    walkedKinds(walk.relationKinds),
    walkedKinds(walk.nodeKinds),
    depth,
    limit + 1,
  ]);
  const paths = [...pathsIn(rows).values()];
  const cut = paths.length > limit ? ({ by: 'PATHS', at: limit } as const) : null;
  return { paths: paths.slice(0, limit), cut };
}

/** Paths by their place, in its order. */
function pathsIn(rows: readonly PathRow[]): Map<number, GraphPath> {
  const parts = partsOf(rows);
  const nodes = new Map(parts.nodes.map(({ node }) => [node.id, node]));
  const relations = new Map(parts.relations.map((relation) => [relation.id, relation]));
  const paths = new Map<number, GraphPath>();
  for (const { place, nodeIds, relationIds } of rows) {
    if (place === null) continue;
    paths.set(place, {
      nodes: nodeIds!.map((id) => nodes.get(id)!),
      relations: relationIds!.map((id) => relations.get(id)!),
    });
  }
  return paths;
}
