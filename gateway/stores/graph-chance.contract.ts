/** Every read of a Graph, on graphs by chance, beside the plainest way to answer it. */
import { expect, test } from 'vitest';
import {
  naiveAmong,
  naiveDistance,
  naiveGraph,
  naiveNetwork,
  naivePaths,
  naiveRanking,
  naiveSteps,
  naiveWrite,
  NODE_KINDS,
  randomGraph,
  randomUuid,
  RELATION_KINDS,
  type NaiveGraph,
} from '../../e2e/kit/naive-graph.ts';
import { dice, type Dice } from '../../e2e/kit/random-world.ts';
import type { Graph, GraphBatch, GraphPath, Walk } from '../../resolvers/graph/port.ts';
import { among, type GraphUnderTest } from './graph.contract.ts';

const GRAPHS = 64;
/** Of one graph; each asks every read. */
const ROUNDS = 4;

/** Declares the test; its seeds are printed with what fails. */
export function graphChanceContract(underTest: () => GraphUnderTest): void {
  test('on graphs by chance every read answers as the plainest way does', async () => {
    const first = Date.now() % 1_000_000;
    for (let seed = first; seed < first + GRAPHS; seed += 1) {
      await compare(underTest().graph, await underTest().space(), seed);
    }
  }, 240_000);
}

async function compare(graph: Graph, space: string, seed: number): Promise<void> {
  const random = dice(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const naive = naiveGraph();
  const size = below(10);
  for (const batch of batchesOf(random, size, below(3 * size))) {
    naiveWrite(naive, batch);
    await graph.write(space, batch);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    await compareReads(graph, space, naive, random, `seed ${seed}, round ${round}`);
  }
}

/** A graph, then changes of it: newer and older versions, other ends, removals. */
function batchesOf(random: Dice, nodes: number, relations: number): GraphBatch[] {
  const whole = randomGraph(random, { nodes, relations });
  const some = <Item>(items: readonly Item[]) => items.filter(() => random() < 0.2);
  const version = () => Math.floor(random() * 4);
  const [anywhere] = whole.nodes;
  return [
    whole,
    {
      nodes: some(whole.nodes).map((node) => ({ ...node, name: 'changed', version: version() })),
      relations: some(whole.relations).map((relation) => ({
        ...relation,
        toId: anywhere!.id,
        version: version(),
      })),
      removedRelations: some(whole.relations).map(({ id }) => id),
      removedNodes: random() < 0.3 ? some(whole.nodes).map(({ id }) => id) : [],
    },
  ];
}

async function compareReads(
  graph: Graph,
  space: string,
  naive: NaiveGraph,
  random: Dice,
  why: string,
): Promise<void> {
  const below = (limit: number) => Math.floor(random() * limit);
  const known = [...naive.nodes.keys()];
  const anyId = () => known[below(known.length + 1)] ?? randomUuid(random);
  const idsOf = (count: number) => Array.from({ length: below(count + 1) }, anyId);
  const walk = randomWalk(random);
  const pairs = Array.from({ length: 6 }, () => ({ fromId: anyId(), toId: anyId() }));
  const [asked, depth, limit] = [idsOf(5), 1 + below(5), 1 + below(8)];
  const told = `${why}: ${JSON.stringify({ walk, asked, depth, limit, pairs })}`;

  expect(await graph.nodes(space, asked), told).toEqual(
    asked.map((id) => naive.nodes.get(id) ?? null),
  );
  const after = random() < 0.5 ? randomUuid(random) : undefined;
  const page = { first: limit, ...(after === undefined ? {} : { after }) };
  expect(await graph.neighbours(space, asked, walk, page), told).toEqual(
    asked.map((id) => {
      const steps = naiveSteps(naive, id, walk).filter(
        ({ relation }) => after === undefined || relation.id > after,
      );
      return { items: steps.slice(0, limit), hasMore: steps.length > limit };
    }),
  );
  const bounds = { depth, nodes: limit, relations: 2 * limit };
  const network = naiveNetwork(naive, asked, walk, bounds);
  expect(await graph.network(space, asked, walk, bounds), told).toEqual(network);
  expect(await graph.network(space, asked, walk, { ...bounds, nodesOnly: true }), told).toEqual({
    nodes: network.nodes,
    relations: [],
    cut: network.cut?.by === 'NODES' ? network.cut : null,
  });
  const shortest = await graph.shortestPaths(space, pairs, walk, depth);
  for (const [index, pair] of pairs.entries()) {
    const path = shortest[index]!;
    const distance = naiveDistance(naive, pair, walk, depth);
    expect(path && path.relations.length, told).toEqual(distance);
    if (path) expectWalked(naive, path, pair, walk, told);
    const paths = naivePaths(naive, pair, walk, depth);
    expect(await graph.allPaths(space, pair, walk, { depth, limit }), told).toEqual({
      paths: paths.slice(0, limit),
      cut: paths.length > limit ? { by: 'PATHS', at: limit } : null,
    });
  }
  const { relationKinds } = walk;
  const count = (id: string, direction: Walk['direction']) =>
    naiveSteps(naive, id, { direction, ...(relationKinds ? { relationKinds } : {}) }).length;
  expect(await graph.degrees(space, asked, relationKinds), told).toEqual(
    asked.map((id) => ({ out: count(id, 'OUT'), in: count(id, 'IN') })),
  );
  const ranking = naiveRanking(naive, walk).slice(0, limit);
  expect(await graph.topByDegree(space, walk, limit), told).toEqual(ranking);
  expect(await among(graph, space, asked, relationKinds), told).toEqual(
    naiveAmong(naive, asked, relationKinds),
  );
}

function randomWalk(random: Dice): Walk {
  const some = (kinds: readonly string[]) => kinds.filter(() => random() < 0.7);
  const direction = (['OUT', 'IN', 'BOTH'] as const)[Math.floor(random() * 3)]!;
  return {
    direction,
    ...(random() < 0.4 ? { relationKinds: some(RELATION_KINDS) } : {}),
    ...(random() < 0.4 ? { nodeKinds: some(NODE_KINDS) } : {}),
  };
}

/** Each step of the path is one that may be walked, from the one end to the other. */
function expectWalked(
  naive: NaiveGraph,
  { nodes, relations }: GraphPath,
  pair: { readonly fromId: string; readonly toId: string },
  walk: Walk,
  told: string,
): void {
  expect([nodes[0], nodes.at(-1)], told).toEqual([
    naive.nodes.get(pair.fromId),
    naive.nodes.get(pair.toId),
  ]);
  for (const [index, relation] of relations.entries()) {
    const steps = naiveSteps(naive, nodes[index]!.id, walk);
    expect(steps, told).toContainEqual({ relation, node: nodes[index + 1] });
  }
}
