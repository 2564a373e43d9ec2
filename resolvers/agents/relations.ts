/** What agents are related to, from whichever store of the graph answers. */
import type { Ctx } from '../context.ts';
import { Invalid } from '../errors.ts';
import { ROOTS_MAX, type Direction, type NeighbourPage, type Walk } from '../graph/port.ts';
import { shownAs } from '../graph/queries.ts';
import type { EntityRow, MetRelation } from '../graph/rows.ts';
import { FOREIGN_CURSOR, readCursor, readPage, writeCursor } from '../page.ts';
import { authorize } from '../policy.ts';
import { AGENT_KIND } from './model.ts';

interface WithId {
  readonly id: string;
}

export interface RelationsArgs {
  readonly direction: Direction;
  /** Of the relations; all when left out. */
  readonly kinds?: readonly string[] | null | undefined;
  /** Of what they lead to or come from; all when left out. */
  readonly entityKinds?: readonly string[] | null | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** A relation of an agent, and what is at its other end. */
export interface AgentRelation {
  readonly relation: MetRelation;
  readonly entity: EntityRow;
  /** Null where the other end is no agent. */
  readonly agentId: string | null;
}

export interface AgentRelations {
  readonly nodes: readonly AgentRelation[];
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/**
 * The same page of each agent's relations, in the order of their ids. One statement of the graph's store for each
 * ROOTS_MAX agents. Refuses: Invalid (page, cursor of another list), Limited (kinds).
 */
export async function relationsOfAgents(
  ctx: Ctx,
  agents: readonly WithId[],
  { direction, kinds, entityKinds, first, after }: RelationsArgs,
): Promise<AgentRelations[]> {
  authorize(ctx.viewer, 'agent.read', ctx.viewer);
  const { size } = readPage({ first });
  if (size === 0) throw new Invalid('first', 'must be from 1');
  const binding = `AgentRelations ${JSON.stringify([direction, kinds ?? null, entityKinds ?? null])}`;
  const page = { first: size, ...(after == null ? {} : { after: relationIn(binding, after) }) };
  const walk = walkOf(direction, kinds, entityKinds);
  const graph = ctx.graphFor(ctx);
  const pages: NeighbourPage[] = [];
  for (let from = 0; from < agents.length; from += ROOTS_MAX) {
    const ids = agents.slice(from, from + ROOTS_MAX).map(({ id }) => id);
    pages.push(...(await graph.neighbours(ctx.viewer.workspaceId, ids, walk, page)));
  }
  return pages.map(({ items, hasMore }) => ({
    nodes: items.map(({ relation, node }) => ({
      relation,
      entity: shownAs(node),
      agentId: node.kind === AGENT_KIND ? node.id : null,
    })),
    hasNextPage: hasMore,
    endCursor: items.length > 0 ? writeCursor(binding, [items.at(-1)!.relation.id]) : null,
  }));
}

function relationIn(binding: string, cursor: string): string {
  const [id] = readCursor(binding, cursor, 'after');
  if (typeof id !== 'string') throw new Invalid('after', FOREIGN_CURSOR);
  return id;
}

/** Null is as good as left out. */
export function walkOf(
  direction: Direction,
  relationKinds: readonly string[] | null | undefined,
  nodeKinds: readonly string[] | null | undefined,
): Walk {
  return {
    direction,
    ...(relationKinds ? { relationKinds } : {}),
    ...(nodeKinds ? { nodeKinds } : {}),
  };
}
