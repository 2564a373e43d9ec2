/**
 * The agents near an agent. Those of a whole level are one walk from all of them: whatever lies near one of them is in
 * it, so each one's network is found within it, without asking again.
 */
import type { Ctx } from '../context.ts';
import { Limited } from '../errors.ts';
import { checkBounds } from '../graph/check.ts';
import {
  NODES_MAX,
  type Cut,
  type Direction,
  type GraphRelation,
  type Network,
} from '../graph/port.ts';
import type { MetRelation } from '../graph/rows.ts';
import { readPage } from '../page.ts';
import { authorize } from '../policy.ts';
import { AGENT_KIND } from './model.ts';
import { walkOf } from './relations.ts';

/** Bounds of a network. */
export const NETWORK_LIMITS = {
  /** Relations one after the other; one less than the graph's, so that what lies beyond is seen. */
  depth_max: 10,
  /** Agents, the one asked about included. */
  first_max: 200,
  /** Networks of one level. */
  level_max: 100,
  /** Relations that are shown, for each agent that may be. */
  relations_per_agent: 10,
} as const;

export interface NetworkArgs {
  readonly depth: number;
  readonly first?: number | null | undefined;
  readonly direction: Direction;
  /** Of the relations; all when left out. */
  readonly kinds?: readonly string[] | null | undefined;
}

export interface AgentNetwork {
  /** Nearest first, then by id; the one asked about leads, unless it is gone. */
  readonly members: readonly { readonly agentId: string; readonly depth: number }[];
  /** Between members, in the order of their ids. */
  readonly relations: readonly MetRelation[];
  readonly cut: Cut | null;
}

/**
 * The network of each agent, cut as Graph.network is. One statement of the graph's store. Refuses: Invalid; Limited past
 * the bounds, and where the networks of several together meet more than one walk may answer.
 */
export async function networksOfAgents(
  ctx: Ctx,
  agents: readonly { readonly id: string }[],
  { depth, first, direction, kinds }: NetworkArgs,
): Promise<AgentNetwork[]> {
  authorize(ctx.viewer, 'agent.read', ctx.viewer);
  const { depth_max, first_max, level_max, relations_per_agent } = NETWORK_LIMITS;
  checkBounds({ depth });
  if (depth > depth_max) throw new Limited('depth', depth_max, depth);
  const { size } = readPage({ first }, { max: first_max, fallback: NETWORK_FIRST });
  checkBounds({ nodes: size });
  if (agents.length > level_max) {
    throw new Limited('networks of one level', level_max, agents.length);
  }
  const bounds = { depth, nodes: size, relations: size * relations_per_agent };
  const walk = walkOf(direction, kinds, [AGENT_KIND]);
  const ids = agents.map(({ id }) => id);
  const graph = ctx.graphFor(ctx);
  const ask = (reach: { readonly depth: number; readonly nodes: number }) =>
    graph.network(ctx.viewer.workspaceId, ids, walk, reach);
  if (new Set(ids).size <= 1) {
    const network = await ask(bounds);
    return ids.map(() => shown(network));
  }
  const all = await ask({ depth: depth + 1, nodes: NODES_MAX });
  if (all.cut && all.cut.by !== 'DEPTH') {
    const what = all.cut.by === 'NODES' ? 'agents' : 'relations';
    throw new Limited(`${what} that the networks of one level meet`, all.cut.at, all.cut.at + 1);
  }
  const within = openWalks(all, direction);
  return ids.map((id) => shown(within(id, bounds)));
}

/** Agents of a network, where it is not said how many. */
export const NETWORK_FIRST = 50;

function shown({ nodes, relations, cut }: Network): AgentNetwork {
  const byId = new Map(nodes.map(({ node }) => [node.id, node]));
  return {
    members: nodes.map(({ node, depth }) => ({ agentId: node.id, depth })),
    relations: relations.map((relation) => ({
      ...relation,
      from: byId.get(relation.fromId)!,
      to: byId.get(relation.toId)!,
    })),
    cut,
  };
}

interface Bounds {
  readonly depth: number;
  readonly nodes: number;
  readonly relations: number;
}

/** Graph.network of one root, within what a walk from several has met one relation farther. O(relations) for each. */
function openWalks(all: Network, direction: Direction) {
  const nodes = new Map(all.nodes.map((reached) => [reached.node.id, reached.node]));
  const next = leadingOn(all.relations, direction);

  return (
    rootId: string,
    { depth, nodes: nodes_max, relations: relations_max }: Bounds,
  ): Network => {
    const met = depthsFrom(nodes.has(rootId) ? [rootId] : [], next, depth + 1);
    const near = [...met].filter(([, away]) => away <= depth);
    near.sort(([a, one], [b, other]) => one - other || (a < b ? -1 : 1));
    const kept = near.slice(0, nodes_max);
    const ids = new Set(kept.map(([id]) => id));
    const between = all.relations.filter(({ fromId, toId }) => ids.has(fromId) && ids.has(toId));
    let cut: Cut | null = null;
    if (near.length > nodes_max) cut = { by: 'NODES', at: nodes_max };
    else if (between.length > relations_max) cut = { by: 'RELATIONS', at: relations_max };
    else if (met.size > near.length) cut = { by: 'DEPTH', at: depth };
    return {
      nodes: kept.map(([id, away]) => ({ node: nodes.get(id)!, depth: away })),
      relations: between.slice(0, relations_max),
      cut,
    };
  };
}

/** From each node those one relation on. */
function leadingOn(
  relations: readonly GraphRelation[],
  direction: Direction,
): ReadonlyMap<string, readonly string[]> {
  const next = new Map<string, string[]>();
  const lead = (from: string, to: string) => {
    const known = next.get(from);
    if (known) known.push(to);
    else next.set(from, [to]);
  };
  for (const { fromId, toId } of relations) {
    if (direction !== 'IN') lead(fromId, toId);
    if (direction !== 'OUT') lead(toId, fromId);
  }
  return next;
}

/** How far from the roots each node is, up to this depth. */
function depthsFrom(
  roots: readonly string[],
  next: ReadonlyMap<string, readonly string[]>,
  depth_max: number,
): ReadonlyMap<string, number> {
  const depths = new Map(roots.map((id) => [id, 0]));
  let edge = roots;
  for (let depth = 1; depth <= depth_max && edge.length > 0; depth += 1) {
    const ids = edge.flatMap((id) => next.get(id) ?? []);
    edge = [...new Set(ids)].filter((id) => !depths.has(id));
    for (const id of edge) depths.set(id, depth);
  }
  return depths;
}
