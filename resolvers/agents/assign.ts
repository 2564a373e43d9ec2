/** Which agents work on a run. */
import type { RunStatus } from '../../prisma/generated/enums.ts';
import type { Ctx } from '../context.ts';
import { Conflict, Limited, NotFound } from '../errors.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { checkText, collectIssues } from '../issues.ts';
import { uuidOf } from '../keys.ts';
import { authorize } from '../policy.ts';
import { changedRun } from '../runs/commands.ts';
import { RUN_TERMINAL } from '../runs/model.ts';
import { existingRun } from '../runs/queries.ts';
import type { RunRow } from '../runs/rows.ts';
import { statement, type Sql } from '../sql.ts';
import { AGENT_LIMITS } from './model.ts';

export interface AssignAgents extends Repeatable {
  readonly runId: string;
  readonly agents: readonly {
    readonly agentId: string;
    /** What it does there, in the caller's words. */
    readonly role: string;
  }[];
}

/**
 * Assigns agents to a run that is not over, each by the configuration that it has now. One that is assigned already
 * takes the new role and keeps its configuration. The run's log does not tell of it.
 *
 * Writes: run_agent, idempotency_key (one transaction).
 * Refuses: Invalid (every problem; an agent named twice), Limited, NotFound (run, agent), Forbidden, Conflict (the run
 * is over; key).
 * Cost: 5 statements, 3 more with a key, whatever the number of agents.
 */
export async function assignAgents(ctx: Ctx, input: AssignAgents): Promise<RunRow> {
  const max = AGENT_LIMITS.assigned_max;
  if (input.agents.length > max) throw new Limited('agents of one call', max, input.agents.length);
  const agents = checked(input);
  const run = await existingRun(ctx, input.runId, 'input.runId');
  authorize(ctx.viewer, 'agent.assign', run);
  const request = { runId: run.id, agents, idempotencyKey: input.idempotencyKey };
  await once(ctx, 'assignAgents', request, async (tx) => {
    await keepOpenRun(tx, ctx, run.id);
    const ids = agents.map(({ agentId }) => agentId);
    const kept = await tx.query(KEEP_AGENTS, [ids, ctx.viewer.workspaceId]);
    const found = new Set(kept.map(({ id }) => id));
    const missing = ids.find((id) => !found.has(id));
    if (missing !== undefined) throw new NotFound('Agent', missing);
    const roles = agents.map(({ role }) => role);
    await tx.query(ASSIGN, [run.id, ids, roles, ctx.now()]);
    return run.id;
  });
  return changedRun(ctx, run.id);
}

/** With canonical ids. Refuses with every issue found. */
function checked(input: AssignAgents) {
  const issues = collectIssues();
  const told = new Map<string, number>();
  const agents = input.agents.map(({ agentId, role }, index) => {
    const path = `input.agents[${index}]`;
    const id = uuidOf('Agent', agentId, `${path}.agentId`);
    const before = told.get(id);
    if (before === undefined) told.set(id, index);
    else issues.add(`${path}.agentId`, `is the same as input.agents[${before}].agentId`);
    checkText(role, AGENT_LIMITS.role_bytes_max, `${path}.role`, issues);
    return { agentId: id, role };
  });
  if (issues.count() > 0) throw issues.refusal('input');
  return agents;
}

/** Held against deletion, not against appends: one that ends it in this moment comes after. */
async function keepOpenRun(tx: Sql, ctx: Ctx, runId: string): Promise<void> {
  const [run] = await tx.query(KEEP_RUN, [runId, ctx.viewer.workspaceId]);
  if (!run) throw new NotFound('Run', runId);
  if (RUN_TERMINAL.has(run.status)) throw new Conflict(`Run ${runId}`, 'not over', run.status);
}

const KEEP_RUN = statement<{ status: RunStatus }>(
  'runs.keep',
  'SELECT status FROM run WHERE id = $1 AND workspace_id = $2 FOR KEY SHARE',
);
const KEEP_AGENTS = statement<{ id: string }>(
  'agents.keep',
  'SELECT id FROM agent WHERE id = ANY($1::uuid[]) AND workspace_id = $2 ORDER BY id FOR KEY SHARE',
);
const ASSIGN = statement(
  'agents.assign',
  `INSERT INTO run_agent AS made (run_id, agent_id, role, configuration_number, assigned_at)
  SELECT $1, a.id, given.role, a.configuration_number, $4
  FROM unnest($2::uuid[], $3::text[]) AS given(id, role) JOIN agent a ON a.id = given.id ORDER BY a.id
  ON CONFLICT (run_id, agent_id) DO UPDATE SET role = excluded.role`,
);
