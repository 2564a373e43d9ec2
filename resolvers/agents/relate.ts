/** Relations that lead from agents to other agents, and to whatever else the graph has. */
import type { Ctx } from '../context.ts';
import { Invalid, Limited, NotFound } from '../errors.ts';
import { entityUuid } from '../graph/ids.ts';
import { KEPT_KINDS } from '../graph/kept-kinds.ts';
import type { GraphProperties } from '../graph/port.ts';
import { relationId } from '../graph/write-relations.ts';
import { writeGraph } from '../graph/write.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { uuidOf } from '../keys.ts';
import { authorize } from '../policy.ts';
import { statement } from '../sql.ts';
import { agentsById } from './loaders.ts';
import { AGENT_LIMITS } from './model.ts';

export interface RelateAgents extends Repeatable {
  readonly relations: readonly {
    /** Such as `delegates_to`. */
    readonly kind: string;
    /** An agent. */
    readonly fromId: string;
    /** An agent, or any entity. */
    readonly toId: string;
    /** Tells several of one kind between the same two apart. */
    readonly key?: string | null | undefined;
    /** An object. Left out or null: those that are there, else none. */
    readonly properties?: unknown;
  }[];
}

/**
 * Makes relations, or gives those that are there these properties: there is one for each kind, key and two ends.
 * Answers their ids, in order.
 *
 * Writes: graph_relation, idempotency_key (one transaction).
 * Refuses: Invalid (every problem; an end that is not there, a kind of KEPT_KINDS), Limited, Forbidden, NotFound
 * (`fromId` is no agent), Conflict (key).
 * Cost: 4 or 5 statements, 3 more with a key, whatever the number of relations.
 */
export async function relateAgents(ctx: Ctx, input: RelateAgents): Promise<string[]> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'agent.relate', ctx.viewer);
  refusePast('relations of one call', AGENT_LIMITS.relations_max, input.relations.length);
  const relations = input.relations.map(({ kind, fromId, toId, key, properties }, index) => ({
    kind,
    key: key ?? null,
    from: { id: uuidOf('Agent', fromId, `input.relations[${index}].fromId`) },
    to: { id: entityUuid(toId, `input.relations[${index}].toId`) },
    properties: properties as GraphProperties | null | undefined,
  }));
  const fromIds = relations.map(({ from }) => from.id);
  const agents = await agentsById(ctx, fromIds);
  for (const [index, agent] of agents.entries()) {
    if (!agent) throw new NotFound('Agent', fromIds[index]!);
  }
  const request = { relations, idempotencyKey: input.idempotencyKey };
  await once(ctx, 'relateAgents', request, async (tx) => {
    const options = { paths: { relations: 'input.relations' }, keptKinds: KEPT_KINDS };
    await writeGraph(tx, workspaceId, { relations }, options);
    return workspaceId; // What was made is found by its ends.
  });
  return relations.map(({ kind, key, from, to }) =>
    relationId(workspaceId, { kind, key, fromId: from.id, toId: to.id }),
  );
}

export interface UnrelateAgents extends Repeatable {
  readonly relationIds: readonly string[];
}

/**
 * Removes relations that lead from an agent or to one; those that are not there are gone already. Answers the ids.
 *
 * Writes: graph_relation, idempotency_key (one transaction).
 * Refuses: Invalid (a relation without an agent), Limited, Forbidden, Conflict (key).
 * Cost: 3 statements, 3 more with a key, whatever the number of relations.
 */
export async function unrelateAgents(ctx: Ctx, input: UnrelateAgents): Promise<string[]> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'agent.relate', ctx.viewer);
  refusePast('relations of one call', AGENT_LIMITS.relations_max, input.relationIds.length);
  const ids = input.relationIds.map((id, index) =>
    uuidOf('EntityRelation', id, `input.relationIds[${index}]`),
  );
  const removedRelations = [...new Set(ids)];
  const request = { ids, idempotencyKey: input.idempotencyKey };
  await once(ctx, 'unrelateAgents', request, async (tx) => {
    const others = await tx.query(OF_NO_AGENT, [removedRelations, workspaceId]);
    if (others.length > 0) {
      const path = (id: string) => `input.relationIds[${ids.indexOf(id)}]`;
      const message = 'leads neither from an agent nor to one';
      throw new Invalid(others.map(({ id }) => ({ path: path(id), message })));
    }
    await writeGraph(tx, workspaceId, { removedRelations });
    return workspaceId;
  });
  return removedRelations;
}

/** Ends of a relation never change. */
const OF_NO_AGENT = statement<{ id: string }>(
  'agents.relationsOfNone',
  `SELECT r.id FROM graph_relation r WHERE r.id = ANY($1::uuid[]) AND r.workspace_id = $2
    AND NOT EXISTS (SELECT FROM agent a WHERE a.id = r.from_id OR a.id = r.to_id)
  ORDER BY r.id`,
);

function refusePast(what: string, max: number, seen: number): void {
  if (seen > max) throw new Limited(what, max, seen);
}
