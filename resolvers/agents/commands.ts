/** What people do to agents. Each writes the agent's node of the graph with it, in the same transaction. */
import type { Ctx } from '../context.ts';
import { Conflict, NotFound } from '../errors.ts';
import { writeGraph } from '../graph/write.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { collectIssues } from '../issues.ts';
import { newId, uuidOf } from '../keys.ts';
import { forgetLoaded } from '../loaders.ts';
import { authorize } from '../policy.ts';
import { statement, type Sql, type Tx } from '../sql.ts';
import { agentsById } from './loaders.ts';
import {
  AGENT_KIND,
  checkAgent,
  checkConfiguration,
  type AgentWords,
  type ConfigurationWords,
} from './model.ts';
import { existingAgent } from './queries.ts';
import type { AgentRow } from './rows.ts';

/** Configuration 1 is made of the rest. */
export interface CreateAgent extends AgentWords, ConfigurationWords, Repeatable {
  readonly name: string;
}

/** A command on one agent. */
export interface AgentCommand extends Repeatable {
  readonly agentId: string;
  /** Of the agent: Conflict when it moved on. */
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Makes an agent, its first configuration, and its node of the graph.
 *
 * Writes: agent, agent_configuration, graph_node, idempotency_key (one transaction).
 * Refuses: Invalid (every problem), Forbidden, Conflict (name taken; idempotency key).
 * Cost: 4 statements, 3 more with a key.
 */
export async function createAgent(ctx: Ctx, input: CreateAgent): Promise<AgentRow> {
  authorize(ctx.viewer, 'agent.create', ctx.viewer);
  const issues = collectIssues();
  checkAgent(input, issues);
  checkConfiguration(input, issues);
  if (issues.count() > 0) throw issues.refusal('input');
  const { name, description, settings, note } = input;
  const metadata = (input.metadata ?? {}) as AgentRow['metadata'];
  const { workspaceId } = ctx.viewer;
  const id = await withName(ctx, name, () =>
    once(ctx, 'createAgent', input, async (tx) => {
      const now = ctx.now();
      const made = newId(now.getTime());
      const node = { id: made, kind: AGENT_KIND, key: made, name, properties: metadata };
      await writeGraph(tx, workspaceId, { nodes: [node] });
      const agent = [made, workspaceId, name, description ?? null, JSON.stringify(metadata), now];
      await tx.query(INSERT, [...agent, JSON.stringify(settings ?? {}), note ?? null]);
      return made;
    }),
  );
  return changedAgent(ctx, id);
}

const INSERT = statement(
  'agents.insert',
  `WITH made AS (
    INSERT INTO agent (id, workspace_id, name, description, metadata, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
  )
  INSERT INTO agent_configuration (agent_id, number, settings, note, created_at) VALUES ($1, 1, $7, $8, $6)`,
);

/**
 * Changes what an agent is called and what is said of it; what is left out, or null, stays. Metadata is replaced.
 *
 * Writes: agent, graph_node, idempotency_key (one transaction). What is as it was writes nothing.
 * Refuses: Invalid, NotFound, Forbidden, Conflict (stale version; name taken; key).
 * Cost: 4 statements, 2 more when the node changes, 3 more with a key.
 */
export async function updateAgent(ctx: Ctx, input: AgentCommand & AgentWords): Promise<AgentRow> {
  const issues = collectIssues();
  checkAgent(input, issues);
  if (issues.count() > 0) throw issues.refusal('input');
  const { name, description } = input;
  const metadata = input.metadata as AgentRow['metadata'] | null | undefined;
  return withName(ctx, name ?? '', () =>
    command(ctx, 'updateAgent', 'agent.update', input, async (tx, { id }) => {
      if (name != null || metadata != null) {
        const node = { id, name, properties: metadata };
        await writeGraph(tx, ctx.viewer.workspaceId, { nodes: [node] });
      }
      const json = metadata == null ? null : JSON.stringify(metadata);
      await tx.query(UPDATE, [id, name ?? null, description ?? null, json]);
    }),
  );
}

const UPDATE = statement(
  'agents.update',
  `UPDATE agent SET name = coalesce($2, name), description = coalesce($3, description),
    metadata = coalesce($4::jsonb, metadata)
  WHERE id = $1 AND (name, description, metadata) IS DISTINCT FROM
    (coalesce($2, name), coalesce($3, description), coalesce($4::jsonb, metadata))`,
);

/**
 * Publishes a new configuration of an agent. Runs that it is assigned to keep the one that they have.
 *
 * Writes: agent_configuration, agent, idempotency_key (one transaction).
 * Refuses: Invalid, NotFound, Forbidden, Conflict (stale version; key).
 * Cost: 4 statements, 3 more with a key.
 */
export async function configureAgent(
  ctx: Ctx,
  input: AgentCommand & ConfigurationWords,
): Promise<AgentRow> {
  const issues = collectIssues();
  checkConfiguration(input, issues);
  if (issues.count() > 0) throw issues.refusal('input');
  return command(ctx, 'configureAgent', 'agent.configure', input, async (tx, agent) => {
    const settings = JSON.stringify(input.settings ?? {});
    const number = agent.configurationNumber + 1;
    await tx.query(CONFIGURE, [agent.id, number, settings, input.note ?? null, ctx.now()]);
  });
}

const CONFIGURE = statement(
  'agents.configure',
  `WITH made AS (
    INSERT INTO agent_configuration (agent_id, number, settings, note, created_at) VALUES ($1, $2, $3, $4, $5)
  )
  UPDATE agent SET configuration_number = $2 WHERE id = $1`,
);

/**
 * Removes an agent with its configurations, assignments and relations; its id.
 *
 * Writes: graph_node, with which go agent, agent_configuration, run_agent, graph_relation; idempotency_key.
 * Refuses: Invalid, NotFound, Forbidden, Conflict (stale version; key).
 * Cost: 5 statements, 3 more with a key.
 */
export async function removeAgent(ctx: Ctx, input: AgentCommand): Promise<string> {
  const agentId = uuidOf('Agent', input.agentId, 'input.agentId');
  authorize(ctx.viewer, 'agent.remove', ctx.viewer);
  await once(ctx, 'removeAgent', { ...input, agentId }, async (tx) => {
    await lockAgent(tx, ctx, agentId, input.expectedVersion);
    await writeGraph(tx, ctx.viewer.workspaceId, { removedNodes: [agentId] });
    return agentId;
  });
  forgetLoaded(ctx);
  return agentId;
}

/** Reads, authorizes, checks, writes once per key, answers with the agent as it is then. */
async function command(
  ctx: Ctx,
  name: string,
  action: 'agent.update' | 'agent.configure',
  input: AgentCommand,
  work: (tx: Tx, agent: Locked) => Promise<void>,
): Promise<AgentRow> {
  const agent = await existingAgent(ctx, input.agentId, 'input.agentId');
  authorize(ctx.viewer, action, agent);
  await once(ctx, name, { ...input, agentId: agent.id }, async (tx) => {
    await work(tx, await lockAgent(tx, ctx, agent.id, input.expectedVersion));
    return agent.id;
  });
  return changedAgent(ctx, agent.id);
}

type Locked = Pick<AgentRow, 'id' | 'version' | 'configurationNumber'>;

/** The node first, as whoever removes it does. Refuses: NotFound, Conflict. */
async function lockAgent(
  tx: Sql,
  ctx: Ctx,
  id: string,
  expectedVersion: number | null | undefined,
): Promise<Locked> {
  const [agent] = await tx.query(LOCK, [id, ctx.viewer.workspaceId]);
  if (!agent) throw new NotFound('Agent', id);
  if (expectedVersion != null && expectedVersion !== agent.version) {
    throw new Conflict(`Agent ${id}`, `version ${expectedVersion}`, `at version ${agent.version}`);
  }
  return agent;
}

const LOCK = statement<Locked>(
  'agents.lock',
  `SELECT a.id, a.version, a.configuration_number AS "configurationNumber"
  FROM graph_node n JOIN agent a ON a.id = n.id WHERE n.id = $1 AND a.workspace_id = $2
  FOR NO KEY UPDATE OF n, a`,
);

/** SQLSTATE and the constraint by which Postgres says that a name is taken. */
const UNIQUE = '23505';
const NAME_KEY = 'agent_workspace_id_name_key';

/** Says whose the name is, where the work finds it taken. */
async function withName<T>(ctx: Ctx, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, constraint } = error as { code?: unknown; constraint?: unknown };
    if (code !== UNIQUE || constraint !== NAME_KEY) throw error;
    const [other] = await ctx.sql.query(BY_NAME, [ctx.viewer.workspaceId, name]);
    throw new Conflict('The name', 'not taken', other ? `that of agent ${other.id}` : 'taken');
  }
}

const BY_NAME = statement<{ id: string }>(
  'agents.byName',
  'SELECT id FROM agent WHERE workspace_id = $1 AND name = $2',
);

/** The agent as it is after the command. One statement. */
async function changedAgent(ctx: Ctx, id: string): Promise<AgentRow> {
  forgetLoaded(ctx);
  const [agent] = await agentsById(ctx, [id]);
  if (!agent) throw new NotFound('Agent', id);
  return agent;
}
