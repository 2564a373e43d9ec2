/** What the graph's port promises, done in memory in the plainest way; and graphs by chance, to compare by. */
import { newestById } from '../../resolvers/graph/check.ts';
import type {
  GraphBatch,
  GraphNode,
  GraphPath,
  GraphRelation,
  Network,
  Walk,
  WalkBounds,
} from '../../resolvers/graph/port.ts';
import type { Dice } from './random-world.ts';

/** What it takes to answer; the answers are the port's, of one workspace. */
export interface NaiveGraph {
  readonly nodes: Map<string, GraphNode>;
  readonly relations: Map<string, GraphRelation>;
}

export function naiveGraph(): NaiveGraph {
  return { nodes: new Map(), relations: new Map() };
}

const byId = (one: { readonly id: string }, other: { readonly id: string }) =>
  one.id < other.id ? -1 : Number(one.id > other.id);

/** A valid batch. */
export function naiveWrite({ nodes, relations }: NaiveGraph, batch: GraphBatch): void {
  for (const node of newestById(batch.nodes ?? [])) {
    if (node.version > (nodes.get(node.id)?.version ?? -1)) nodes.set(node.id, node);
  }
  for (const relation of newestById(batch.relations ?? [])) {
    if (relation.version > (relations.get(relation.id)?.version ?? -1)) {
      relations.set(relation.id, relation);
    }
  }
  for (const id of batch.removedRelations ?? []) relations.delete(id);
  for (const id of batch.removedNodes ?? []) {
    nodes.delete(id);
    for (const relation of relations.values()) {
      if (relation.fromId === id || relation.toId === id) relations.delete(relation.id);
    }
  }
}

/** Relations that are walked from a node, in the order of ids, with where they lead. A self-loop once in BOTH. */
export function naiveSteps(graph: NaiveGraph, id: string, walk: Walk) {
  const steps: { readonly relation: GraphRelation; readonly node: GraphNode }[] = [];
  for (const relation of [...graph.relations.values()].toSorted(byId)) {
    if (walk.relationKinds && !walk.relationKinds.includes(relation.kind)) continue;
    const { direction } = walk;
    const leads = direction !== 'IN' && relation.fromId === id;
    if (!leads && !(direction !== 'OUT' && relation.toId === id)) continue;
    const node = graph.nodes.get(leads ? relation.toId : relation.fromId)!;
    if (!walk.nodeKinds || walk.nodeKinds.includes(node.kind)) steps.push({ relation, node });
  }
  return steps;
}

/** Relations of the kinds between these nodes. */
export function naiveAmong(
  graph: NaiveGraph,
  ids: readonly string[],
  kinds?: readonly string[],
): GraphRelation[] {
  const within = (id: string) => ids.includes(id);
  return [...graph.relations.values()]
    .filter(
      ({ kind, fromId, toId }) => (kinds?.includes(kind) ?? true) && within(fromId) && within(toId),
    )
    .toSorted(byId);
}

/** Graph.network. */
export function naiveNetwork(
  graph: NaiveGraph,
  rootIds: readonly string[],
  walk: Walk,
  bounds: WalkBounds,
): Network {
  const depths = naiveDepths(
    graph,
    rootIds.filter((id) => graph.nodes.has(id)),
    walk,
  );
  const all = [...depths]
    .map(([id, depth]) => ({ node: graph.nodes.get(id)!, depth }))
    .toSorted((one, other) => one.depth - other.depth || byId(one.node, other.node));
  const within = all.filter(({ depth }) => depth <= bounds.depth);
  const nodes = within.slice(0, bounds.nodes);
  const ids = nodes.map(({ node }) => node.id);
  const between = naiveAmong(graph, ids, walk.relationKinds);
  const relations = between.slice(0, bounds.relations);
  let cut: Network['cut'] = null;
  if (all.length > within.length) cut = { by: 'DEPTH', at: bounds.depth };
  if (between.length > relations.length) cut = { by: 'RELATIONS', at: bounds.relations! };
  if (within.length > nodes.length) cut = { by: 'NODES', at: bounds.nodes };
  return { nodes, relations, cut };
}

