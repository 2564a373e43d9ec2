/** Reading workflows and runs: look-ups, lists, and the lists of many parents at once. */
import type { Columns } from '../selected.ts';
import type { Ctx } from '../context.ts';
import { NotFound } from '../errors.ts';
import { uuidOf } from '../keys.ts';
import type { Connection } from '../connection.ts';
import { keysOf, listOf, listsOf, type Link, type ListArgs } from '../list.ts';
import { ATTEMPT, RUN, STEP_RUN, WORKFLOW, WORKFLOW_VERSION } from './entities.ts';
import { runsById, versionsById, workflowsById } from './loaders.ts';
import type { AttemptRow, RunRow, StepRunRow, WorkflowRow, WorkflowVersionRow } from './rows.ts';

/** Null when it is not there. Refuses an id that is none with Invalid. One statement. */
export async function workflow(
  ctx: Ctx,
  id: string,
  columns?: Columns | null,
): Promise<WorkflowRow | null> {
  const [row] = await workflowsById(ctx, [uuidOf('Workflow', id, 'id')], columns);
  return row ?? null;
}

/** A page of the workspace's workflows. One statement. */
export function workflows(ctx: Ctx, args: ListArgs): Promise<Connection<WorkflowRow>> {
  return listOf(ctx, WORKFLOW, args);
}

/** Null when it is not there. Refuses an id that is none with Invalid. One statement. */
export async function workflowVersion(
  ctx: Ctx,
  id: string,
  columns?: Columns | null,
): Promise<WorkflowVersionRow | null> {
  const [row] = await versionsById(ctx, [uuidOf('WorkflowVersion', id, 'id')], columns);
  return row ?? null;
}

/** As `workflowVersion`, for what is asked about one that must be there. Refuses: Invalid, NotFound. */
export async function existingVersion(ctx: Ctx, id: string): Promise<WorkflowVersionRow> {
  const [row] = await versionsById(ctx, [uuidOf('WorkflowVersion', id, 'workflowVersionId')]);
  if (!row) throw new NotFound('WorkflowVersion', id);
  return row;
}

/** Null when it is not there. Refuses an id that is none with Invalid. One statement. */
export async function run(ctx: Ctx, id: string, columns?: Columns | null): Promise<RunRow | null> {
  const [row] = await runsById(ctx, [uuidOf('Run', id, 'id')], columns);
  return row ?? null;
}

/** As `run`, for what is asked about a run that must be there. Refuses: Invalid, NotFound. */
export async function existingRun(ctx: Ctx, id: string, path = 'runId'): Promise<RunRow> {
  const [row] = await runsById(ctx, [uuidOf('Run', id, path)]);
  if (!row) throw new NotFound('Run', id);
  return row;
}

/** A page of the workspace's runs. One statement. */
export function runs(ctx: Ctx, args: ListArgs): Promise<Connection<RunRow>> {
  return listOf(ctx, RUN, args);
}

/** The same page of each workflow's runs. One statement. */
export function runsOfWorkflows(
  ctx: Ctx,
  parents: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<RunRow>[]> {
  return listsOf(ctx, RUN, BY_WORKFLOW, keysOf(parents, 'id'), args);
}

/** The same page of each workflow's versions. One statement. */
export function versionsOfWorkflows(
  ctx: Ctx,
  parents: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<WorkflowVersionRow>[]> {
  return listsOf(ctx, WORKFLOW_VERSION, BY_WORKFLOW, keysOf(parents, 'id'), args);
}

/** The same page of the runs that try each run again. One statement. */
export function retriesOfRuns(
  ctx: Ctx,
  parents: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<RunRow>[]> {
  return listsOf(ctx, RUN, AS_RETRY, keysOf(parents, 'id'), args);
}

/** The same page of each run's steps. One statement. */
export function stepsOfRuns(
  ctx: Ctx,
  parents: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<StepRunRow>[]> {
  return listsOf(ctx, STEP_RUN, BY_RUN, keysOf(parents, 'id'), args);
}

/** The same page of each step's attempts. One statement. */
export function attemptsOfSteps(
  ctx: Ctx,
  parents: readonly { readonly runId: string; readonly stepKey: string }[],
  args: ListArgs,
): Promise<Connection<AttemptRow>[]> {
  return listsOf(ctx, ATTEMPT, BY_STEP, keysOf(parents, 'runId', 'stepKey'), args);
}

const BY_WORKFLOW: Link = {
  name: 'byWorkflow',
  casts: ['uuid'],
  on: (child, parent) => `${child}.workflow_id = ${parent}.k0`,
};
const AS_RETRY: Link = {
  name: 'asRetry',
  casts: ['uuid'],
  on: (child, parent) => `${child}.retry_of = ${parent}.k0`,
};
const BY_RUN: Link = {
  name: 'byRun',
  casts: ['uuid'],
  on: (child, parent) => `${child}.run_id = ${parent}.k0`,
};
const BY_STEP: Link = {
  name: 'byStep',
  casts: ['uuid', 'text'],
  on: (child, parent) => `${child}.run_id = ${parent}.k0 AND ${child}.step_key = ${parent}.k1`,
};
