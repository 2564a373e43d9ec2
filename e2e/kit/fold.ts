/** The rows of a run made again from its log alone, by the rules themselves; and as they are stored, to compare. */
import { checkCall, CALL_LIMITS } from '../../resolvers/events/append/check.ts';
import { decide } from '../../resolvers/events/append/decide.ts';
import { readEvents, type StoredEvent } from '../../resolvers/events/read.ts';
import {
  accept,
  putStep,
  runState,
  type RunFields,
  type RunState,
} from '../../resolvers/events/append/state.ts';
import { statement, type Sql } from '../../resolvers/sql.ts';
import { WORKSPACE } from './log-world.ts';

/** Rows of all tables of a run, each list in order of its key. */
export interface RunRows {
  readonly run: object;
  readonly steps: readonly object[];
  readonly attempts: readonly object[];
  readonly artifacts: readonly object[];
  readonly uses: readonly object[];
  readonly checks: readonly object[];
}

const STORED = statement<RunRows>(
  'kit.runRows',
  `SELECT jsonb_build_object('status', status, 'statusName', status_name, 'version', version,
    'failureReason', failure_reason, 'error', error, 'stepsDone', steps_done, 'stepsFailed', steps_failed,
    'stepsRunning', steps_running, 'started', started_at IS NOT NULL, 'finished', finished_at IS NOT NULL,
    'tags', tags, 'metadata', metadata) AS run,
  (SELECT jsonb_agg(jsonb_build_array(step_key, status, attempt, progress, message, failure_reason, error,
    extract(epoch FROM started_at)::float8 * 1000, extract(epoch FROM finished_at)::float8 * 1000, changed_seq)
    ORDER BY step_key) FROM step_run WHERE run_id = run.id) AS steps,
  COALESCE((SELECT jsonb_agg(jsonb_build_array(step_key, attempt, status, worker, failure_reason, error,
    extract(epoch FROM started_at)::float8 * 1000, extract(epoch FROM finished_at)::float8 * 1000, changed_seq)
    ORDER BY step_key, attempt) FROM attempt WHERE run_id = run.id), '[]') AS attempts,
  COALESCE((SELECT jsonb_agg(jsonb_build_array(id, name, step_key, kind, uri, size_bytes, checksum, metadata,
    quality, extract(epoch FROM created_at)::float8 * 1000, changed_seq)
    ORDER BY name) FROM artifact WHERE run_id = run.id), '[]') AS artifacts,
  COALESCE((SELECT jsonb_agg(jsonb_build_array(step_key, artifact_id, changed_seq)
    ORDER BY step_key, artifact_id) FROM artifact_use WHERE run_id = run.id), '[]') AS uses,
  COALESCE((SELECT jsonb_agg(jsonb_build_array(judged.id, judged.name, outcome, score, details, judged.changed_seq)
    ORDER BY judged.changed_seq) FROM artifact_check judged JOIN artifact ON artifact.id = artifact_id
    WHERE artifact.run_id = run.id), '[]') AS checks
  FROM run WHERE id = $1`,
);

/** The rows of the run as they are stored. */
export async function storedRows(sql: Sql, runId: string): Promise<RunRows> {
  return (await sql.query(STORED, [runId]))[0]!;
}

/** The same rows, from the events of the run and the keys of its steps alone. */
export async function foldedRows(
  sql: Sql,
  runId: string,
  steps: readonly string[],
): Promise<RunRows> {
  const [queued, ...events] = await readEvents(sql, runId, 0, 100_000);
  const state = queuedState(queued!, steps);
  for (const event of events) {
    const { actor, ...more } = event;
    const call = checkCall(
      { runId, workspaceId: WORKSPACE, actor, fence: state.run.fence, events: [more] },
      CALL_LIMITS,
    );
    const { draft } = decide(state, call, () => '00000000-0000-4000-8000-000000000000');
    accept(draft!);
  }
  return rowsOf(state);
}

function queuedState(queued: StoredEvent, steps: readonly string[]): RunState {
  const { tags, metadata } = queued.payload as {
    tags?: string[];
    metadata?: Record<string, never>;
  };
  const state = runState(queued.runId, WORKSPACE, {
    status: 'QUEUED',
    statusName: null,
    version: 1,
    fence: null,
    failureReason: null,
    error: null,
    stepsDone: 0,
    stepsFailed: 0,
    stepsRunning: 0,
    startedAt: null,
    finishedAt: null,
    tags: tags ?? [],
    metadata: metadata ?? {},
    movedSeq: 0,
  });
  for (const stepKey of steps) {
    putStep(state, {
      runId: queued.runId,
      stepKey,
      status: 'PENDING',
      attempt: 0,
      progress: null,
      message: null,
      failureReason: null,
      error: null,
      startedAt: null,
      finishedAt: null,
      changedSeq: 1,
    });
  }
  return state;
}

function rowsOf(state: RunState): RunRows {
  const steps = [...(state.steps?.values() ?? [])].map((row) => [
    row.stepKey,
    row.status,
    row.attempt,
    row.progress,
    row.message,
    row.failureReason,
    row.error,
    ms(row.startedAt),
    ms(row.finishedAt),
    row.changedSeq,
  ]);
  const attempts = [...(state.attempts?.values() ?? [])].map((row) => [
    row.stepKey,
    row.attempt,
    row.status,
    row.worker,
    row.failureReason,
    row.error,
    ms(row.startedAt),
    ms(row.finishedAt),
    row.changedSeq,
  ]);
  const artifacts = [...(state.artifacts?.values() ?? [])].map((row) => [
    row.id,
    row.name,
    row.stepKey,
    row.kind ?? 'file',
    row.uri,
    row.sizeBytes ?? 0,
    row.checksum,
    row.metadata ?? {},
    row.quality,
    ms(row.createdAt),
    row.changedSeq,
  ]);
  const uses = [...(state.uses?.values() ?? [])].map((row) => [
    row.stepKey,
    row.artifactId,
    row.changedSeq,
  ]);
  return {
    run: runOf(state.run),
    steps: sorted(steps, [0]),
    attempts: sorted(attempts, [0, 1]),
    artifacts: sorted(artifacts, [1]),
    uses: sorted(uses, [0, 1]),
    checks: (state.checks ?? []).map((row) => [
      row.id,
      row.name,
      row.outcome,
      row.score,
      row.details,
      row.changedSeq,
    ]),
  };
}

function sorted<Row extends readonly unknown[]>(
  rows: readonly Row[],
  by: readonly number[],
): Row[] {
  const key = (row: Row) => by.map((at) => String(row[at])).join(' ');
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function ms(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}

function runOf(run: RunFields): object {
  const { status, statusName, version, failureReason, error, tags, metadata } = run;
  const { stepsDone, stepsFailed, stepsRunning } = run;
  return {
    status,
    statusName,
    version,
    failureReason,
    error,
    stepsDone,
    stepsFailed,
    stepsRunning,
    started: run.startedAt !== null,
    finished: run.finishedAt !== null,
    tags,
    metadata,
  };
}
