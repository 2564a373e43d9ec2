/** Bringing in workflows by hand; recordings bring in theirs by the same store-version.ts. */
import type { Ctx } from '../context.ts';
import { Conflict } from '../errors.ts';
import type { JsonObject } from '../events/log.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { checkText, collectIssues, textFault } from '../issues.ts';
import { checkObject } from '../json-object.ts';
import { forgetLoaded } from '../loaders.ts';
import { authorize } from '../policy.ts';
import { statement, type Sql } from '../sql.ts';
import { checkGraph, NAME_BYTES_MAX } from './graph.ts';
import { versionsById, workflowsById } from './loaders.ts';
import type { WorkflowRow, WorkflowVersionRow } from './rows.ts';
import { storeWorkflowVersion } from './store-version.ts';
import { versionHash } from './version-hash.ts';

const KIND_BYTES_MAX = 100;
const DESCRIPTION_BYTES_MAX = 10_000;
/** Of one step's settings. */
const SETTINGS_BYTES_MAX = 65_536;

export interface RegisterWorkflow extends Repeatable {
  /** Identifies the workflow; without it the hash of its first version does. */
  readonly key?: string | null | undefined;
  readonly name: string;
  readonly kind: string;
  readonly description?: string | null | undefined;
  readonly steps: readonly {
    readonly key: string;
    readonly name?: string | null | undefined;
    readonly parents?: readonly string[] | null | undefined;
    readonly settings?: unknown;
  }[];
  /** Of the workflow, when it is there already. */
  readonly expectedVersion?: number | null | undefined;
}

export interface RegisteredWorkflow {
  readonly workflow: WorkflowRow;
  readonly version: WorkflowVersionRow;
}

/**
 * Stores a workflow and this graph as a version of it, unless they are there; renames it when it has a key.
 *
 * Writes: workflow, workflow_version, step, edge (one transaction). The same graph again writes nothing.
 * Refuses: Invalid (every problem of the graph), Forbidden, Conflict when `expectedVersion` is given and the
 * workflow moved on or is not there. Cost: 3 to 9 statements, whatever the size of the graph.
 */
export async function registerWorkflow(
  ctx: Ctx,
  input: RegisterWorkflow,
): Promise<RegisteredWorkflow> {
  authorize(ctx.viewer, 'workflow.register', ctx.viewer);
  const steps = checkedSteps(input);
  const versionId = await once(ctx, 'registerWorkflow', input, async (tx) => {
    const identity = input.key == null ? `sha256:${versionHash(steps)}` : `key:${input.key}`;
    if (input.expectedVersion != null)
      await expectVersion(tx, ctx, identity, input.expectedVersion);
    const stored = await storeWorkflowVersion(tx, {
      workspaceId: ctx.viewer.workspaceId,
      key: input.key ?? undefined,
      name: input.name,
      kind: input.kind,
      description: input.description ?? null,
      rename: input.key != null,
      steps,
      now: ctx.now(),
    });
    return stored.versionId;
  });
  forgetLoaded(ctx);
  const [version] = await versionsById(ctx, [versionId]);
  const [workflow] = await workflowsById(ctx, version ? [version.workflowId] : []);
  if (!version || !workflow) throw new Error('what was stored is there');
  return { workflow, version };
}

const VERSION_OF = statement<{ id: string; version: number }>(
  'workflows.lock',
  `SELECT id, version FROM workflow WHERE workspace_id = $1 AND identity = $2 FOR UPDATE`,
);

async function expectVersion(tx: Sql, ctx: Ctx, identity: string, expected: number): Promise<void> {
  const [row] = await tx.query(VERSION_OF, [ctx.viewer.workspaceId, identity]);
  if (row?.version === expected) return;
  const actual = row ? `at version ${row.version}` : 'not there';
  throw new Conflict(`Workflow ${row?.id ?? identity}`, `version ${expected}`, actual);
}

/** Names default to keys. Refuses with every issue found. */
function checkedSteps(input: RegisterWorkflow) {
  const issues = collectIssues();
  if (input.key != null) checkText(input.key, NAME_BYTES_MAX, 'input.key', issues);
  checkText(input.name, NAME_BYTES_MAX, 'input.name', issues);
  checkText(input.kind, KIND_BYTES_MAX, 'input.kind', issues);
  const fault = textFault(input.description ?? '', DESCRIPTION_BYTES_MAX);
  if (fault) issues.add('input.description', fault);
  const steps = input.steps.map((step) => ({
    key: step.key,
    name: step.name ?? step.key,
    parents: step.parents ?? [],
    settings: (step.settings ?? {}) as JsonObject,
  }));
  checkGraph(steps, { steps: 'input.steps', key: 'key' }, issues);
  for (const [index, { settings }] of steps.entries()) {
    checkObject(settings, SETTINGS_BYTES_MAX, `input.steps[${index}].settings`, issues);
  }
  if (issues.count() > 0) throw issues.refusal('input');
  return steps;
}
