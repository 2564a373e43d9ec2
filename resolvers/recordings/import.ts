/** A recorded execution becomes history: its workflow, version, run, log, and what the log tells of. */
import type { Ctx } from '../context.ts';
import { appendIn } from '../events/append/append.ts';
import { queueRuns } from '../events/append/queue-run.ts';
import { NAME_BYTES_MAX } from '../runs/graph.ts';
import { storeWorkflowVersion } from '../runs/store-version.ts';
import { checkText, collectIssues } from '../issues.ts';
import { derivedId, newId } from '../keys.ts';
import { authorize } from '../policy.ts';
import { statement, type Sql, type Tx } from '../sql.ts';
import { inflate, sourceHash } from './bytes.ts';
import type { Recording } from './recording.ts';
import { replayEvents } from './replay-events.ts';
import { parseRecording, RECORDING_BYTES_MAX } from './wfformat.ts';

export interface ImportOptions {
  /** Of the workflow, if it is new; otherwise it has the recording's. */
  readonly name?: string | undefined;
  /** Bytes of the recording, inflated. */
  readonly bytes_max?: number | undefined;
}

export interface Imported {
  readonly runId: string;
  readonly workflowId: string;
  readonly versionId: string;
  /** In the run's log, RUN_QUEUED included. */
  readonly events: number;
  /** False when this recording was imported before: nothing was written. */
  readonly created: boolean;
}

/**
 * Imports a recording, plain or gzip. The same bytes again, plain or gzip, answer with the run they became; two at
 * once make one run. Another recording of the same graph becomes a run of the same workflow.
 *
 * Writes: workflow, version, steps, edges, run, log and its projections, in one transaction.
 * Refuses: Forbidden; Limited; Invalid with every problem's path (wfformat.ts). Nothing is stored then.
 * Cost: 1 statement when it is known, else about 15, however many tasks it has.
 */
export async function importRecording(
  ctx: Ctx,
  bytes: Uint8Array,
  { name, bytes_max = RECORDING_BYTES_MAX }: ImportOptions = {},
): Promise<Imported> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'workflow.register', { workspaceId });
  authorize(ctx.viewer, 'run.append', { workspaceId });
  checkName(name);
  const inflated = await inflate(bytes, bytes_max);
  const hash = sourceHash(inflated);
  const known = await findImported(ctx.sql, workspaceId, hash);
  if (known) return known;

  const recording = parseRecording(inflated);
  return ctx.sql.transaction(async (tx) => {
    await tx.query(LOCK_SOURCE, [`${workspaceId} ${hash}`]);
    const raced = await findImported(tx, workspaceId, hash); // Somebody had the lock before us.
    return raced ?? store(tx, ctx, recording, hash, name);
  });
}

async function store(
  tx: Tx,
  { viewer: { id, workspaceId }, now }: Ctx,
  recording: Recording,
  hash: string,
  name: string | undefined,
): Promise<Imported> {
  const { workflowId, versionId } = await storeWorkflowVersion(tx, {
    workspaceId,
    name: name ?? recording.name,
    kind: recording.kind,
    description: recording.description,
    rename: false,
    steps: recording.tasks,
    now: now(),
  });
  const runId = newId(now().getTime());
  await queueRuns(tx, [
    {
      id: runId,
      workspaceId,
      workflowId,
      workflowVersionId: versionId,
      createdAt: recording.startedAt,
      eventId: derivedId('queued', runId),
      actor: `user:${id}`,
      tags: [],
      metadata: { recording: recording.metadata },
      sourceHash: hash,
    },
  ]);
  const events = replayEvents(recording, runId);
  await appendIn(tx, [{ runId, workspaceId, actor: 'worker', events }]);
  return { runId, workflowId, versionId, events: events.length + 1, created: true };
}

function checkName(name: string | undefined): void {
  if (name === undefined) return;
  const issues = collectIssues();
  checkText(name, NAME_BYTES_MAX, 'name', issues);
  if (issues.count() > 0) throw issues.refusal('name');
}

async function findImported(sql: Sql, workspaceId: string, hash: string): Promise<Imported | null> {
  const [row] = await sql.query(FIND_IMPORTED, [workspaceId, hash]);
  return row ? { ...row, created: false } : null;
}

const FIND_IMPORTED = statement<Omit<Imported, 'created'>>(
  'recordings.findImported',
  `SELECT id AS "runId", workflow_id AS "workflowId", workflow_version_id AS "versionId", version AS events
   FROM run WHERE workspace_id = $1 AND source_hash = $2`,
);

// Held until the transaction ends: the second of two imports of one file finds the first one's run.
const LOCK_SOURCE = statement(
  'recordings.lockSource',
  `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`,
);
