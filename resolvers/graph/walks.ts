/** Walks from entities that a client names. Each is one statement of the graph, unless it says otherwise. */
import type { Ctx } from '../context.ts';
import { Invalid } from '../errors.ts';
import { authorize } from '../policy.ts';
import { isKey } from './check.ts';
import { entityUuid, entityUuids } from './ids.ts';
import { lightestPath, type LightestCut } from './lightest-path.ts';
import { walkOf, type WalkArgs } from './neighbours.ts';
import {
  DEPTH_MAX,
  PAGE_MAX,
  type Cut,
  type GraphNode,
  type GraphReads,
  type GraphRelation,
  type Reached,
} from './port.ts';
import type { MetRelation } from './rows.ts';

/** What a walk found: nodes in the order of depth, relations with their ends. */
export interface MetNetwork {
  readonly nodes: readonly Reached[];
  readonly relations: readonly MetRelation[];
  readonly cut: Cut | null;
}

/** One node more than relations. */
export interface MetPath {
  readonly nodes: readonly GraphNode[];
  readonly relations: readonly MetRelation[];
  /** The sum of the weights; null where none were asked for. */
  readonly weight: number | null;
}

/** All that is at most `depth` relations away from the roots, `first` entities at most. */
export async function network(
  ctx: Ctx,
  args: WalkArgs & {
    readonly roots: readonly string[];
    readonly depth: number;
    readonly first: number;
    readonly nodesOnly?: boolean;
  },
): Promise<MetNetwork> {
  const { graph, workspaceId } = opened(ctx);
  const roots = entityUuids(args.roots, 'roots');
  const { depth, first: nodes, nodesOnly = false } = args;
  const bounds = { depth, nodes, nodesOnly };
  const found = await graph.network(workspaceId, roots, walkOf(args), bounds);
  return { ...found, relations: tiedAmong(found.nodes, found.relations) };
}

/** All that hangs together with an entity, whatever the direction; null when it is not there. Cut at DEPTH_MAX. */
export async function connectedComponent(
  ctx: Ctx,
  args: Omit<WalkArgs, 'direction'> & { readonly id: string; readonly first: number },
): Promise<MetNetwork | null> {
  const { graph, workspaceId } = opened(ctx);
  const bounds = { depth: DEPTH_MAX, nodes: args.first };
  const walk = walkOf({ ...args, direction: 'BOTH' });
  const found = await graph.network(workspaceId, [entityUuid(args.id, 'id')], walk, bounds);
  if (found.nodes.length === 0) return null;
  return { ...found, relations: tiedAmong(found.nodes, found.relations) };
}

/**
 * These entities, in their order, and all relations between them. What is not there is left out. Two statements of the
 * graph, at once.
 */
export async function subgraph(
  ctx: Ctx,
  args: {
    readonly ids: readonly string[];
    readonly relationKinds?: readonly string[] | null | undefined;
  },
): Promise<MetNetwork> {
  const { graph, workspaceId } = opened(ctx);
  const ids = [...new Set(entityUuids(args.ids, 'ids'))];
  const [found, among] = await Promise.all([
    graph.nodes(workspaceId, ids),
    graph.relationsAmong(workspaceId, ids, args.relationKinds ?? undefined),
  ]);
  const nodes = found.filter((node) => node !== null).map((node) => ({ node, depth: 0 }));
  return { nodes, relations: tiedAmong(nodes, among.relations), cut: among.cut };
}

export interface PathArgs extends WalkArgs {
  readonly from: string;
  readonly to: string;
  readonly depth?: number | null | undefined;
}

/**
 * A path of fewest relations, or, where `weight` names a property, of the least sum of it. Null where there is none. Cut by
 * DEPTH where none was found: longer ones were not looked for.
 *
 * Refuses: Invalid (an id, a weight below 0, depth together with weight), Limited.
 * Cost: one statement of the graph; with `weight` 1 and at most LIGHTEST_BOUNDS.reads.
 */
