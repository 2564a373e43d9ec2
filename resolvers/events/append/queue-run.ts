/** How runs begin: rows of the run and of all its steps, and RUN_QUEUED as the first event of its log. */
import { Invalid, NotFound, type Issue } from '../../errors.ts';
import { derivedId } from '../../keys.ts';
import { statement, type Tx } from '../../sql.ts';
import { appendIn } from './append.ts';
import { arraySql, encode, type ArrayColumn } from './arrays.ts';
import { isStorable, unstorable } from '../json.ts';
import { checkLabels } from './labels.ts';
import type { Actor, JsonObject } from '../log.ts';
import { checkPayload } from '../payloads.ts';

export interface NewRun {
  /** uuid v7, as newId makes them: its time sorts the run and chooses its partition. */
  readonly id: string;
  readonly workspaceId: string;
  readonly workflowId: string;
  readonly workflowVersionId: string;
  /** `occurredAt` of RUN_QUEUED. */
  readonly createdAt: Date;
  /** Of RUN_QUEUED. */
  readonly eventId: string;
  readonly actor: Actor;
  readonly retryOf?: string | null;
  /** Steps that a retry keeps: CACHED by events of the gateway that follow RUN_QUEUED. */
  readonly cachedSteps?: readonly string[];
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  /** sha256 of the imported recording. */
  readonly sourceHash?: string | null;
}

/** Runs in one statement. */
const RUNS_MAX = 1_000;

const COLUMNS: readonly ArrayColumn<NewRun>[] = [
  plain('id', 'uuid', (run) => run.id),
  plain('workspace_id', 'uuid', (run) => run.workspaceId),
  plain('workflow_id', 'uuid', (run) => run.workflowId),
  plain('version_id', 'uuid', (run) => run.workflowVersionId),
  plain('created_at', 'timestamptz', (run) => run.createdAt.toISOString()),
  plain('event_id', 'uuid', (run) => run.eventId),
  { name: 'actor', type: 'text', encoding: 'text', of: (run) => run.actor },
  plain('retry_of', 'uuid', (run) => run.retryOf ?? null),
  { name: 'tags', type: 'jsonb', encoding: 'json', of: (run) => JSON.stringify(run.tags) },
  { name: 'metadata', type: 'jsonb', encoding: 'json', of: (run) => JSON.stringify(run.metadata) },
  { name: 'source_hash', type: 'text', encoding: 'text', of: (run) => run.sourceHash ?? null },
  { name: 'payload', type: 'jsonb', encoding: 'json', of: (run) => JSON.stringify(payloadOf(run)) },
];

const QUEUE = statement<{ id: string }>(
  'log.queue',
  `WITH asked AS MATERIALIZED (
    SELECT a.*, version.step_count FROM unnest(${COLUMNS.map((each, at) => arraySql(each, at + 1)).join(', ')})
      AS a(${COLUMNS.map((each) => each.name).join(', ')})
    JOIN workflow_version version ON version.id = a.version_id AND version.workflow_id = a.workflow_id
    JOIN workflow ON workflow.id = a.workflow_id AND workflow.workspace_id = a.workspace_id
  ), runs AS (
    INSERT INTO run (id, workspace_id, workflow_id, workflow_version_id, version, retry_of, tags, metadata,
      steps_total, source_hash, created_at)
    SELECT id, workspace_id, workflow_id, version_id, 1, retry_of, ARRAY(SELECT jsonb_array_elements_text(tags)),
      metadata, step_count, source_hash, created_at FROM asked
  ), steps AS (
    INSERT INTO step_run (run_id, step_key, name, position)
    SELECT asked.id, step.key, step.name, step.position
    FROM asked JOIN step ON step.workflow_version_id = asked.version_id
    ORDER BY asked.id, step.position
  ), events AS (
    INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor, payload)
    SELECT id, 1, event_id, 'RUN_QUEUED', created_at, actor, payload FROM asked
  )
  SELECT id FROM asked`,
);

/**
 * Creates runs of versions that are there: each QUEUED at version 1, all of its steps PENDING, RUN_QUEUED stored;
 * then the steps that a retry keeps become CACHED. In order; all or, by throwing, none.
 * Refuses: Invalid, Limited (tags, metadata), NotFound (no such version in that workflow and workspace). A run or
 * source hash that is there already fails as a unique key does. Cost: 1 statement per 1,000 runs, and an append.
 */
export async function queueRuns(tx: Tx, runs: readonly NewRun[]): Promise<void> {
  runs.forEach((run, at) => checkNewRun(run, `runs[${at}]`));
  for (let from = 0; from < runs.length; from += RUNS_MAX) {
    const some = runs.slice(from, from + RUNS_MAX);
    const rows = await tx.query(
      QUEUE,
      COLUMNS.map((each) => encode(each, some)),
    );
    const made = new Set(rows.map(({ id }) => id));
    const unmade = some.find(({ id }) => !made.has(id));
    if (unmade) throw new NotFound('Workflow version', unmade.workflowVersionId);
  }
  const cached = runs.filter(({ cachedSteps }) => cachedSteps && cachedSteps.length > 0);
  await appendIn(
    tx,
    cached.map((run) => ({
      runId: run.id,
      workspaceId: run.workspaceId,
      actor: 'gateway',
      events: run.cachedSteps!.map((stepKey) => ({
        eventId: derivedId(`cached ${stepKey}`, run.id),
        type: 'STEP_CACHED',
        stepKey,
        occurredAt: run.createdAt,
      })),
    })),
  );
}

function checkNewRun({ tags, metadata, actor }: NewRun, path: string): void {
  const issues: Issue[] = [];
  for (const [field, value] of Object.entries({ tags, metadata, actor })) {
    if (!isStorable(value, LABEL_DEPTH_MAX)) unstorable(value, `${path}.${field}`, issues);
  }
  checkPayload('METADATA_UPDATED', { addTags: [...tags], metadata }, path, issues);
  if (issues.length > 0) throw new Invalid(issues);
  checkLabels(tags, metadata, path);
}

const LABEL_DEPTH_MAX = 32;

/** What the log must tell so that its run can be made from it again. */
function payloadOf({ workflowVersionId, retryOf, tags, metadata }: NewRun): JsonObject {
  return {
    workflowVersionId,
    ...(retryOf ? { retryOf } : {}),
    ...(tags.length > 0 ? { tags: [...tags] } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  };
}

function plain(name: string, type: string, of: ArrayColumn<NewRun>['of']): ArrayColumn<NewRun> {
  return { name, type, encoding: 'plain', of };
}
