/** What a Graph promises of walks: networks and paths. */
import { beforeEach, expect, test } from 'vitest';
import type { Graph } from '../../resolvers/graph/port.ts';
import { aNode, aRelation, aTriangle, BOTH, OUT, type GraphUnderTest } from './graph.contract.ts';

/** Declares the suite. */
export function graphWalksContract(underTest: () => GraphUnderTest): void {
  let graph: Graph;
  let here: string;
  beforeEach(async () => {
    graph = underTest().graph;
    here = await underTest().space();
  });
  const triangle = () => aTriangle(graph, here);

  test('a network holds what is near, every relation between, and says what cut it', async () => {
    const { a, b, c, ab, bc, ca, bb, ac } = await triangle();
    const alone = aNode();
    const behind = aNode();
    const further = aRelation(c, behind);
    await graph.write(here, { nodes: [alone, behind], relations: [further] });
    const around = (depth: number, nodes: number, walk = OUT, roots = [a.id]) =>
      graph.network(here, roots, walk, { depth, nodes });
    const flies = { ...OUT, relationKinds: ['flies'] };

    expect(await around(1, 10, flies)).toEqual({
      nodes: [
        { node: a, depth: 0 },
        { node: b, depth: 1 },
      ],
      relations: [ab, bb],
      cut: { by: 'DEPTH', at: 1 },
    });
    expect(await around(2, 10, flies)).toEqual({
      nodes: [
        { node: a, depth: 0 },
        { node: b, depth: 1 },
        { node: c, depth: 2 },
      ],
      relations: [ab, bc, ca, bb],
      cut: { by: 'DEPTH', at: 2 },
    });
    expect(await around(3, 4, flies)).toMatchObject({ nodes: { length: 4 }, cut: null });
    expect(await around(3, 3, flies)).toMatchObject({
      nodes: { length: 3 },
      cut: { by: 'NODES', at: 3 },
    });
    // Cut by both: within the depth there is more.
    const both = await around(1, 2);
    expect(both).toMatchObject({ nodes: { length: 2 }, cut: { by: 'NODES', at: 2 } });
    expect(both.nodes[1]).toEqual({ node: b, depth: 1 });
    const two = await around(1, 10, OUT, [c.id, a.id, c.id, alone.id]);
    expect(two.nodes).toEqual([
      ...[a, c, alone].map((node) => ({ node, depth: 0 })),
      ...[b, behind].map((node) => ({ node, depth: 1 })),
    ]);
    expect(two.relations).toEqual([ab, bc, ca, ac, bb, further]);
    expect(two.cut).toBeNull();
    const roots = await around(1, 2, OUT, [c.id, alone.id, a.id]);
    expect(roots).toMatchObject({ nodes: [{ node: a }, { node: c }], cut: { by: 'NODES', at: 2 } });
    const towns = await around(32, 10, { ...OUT, nodeKinds: ['town'] });
    expect(towns.nodes.map(({ node }) => node)).toEqual([a, b]); // Where it begins is an airport.
    expect(towns.cut).toBeNull();
  });

  test('a shortest path is one of fewest relations, for each pair', async () => {
    const { a, b, c, ab, bc, ac, ca } = await triangle();
    const away = aNode();
    await graph.write(here, { nodes: [away] });
    const pairs = [
      { fromId: a.id, toId: c.id },
      { fromId: c.id, toId: a.id },
      { fromId: a.id, toId: a.id },
      { fromId: a.id, toId: away.id },
      { fromId: a.id, toId: c.id },
    ];
    const direct = { nodes: [a, c], relations: [ac] };
    const back = { nodes: [c, a], relations: [ca] };
    expect(await graph.shortestPaths(here, pairs, OUT, 5)).toEqual([
      direct,
      back,
      null,
      null,
      direct,
    ]);
    const flies = { ...OUT, relationKinds: ['flies'] };
    const round = { nodes: [a, b, c], relations: [ab, bc] };
    expect(await graph.shortestPaths(here, pairs.slice(0, 1), flies, 2)).toEqual([round]);
    expect(await graph.shortestPaths(here, pairs.slice(0, 1), flies, 1)).toEqual([null]);
    expect(
      await graph.shortestPaths(here, pairs.slice(1, 2), { ...flies, direction: 'IN' }, 2),
    ).toEqual([{ nodes: [c, b, a], relations: [bc, ab] }]);
    const airports = { ...flies, nodeKinds: ['airport'] };
    expect(await graph.shortestPaths(here, pairs.slice(0, 1), airports, 5)).toEqual([null]);
    // Where it begins may be of any kind, where it ends not.
    const [fromTown, toTown] = await graph.shortestPaths(
      here,
      [
        { fromId: b.id, toId: a.id },
        { fromId: a.id, toId: b.id },
      ],
      airports,
      5,
    );
    expect([fromTown!.nodes, toTown]).toEqual([[b, c, a], null]);
    expect(await graph.shortestPaths(here, [], OUT, 1)).toEqual([]);
  });

  test('all paths meet no node twice, come shorter ones first, and are cut by number', async () => {
    const { a, b, c, ab, bc, ac } = await triangle();
    const second = aRelation(b, c);
    await graph.write(here, { relations: [second] });
    const pair = { fromId: a.id, toId: c.id };
    const all = (depth: number, limit: number, walk = OUT) =>
      graph.allPaths(here, pair, walk, { depth, limit });
    const direct = { nodes: [a, c], relations: [ac] };
    const first = { nodes: [a, b, c], relations: [ab, bc] };
    const other = { nodes: [a, b, c], relations: [ab, second] };
    expect(await all(1, 10)).toEqual({ paths: [direct], cut: null });
    expect(await all(32, 3)).toEqual({ paths: [direct, first, other], cut: null });
    expect(await all(2, 2)).toEqual({ paths: [direct, first], cut: { by: 'PATHS', at: 2 } });
    expect((await all(32, 10, BOTH)).paths.map(({ relations }) => relations.length)).toEqual([
      1, 1, 2, 2,
    ]);
    expect((await all(3, 10, { ...OUT, nodeKinds: ['airport'] })).paths).toEqual([direct]);
    const self = { fromId: b.id, toId: b.id };
    const none = { paths: [], cut: null };
    expect(await graph.allPaths(here, self, BOTH, { depth: 3, limit: 9 })).toEqual(none);
  });
}
