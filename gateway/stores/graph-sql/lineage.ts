/** The walk of a lineage over artifact, artifact_use and artifact_derivation: a row per root and level. */
import type { Level, LineageWalk, LineageWay } from '../../../resolvers/artifacts/lineage-walk.ts';
import { checkBounds, checkIds } from '../../../resolvers/graph/check.ts';
import { groupBy } from '../../../resolvers/group.ts';
import { statement, type Sql, type Statement } from '../../../resolvers/sql.ts';
import { idParameter } from './rows.ts';

type LevelRow = Level & { readonly rootId: string };

/**
 * Values: root ids, workspace id, depth, artifacts at most, edges of one kind that a level reads at most, edges after
 * which no further level is read, levels to read: as many as the depth where only nodes are told, or one more.
 */
function walk(name: string, expand: string, next: 'used' | 'made'): Statement<LevelRow> {
  return statement(
    name,
    `WITH RECURSIVE level AS (
      SELECT id AS root, 0 AS depth, ARRAY[id] AS ids, ARRAY[id] AS seen, '[]'::jsonb AS found,
        false AS more, 0 AS read
      FROM artifact WHERE id = ANY($1::uuid[]) AND workspace_id = $2
      UNION ALL
      SELECT level.root, level.depth + 1, step.ids, level.seen || step.ids, step.found, step.more,
        level.read + jsonb_array_length(step.found)
      FROM level CROSS JOIN LATERAL (
        WITH ${expand}, met AS (
          SELECT id FROM (SELECT ${next}.id FROM ${next} UNION SELECT told.next_id FROM told) reached
          WHERE level.depth < $3::int
          EXCEPT SELECT unnest(level.seen)
          ORDER BY id DESC LIMIT $4::int - cardinality(level.seen)
        ), edge AS (
          SELECT 'used' AS by, id AS "artifactId", NULL::uuid AS "toId", run_id AS "runId", step_key AS "stepKey" FROM used
          UNION ALL SELECT 'made', id, NULL, run_id, step_key FROM made
          UNION ALL SELECT 'told', from_id, to_id, NULL, NULL FROM told
        )
        SELECT ARRAY(SELECT id FROM met) AS ids,
          (SELECT coalesce(jsonb_agg(to_jsonb(edge)), '[]') FROM edge) AS found,
          greatest((SELECT count(*) FROM used), (SELECT count(*) FROM made),
            (SELECT count(*) FROM told)) > $5::int AS more
      ) AS step
      WHERE level.depth < $7::int AND level.read <= $6::int AND cardinality(level.ids) > 0
    )
    SELECT root AS "rootId", depth, ids, CASE WHEN $7::int > $3::int THEN found ELSE '[]' END AS found,
      $7::int > $3::int AND more AS more
    FROM level ORDER BY root, depth`,
  );
}

/** One edge more than may be, to know that there are more. */
const REST = 'LIMIT $5::int + 1';

/**
 * Against the planner, which knows nothing of arrays and little of new tables: OFFSET 0 and IS TRUE have rows found by
 * the key that a level knows, not by their workspace, for each root and level anew.
 */
const HERE = (table: 'artifact' | 'run', id: string) => `CROSS JOIN LATERAL (
      SELECT FROM ${table} row WHERE row.id = ${id} AND (row.workspace_id = $2) IS TRUE OFFSET 0
    ) AS here`;

const WALKS: Readonly<Record<LineageWay, Statement<LevelRow>>> = {
  /** From artifacts to the steps that made them, and to what those used. */
  UPSTREAM: walk(
    'artifacts.lineageUpstream',
    `made AS MATERIALIZED (
      SELECT at.id, made.run_id, made.step_key
      FROM unnest(level.ids) AS at(id) CROSS JOIN LATERAL (
        SELECT x.run_id, x.step_key FROM artifact x WHERE x.id = at.id AND x.step_key IS NOT NULL OFFSET 0
      ) AS made
    ), used AS MATERIALIZED (
      SELECT used.id, step.run_id, step.step_key
      FROM (SELECT DISTINCT run_id, step_key FROM made) AS step
      CROSS JOIN LATERAL (
        SELECT x.artifact_id AS id FROM artifact_use x
        WHERE x.run_id = step.run_id AND x.step_key = step.step_key OFFSET 0
      ) AS used ${HERE('artifact', 'used.id')}
      ${REST}
    ), told AS MATERIALIZED (
      SELECT told.id AS from_id, at.id AS to_id, told.id AS next_id
      FROM unnest(level.ids) AS at(id)
      CROSS JOIN LATERAL (
        SELECT x.upstream_id AS id FROM artifact_derivation x WHERE x.downstream_id = at.id OFFSET 0
      ) AS told ${HERE('artifact', 'told.id')}
      ${REST}
    )`,
    'used',
  ),
  /** From artifacts to the steps that used them, newest runs first, and to what those made. */
  DOWNSTREAM: walk(
    'artifacts.lineageDownstream',
    `used AS MATERIALIZED (
      SELECT at.id, step.run_id, step.step_key
      FROM unnest(level.ids) AS at(id)
      CROSS JOIN LATERAL (
        SELECT x.run_id, x.step_key
        FROM artifact_use x ${HERE('run', 'x.run_id')}
        WHERE x.artifact_id = at.id
        ORDER BY x.run_id DESC, x.step_key
        ${REST}
      ) AS step
      ${REST}
    ), made AS MATERIALIZED (
      SELECT made.id, step.run_id, step.step_key
      FROM (SELECT DISTINCT run_id, step_key FROM used) AS step
      CROSS JOIN LATERAL (
        SELECT x.id FROM artifact x
        WHERE x.run_id = step.run_id AND x.step_key = step.step_key AND (x.workspace_id = $2) IS TRUE OFFSET 0
      ) AS made
      ${REST}
    ), told AS MATERIALIZED (
      SELECT at.id AS from_id, told.id AS to_id, told.id AS next_id
      FROM unnest(level.ids) AS at(id)
      CROSS JOIN LATERAL (
        SELECT x.downstream_id AS id FROM artifact_derivation x WHERE x.upstream_id = at.id OFFSET 0
      ) AS told ${HERE('artifact', 'told.id')}
      ${REST}
    )`,
    'made',
  ),
};

/** Graph.lineage. */
export async function readLineage(
  ...[sql, workspaceId, rootIds, way, bounds]: [sql: Sql, ...Parameters<LineageWalk>]
): ReturnType<LineageWalk> {
  checkIds({ workspaceId });
  checkBounds({ roots: rootIds.length });
  const rows = await sql.query(WALKS[way], [
    idParameter(rootIds),
    workspaceId,
    bounds.depth,
    bounds.artifacts,
    bounds.levelEdges,
    bounds.edges,
    bounds.nodesOnly ? bounds.depth : bounds.depth + 1,
  ]);
  const levels = groupBy(rows, ({ rootId }) => rootId);
  return rootIds.map((id) => levels.get(id) ?? []);
}
