/**
 * Dijkstra over the neighbours of a graph: pure but for the function that reads them. Whoever is next and was not read yet
 * is read together with those that come after it, so that statements are few; each is read once, but for a part of a page
 * where there are more of them.
 */
import type { Cut, GraphNode, GraphRelation, Neighbour, NeighbourPage } from './port.ts';
import { PAGE_MAX } from './port.ts';

/** What one search may take. Past them it ends, and says so. */
export interface LightestBounds {
  /** Nodes to which the lightest way is known. */
  readonly nodes: number;
  /** Calls of `read`. */
  readonly reads: number;
  readonly relations: number;
}

export const LIGHTEST_BOUNDS: LightestBounds = { nodes: 10_000, reads: 200, relations: 200_000 };

/** Why a search ended early. */
export type LightestCut = Omit<Cut, 'by'> & { readonly by: 'NODES' | 'READS' | 'RELATIONS' };

export interface Lightest {
  readonly nodes: readonly GraphNode[];
  readonly relations: readonly GraphRelation[];
  readonly weight: number;
}

interface Search {
  readonly from: GraphNode;
  readonly toId: string;
  /** A page of at most PAGE_MAX neighbours for each id, of relations whose ids are greater than `after`. */
  readonly read: (ids: readonly string[], after?: string) => Promise<readonly NeighbourPage[]>;
  /** From 0; null where it is not walked. */
  readonly weightOf: (relation: GraphRelation) => number | null;
  readonly bounds?: LightestBounds;
}

/** How a node was reached. */
interface Reached {
  readonly weight: number;
  readonly by: Neighbour | null;
  readonly beforeId: string | null;
}

/**
 * A path of least weight, null where there is none. Where it was cut, the lightest that was met so far: there may be a
 * lighter one, or one at all. A sum beyond the largest number counts as that. O((n + m) log n) of what was read.
 */
export async function lightestPath(
  search: Search,
): Promise<{ readonly path: Lightest | null; readonly cut: LightestCut | null }> {
  const { from, toId, weightOf, bounds = LIGHTEST_BOUNDS } = search;
  const reached = new Map<string, Reached>([[from.id, { weight: 0, by: null, beforeId: null }]]);
  const settled = new Set<string>();
  const neighbours = openNeighbours(search, bounds);
  const queue = openQueue();
  queue.add(from.id, 0);
  let cut: LightestCut | null = null;
  for (let id = queue.next(settled); id !== null && id !== toId; id = queue.next(settled)) {
    if (settled.size >= bounds.nodes) cut = { by: 'NODES', at: bounds.nodes };
    else cut = await neighbours.readFor(id, queue.ahead);
    if (cut) break;
    settled.add(id);
    const { weight } = reached.get(id)!;
    for (const by of neighbours.of(id)) {
      const step = weightOf(by.relation);
      const sum = step === null ? Infinity : Math.min(weight + step, Number.MAX_VALUE);
      if (sum < (reached.get(by.node.id)?.weight ?? Infinity)) {
        reached.set(by.node.id, { weight: sum, by, beforeId: id });
        queue.add(by.node.id, sum);
      }
    }
  }
  return { path: from.id === toId ? null : pathTo(toId, from, reached), cut };
}

function pathTo(
  toId: string,
  from: GraphNode,
  reached: ReadonlyMap<string, Reached>,
): Lightest | null {
  const end = reached.get(toId);
  if (!end) return null;
  const steps: Neighbour[] = [];
  for (let at = end; at.by !== null; at = reached.get(at.beforeId!)!) steps.push(at.by);
  steps.reverse();
  return {
    nodes: [from, ...steps.map(({ node }) => node)],
    relations: steps.map(({ relation }) => relation),
    weight: end.weight,
  };
}

/** Nodes of the first read, and how many times more each next one has, up to PAGE_MAX. */
const FIRST_READ = 4;
const READ_GROWTH = 4;

type Ahead = ReturnType<typeof openQueue>['ahead'];

/** What was read of the graph. */
function openNeighbours({ read }: Search, bounds: LightestBounds) {
  const known = new Map<string, Neighbour[]>();
  /** Of those that have more than was read, in the order of ids. */
  const begun = new Map<string, Neighbour[]>();
  let reads = 0;
  let relations = 0;
  let size = FIRST_READ;

  const lastOf = (id: string, back = 1) => begun.get(id)?.at(-back)?.relation.id ?? '';
  const readOn = async (ids: readonly string[]) => {
    const after = ids.map((id) => lastOf(id)).reduce((first, one) => (one < first ? one : first));
    reads += 1;
    const pages = await read(ids, after === '' ? undefined : after);
    for (const [at, { items, hasMore }] of pages.entries()) {
      const [id, last] = [ids[at]!, lastOf(ids[at]!)];
      const all = begun.get(id) ?? [];
      all.push(...items.filter(({ relation }) => relation.id > last));
      relations += items.length;
      begun.delete(id);
      (hasMore ? begun : known).set(id, all);
    }
  };

  return {
    of: (id: string) => known.get(id)!,
    /**
     * Has the neighbours of `id`. With each page of them goes one of all others that may come next and are as far: not
     * read yet, or read to about the same place, so that at least half a page of `id` is new.
     */
    async readFor(id: string, ahead: Ahead): Promise<LightestCut | null> {
      while (!known.has(id)) {
        if (reads >= bounds.reads) return { by: 'READS', at: bounds.reads };
        const least = lastOf(id, PAGE_MAX / 2 + 1);
        const isAsFar = (one: string) =>
          begun.has(id) ? begun.has(one) && lastOf(one) >= least : !begun.has(one);
        const others = ahead((one) => one !== id && !known.has(one) && isAsFar(one), size);
        size = Math.min(PAGE_MAX, size * READ_GROWTH);
        await readOn([id, ...others]);
        if (relations > bounds.relations) return { by: 'RELATIONS', at: bounds.relations };
      }
      return null;
    },
  };
}

/** A binary heap of ids by weight. An id that came again lighter is there twice. */
function openQueue() {
  const heap: { readonly id: string; readonly weight: number }[] = [];
  const swap = (one: number, other: number) => {
    [heap[one], heap[other]] = [heap[other]!, heap[one]!];
  };
  const isBefore = (one: number, other: number) => heap[one]!.weight < heap[other]!.weight;

  const add = (id: string, weight: number) => {
    heap.push({ id, weight });
    for (let at = heap.length - 1; at > 0;) {
      const above = (at - 1) >> 1;
      if (!isBefore(at, above)) break;
      swap(at, above);
      at = above;
    }
  };
  const take = () => {
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let at = 0; ;) {
        const [left, right] = [2 * at + 1, 2 * at + 2];
        let least = at;
        if (left < heap.length && isBefore(left, least)) least = left;
        if (right < heap.length && isBefore(right, least)) least = right;
        if (least === at) break;
        swap(at, least);
        at = least;
      }
    }
    return top;
  };
  /** The lightest that is not settled. */
  const next = (settled: ReadonlySet<string>): string | null => {
    while (heap.length > 0) {
      const { id } = take();
      if (!settled.has(id)) return id;
    }
    return null;
  };
  /** Of those that would come next the first that are `wanted`; they stay. */
  const ahead = (wanted: (id: string) => boolean, count: number): string[] => {
    const taken: { readonly id: string; readonly weight: number }[] = [];
    const ids = new Set<string>();
    while (heap.length > 0 && ids.size < count) {
      const top = take();
      taken.push(top);
      if (wanted(top.id)) ids.add(top.id);
    }
    for (const { id, weight } of taken) add(id, weight);
    return [...ids];
  };
  return { add, next, ahead };
}
