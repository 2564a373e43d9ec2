/** The rows that lineage is projected from. */
import type { LineageArtifact, LineageRun, LineageUse } from '../graph/lineage-projection.ts';
import { statement, type Sql, type Statement } from '../sql.ts';

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
/** Uses that are held at a time, and more only of one run. */
const USES_MAX = 20_000;

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

const KNOWN = 'unnest($1::uuid[], $2::bigint[]) AS known(run_id, seq)';
const USES_FROM = `artifact_use x WHERE x.run_id = known.run_id
    AND (x.changed_seq > known.seq OR run.version < known.seq)`;
const RUNS = statement<Omit<RunToBring, 'isAnew'> & { readonly version: number }>(
  'projection.rowsRuns',
  `SELECT run.id, run.workspace_id AS "workspaceId", run.version, known.seq AS "after",
    (SELECT count(*) FROM ${USES_FROM}) AS uses
  FROM ${KNOWN} JOIN run ON run.id = known.run_id ORDER BY run.id`,
);
const USES = statement<LineageUse & { readonly seq: number }>(
  'projection.rowsUses',
  `SELECT x.run_id AS "runId", x.step_key AS "stepKey", x.artifact_id AS "artifactId", x.changed_seq AS seq
  FROM ${KNOWN} JOIN artifact_use x ON x.run_id = known.run_id AND x.changed_seq > known.seq`,
);
/** $2: whether a run of the id itself is meant too. */
const RUNS_AFTER = statement<{ id: string; uses: number }>(
  'projection.rowsRunsAfter',
  `SELECT run_id AS id, count(*) AS uses FROM artifact_use
  WHERE run_id >= $1::uuid AND ($2 OR run_id > $1::uuid) GROUP BY run_id ORDER BY run_id LIMIT $3`,
);

/** A run of which there may be uses to bring. */
export interface RunToBring {
  readonly id: string;
  readonly workspaceId: string;
  /** Its uses after this are meant. */
  readonly after: number;
  /** So many there are. */
  readonly uses: number;
  /** It is not as far as is known: deleted, and made anew under its id. */
  readonly isAnew: boolean;
}

/** These runs, without those that have no row, and what is known of each (nothing: of none). Each id once. */
export async function runsToBring(
  sql: Sql,
  ids: readonly string[],
  known: ReadonlyMap<string, number> = new Map(),
): Promise<RunToBring[]> {
  if (ids.length === 0) return [];
  const rows = await sql.query(RUNS, [ids, ids.map((id) => known.get(id) ?? 0)]);
  return rows.map(({ version, after, ...run }) => {
    const isAnew = version < after;
    return { ...run, after: isAnew ? 0 : after, isAnew };
  });
}

/** In the same order, as many at a time as have USES_MAX uses together; one at least. */
export function inParts<Run extends { readonly uses: number }>(
  runs: readonly Run[],
  uses_max = USES_MAX,
): Run[][] {
  const parts: Run[][] = [];
  let sum = 0;
  for (const run of runs) {
    sum += run.uses;
    if (parts.length === 0 || sum > uses_max) {
      parts.push([]);
      sum = run.uses;
    }
    parts.at(-1)!.push(run);
  }
  return parts;
}

/** Their uses, and how far each run is with them: those that have any. */
export async function usesOfRuns(
  sql: Sql,
  runs: readonly RunToBring[],
): Promise<{ readonly runs: readonly LineageRun[]; readonly uses: readonly LineageUse[] }> {
  const asked = new Map(runs.map((run) => [run.id, run]));
  const found = await sql.query(USES, [
    [...asked.keys()],
    [...asked.values()].map(({ after }) => after),
  ]);
  const seqs = new Map<string, number>();
  for (const { runId, seq } of found) seqs.set(runId, Math.max(seq, seqs.get(runId) ?? 0));
  return {
    runs: [...seqs].map(([id, seq]) => ({ id, workspaceId: asked.get(id)!.workspaceId, seq })),
    uses: found.map(({ runId, stepKey, artifactId }) => ({ runId, stepKey, artifactId })),
  };
}

/** Runs with uses after an id, in the order of ids: `limit` at most, and about USES_MAX uses. */
export async function runsAfter(sql: Sql, id: string | null, limit: number): Promise<string[]> {
  const rows = await sql.query(RUNS_AFTER, [id ?? FIRST_ID, id === null, limit]);
  const [fit = []] = inParts(rows);
  return fit.map((row) => row.id);
}