export async function shortestPath(
  ctx: Ctx,
  args: PathArgs & { readonly weight?: string | null | undefined },
): Promise<{ readonly path: MetPath | null; readonly cut: Cut | LightestCut | null }> {
  const { graph, workspaceId } = opened(ctx);
  const pair = pairOf(args);
  if (args.weight != null) {
    if (args.depth != null) throw new Invalid('depth', 'must not be given with weight');
    return lightest(graph, workspaceId, pair, { ...args, weight: args.weight });
  }
  const depth = args.depth ?? DEPTH_MAX;
  const [path] = await graph.shortestPaths(workspaceId, [pair], walkOf(args), depth);
  if (path) return { path: { ...tiedPath(path), weight: null }, cut: null };
  return { path: null, cut: pair.fromId === pair.toId ? null : { by: 'DEPTH', at: depth } };
}

/** All paths that meet no entity twice, shorter ones first, `first` at most. */
export async function allPaths(
  ctx: Ctx,
  args: PathArgs & { readonly depth: number; readonly first: number },
): Promise<{ readonly paths: readonly MetPath[]; readonly cut: Cut | null }> {
  const { graph, workspaceId } = opened(ctx);
  const bounds = { depth: args.depth, limit: args.first };
  const { paths, cut } = await graph.allPaths(workspaceId, pairOf(args), walkOf(args), bounds);
  return { paths: paths.map((path) => ({ ...tiedPath(path), weight: null })), cut };
}

/** The entities with the most relations that are walked from them; from 1 to PAGE_MAX. */
export async function topEntities(
  ctx: Ctx,
  args: WalkArgs & { readonly first: number },
): Promise<readonly { readonly node: GraphNode; readonly degree: number }[]> {
  const { graph, workspaceId } = opened(ctx);
  return graph.topByDegree(workspaceId, walkOf(args), args.first);
}

function opened(ctx: Ctx): { readonly graph: GraphReads; readonly workspaceId: string } {
  authorize(ctx.viewer, 'graph.read', ctx.viewer);
  return { graph: ctx.graphFor(ctx), workspaceId: ctx.viewer.workspaceId };
}

function pairOf({ from, to }: PathArgs) {
  return { fromId: entityUuid(from, 'from'), toId: entityUuid(to, 'to') };
}

async function lightest(
  graph: GraphReads,
  workspaceId: string,
  { fromId, toId }: { readonly fromId: string; readonly toId: string },
  args: WalkArgs & { readonly weight: string },
): Promise<{ readonly path: MetPath | null; readonly cut: LightestCut | null }> {
  if (!isKey(args.weight)) throw new Invalid('weight', 'must be the name of a property');
  const [from] = await graph.nodes(workspaceId, [fromId]);
  if (!from) return { path: null, cut: null };
  const walk = walkOf(args);
  const { path, cut } = await lightestPath({
    from,
    toId,
    read: (ids, after) =>
      graph.neighbours(workspaceId, ids, walk, {
        first: PAGE_MAX,
        ...(after === undefined ? {} : { after }),
      }),
    weightOf: (relation) => weightOf(relation, args.weight),
  });
  return { path: path && { ...tiedPath(path), weight: path.weight }, cut };
}

/** Null where the relation has no number there. */
function weightOf({ id, properties }: GraphRelation, name: string): number | null {
  const weight = Object.hasOwn(properties, name) ? properties[name] : null;
  if (typeof weight !== 'number') return null;
  if (weight >= 0) return weight;
  throw new Invalid('weight', `must be from 0, is ${weight} of the relation ${id}`);
}

function tiedAmong(
  nodes: readonly { readonly node: GraphNode }[],
  relations: readonly GraphRelation[],
): MetRelation[] {
  const known = new Map(nodes.map(({ node }) => [node.id, node]));
  const end = (name: 'from' | 'to', id: string) => {
    const node = known.get(id);
    return node && { [name]: node };
  };
  return relations.map((relation) => ({
    ...relation,
    ...end('from', relation.fromId),
    ...end('to', relation.toId),
  }));
}

function tiedPath({
  nodes,
  relations,
}: {
  readonly nodes: readonly GraphNode[];
  readonly relations: readonly GraphRelation[];
}) {
  const reached = nodes.map((node) => ({ node }));
  return { nodes, relations: tiedAmong(reached, relations) };
}