/** How far each node is from the nearest root. */
function naiveDepths(graph: NaiveGraph, rootIds: readonly string[], walk: Walk) {
  const depths = new Map(rootIds.map((id) => [id, 0]));
  for (const [id, depth] of depths) {
    for (const { node } of naiveSteps(graph, id, walk)) {
      if (!depths.has(node.id)) depths.set(node.id, depth + 1);
    }
  }
  return depths;
}

/** The length of a shortest path, null where there is none within the depth. */
export function naiveDistance(
  graph: NaiveGraph,
  pair: { readonly fromId: string; readonly toId: string },
  walk: Walk,
  depth: number,
): number | null {
  if (!graph.nodes.has(pair.fromId) || pair.fromId === pair.toId) return null;
  const distance = naiveDepths(graph, [pair.fromId], walk).get(pair.toId);
  return distance !== undefined && distance <= depth ? distance : null;
}

/** All paths within the depth, in the port's order. Exponential. */
export function naivePaths(
  graph: NaiveGraph,
  pair: { readonly fromId: string; readonly toId: string },
  walk: Walk,
  depth: number,
): GraphPath[] {
  const root = graph.nodes.get(pair.fromId);
  if (!root || pair.fromId === pair.toId) return [];
  const found: GraphPath[] = [];
  let partial: GraphPath[] = [{ nodes: [root], relations: [] }];
  for (let length = 1; length <= depth; length += 1) {
    const longer = partial.flatMap((path) =>
      naiveSteps(graph, path.nodes.at(-1)!.id, walk)
        .filter(({ node }) => path.nodes.every(({ id }) => id !== node.id))
        .map(({ node, relation }) => ({
          nodes: [...path.nodes, node],
          relations: [...path.relations, relation],
        })),
    );
    // Each length comes in the order of relations' ids, for so do the paths before it and their steps.
    found.push(...longer.filter(({ nodes }) => nodes.at(-1)!.id === pair.toId));
    partial = longer.filter(({ nodes }) => nodes.at(-1)!.id !== pair.toId);
  }
  return found;
}

/** Graph.topByDegree without its limit. */
export function naiveRanking(graph: NaiveGraph, walk: Walk) {
  const ends = (node: GraphNode) =>
    walk.direction === 'BOTH'
      ? [
          ...naiveSteps(graph, node.id, { ...walk, direction: 'OUT' }),
          ...naiveSteps(graph, node.id, { ...walk, direction: 'IN' }),
        ]
      : naiveSteps(graph, node.id, walk);
  return [...graph.nodes.values()]
    .map((node) => ({ node, degree: ends(node).length }))
    .filter(({ degree }) => degree > 0)
    .toSorted((one, other) => other.degree - one.degree || byId(one.node, other.node));
}

/** Kinds of nodes and relations of graphs by chance: few, and unpleasant. */
export const NODE_KINDS = ['airport', "O'Hare`) DETACH DELETE n //", '__proto__'];
export const RELATION_KINDS = ['flies', '`]->() RETURN 1 //', 'ünï "😀" $1'];

/** A uuid of these dice. */
export function randomUuid(random: Dice): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

/** So many nodes and relations: self-loops, parallels and nodes without any among them. */
export function randomGraph(
  random: Dice,
  counts: { readonly nodes: number; readonly relations: number },
): { readonly nodes: GraphNode[]; readonly relations: GraphRelation[] } {
  const any = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
  const nodes = Array.from({ length: counts.nodes }, (_, at) => ({
    id: randomUuid(random),
    kind: any(NODE_KINDS),
    key: `${at} ' " \\ \``,
    name: any(['', 'Ünï', "Robert'); DROP TABLE graph_node;--"]),
    properties: any([{}, { at }, { deep: [{ $1: null, "it's": 'a`b' }] }]),
    version: 1 + Math.floor(random() * 5),
  }));
  const relations = Array.from({ length: nodes.length > 0 ? counts.relations : 0 }, (_, at) => ({
    id: randomUuid(random),
    kind: any(RELATION_KINDS),
    fromId: any(nodes).id,
    toId: any(nodes).id,
    properties: any([{}, { at }]),
    version: 1,
  }));
  return { nodes, relations };
}
