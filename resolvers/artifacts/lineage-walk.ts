/**
 * The walk of a lineage: breadth first, in one recursive statement per direction that answers a row per level. An
 * artifact is expanded once, so cycles end by themselves and the work is linear in the edges read.
 */
import { statement, type Statement } from '../sql.ts';

/** One edge as it lies in the tables. */
export interface Found {
  /** `used`: by the step. `made`: by the step. `told`: `artifactId` was named in derivedFrom of `toId`. */
  readonly by: 'used' | 'made' | 'told';
  readonly artifactId: string;
  readonly toId: string | null;
  readonly runId: string | null;
  readonly stepKey: string | null;
}

/** One level of a walk. */
export interface Level {
  /** Artifacts away from the root, from 0. */
  readonly depth: number;
  /** First met here; newest first. */
  readonly ids: readonly string[];
  /** Read by expanding the level before. */
  readonly found: readonly Found[];
  /** The level before has edges that were not read. */
  readonly more: boolean;
}

/**
 * Levels 0 to depth, and one more that holds only the edges of the deepest. Values: root id, workspace id, depth,
 * artifacts at most, edges of one kind that a level reads at most, edges after which no further level is read.
 */
function walk(name: string, expand: string, next: 'used' | 'made'): Statement<Level> {
  return statement(
    name,
    `WITH RECURSIVE level AS (
      SELECT 0 AS depth, ARRAY[$1::uuid] AS ids, ARRAY[$1::uuid] AS seen, '[]'::jsonb AS found,
        false AS more, 0 AS read
      UNION ALL
      SELECT level.depth + 1, step.ids, level.seen || step.ids, step.found, step.more,
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
      WHERE level.depth <= $3::int AND level.read <= $6::int AND cardinality(level.ids) > 0
    )
    SELECT depth, ids, found, more FROM level ORDER BY depth`,
  );
}

/** One edge more than may be, to know that there are more. */
const REST = 'LIMIT $5::int + 1';

/** From artifacts to the steps that made them, and to what those used. */
export const walkUpstream: Statement<Level> = walk(
  'artifacts.lineageUpstream',
  `made AS MATERIALIZED (
    SELECT made.id, made.run_id, made.step_key
    FROM unnest(level.ids) AS at(id) JOIN artifact made ON made.id = at.id
    WHERE made.step_key IS NOT NULL
  ), used AS MATERIALIZED (
    SELECT used.id, step.run_id, step.step_key
    FROM (SELECT DISTINCT run_id, step_key FROM made) AS step
    CROSS JOIN LATERAL (
      SELECT artifact.id FROM artifact_use JOIN artifact ON artifact.id = artifact_use.artifact_id
      WHERE artifact_use.run_id = step.run_id AND artifact_use.step_key = step.step_key
        AND artifact.workspace_id = $2
    ) AS used
    ${REST}
  ), told AS MATERIALIZED (
    SELECT artifact.id AS from_id, at.id AS to_id, artifact.id AS next_id
    FROM unnest(level.ids) AS at(id)
    JOIN artifact_derivation ON artifact_derivation.downstream_id = at.id
    JOIN artifact ON artifact.id = artifact_derivation.upstream_id AND artifact.workspace_id = $2
    ${REST}
  )`,
  'used',
);

/** From artifacts to the steps that used them, newest runs first, and to what those made. */
export const walkDownstream: Statement<Level> = walk(
  'artifacts.lineageDownstream',
  `used AS MATERIALIZED (
    SELECT at.id, step.run_id, step.step_key
    FROM unnest(level.ids) AS at(id)
    CROSS JOIN LATERAL (
      SELECT artifact_use.run_id, artifact_use.step_key
      FROM artifact_use JOIN run ON run.id = artifact_use.run_id AND run.workspace_id = $2
      WHERE artifact_use.artifact_id = at.id
      ORDER BY artifact_use.run_id DESC, artifact_use.step_key
      ${REST}
    ) AS step
    ${REST}
  ), made AS MATERIALIZED (
    SELECT made.id, step.run_id, step.step_key
    FROM (SELECT DISTINCT run_id, step_key FROM used) AS step
    JOIN artifact made ON made.run_id = step.run_id AND made.step_key = step.step_key
      AND made.workspace_id = $2
    ${REST}
  ), told AS MATERIALIZED (
    SELECT at.id AS from_id, artifact.id AS to_id, artifact.id AS next_id
    FROM unnest(level.ids) AS at(id)
    JOIN artifact_derivation ON artifact_derivation.upstream_id = at.id
    JOIN artifact ON artifact.id = artifact_derivation.downstream_id AND artifact.workspace_id = $2
    ${REST}
  )`,
  'made',
);
