/** Reading agents: look-ups, lists, and the lists of many parents at once. */
import type { Connection } from '../connection.ts';
import type { Ctx } from '../context.ts';
import type { Entity } from '../entity.ts';
import { NotFound } from '../errors.ts';
import { uuidOf } from '../keys.ts';
import { keysOf, listOf, listsOf, type Link, type ListArgs } from '../list.ts';
import { RUN } from '../runs/entities.ts';
import type { RunRow } from '../runs/rows.ts';
import type { Columns } from '../selected.ts';
import { AGENT, AGENT_ASSIGNMENT, AGENT_CONFIGURATION } from './entities.ts';
import { agentsById } from './loaders.ts';
import type { AgentAssignmentRow, AgentConfigurationRow, AgentRow } from './rows.ts';

/** Null when it is not there. Refuses an id that is none with Invalid. One statement. */
export async function agent(
  ctx: Ctx,
  id: string,
  columns?: Columns | null,
): Promise<AgentRow | null> {
  const [row] = await agentsById(ctx, [uuidOf('Agent', id, 'id')], columns);
  return row ?? null;
}

/** As `agent`, for what is done to one that must be there. Refuses: Invalid, NotFound. */
export async function existingAgent(ctx: Ctx, id: string, path: string): Promise<AgentRow> {
  const [row] = await agentsById(ctx, [uuidOf('Agent', id, path)]);
  if (!row) throw new NotFound('Agent', id);
  return row;
}

/** A page of the workspace's agents. One statement. */
export function agents(ctx: Ctx, args: ListArgs): Promise<Connection<AgentRow>> {
  return listOf(ctx, AGENT, args);
}

interface WithId {
  readonly id: string;
}

/** The same page of each agent's configurations, newest first. One statement. */
export function configurationsOfAgents(
  ctx: Ctx,
  rows: readonly WithId[],
  args: ListArgs,
): Promise<Connection<AgentConfigurationRow>[]> {
  return listsOf(ctx, AGENT_CONFIGURATION, BY_AGENT, keysOf(rows, 'id'), args);
}

/** The same page of each agent's assignments. One statement. */
export function assignmentsOfAgents(
  ctx: Ctx,
  rows: readonly WithId[],
  args: ListArgs,
): Promise<Connection<AgentAssignmentRow>[]> {
  return listsOf(ctx, AGENT_ASSIGNMENT, BY_AGENT, keysOf(rows, 'id'), args);
}

/** The same page of the assignments to each run. One statement. */
export function assignmentsOfRuns(
  ctx: Ctx,
  rows: readonly WithId[],
  args: ListArgs,
): Promise<Connection<AgentAssignmentRow>[]> {
  return listsOf(ctx, AGENT_ASSIGNMENT, BY_RUN, keysOf(rows, 'id'), args);
}

/** The same page of the runs that each agent is assigned to. One statement. */
export function runsOfAgents(
  ctx: Ctx,
  rows: readonly WithId[],
  args: ListArgs,
): Promise<Connection<RunRow>[]> {
  return listsOf(ctx, ASSIGNED_RUN, BY_AGENT, keysOf(rows, 'id'), args);
}

/** Runs with the agents that work on them. */
const ASSIGNED_RUN: Entity<RunRow> = {
  ...RUN,
  table: `(SELECT r.*, w.agent_id FROM run_agent w JOIN agent a ON a.id = w.agent_id
    JOIN run r ON r.id = w.run_id AND r.workspace_id = a.workspace_id)`,
};

const BY_AGENT: Link = {
  name: 'byAgent',
  casts: ['uuid'],
  on: (child, parent) => `${child}.agent_id = ${parent}.k0`,
};
const BY_RUN: Link = {
  name: 'byRun',
  casts: ['uuid'],
  on: (child, parent) => `${child}.run_id = ${parent}.k0`,
};
