/** What people do to runs. Each is an event with a precondition: resolvers/events says whether the move is legal. */
import type { EventType } from '../../prisma/generated/enums.ts';
import type { Ctx } from '../context.ts';
import { Invalid, NotFound } from '../errors.ts';
import { appendIn } from '../events/append/append.ts';
import type { Actor, JsonObject } from '../events/log.ts';
import { queueRuns } from '../events/append/queue-run.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { inputPaths } from '../input-paths.ts';
import { newId, uuidOf } from '../keys.ts';
import { forgetLoaded } from '../loaders.ts';
import { authorize } from '../policy.ts';
import { statement, type Tx } from '../sql.ts';
import { runsById, versionsById } from './loaders.ts';
import { existingRun } from './queries.ts';
import type { RunRow, WorkflowVersionRow } from './rows.ts';

export interface StartRun extends Repeatable {
  /** Its newest version; or `workflowVersionId`. One of the two. */
  readonly workflowId?: string | null | undefined;
  readonly workflowVersionId?: string | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly metadata?: unknown;
}

/**
 * Queues a run for a worker to take.
 *
 * Writes: run, step_run, run_event (RUN_QUEUED), idempotency_key (one transaction).
 * Refuses: Invalid, NotFound, Forbidden, Limited (tags, metadata), Conflict (idempotency key).
 * Cost: 3 statements, 3 more with a key, whatever the number of steps.
 */
export async function startRun(ctx: Ctx, input: StartRun): Promise<RunRow> {
  authorize(ctx.viewer, 'run.start', ctx.viewer);
  const version = await versionToRun(ctx, input);
  const runId = await once(ctx, 'startRun', input, async (tx) => {
    const now = ctx.now();
    const id = newId(now.getTime());
    await inputPaths({ 'runs[0].addTags': 'input.tags', 'runs[0]': 'input' }, () =>
      queueRuns(tx, [
        {
          id,
          workspaceId: ctx.viewer.workspaceId,
          workflowId: version.workflowId,
          workflowVersionId: version.id,
          createdAt: now,
          eventId: newId(),
          actor: actorOf(ctx),
          tags: input.tags ?? [],
          metadata: (input.metadata ?? {}) as JsonObject,
        },
      ]),
    );
    return id;
  });
  return changedRun(ctx, runId);
}

/** A command on one run. */
export interface RunCommand extends Repeatable {
  readonly runId: string;
  /** Of the run: Conflict when it moved on. */
  readonly expectedVersion?: number | null | undefined;
  /** Why, for people: the run's statusName from then on. */
  readonly reason?: string | null | undefined;
}

/**
 * Asks the worker to stop; a run that no worker has taken yet is canceled at once.
 *
 * Writes: run_event (RUN_CANCEL_REQUESTED, RUN_CANCELED) and what it projects to.
 * Refuses: Invalid, NotFound, Forbidden, Conflict (finished or canceling already; stale version; key).
 */
export function cancelRun(ctx: Ctx, input: RunCommand): Promise<RunRow> {
  return command(ctx, 'cancelRun', input, async (tx, run) => {
    await append(ctx, tx, run, input, 'RUN_CANCEL_REQUESTED', reasonOf(input));
    const [row] = await tx.query(STARTED, [run.id]);
    if (row?.startedAt === null) {
      await append(ctx, tx, run, {}, 'RUN_CANCELED', reasonOf(input), 'gateway');
    }
  });
}

const STARTED = statement<{ startedAt: Date | null }>(
  'runs.startedAt',
  `SELECT started_at AS "startedAt" FROM run WHERE id = $1`,
);

/**
 * No step begins until it is resumed; those that run may end.
 *
 * Writes: run_event (RUN_PAUSED) and what it projects to.
 * Refuses: Invalid, NotFound, Forbidden, Conflict (not running; stale version; key).
 */
export function pauseRun(ctx: Ctx, input: RunCommand): Promise<RunRow> {
  return command(ctx, 'pauseRun', input, (tx, run) =>
    append(ctx, tx, run, input, 'RUN_PAUSED', reasonOf(input)),
  );
}

/**
 * Lets a paused run go on.
 *
 * Writes: run_event (RUN_RESUMED) and what it projects to.
 * Refuses: Invalid, NotFound, Forbidden, Conflict (not paused; stale version; key).
 */
export function resumeRun(ctx: Ctx, input: RunCommand): Promise<RunRow> {
  return command(ctx, 'resumeRun', input, (tx, run) =>
    append(ctx, tx, run, input, 'RUN_RESUMED', reasonOf(input)),
  );
}

