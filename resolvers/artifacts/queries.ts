/** Reading artifacts and checks: look-ups, lists, and the lists of many parents at once. */
import type { Columns } from '../selected.ts';
import type { Ctx } from '../context.ts';
import type { Entity } from '../entity.ts';
import { uuidOf } from '../keys.ts';
import type { Connection } from '../connection.ts';
import { keysOf, listOf, listsOf, type Link, type ListArgs } from '../list.ts';
import { STEP_RUN } from '../runs/entities.ts';
import type { StepRunRow } from '../runs/rows.ts';
import { ARTIFACT, CHECK } from './entities.ts';
import { artifactsById } from './loaders.ts';
import type { ArtifactRow, CheckRow } from './rows.ts';

/** Null when it is not there. Refuses an id that is none with Invalid. One statement. */
export async function artifact(
  ctx: Ctx,
  id: string,
  columns?: Columns | null,
): Promise<ArtifactRow | null> {
  const [row] = await artifactsById(ctx, [uuidOf('Artifact', id, 'id')], columns);
  return row ?? null;
}

/** A page of the workspace's artifacts. One statement. */
export function artifacts(ctx: Ctx, args: ListArgs): Promise<Connection<ArtifactRow>> {
  return listOf(ctx, ARTIFACT, args);
}

/** The same page of what belongs to each run: made by it, or first seen as its input. One statement. */
export function artifactsOfRuns(
  ctx: Ctx,
  runs: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<ArtifactRow>[]> {
  return listsOf(ctx, ARTIFACT, BY_RUN, keysOf(runs, 'id'), args);
}

/** The same page of what each step made. One statement. */
export function artifactsOfSteps(
  ctx: Ctx,
  steps: readonly StepKey[],
  args: ListArgs,
): Promise<Connection<ArtifactRow>[]> {
  return listsOf(ctx, ARTIFACT, BY_STEP, keysOf(steps, 'runId', 'stepKey'), args);
}

/** The same page of what each step used. One statement. */
export function inputsOfSteps(
  ctx: Ctx,
  steps: readonly StepKey[],
  args: ListArgs,
): Promise<Connection<ArtifactRow>[]> {
  return listsOf(ctx, INPUT, BY_USER, keysOf(steps, 'runId', 'stepKey'), args);
}

/** The same page of the steps that used each artifact, newest runs first. One statement. */
export function usersOfArtifacts(
  ctx: Ctx,
  rows: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<StepRunRow>[]> {
  return listsOf(ctx, USER, BY_USED, keysOf(rows, 'id'), args);
}

/** The same page of each artifact's checks. One statement. */
export function checksOfArtifacts(
  ctx: Ctx,
  rows: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<CheckRow>[]> {
  return listsOf(ctx, CHECK, BY_ARTIFACT, keysOf(rows, 'id'), args);
}

interface StepKey {
  readonly runId: string;
  readonly stepKey: string;
}

/** Artifacts with the steps that used them, which must be of the same workspace. */
const INPUT: Entity<ArtifactRow> = {
  ...ARTIFACT,
  table: `(SELECT a.*, u.run_id AS user_run_id, u.step_key AS user_step_key FROM artifact_use u
    JOIN run r ON r.id = u.run_id JOIN artifact a ON a.id = u.artifact_id AND a.workspace_id = r.workspace_id)`,
};

/** The other way round. */
export const USER: Entity<StepRunRow> = {
  ...STEP_RUN,
  table: `(SELECT s.*, u.artifact_id FROM artifact_use u
    JOIN artifact a ON a.id = u.artifact_id JOIN run r ON r.id = u.run_id AND r.workspace_id = a.workspace_id
    JOIN step_run s ON s.run_id = u.run_id AND s.step_key = u.step_key)`,
  order: [{ field: 'runId', direction: 'DESC' }],
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
const BY_USER: Link = {
  name: 'byUser',
  casts: ['uuid', 'text'],
  on: (child, parent) =>
    `${child}.user_run_id = ${parent}.k0 AND ${child}.user_step_key = ${parent}.k1`,
};
const BY_USED: Link = {
  name: 'byUsed',
  casts: ['uuid'],
  on: (child, parent) => `${child}.artifact_id = ${parent}.k0`,
};
const BY_ARTIFACT: Link = {
  name: 'byArtifact',
  casts: ['uuid'],
  on: (child, parent) => `${child}.artifact_id = ${parent}.k0`,
};
