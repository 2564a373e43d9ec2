/**
 * How each table is written from the rows of a flush. The parts of one statement see the same snapshot, so a row may
 * be in one of them only: runs are either `counted` or `moved`, artifacts either `made` or `changed`.
 */
import type { ArrayColumn, Encoding } from './arrays.ts';
import type {
  ArtifactState,
  AttemptState,
  CheckRow,
  PlacedEvent,
  RunState,
  StepState,
  UseRow,
} from './state.ts';

/** One table of the statement. */
export interface Part<Row> {
  /** Short: Postgres keeps 63 characters of a statement's name, which names all its parts. */
  readonly name: string;
  readonly columns: readonly ArrayColumn<Row>[];
  /** `rows` is the table of its columns, called a. */
  readonly sql: (rows: string) => string;
}

/** A row with the run it belongs to. */
export type Of<Row> = { readonly run: RunState; readonly row: Row };

export const EVENTS: Part<PlacedEvent> = {
  name: 'event',
  columns: [
    column('run_id', 'uuid', 'plain', (placed) => placed.runId),
    column('seq', 'int8', 'plain', (placed) => placed.seq),
    column('event_id', 'uuid', 'plain', ({ event }) => event.eventId),
    column('type', 'event_type', 'plain', ({ event }) => event.type),
    column('step_key', 'text', 'text', ({ event }) => event.stepKey),
    column('attempt', 'int4', 'plain', (placed) => placed.attempt),
    column('occurred_at', 'timestamptz', 'plain', ({ event }) => event.occurredAt),
    column('actor', 'text', 'text', (placed) => placed.actor),
    column('causation_id', 'uuid', 'plain', ({ event }) => event.causationId),
    column('correlation_id', 'uuid', 'plain', ({ event }) => event.correlationId),
    column('schema_version', 'int2', 'plain', ({ event }) => event.schemaVersion),
    column('payload', 'jsonb', 'json', ({ event }) => event.payloadText ?? '{}'),
  ],
  sql: (
    rows,
  ) => `events AS (INSERT INTO run_event (run_id, seq, event_id, type, step_key, attempt, occurred_at,
    actor, causation_id, correlation_id, schema_version, payload) SELECT * FROM ${rows})`,
};

const COUNTERS: readonly ArrayColumn<RunState>[] = [
  column('id', 'uuid', 'plain', (state) => state.id),
  column('version', 'int8', 'plain', ({ run }) => run.version),
  column('steps_done', 'int4', 'plain', ({ run }) => run.stepsDone),
  column('steps_failed', 'int4', 'plain', ({ run }) => run.stepsFailed),
  column('steps_running', 'int4', 'plain', ({ run }) => run.stepsRunning),
];
const SET_COUNTERS = `version = a.version, steps_done = a.steps_done, steps_failed = a.steps_failed,
    steps_running = a.steps_running, updated_at = now()`;

/** Touches no indexed column, so the new row goes beside the old one. */
export const COUNTED: Part<RunState> = {
  name: 'count',
  columns: COUNTERS,
  sql: (rows) => `counted AS (UPDATE run SET ${SET_COUNTERS}
    FROM ${rows} WHERE run.id = a.id)`,
};