/**
 * Merges metadata by top-level key: a value replaces, null deletes. Finished runs take it too.
 *
 * Writes: run_event (METADATA_UPDATED) and what it projects to.
 * Refuses: Invalid, NotFound, Forbidden, Limited, Conflict (stale version; key).
 */
export function updateRunMetadata(
  ctx: Ctx,
  input: RunCommand & { readonly metadata?: unknown },
): Promise<RunRow> {
  return command(ctx, 'updateRunMetadata', input, (tx, run) =>
    append(ctx, tx, run, input, 'METADATA_UPDATED', { metadata: input.metadata as JsonObject }),
  );
}

/**
 * Adds tags that the run does not have. Finished runs take them too.
 *
 * Writes: run_event (METADATA_UPDATED) and what it projects to.
 * Refuses: Invalid, NotFound, Forbidden, Limited, Conflict (stale version; key).
 */
export function addRunTags(
  ctx: Ctx,
  input: RunCommand & { readonly tags: readonly string[] },
): Promise<RunRow> {
  return command(ctx, 'addRunTags', input, (tx, run) =>
    append(ctx, tx, run, input, 'METADATA_UPDATED', { addTags: [...input.tags] }),
  );
}

/** Reads, authorizes, writes once per key, answers with the run as it is then. Cost: 2 statements and an append. */
async function command(
  ctx: Ctx,
  name: string,
  input: RunCommand,
  work: (tx: Tx, run: RunRow) => Promise<void>,
): Promise<RunRow> {
  const run = await existingRun(ctx, input.runId, 'input.runId');
  authorize(ctx.viewer, 'run.control', run);
  await once(ctx, name, { ...input, runId: run.id }, async (tx) => {
    await work(tx, run);
    return run.id;
  });
  return changedRun(ctx, run.id);
}

async function append(
  ctx: Ctx,
  tx: Tx,
  run: RunRow,
  { expectedVersion }: { readonly expectedVersion?: number | null | undefined },
  type: EventType,
  payload: JsonObject,
  actor: Actor = actorOf(ctx),
): Promise<void> {
  await inputPaths(
    {
      'events[0].payload.addTags': 'input.tags',
      'events[0].payload.statusName': 'input.reason',
      'events[0].payload': 'input',
    },
    () =>
      appendIn(tx, [
        {
          runId: run.id,
          workspaceId: run.workspaceId,
          actor,
          ...(expectedVersion == null ? {} : { expectedVersion }),
          events: [{ eventId: newId(), type, occurredAt: ctx.now(), payload }],
        },
      ]),
  );
}

/** The run as it is after the command. One statement. */
export async function changedRun(ctx: Ctx, id: string): Promise<RunRow> {
  forgetLoaded(ctx);
  const [run] = await runsById(ctx, [id]);
  if (!run) throw new NotFound('Run', id);
  return run;
}

/** The viewer, as events name them. */
export function actorOf(ctx: Ctx): Actor {
  return `user:${ctx.viewer.id}`;
}

function reasonOf({ reason }: RunCommand): JsonObject {
  return reason == null ? {} : { statusName: reason };
}

const NEWEST_VERSION = statement<{ id: string }>(
  'workflowVersions.newest',
  `SELECT v.id FROM workflow_version v JOIN workflow w ON w.id = v.workflow_id
  WHERE v.workflow_id = $1 AND w.workspace_id = $2 ORDER BY v.number DESC LIMIT 1`,
);

async function versionToRun(ctx: Ctx, input: StartRun): Promise<WorkflowVersionRow> {
  const { workflowId, workflowVersionId } = input;
  if ((workflowId == null) === (workflowVersionId == null)) {
    throw new Invalid('input', 'give either workflowId or workflowVersionId');
  }
  let id: string | undefined;
  if (workflowId != null) {
    const uuid = uuidOf('Workflow', workflowId, 'input.workflowId');
    [{ id } = { id: undefined }] = await ctx.sql.query(NEWEST_VERSION, [
      uuid,
      ctx.viewer.workspaceId,
    ]);
    if (id === undefined) throw new NotFound('Workflow', workflowId);
  } else {
    id = uuidOf('WorkflowVersion', workflowVersionId ?? '', 'input.workflowVersionId');
  }
  const [version] = await versionsById(ctx, [id]);
  if (!version) throw new NotFound('WorkflowVersion', id);
  return version;
}
