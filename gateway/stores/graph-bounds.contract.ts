/** What a Graph does at its bounds, and one past them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Invalid, Limited } from '../../resolvers/errors.ts';
import {
  BATCH_MAX,
  DEPTH_MAX,
  KINDS_MAX,
  NODES_MAX,
  PAGE_MAX,
  PATHS_MAX,
  RELATIONS_MAX,
  ROOTS_MAX,
} from '../../resolvers/graph/port.ts';
import { newId } from '../../resolvers/keys.ts';
import { aNode, aRelation, BOTH, OUT, type GraphUnderTest } from './graph.contract.ts';

/** Declares the suite. */
export function graphBoundsContract(underTest: () => GraphUnderTest): void {
  const graph = () => underTest().graph;
  const bounds = { depth: 1, nodes: 1 };
  const pair = () => ({ fromId: newId(), toId: newId() });
  const many = <Item>(count: number, make: () => Item) => Array.from({ length: count }, make);
  const kinds = (count: number) => many(count, () => 'flies');

  /** Each takes the value that is bounded. */
  const BOUNDED: readonly {
    readonly what: string;
    readonly max: number;
    readonly min?: number;
    readonly ask: (value: number) => Promise<unknown>;
  }[] = [
    { what: 'ids of nodes', max: ROOTS_MAX, ask: (n) => graph().nodes(newId(), many(n, newId)) },
    {
      what: 'ids of neighbours',
      max: ROOTS_MAX,
      ask: (n) => graph().neighbours(newId(), many(n, newId), OUT, { first: 1 }),
    },
    {
      what: 'roots',
      max: ROOTS_MAX,
      ask: (n) => graph().network(newId(), many(n, newId), OUT, bounds),
    },
    {
      what: 'pairs',
      max: ROOTS_MAX,
      ask: (n) => graph().shortestPaths(newId(), many(n, pair), OUT, 1),
    },
    {
      what: 'ids of degrees',
      max: ROOTS_MAX,
      ask: (n) => graph().degrees(newId(), many(n, newId)),
    },
    {
      what: 'ids among',
      max: ROOTS_MAX,
      ask: (n) => graph().relationsAmong(newId(), many(n, newId)),
    },
    {
      what: 'first',
      min: 1,
      max: PAGE_MAX,
      ask: (first) => graph().neighbours(newId(), [newId()], OUT, { first }),
    },
    {
      what: 'depth of a network',
      min: 1,
      max: DEPTH_MAX,
      ask: (depth) => graph().network(newId(), [newId()], OUT, { depth, nodes: 1 }),
    },
    {
      what: 'nodes of a network',
      min: 1,
      max: NODES_MAX,
      ask: (nodes) => graph().network(newId(), [newId()], OUT, { depth: 1, nodes }),
    },
    {
      what: 'depth of shortest paths',
      min: 1,
      max: DEPTH_MAX,
      ask: (depth) => graph().shortestPaths(newId(), [pair()], OUT, depth),
    },
    {
      what: 'depth of all paths',
      min: 1,
      max: DEPTH_MAX,
      ask: (depth) => graph().allPaths(newId(), pair(), OUT, { depth, limit: 1 }),
    },
    {
      what: 'relations of a network',
      min: 1,
      max: RELATIONS_MAX,
      ask: (relations) =>
        graph().network(newId(), [newId()], OUT, { depth: 1, nodes: 1, relations }),
    },
    {
      what: 'relations among nodes',
      min: 1,
      max: RELATIONS_MAX,
      ask: (limit) => graph().relationsAmong(newId(), [newId()], undefined, limit),
    },
    {
      what: 'paths',
      min: 1,
      max: PATHS_MAX,
      ask: (limit) => graph().allPaths(newId(), pair(), OUT, { depth: 1, limit }),
    },
    {
      what: 'ranked nodes',
      min: 1,
      max: PAGE_MAX,
      ask: (n) => graph().topByDegree(newId(), OUT, n),
    },
    {
      what: 'kinds of relations',
      max: KINDS_MAX,
      ask: (n) => graph().topByDegree(newId(), { ...OUT, relationKinds: kinds(n) }, 1),
    },
    {
      what: 'kinds of nodes',
      max: KINDS_MAX,
      ask: (n) => graph().topByDegree(newId(), { ...OUT, nodeKinds: kinds(n) }, 1),
    },
    {
      what: 'what a batch holds',
      max: BATCH_MAX,
      ask: (n) =>
        graph().write(newId(), { removedNodes: [newId()], removedRelations: many(n - 1, newId) }),
    },
  ];

  test.each(BOUNDED)('$what: $max are answered, one more is Limited', async ({ max, min, ask }) => {
    await ask(max);
    await expect(ask(max + 1)).rejects.toThrow(Limited);
    if (min === undefined) return;
    await ask(min);
    for (const wrong of [min - 1, -1, 1.5, Number.NaN]) {
      await expect(ask(wrong)).rejects.toThrow(Invalid);
    }
  });

  describe('in a chain, and a star at its end', () => {
    const chain = many(DEPTH_MAX + 2, () => aNode());
    const leaves = many(NODES_MAX + 1, () => aNode({ kind: 'leaf' }));
    const hub = chain.at(-1)!;
    let space: string;
    beforeAll(async () => {
      space = await underTest().space();
      const links = chain.slice(1).map((node, at) => aRelation(chain[at]!, node));
      await graph().write(space, { nodes: chain, relations: links });
      for (let at = 0; at < leaves.length; at += BATCH_MAX / 2) {
        const nodes = leaves.slice(at, at + BATCH_MAX / 2);
        const relations = nodes.map((leaf) => aRelation(hub, leaf));
        await graph().write(space, { nodes, relations });
      }
    });

    test('the depth is walked to its end and no further', async () => {
      const [first, last, beyond] = [chain[0]!, chain[DEPTH_MAX]!, chain[DEPTH_MAX + 1]!];
      const found = await graph().shortestPaths(
        space,
        [
          { fromId: first.id, toId: last.id },
          { fromId: first.id, toId: beyond.id },
        ],
        OUT,
        DEPTH_MAX,
      );
      expect([found[0]!.nodes, found[1]]).toEqual([chain.slice(0, -1), null]);
      const all = (toId: string) =>
        graph().allPaths(space, { fromId: first.id, toId }, OUT, { depth: DEPTH_MAX, limit: 2 });
      expect((await all(last.id)).paths).toEqual([found[0]]);
      expect((await all(beyond.id)).paths).toEqual([]);
      const network = await graph().network(space, [first.id], OUT, {
        depth: DEPTH_MAX,
        nodes: 100,
      });
      expect(network.nodes.map(({ node }) => node)).toEqual(chain.slice(0, -1));
      expect(network.cut).toEqual({ by: 'DEPTH', at: DEPTH_MAX });
    });

    test('so many nodes as may be are whole, with one more they are cut', async () => {
      const whole = leaves.slice(0, NODES_MAX - 1).map(({ id }) => id);
      const around = () => graph().network(space, [hub.id], OUT, { depth: 1, nodes: NODES_MAX });
      const cut = await around();
      expect(cut.nodes).toHaveLength(NODES_MAX);
      expect(cut.nodes.slice(1).map(({ node }) => node.id)).toEqual(whole);
      expect(cut.relations).toHaveLength(NODES_MAX - 1);
      expect(cut.cut).toEqual({ by: 'NODES', at: NODES_MAX });
      await graph().write(space, { removedNodes: leaves.slice(NODES_MAX - 1).map(({ id }) => id) });
      expect(await around()).toEqual({ ...cut, cut: null });
    });

    test('a thousand roots, each with neighbours of its own', async () => {
      const asked = leaves.slice(0, ROOTS_MAX).map(({ id }) => id);
      const pages = await graph().neighbours(space, asked, BOTH, { first: PAGE_MAX });
      expect(pages).toHaveLength(ROOTS_MAX);
      for (const { items } of pages) expect(items.map(({ node }) => node)).toEqual([hub]);
      const [page] = await graph().neighbours(space, [hub.id], OUT, { first: PAGE_MAX });
      expect(page).toMatchObject({ items: { length: PAGE_MAX }, hasMore: true });
      const pairs = asked.map((fromId) => ({ fromId, toId: hub.id }));
      const paths = await graph().shortestPaths(space, pairs, { direction: 'IN' }, 1);
      expect(paths.map((path) => path?.nodes[0]?.id)).toEqual(asked);
    });
  });

  test('so many relations as may be are whole, with one more they are cut', async () => {
    const space = await underTest().space();
    const [from, to, beyond] = [aNode(), aNode(), aNode()];
    const between = many(3, () => aRelation(from, to)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const relations = [...between, aRelation(to, beyond)];
    await graph().write(space, { nodes: [from, to, beyond], relations });
    const around = (bound: number) =>
      graph().network(space, [from.id], OUT, { depth: 1, nodes: 9, relations: bound });
    expect(await around(3)).toMatchObject({ relations: between, cut: { by: 'DEPTH', at: 1 } });
    const cut = { by: 'RELATIONS', at: 2 };
    expect(await around(2)).toMatchObject({ relations: between.slice(0, 2), cut });
    const ids = [to.id, from.id];
    const amongThem = (bound: number) => graph().relationsAmong(space, ids, undefined, bound);
    expect(await amongThem(3)).toEqual({ relations: between, cut: null });
    expect(await amongThem(2)).toEqual({ relations: between.slice(0, 2), cut });
  });

  test('so many paths as may be are whole, with one more they are cut', async () => {
    const space = await underTest().space();
    const [from, to] = [aNode(), aNode()];
    const relations = many(PATHS_MAX, () => aRelation(from, to));
    await graph().write(space, { nodes: [from, to] });
    await graph().write(space, { relations });
    const ends = { fromId: from.id, toId: to.id };
    const all = () => graph().allPaths(space, ends, OUT, { depth: 32, limit: PATHS_MAX });
    const paths = relations.map((relation) => ({ nodes: [from, to], relations: [relation] }));
    expect(await all()).toEqual({ paths, cut: null });
    await graph().write(space, { relations: [aRelation(from, to)] });
    expect(await all()).toEqual({ paths, cut: { by: 'PATHS', at: PATHS_MAX } });
  });
}