export const MOVED: Part<RunState> = {
  name: 'move',
  columns: [
    ...COUNTERS,
    column('status', 'run_status', 'plain', ({ run }) => run.status),
    column('status_name', 'text', 'text', ({ run }) => run.statusName),
    column('fence', 'uuid', 'plain', ({ run }) => run.fence),
    column('failure_reason', 'failure_reason', 'plain', ({ run }) => run.failureReason),
    column('error', 'text', 'text', ({ run }) => run.error),
    column('started_at', 'timestamptz', 'plain', ({ run }) => run.startedAt),
    column('finished_at', 'timestamptz', 'plain', ({ run }) => run.finishedAt),
    column('tags', 'jsonb', 'json', ({ run }) => run.tags && JSON.stringify(run.tags)),
    column('metadata', 'jsonb', 'json', ({ run }) => run.metadata && JSON.stringify(run.metadata)),
  ],
  sql: (
    rows,
  ) => `moved AS (UPDATE run SET ${SET_COUNTERS}, status = a.status, status_name = a.status_name,
    fence = a.fence, failure_reason = a.failure_reason, error = a.error,
    started_at = COALESCE(a.started_at, run.started_at), finished_at = COALESCE(a.finished_at, run.finished_at),
    tags = CASE WHEN a.tags IS NULL THEN run.tags ELSE ARRAY(SELECT jsonb_array_elements_text(a.tags)) END,
    metadata = COALESCE(a.metadata, run.metadata)
    FROM ${rows} WHERE run.id = a.id)`,
};

export const STEPS: Part<StepState> = {
  name: 'step',
  columns: [
    column('run_id', 'uuid', 'plain', (row) => row.runId),
    column('step_key', 'text', 'text', (row) => row.stepKey),
    column('status', 'step_status', 'plain', (row) => row.status),
    column('attempt', 'int4', 'plain', (row) => row.attempt),
    column('progress', 'float8', 'plain', (row) => row.progress),
    column('message', 'text', 'text', (row) => row.message),
    column('failure_reason', 'failure_reason', 'plain', (row) => row.failureReason),
    column('error', 'text', 'text', (row) => row.error),
    column('started_at', 'timestamptz', 'plain', (row) => row.startedAt),
    column('finished_at', 'timestamptz', 'plain', (row) => row.finishedAt),
    column('changed_seq', 'int8', 'plain', (row) => row.changedSeq),
  ],
  sql: (
    rows,
  ) => `steps AS (UPDATE step_run SET status = a.status, attempt = a.attempt, progress = a.progress,
    message = a.message, failure_reason = a.failure_reason, error = a.error,
    started_at = COALESCE(a.started_at, step_run.started_at), finished_at = a.finished_at,
    changed_seq = a.changed_seq
    FROM ${rows} WHERE step_run.run_id = a.run_id AND step_run.step_key = a.step_key)`,
};

export const ATTEMPTS: Part<AttemptState> = {
  name: 'attempt',
  columns: [
    column('run_id', 'uuid', 'plain', (row) => row.runId),
    column('step_key', 'text', 'text', (row) => row.stepKey),
    column('attempt', 'int4', 'plain', (row) => row.attempt),
    column('status', 'step_status', 'plain', (row) => row.status),
    column('worker', 'text', 'text', (row) => row.worker),
    column('failure_reason', 'failure_reason', 'plain', (row) => row.failureReason),
    column('error', 'text', 'text', (row) => row.error),
    column('started_at', 'timestamptz', 'plain', (row) => row.startedAt),
    column('finished_at', 'timestamptz', 'plain', (row) => row.finishedAt),
    column('changed_seq', 'int8', 'plain', (row) => row.changedSeq),
  ],
  // Begun before this flush: only its end is known here, and its beginning stays.
  sql: (
    rows,
  ) => `attempts AS (INSERT INTO attempt (run_id, step_key, attempt, status, worker, failure_reason, error,
    started_at, finished_at, changed_seq) SELECT * FROM ${rows}
    ON CONFLICT (run_id, step_key, attempt) DO UPDATE SET status = excluded.status,
      failure_reason = excluded.failure_reason, error = excluded.error, finished_at = excluded.finished_at,
      changed_seq = excluded.changed_seq)`,
};

