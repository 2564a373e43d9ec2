/**
 * What every Graph promises, asked of an adapter by the tests beside it. Here of reads one relation far; the rest is in
 * graph-walks, graph-bounds, graph-write and graph-chance.contract.ts.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { Invalid } from '../../resolvers/errors.ts';
import { newId } from '../../resolvers/keys.ts';
import type { Graph, GraphNode, GraphRelation, Walk } from '../../resolvers/graph/port.ts';

/** An adapter under test; opened before the suite and closed after it by who calls. */
export interface GraphUnderTest {
  readonly graph: Graph;
  /** A workspace with nothing in it. */
  space(): Promise<string>;
  /** Set where keys are only unique by way of the truth: what keeps up with it may hold one twice for a moment. */
  readonly keysMayMeet?: true;
}

export const OUT: Walk = { direction: 'OUT' };
export const IN: Walk = { direction: 'IN' };
export const BOTH: Walk = { direction: 'BOTH' };

/** A node for tests; its key is its id unless told. */
export function aNode(rest: Partial<GraphNode> = {}): GraphNode {
  const id = rest.id ?? newId();
  return { id, kind: 'airport', key: id, name: 'A node', properties: {}, version: 1, ...rest };
}

/** A relation for tests. */
export function aRelation(
  from: { readonly id: string },
  to: { readonly id: string },
  rest: Partial<GraphRelation> = {},
): GraphRelation {
  const ends = { fromId: from.id, toId: to.id };
  return { id: newId(), kind: 'flies', properties: {}, version: 1, ...ends, ...rest };
}

/** a → b → c, and back from c to a; of another kind from a to c; b to itself. */
export async function aTriangle(graph: Graph, space: string) {
  const [a, b, c] = [
    aNode({ name: 'a' }),
    aNode({ name: 'b', kind: 'town' }),
    aNode({ name: 'c' }),
  ];
  const relations = {
    ab: aRelation(a, b),
    bc: aRelation(b, c),
    ca: aRelation(c, a),
    ac: aRelation(a, c, { kind: 'drives' }),
    bb: aRelation(b, b),
  };
  await graph.write(space, { nodes: [a, b, c], relations: Object.values(relations) });
  return { a, b, c, ...relations };
}

/** Of Graph.relationsAmong, where nothing is cut. */
export async function among(graph: Graph, ...args: Parameters<Graph['relationsAmong']>) {
  const { relations, cut } = await graph.relationsAmong(...args);
  expect(cut).toBeNull();
  return relations;
}

const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

