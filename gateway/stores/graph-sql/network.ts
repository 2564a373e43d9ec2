/** The walk of a network: breadth first, in one recursive statement whose recursive term has a row per level. */
import { checkBounds, cutRelations, walkedKinds } from '../../../resolvers/graph/check.ts';
import { RELATIONS_MAX, type Graph, type Network } from '../../../resolvers/graph/port.ts';
import { statement, type Sql } from '../../../resolvers/sql.ts';
import { goesIn, goesOut } from './reads.ts';
import { idParameter, NODE_PART, OF_KINDS, partsOf, RELATION_PART, type Part } from './rows.ts';

/** There is always one, which may be no part. */
type NetworkRow = Part & { readonly cut: 'DEPTH' | 'NODES' | null };

/**
 * Levels 0 to depth, and of the one beyond (unless $10 ends it before) a single node, which only tells that it is there;
 * one node more than may be, for the same reason. `seen` keeps what any level has, so each node is expanded once, and
 * cycles end by themselves: UNION over (id, depth) would expand it once for each depth. Against the planner, which knows
 * nothing of arrays and little of new tables: OFFSET 0 keeps a step from being taken twice, for `ids` and for `seen`, and
 * all relations from being read; IS TRUE has `kept` hashed, not walked for each relation, and relations found by their
 * end, not by the workspace.
 */
const NETWORK = statement<NetworkRow>(
  'graph.network',
  `WITH RECURSIVE level AS (
    SELECT 0 AS depth, root.ids, root.ids AS seen
    FROM (SELECT ARRAY(
      SELECT n.id FROM graph_node n WHERE n.id = ANY($2::uuid[]) AND n.workspace_id = $1
      ORDER BY n.id LIMIT $8::int + 1
    ) AS ids OFFSET 0) root
    UNION ALL
    SELECT level.depth + 1, step.ids, level.seen || step.ids
    FROM level CROSS JOIN LATERAL (SELECT ARRAY(
      SELECT id FROM graph_next($1, level.ids, $3, $4, $5::text[], $6::text[], NULL) AS id
      EXCEPT SELECT unnest(level.seen)
      ORDER BY id LIMIT CASE WHEN level.depth < $7::int THEN $8::int + 1 - cardinality(level.seen) ELSE 1 END
    ) AS ids OFFSET 0) step
    WHERE level.depth < $10::int AND cardinality(level.seen) <= $8::int AND cardinality(level.ids) > 0
  ), met AS MATERIALIZED (
    SELECT level.depth, id FROM level CROSS JOIN LATERAL unnest(level.ids) AS id
  ), kept AS MATERIALIZED (
    SELECT depth, id FROM met WHERE depth <= $7::int ORDER BY depth, id LIMIT $8::int
  ), part AS (
    SELECT ${NODE_PART('n', 'kept.depth')} FROM kept JOIN graph_node n ON n.id = kept.id
    UNION ALL
    (SELECT ${RELATION_PART('r')} FROM kept CROSS JOIN LATERAL (SELECT * FROM graph_relation r
      WHERE $10::int > $7::int AND r.from_id = kept.id AND (r.workspace_id = $1) IS TRUE AND ${OF_KINDS('r', '$5')} OFFSET 0) r
    WHERE (r.to_id IN (SELECT id FROM kept)) IS TRUE ORDER BY r.id LIMIT $9::int + 1)
  )
  SELECT part.*, CASE
    WHEN (SELECT count(*) FROM met WHERE depth <= $7::int) > $8::int THEN 'NODES'
    WHEN EXISTS (SELECT FROM met WHERE depth > $7::int) THEN 'DEPTH' END AS cut
  FROM (VALUES (1)) AS always LEFT JOIN part ON true
  ORDER BY part.depth NULLS LAST, part.id`,
);

/** Graph.network. */
export async function readNetwork(
  ...[sql, workspaceId, rootIds, walk, bounds]: [sql: Sql, ...Parameters<Graph['network']>]
): Promise<Network> {
  const { depth, nodes, relations = RELATIONS_MAX, nodesOnly } = bounds;
  checkBounds({ roots: rootIds.length, depth, nodes, relations });
  const rows = await sql.query(NETWORK, [
    workspaceId,
    idParameter(rootIds),
    goesOut(walk.direction),
    goesIn(walk.direction),
    walkedKinds(walk.relationKinds),
    walkedKinds(walk.nodeKinds),
    depth,
    nodes,
    relations,
    nodesOnly ? depth : depth + 1,
  ]);
  const by = rows[0]?.cut ?? null;
  const parts = partsOf(rows);
  const kept = cutRelations(parts.relations, relations);
  if (by === 'NODES') return { ...parts, relations: kept.relations, cut: { by, at: nodes } };
  return { ...parts, relations: kept.relations, cut: kept.cut ?? (by && { by, at: depth }) };
}
