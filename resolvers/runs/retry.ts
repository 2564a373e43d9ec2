/** Trying a run again. Terminal is final, so that is a new run; what need not be done again is CACHED in it. */
import type { StepStatus } from '../../prisma/generated/enums.ts';
import type { Ctx } from '../context.ts';
import { Conflict, Invalid } from '../errors.ts';
import { queueRuns } from '../events/append/queue-run.ts';
import { groupBy } from '../group.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { newId } from '../keys.ts';
import { authorize } from '../policy.ts';
import { statement } from '../sql.ts';
import { actorOf, changedRun } from './commands.ts';
import { RUN_TERMINAL } from './model.ts';
import { existingRun } from './queries.ts';
import type { RunRow } from './rows.ts';

/** `FROM_FAILURE` keeps what is done, `ALL` nothing. */
export type RetryMode = 'FROM_FAILURE' | 'ALL';

export interface RetryRun extends Repeatable {
  readonly runId: string;
  readonly mode: RetryMode;
  /** This step and all that waits for it are done again, whatever `mode` would keep of them. */
  readonly fromStep?: string | null | undefined;
}

/**
 * Queues a new run of the same version, with `retryOf`, tags and metadata of the old one. A step is kept when it is
 * done and so are all that it waits for.
 *
 * Writes: run, step_run, run_event (RUN_QUEUED, STEP_CACHED), idempotency_key (one transaction).
 * Refuses: Invalid (no such step), NotFound, Forbidden, Conflict (not finished yet; key).
 * Cost: 5 statements and an append, whatever the number of steps.
 */
export async function retryRun(ctx: Ctx, input: RetryRun): Promise<RunRow> {
  const run = await existingRun(ctx, input.runId, 'input.runId');
  authorize(ctx.viewer, 'run.start', run);
  if (!RUN_TERMINAL.has(run.status)) throw new Conflict(`Run ${run.id}`, 'finished', run.status);
  const cachedSteps = await stepsToKeep(ctx, run, input);
  const runId = await once(ctx, 'retryRun', { ...input, runId: run.id }, async (tx) => {
    const now = ctx.now();
    const id = newId(now.getTime());
    await queueRuns(tx, [
      {
        id,
        workspaceId: run.workspaceId,
        workflowId: run.workflowId,
        workflowVersionId: run.workflowVersionId,
        createdAt: now,
        eventId: newId(),
        actor: actorOf(ctx),
        retryOf: run.id,
        cachedSteps,
        tags: run.tags,
        metadata: run.metadata,
      },
    ]);
    return id;
  });
  return changedRun(ctx, runId);
}

const STEPS = statement<{ stepKey: string; status: StepStatus }>(
  'stepRuns.statuses',
  `SELECT step_key AS "stepKey", status FROM step_run WHERE run_id = $1 ORDER BY position`,
);
const EDGES = statement<{ fromKey: string; toKey: string }>(
  'edges.ofVersion',
  `SELECT from_key AS "fromKey", to_key AS "toKey" FROM edge WHERE workflow_version_id = $1`,
);
const DONE: ReadonlySet<StepStatus> = new Set(['SUCCEEDED', 'SKIPPED', 'CACHED']);

async function stepsToKeep(ctx: Ctx, run: RunRow, input: RetryRun): Promise<readonly string[]> {
  const fromStep = input.fromStep ?? null;
  if (input.mode === 'ALL' && fromStep === null) return [];
  const [steps, edges] = await Promise.all([
    ctx.sql.query(STEPS, [run.id]),
    ctx.sql.query(EDGES, [run.workflowVersionId]),
  ]);
  if (fromStep !== null && !steps.some(({ stepKey }) => stepKey === fromStep)) {
    throw new Invalid('input.fromStep', 'is not a step of this run');
  }
  const again = steps.filter(({ stepKey, status }) => stepKey === fromStep || !DONE.has(status));
  return keptSteps(
    steps.map(({ stepKey }) => stepKey),
    edges,
    again.map(({ stepKey }) => stepKey),
  );
}

/** The steps that are neither among `again` nor wait for one of them. Pure. O(steps + edges). */
export function keptSteps(
  steps: readonly string[],
  edges: readonly { readonly fromKey: string; readonly toKey: string }[],
  again: readonly string[],
): string[] {
  const children = groupBy(edges, ({ fromKey }) => fromKey);
  const redone = new Set(again);
  const queue = [...again];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    for (const { toKey } of children.get(key) ?? []) {
      if (redone.has(toKey)) continue;
      redone.add(toKey);
      queue.push(toKey);
    }
  }
  return steps.filter((key) => !redone.has(key));
}
