/** Agents for tests of what is asked of many at once. */
import { createAgent } from '../../resolvers/agents/commands.ts';
import { relateAgents } from '../../resolvers/agents/relate.ts';
import type { Ctx } from '../../resolvers/context.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';
import type { TestGraph } from './graph.ts';
import { otherViewer } from './world.ts';

const ASSIGN = statement(
  'test.assign',
  `INSERT INTO run_agent (run_id, agent_id, role, configuration_number)
  SELECT r.id, a.id, 'helper', 1
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS at FROM run WHERE workspace_id = $2) r
  JOIN unnest($1::uuid[]) WITH ORDINALITY AS a(id, at) ON a.at % 100 = r.at % 100`,
);

/** So many agents, each of which knows the next one, every hundredth run given to the same; their ids. */
export async function seedAgents(ctx: Ctx, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made += 1) {
    ids.push((await createAgent(ctx, { name: `seeded ${made}`, settings: { made } })).id);
  }
  const relations = ids.map((fromId, at) => ({
    kind: 'knows',
    fromId,
    toId: ids[(at + 1) % count]!,
  }));
  await relateAgents(ctx, { relations });
  await ctx.sql.query(ASSIGN, [ids, ctx.viewer.workspaceId]);
  return ids;
}

/** Agents of a workspace of their own, called 0, 1 … */
export async function openTeam(database: TestDatabase, graph: TestGraph, size: number) {
  const viewer = await otherViewer(database);
  const ctx = graph.ctx({ viewer });
  const ids: string[] = [];
  for (let made = 0; made < size; made += 1) {
    ids.push((await createAgent(ctx, { name: String(made) })).id);
  }
  const relate = (pairs: readonly (readonly [from: number, to: number])[], kind = 'knows') =>
    relateAgents(ctx, {
      relations: pairs.map(([from, to]) => ({ kind, fromId: ids[from]!, toId: ids[to]! })),
    });
  return { viewer, ctx, ids, relate };
}
