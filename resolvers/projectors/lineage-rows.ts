/** The rows that lineage is projected from. */
import type { LineageArtifact, LineageRun, LineageUse } from '../graph/lineage-projection.ts';
import { statement, type Sql, type Statement } from '../sql.ts';

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
/** Uses that are held at a time, and more only of one change of a run. */
export const USES_MAX = 20_000;

function artifacts(name: string, which: string): Statement<LineageArtifact> {
  return statement(
    name,
    `SELECT x.id, x.workspace_id AS "workspaceId", x.version,
      CASE WHEN run.id IS NOT NULL THEN jsonb_build_object(
        'runId', run.id, 'stepKey', x.step_key, 'workspaceId', run.workspace_id) END AS maker,
      ARRAY(SELECT d.upstream_id FROM artifact_derivation d WHERE d.downstream_id = x.id) AS "upstreamIds"
    FROM (SELECT * FROM artifact ${which}) x LEFT JOIN run ON run.id = x.run_id AND x.step_key IS NOT NULL
    ORDER BY x.id`,
  );
}

const ARTIFACTS = artifacts('projection.rowsArtifacts', 'WHERE id = ANY($1::uuid[])');
/** $2: whether a row of the id itself is meant too. */
const ARTIFACTS_AFTER = artifacts(
  'projection.rowsArtifactsAfter',
  'WHERE id >= $1::uuid AND ($2 OR id > $1::uuid) ORDER BY id LIMIT $3',
);

/** Those of these ids that are there, in the order of ids. None and no statement for none. */
export async function artifactsByIds(sql: Sql, ids: readonly string[]): Promise<LineageArtifact[]> {
  return ids.length > 0 ? sql.query(ARTIFACTS, [ids]) : [];
}

/** At most `limit` after an id (null: the first), in the order of ids. */
export function artifactsAfter(
  sql: Sql,
  id: string | null,
  limit: number,
): Promise<LineageArtifact[]> {
  return sql.query(ARTIFACTS_AFTER, [id ?? FIRST_ID, id === null, limit]);
}

const RUNS = statement<{ id: string; workspaceId: string; version: number }>(
  'projection.rowsRuns',
  'SELECT id, workspace_id AS "workspaceId", version FROM run WHERE id = ANY($1::uuid[])',
);
const USES = statement<LineageUse & { readonly seq: number }>(
  'projection.rowsUses',
  `SELECT x.run_id AS "runId", x.step_key AS "stepKey", x.artifact_id AS "artifactId", x.changed_seq AS seq
  FROM unnest($1::uuid[], $2::bigint[]) AS known(run_id, seq)
  JOIN artifact_use x ON x.run_id = known.run_id AND x.changed_seq > known.seq
  ORDER BY x.run_id, x.changed_seq FETCH FIRST ($3::int) ROWS WITH TIES`,
);
/** $2: whether a run of the id itself is meant too. */
const RUNS_AFTER = statement<{ id: string; uses: number }>(
  'projection.rowsRunsAfter',
  `SELECT run_id AS id, count(*) AS uses FROM artifact_use
  WHERE run_id >= $1::uuid AND ($2 OR run_id > $1::uuid) GROUP BY run_id ORDER BY run_id LIMIT $3`,
);

export interface RunUses {
  /** Of these that have uses. */
  readonly runs: readonly LineageRun[];
  readonly uses: readonly LineageUse[];
  /** Of the ids asked for those that have no row. */
  readonly gone: readonly string[];
  /** Of those that have one, the runs that are not as far as is known: deleted, and made anew under their id. */
  readonly anew: readonly string[];
  /** Runs that may have more, of the last of these what is newer than it is told here. */
  readonly left: readonly string[];
}

/**
 * Uses of these runs that are newer than what is known of each (nothing: all), in the order of runs and then as they came;
 * `limit` of them, and all of one change of a run. Two statements.
 */
export async function usesOfRuns(
  sql: Sql,
  ids: readonly string[],
  known: ReadonlyMap<string, number> = new Map(),
  limit = USES_MAX,
): Promise<RunUses> {
  if (ids.length === 0) return { runs: [], uses: [], gone: [], anew: [], left: [] };
  const rows = new Map((await sql.query(RUNS, [ids])).map((run) => [run.id, run]));
  const anew = [...rows.values()]
    .filter(({ id, version }) => version < (known.get(id) ?? 0))
    .map(({ id }) => id);
  const after = ids.map((id) => (anew.includes(id) ? 0 : (known.get(id) ?? 0)));
  const found = await sql.query(USES, [ids, after, limit]);
  const uses = found.filter(({ runId }) => rows.has(runId)); // Else the run went between the two.
  const last = found.length < limit ? undefined : found.at(-1);
  const seqs = new Map<string, number>();
  for (const { runId, seq } of uses) seqs.set(runId, Math.max(seq, seqs.get(runId) ?? 0));
  return {
    runs: [...seqs].map(([id, seq]) => ({ id, workspaceId: rows.get(id)!.workspaceId, seq })),
    uses: uses.map(({ runId, stepKey, artifactId }) => ({ runId, stepKey, artifactId })),
    gone: ids.filter((id) => !rows.has(id)),
    anew,
    left: last ? ids.filter((id) => id >= last.runId) : [],
  };
}

/** Runs with uses after an id, in the order of ids: `limit` at most, and about USES_MAX uses. */
export async function runsAfter(sql: Sql, id: string | null, limit: number): Promise<string[]> {
  const rows = await sql.query(RUNS_AFTER, [id ?? FIRST_ID, id === null, limit]);
  let sum = 0;
  const fit = rows.filter(({ uses }) => (sum += uses) <= USES_MAX);
  return (fit.length > 0 ? fit : rows.slice(0, 1)).map((row) => row.id);
}
