/** What a Graph keeps of what it is told, and what it refuses. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Invalid } from '../../resolvers/errors.ts';
import type { Graph, GraphBatch, GraphProperties } from '../../resolvers/graph/port.ts';
import { newId } from '../../resolvers/keys.ts';
import { among, aNode, aRelation, BOTH, type GraphUnderTest } from './graph.contract.ts';

/** Declares the suite. */
export function graphWriteContract(underTest: () => GraphUnderTest): void {
  let graph: Graph;
  let here: string;
  let there: string;
  beforeEach(async () => {
    graph = underTest().graph;
    [here, there] = [await underTest().space(), await underTest().space()];
  });

  const refused = (batch: GraphBatch, what: RegExp) => {
    const written = graph.write(here, batch);
    return Promise.all([
      expect(written).rejects.toThrow(Invalid),
      expect(written).rejects.toThrow(what),
    ]);
  };

  test('the highest version wins, whatever the order; one as high changes nothing', async () => {
    const node = aNode({ version: 5 });
    const [a, b] = [aNode(), aNode()];
    const relation = aRelation(a, b, { version: 5 });
    await graph.write(here, { nodes: [a, b, node], relations: [relation] });
    for (const version of [4, 5]) {
      await graph.write(here, {
        nodes: [{ ...node, version, name: 'old' }],
        relations: [{ ...relation, version, kind: 'old' }],
      });
    }
    expect(await graph.nodes(here, [node.id])).toEqual([node]);
    expect(await among(graph, here, [a.id, b.id])).toEqual([relation]);
    const newer = {
      ...node,
      version: 6,
      kind: 'new',
      key: 'new',
      name: 'new',
      properties: { a: 1 },
    };
    const other = {
      ...relation,
      version: 6,
      kind: 'new',
      fromId: b.id,
      toId: node.id,
      properties: { a: 1 },
    };
    await graph.write(here, { nodes: [newer], relations: [other] });
    expect(await graph.nodes(here, [node.id])).toEqual([newer]);
    expect(await among(graph, here, [a.id, b.id, node.id])).toEqual([other]);
    expect(await graph.degrees(here, [a.id, b.id, node.id])).toEqual([
      { out: 0, in: 0 },
      { out: 1, in: 0 },
      { out: 0, in: 1 },
    ]);
  });

  test('an id that comes twice is the highest version, and of equals the first', async () => {
    const node = aNode({ version: 2, name: 'first' });
    const loop = aRelation(node, node, { version: 2, properties: { at: 'first' } });
    await graph.write(here, {
      nodes: [{ ...node, version: 1, name: 'older' }, node, { ...node, name: 'second' }],
      relations: [{ ...loop, version: 1, kind: 'older' }, loop, { ...loop, kind: 'second' }],
      removedNodes: [newId()],
    });
    expect(await graph.nodes(here, [node.id])).toEqual([node]);
    expect(await among(graph, here, [node.id])).toEqual([loop]);
  });

  test('with a node go its relations; what another workspace has stays', async () => {
    const [a, b] = [aNode(), aNode()];
    const [ab, ba, bb] = [aRelation(a, b), aRelation(b, a), aRelation(b, b)];
    await graph.write(here, { nodes: [a, b], relations: [ab, ba, bb] });
    await graph.write(there, { removedNodes: [a.id, b.id], removedRelations: [ab.id] });
    expect(await among(graph, here, [a.id, b.id])).toHaveLength(3);
    await graph.write(here, { removedNodes: [a.id, a.id], removedRelations: [newId()] });
    expect(await graph.nodes(here, [a.id, b.id])).toEqual([null, b]);
    expect(await among(graph, here, [a.id, b.id])).toEqual([bb]);
    await graph.write(here, { removedRelations: [bb.id] });
    expect(await among(graph, here, [b.id])).toEqual([]);
  });

  test('a batch is written in order: nodes, relations, removals', async () => {
    const [a, b] = [aNode(), aNode()];
    const [ab, aa] = [aRelation(a, b), aRelation(a, a)];
    await graph.write(here, {
      removedRelations: [aa.id],
      removedNodes: [b.id],
      relations: [ab, aa],
      nodes: [a, b],
    });
    expect(await graph.nodes(here, [a.id, b.id])).toEqual([a, null]);
    expect(await graph.degrees(here, [a.id])).toEqual([{ out: 0, in: 0 }]);
    await graph.write(here, { nodes: [b], relations: [ab] }); // What is removed may come again.
    expect(await among(graph, here, [a.id, b.id])).toEqual([ab]);
    await graph.write(here, {});
  });

  describe('nothing of a batch is written when', () => {
    test('a relation leads to nothing, or to another workspace', async () => {
      const [a, foreign] = [aNode(), aNode()];
      await graph.write(there, { nodes: [foreign] });
      const whole = { nodes: [a], relations: [aRelation(a, a)] };
      for (const bad of [aRelation(a, aNode()), aRelation(aNode(), a), aRelation(a, foreign)]) {
        const relations = [...whole.relations, bad];
        await refused({ ...whole, relations }, /relations\[1\].*not there/);
        expect(await graph.nodes(here, [a.id])).toEqual([null]);
      }
      await graph.write(here, whole);
      // One that is stale, too.
      await refused(
        { relations: [{ ...whole.relations[0]!, version: 0, toId: newId() }] },
        /not there/,
      );
    });

    test('a key is another node’s of the kind; of other kinds and workspaces it is free', async () => {
      if (underTest().keysMayMeet) return;
      const [a, b] = [aNode({ key: 'BER' }), aNode({ kind: 'town', key: 'BER' })];
      await graph.write(here, { nodes: [a, b] });
      await graph.write(there, { nodes: [aNode({ key: 'BER' })] });
      const c = aNode();
      await refused({ nodes: [c, aNode({ key: 'BER' })] }, /key/);
      await refused({ nodes: [c, aNode({ key: 'X' }), aNode({ key: 'X' })] }, /key/);
      await refused({ nodes: [c, { ...b, version: 2, kind: a.kind }] }, /key/);
      expect(await graph.nodes(here, [a.id, b.id, c.id])).toEqual([a, b, null]);
      await graph.write(here, { removedNodes: [a.id] });
      await graph.write(here, { nodes: [aNode({ key: 'BER' })] });
    });

    test('an id is another workspace’s', async () => {
      const [a, mine] = [aNode(), aNode()];
      const loop = aRelation(a, a);
      await graph.write(there, { nodes: [a], relations: [loop] });
      await refused({ nodes: [mine, { ...a, version: 9 }] }, /nodes\[1\]\.id/);
      const stolen = { ...loop, version: 9, fromId: mine.id, toId: mine.id };
      await refused({ nodes: [mine], relations: [stolen] }, /relations\[0\]\.id/);
      expect(await graph.nodes(there, [a.id])).toEqual([a]);
      expect(await among(graph, there, [a.id])).toEqual([loop]);
      expect(await graph.nodes(here, [mine.id, a.id])).toEqual([null, null]);
    });

    const tooDeep = () => {
      let value: GraphProperties = {};
      for (let depth = 1; depth < 33; depth += 1) value = { value };
      return value;
    };
    const bytes = (count: number) => ({ a: 'x'.repeat(count - '{"a":""}'.length) });
    test.each([
      { path: 'id', node: { id: 'no uuid' } },
      { path: 'id', node: { id: newId().toUpperCase() } },
      { path: 'kind', node: { kind: '' } },
      { path: 'kind', node: { kind: '😀'.repeat(101) } },
      { path: 'kind', node: { kind: 'a\0' } },
      { path: 'key', node: { key: '' } },
      { path: 'key', node: { key: 'k'.repeat(501) } },
      { path: 'key', node: { key: '\udc00' } },
      { path: 'name', node: { name: 'n'.repeat(1_001) } },
      { path: 'name', node: { name: `${wide(625)}n` } },
      { path: 'name', node: { name: '\ud800' } },
      { path: 'version', node: { version: -1 } },
      { path: 'version', node: { version: 1.5 } },
      { path: 'version', node: { version: 2 ** 53 } },
      { path: 'properties', node: { properties: bytes(65_537) } },
      { path: 'properties', node: { properties: tooDeep() } },
      { path: 'properties', node: { properties: { a: ['b\0'] } } },
      { path: 'properties', node: { properties: { '\ud800': 1 } } },
      { path: 'properties', node: { properties: [] as never } },
    ])('a node breaks the rule of its $path: $node', async ({ path, node }) => {
      const whole = aNode();
      await refused({ nodes: [whole, aNode(node)] }, new RegExp(`nodes\\[1\\]\\.${path}`));
      expect(await graph.nodes(here, [whole.id])).toEqual([null]);
    });

    test('a relation or a removal does', async () => {
      const a = aNode();
      const bad = aRelation(a, a, { kind: '', fromId: 'x', version: -1, properties: { a: '\0' } });
      await refused({ nodes: [a], relations: [bad] }, /kind.*properties.*fromId.*version/s);
      await refused({ nodes: [a], removedNodes: ['x'] }, /removedNodes\[0\]/);
      await refused({ nodes: [a], removedRelations: ['x'] }, /removedRelations\[0\]/);
      expect(await graph.nodes(here, [a.id])).toEqual([null]);
    });
  });

  test('what is at its bounds, or looks like code, comes back as it was', async () => {
    const hostile = [
      "'; DROP TABLE graph_node; --",
      '`}) DETACH DELETE n //',
      '$1 {id: $id}',
      '__proto__',
    ];
    hostile.push('\\u0000 \\', 'e\u0301 \u202e 😀', '\u0001\uffff', 'constructor');
    const properties = (text: string): GraphProperties =>
      JSON.parse(
        JSON.stringify({ text, list: [null, true, 1.5, -0.1, 1e300, 2 ** 53] }).replace(
          '"text"',
          JSON.stringify(text),
        ),
      ) as GraphProperties;
    const filling = { a: 'x'.repeat(65_536 - '{"a":""}'.length) };
    const nodes = [
      ...hostile.map((text) =>
        aNode({ kind: text, key: text, name: text, properties: properties(text) }),
      ),
      aNode({ kind: '😀'.repeat(100), key: wide(500), name: wide(625), properties: filling }),
      aNode({ name: '', version: 0 }),
      aNode({ version: Number.MAX_SAFE_INTEGER }),
    ];
    const relations = nodes.map((node) => {
      const { kind, properties: same, version } = node;
      return aRelation(nodes[0]!, node, { kind, properties: same, version });
    });
    await graph.write(here, { nodes, relations });
    const ids = nodes.map(({ id }) => id);
    expect((await graph.nodes(here, ids)).map(asText)).toEqual(nodes.map(asText));
    expect((await among(graph, here, ids)).map(asText)).toEqual(relations.map(asText));
    for (const [index, node] of nodes.entries()) {
      const walk = { ...BOTH, relationKinds: [node.kind], nodeKinds: [node.kind] };
      const [page] = await graph.neighbours(here, [nodes[0]!.id], walk, { first: 1, after: ZERO });
      const kind = nodes.findIndex((other) => other.kind === node.kind);
      expect(asText(page!.items[0]?.relation)).toEqual(asText(relations[Math.min(kind, index)]));
    }
  });

  test('those who write the same at once end with the newest, and none fails', async () => {
    const nodes = Array.from({ length: 20 }, () => aNode());
    await graph.write(here, { nodes });
    await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        graph.write(here, {
          nodes: (at % 2 ? nodes : nodes.toReversed()).map((node) => ({
            ...node,
            version: 2 + at,
          })),
          relations: nodes.map((node) => aRelation(node, nodes[at]!)),
          removedRelations: [newId()],
        }),
      ),
    );
    const found = await graph.nodes(
      here,
      nodes.map(({ id }) => id),
    );
    expect(found.map((node) => node?.version)).toEqual(nodes.map(() => 11));
  });
}

const ZERO = '00000000-0000-0000-0000-000000000000';

/** So many characters that neither compress nor are short. */
function wide(count: number): string {
  return Array.from({ length: count }, (_, at) =>
    String.fromCodePoint(0x10000 + ((at * 7919) % 0xffff)),
  ).join('');
}

/** With names that objects treat specially, in one order. */
function asText(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? { sorted: Object.entries(item).toSorted(([one], [other]) => (one < other ? -1 : 1)) }
      : item,
  );
}