const ARTIFACT_TOLD: readonly ArrayColumn<Of<ArtifactState>>[] = [
  column('id', 'uuid', 'plain', ({ row }) => row.id),
  column('step_key', 'text', 'text', ({ row }) => row.stepKey),
  column('kind', 'text', 'text', ({ row }) => row.kind),
  column('uri', 'text', 'text', ({ row }) => row.uri),
  column('size_bytes', 'int8', 'plain', ({ row }) => row.sizeBytes),
  column('checksum', 'text', 'text', ({ row }) => row.checksum),
  column('quality', 'float8', 'plain', ({ row }) => row.quality),
  column('metadata', 'jsonb', 'json', ({ row }) => row.metadata && JSON.stringify(row.metadata)),
  column('changed_seq', 'int8', 'plain', ({ row }) => row.changedSeq),
];

export const MADE: Part<Of<ArtifactState>> = {
  name: 'make',
  columns: [
    ...ARTIFACT_TOLD,
    column('workspace_id', 'uuid', 'plain', ({ run }) => run.workspaceId),
    column('run_id', 'uuid', 'plain', ({ run }) => run.id),
    column('name', 'text', 'text', ({ row }) => row.name),
    column('created_at', 'timestamptz', 'plain', ({ row }) => row.createdAt),
  ],
  sql: (
    rows,
  ) => `made AS (INSERT INTO artifact (id, step_key, kind, uri, size_bytes, checksum, quality, metadata,
    changed_seq, workspace_id, run_id, name, created_at)
    SELECT a.id, a.step_key, COALESCE(a.kind, 'file'), a.uri, COALESCE(a.size_bytes, 0), a.checksum, a.quality,
      COALESCE(a.metadata, '{}'), a.changed_seq, a.workspace_id, a.run_id, a.name, a.created_at FROM ${rows})`,
};

export const CHANGED: Part<Of<ArtifactState>> = {
  name: 'change',
  columns: ARTIFACT_TOLD,
  sql: (
    rows,
  ) => `changed AS (UPDATE artifact SET step_key = COALESCE(a.step_key, artifact.step_key),
    kind = COALESCE(a.kind, artifact.kind), uri = COALESCE(a.uri, artifact.uri),
    size_bytes = COALESCE(a.size_bytes, artifact.size_bytes), checksum = COALESCE(a.checksum, artifact.checksum),
    quality = COALESCE(a.quality, artifact.quality), metadata = COALESCE(a.metadata, artifact.metadata), changed_seq = a.changed_seq
    FROM ${rows} WHERE artifact.id = a.id)`,
};

export const USES: Part<UseRow> = {
  name: 'use',
  columns: [
    column('run_id', 'uuid', 'plain', (row) => row.runId),
    column('step_key', 'text', 'text', (row) => row.stepKey),
    column('artifact_id', 'uuid', 'plain', (row) => row.artifactId),
    column('changed_seq', 'int8', 'plain', (row) => row.changedSeq),
  ],
  sql: (rows) => `uses AS (INSERT INTO artifact_use (run_id, step_key, artifact_id, changed_seq)
    SELECT * FROM ${rows} ON CONFLICT DO NOTHING)`,
};

export const CHECKS: Part<CheckRow> = {
  name: 'check',
  columns: [
    column('id', 'uuid', 'plain', (row) => row.id),
    column('artifact_id', 'uuid', 'plain', (row) => row.artifactId),
    column('name', 'text', 'text', (row) => row.name),
    column('outcome', 'check_outcome', 'plain', (row) => row.outcome),
    column('score', 'float8', 'plain', (row) => row.score),
    column('details', 'jsonb', 'json', (row) => JSON.stringify(row.details)),
    column('created_at', 'timestamptz', 'plain', (row) => row.createdAt),
    column('changed_seq', 'int8', 'plain', (row) => row.changedSeq),
  ],
  sql: (
    rows,
  ) => `checks AS (INSERT INTO artifact_check (id, artifact_id, name, outcome, score, details, created_at,
    changed_seq) SELECT * FROM ${rows})`,
};

function column<Row>(
  name: string,
  type: string,
  encoding: Encoding,
  of: (row: Row) => string | number | boolean | null,
): ArrayColumn<Row> {
  return { name, type, encoding, of };
}