/** What is asked of reads: ids, pages, kinds. */
export function graphReadContract(underTest: () => GraphUnderTest): void {
  let graph: Graph;
  let here: string;
  let there: string;
  beforeEach(async () => {
    graph = underTest().graph;
    [here, there] = [await underTest().space(), await underTest().space()];
  });

  const triangle = () => aTriangle(graph, here);

  test('nodes come in the order of the ids, as often as asked for, null where there is none', async () => {
    const { a, b } = await triangle();
    const strange = [
      newId(),
      'no uuid',
      a.id.toUpperCase(),
      '',
      "'; --",
      'a\0',
      '\ud800',
      '__proto__',
    ];
    expect(await graph.nodes(here, [b.id, a.id, ...strange, b.id])).toEqual([
      b,
      a,
      ...strange.map(() => null),
      b,
    ]);
    expect(await graph.nodes(here, [])).toEqual([]);
  });

  test('nothing of another workspace is read, whatever is asked', async () => {
    const { a, b } = await triangle();
    const nothing = { items: [], hasMore: false };
    const pair = { fromId: a.id, toId: b.id };
    expect(await graph.nodes(there, [a.id])).toEqual([null]);
    expect(await graph.neighbours(there, [a.id], BOTH, { first: 10 })).toEqual([nothing]);
    const bounds = { depth: 3, nodes: 10 };
    const network = await graph.network(there, [a.id, b.id], BOTH, bounds);
    expect(network).toEqual({ nodes: [], relations: [], cut: null });
    expect(await graph.shortestPaths(there, [pair], BOTH, 3)).toEqual([null]);
    const none = { paths: [], cut: null };
    expect(await graph.allPaths(there, pair, BOTH, { depth: 3, limit: 10 })).toEqual(none);
    expect(await graph.degrees(there, [a.id])).toEqual([{ out: 0, in: 0 }]);
    expect(await graph.topByDegree(there, BOTH, 10)).toEqual([]);
    expect(await among(graph, there, [a.id, b.id])).toEqual([]);
  });

  test('ids that are not there are left out of answers', async () => {
    const { a, b, ab } = await triangle();
    const strange = ['no uuid', newId(), 'a\0', a.id.toUpperCase()];
    const [first, ...rest] = await graph.neighbours(here, [a.id, ...strange], OUT, { first: 1 });
    expect(first).toEqual({ items: [{ relation: ab, node: b }], hasMore: true });
    expect(rest).toEqual(strange.map(() => ({ items: [], hasMore: false })));
    const { nodes } = await graph.network(here, [...strange, a.id], OUT, { depth: 1, nodes: 1 });
    expect(nodes).toEqual([{ node: a, depth: 0 }]);
    const pairs = strange.flatMap((id) => [
      { fromId: a.id, toId: id },
      { fromId: id, toId: a.id },
    ]);
    expect(await graph.shortestPaths(here, pairs, BOTH, 3)).toEqual(pairs.map(() => null));
    for (const pair of pairs) {
      const { paths } = await graph.allPaths(here, pair, BOTH, { depth: 3, limit: 10 });
      expect(paths).toEqual([]);
    }
    expect(await graph.degrees(here, strange)).toEqual(strange.map(() => ({ out: 0, in: 0 })));
    expect(await among(graph, here, [...strange, a.id, b.id, b.id], ['flies'])).toHaveLength(2);
  });

  test('neighbours go as told, in the order of relations, a self-loop once', async () => {
    const { a, b, c, ab, bc, ca, ac, bb } = await triangle();
    const walked = async (id: string, walk: Walk) => {
      const [page] = await graph.neighbours(here, [id], walk, { first: 10 });
      return page!.items.map(({ relation, node }) => [relation.id, node.id]);
    };
    expect(await walked(a.id, OUT)).toEqual([
      [ab.id, b.id],
      [ac.id, c.id],
    ]);
    expect(await walked(a.id, IN)).toEqual([[ca.id, c.id]]);
    expect(await walked(a.id, BOTH)).toEqual([
      [ab.id, b.id],
      [ca.id, c.id],
      [ac.id, c.id],
    ]);
    for (const walk of [OUT, IN]) expect((await walked(b.id, walk)).at(-1)).toEqual([bb.id, b.id]);
    expect(await walked(b.id, BOTH)).toEqual([
      [ab.id, a.id],
      [bc.id, c.id],
      [bb.id, b.id],
    ]);
    expect(await walked(a.id, { ...BOTH, relationKinds: ['drives'] })).toEqual([[ac.id, c.id]]);
    expect(await walked(a.id, { ...BOTH, nodeKinds: ['town'] })).toEqual([[ab.id, b.id]]);
    expect(await walked(a.id, { ...BOTH, relationKinds: [] })).toEqual([]);
    expect(await walked(a.id, { ...BOTH, nodeKinds: [] })).toEqual([]);
  });

  test('pages of neighbours go on after a relation, and tell whether there is more', async () => {
    const [hub, other] = [aNode(), aNode()];
    const relations = Array.from({ length: 7 }, (_, at) =>
      at % 2 === 0 ? aRelation(hub, other) : aRelation(other, hub),
    );
    await graph.write(here, { nodes: [hub, other], relations });
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let after: string | undefined, more = true; more; after = seen.at(-1)) {
      const page = { first: 3, ...(after === undefined ? {} : { after }) };
      const [found, none] = await graph.neighbours(here, [hub.id, newId()], BOTH, page);
      expect(none).toEqual({ items: [], hasMore: false });
      seen.push(...found!.items.map(({ relation }) => relation.id));
      sizes.push(found!.items.length);
      more = found!.hasMore;
    }
    expect(seen).toEqual(ids(relations));
    expect(sizes).toEqual([3, 3, 1]);
    const [exact] = await graph.neighbours(here, [hub.id], BOTH, { first: 7 });
    expect(exact!.hasMore).toBe(false);
    const page = graph.neighbours(here, [hub.id], BOTH, { first: 1, after: 'no uuid' });
    await expect(page).rejects.toThrow(Invalid);
  });

  test('degrees count what begins and ends, and rank nodes', async () => {
    const { a, b, c } = await triangle();
    await graph.write(here, { nodes: [aNode({ name: 'no relation' })] });
    const all = [a, b, c].map(({ id }) => id);
    expect(await graph.degrees(here, [...all, a.id])).toEqual([
      { out: 2, in: 1 },
      { out: 2, in: 2 },
      { out: 1, in: 2 },
      { out: 2, in: 1 },
    ]);
    expect(await graph.degrees(here, all, ['drives'])).toEqual([
      { out: 1, in: 0 },
      { out: 0, in: 0 },
      { out: 0, in: 1 },
    ]);
    expect(await graph.degrees(here, [a.id], [])).toEqual([{ out: 0, in: 0 }]);
    const ranked = async (walk: Walk, limit = 10) =>
      (await graph.topByDegree(here, walk, limit)).map(({ node, degree }) => [node.name, degree]);
    expect(await ranked(BOTH)).toEqual([
      ['b', 4],
      ['a', 3],
      ['c', 3],
    ]);
    expect(await ranked(OUT)).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 1],
    ]);
    expect(await ranked(IN, 1)).toEqual([['b', 2]]);
    expect(await ranked({ ...OUT, relationKinds: ['drives'] })).toEqual([['a', 1]]);
    expect(await ranked({ ...OUT, nodeKinds: ['town'] })).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  test('relations among nodes are all that begin and end at them', async () => {
    const { a, b, c, ab, bc, ca, ac, bb } = await triangle();
    expect(await among(graph, here, [c.id, a.id])).toEqual([ca, ac]);
    expect(await among(graph, here, [a.id, b.id, c.id])).toEqual([ab, bc, ca, ac, bb]);
    expect(await among(graph, here, [b.id, b.id])).toEqual([bb]);
    expect(await among(graph, here, [a.id, c.id], ['drives'])).toEqual([ac]);
    expect(await among(graph, here, [a.id, c.id], [])).toEqual([]);
  });

  describe('kinds that nothing can have', () => {
    test.each([
      '',
      'a\0b',
      '\ud800',
      'k'.repeat(101),
      '__proto__',
      '`] //',
      "'; DROP TABLE graph_node; --",
    ])('%j matches nothing', async (kind) => {
      const { a } = await triangle();
      for (const walk of [
        { ...OUT, relationKinds: [kind] },
        { ...OUT, nodeKinds: [kind] },
      ]) {
        const [page] = await graph.neighbours(here, [a.id], walk, { first: 10 });
        expect(page!.items).toEqual([]);
        const { nodes } = await graph.network(here, [a.id], walk, { depth: 2, nodes: 10 });
        expect(nodes).toHaveLength(1);
      }
    });
  });
}
