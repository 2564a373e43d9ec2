/** What the graph is asked and told that is wrong, or only looks so. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { HOSTILE } from '../e2e/kit/hostile.ts';
import { otherViewer } from '../e2e/kit/world.ts';
import { BATCH_MAX, DEPTH_MAX, NODES_MAX, PATHS_MAX, ROOTS_MAX } from '../resolvers/graph/port.ts';
import { globalId, newId } from '../resolvers/keys.ts';

const UPSERT = `mutation ($entities: [EntityInput!]!) { upsertEntities(input: { entities: $entities }) {
  ... on UpsertedEntities { entities { id kind key name properties } }
  ... on Refusal { code message } ... on Invalid { issues { path } } } }`;
const RELATE = `mutation ($relations: [EntityRelationInput!]!) { upsertRelations(input: { relations: $relations }) {
  ... on UpsertedRelations { relations { id } } ... on Refusal { code message } ... on Invalid { issues { path } } } }`;
const REMOVE = `mutation ($ids: [ID!]!) { removeEntities(input: { ids: $ids }) {
  ... on RemovedEntities { removed } ... on Refusal { code } ... on Invalid { issues { path } } } }`;

interface Answer {
  code?: string;
  issues?: { path: string }[];
  entities?: { id: string }[];
}

describe.each(DATABASES)('bad input ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let id: string;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    const { entities } = await told(UPSERT, { entities: [{ kind: 'good', key: 'one' }] });
    id = entities![0]!.id;
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const told = async (mutation: string, variables: object): Promise<Answer> =>
    Object.values(await graph.data<Record<string, Answer>>(mutation, variables))[0]!;
  const paths = async (mutation: string, variables: object) => {
    const { code, issues } = await told(mutation, variables);
    expect(code).toBe('INVALID');
    return issues!.map(({ path }) => path);
  };
  const codes = async (field: string, variables: object = {}) => {
    const declared = { id: '$id: ID!', ids: '$ids: [ID!]!' };
    const used = [...new Set(Array.from(field.matchAll(/\$(ids?)\b/g), ([, name]) => name!))];
    const head = used.map((name) => declared[name as keyof typeof declared]).join(', ');
    return codesOf(
      await graph.ask(`query ${head && `(${head})`} { ${field} }`, { id, ...variables }),
    );
  };
  const rows = async () => ({
    nodes: await database.db.graphNode.findMany({ orderBy: { id: 'asc' } }),
    relations: await database.db.graphRelation.findMany({ orderBy: { id: 'asc' } }),
  });

  describe('of a command is told with its path, and writes nothing', () => {
    let before: Awaited<ReturnType<typeof rows>>;
    beforeEach(async () => {
      before = await rows();
    });
    afterEach(async () => expect(await rows()).toEqual(before));

    test('what cannot be stored', async () => {
      const entities = [
        { kind: 'k', key: 'fine' },
        { kind: 'k', key: 'a\0b' },
        { kind: 'k', key: 'b', name: 'half \ud800' },
        { kind: '', key: 'c' },
        { kind: 'k', key: 'd', properties: ['no object'] },
        { kind: 'k', key: 'e', properties: { deep: { 'a\0b': 1 } } },
        { kind: 'k', key: 'f', properties: { text: 'x'.repeat(10_000_000) } },
        { kind: 'k', key: 'g'.repeat(501) },
      ];
      const found = await paths(UPSERT, { entities });
      expect(found.map((path) => path.replace(/(properties).*/, '$1'))).toEqual([
        'input.entities[1].key',
        'input.entities[2].name',
        'input.entities[3].kind',
        'input.entities[4].properties',
        'input.entities[5].properties',
        'input.entities[6].properties',
        'input.entities[7].key',
      ]);
    });

    test('an id that is none, of another type, or twice', async () => {
      const run = globalId('Run', newId());
      expect(
        await paths(UPSERT, {
          entities: [
            { id: 'moon', name: 'x' },
            { id: run, name: 'x' },
          ],
        }),
      ).toEqual(['input.entities[0].id', 'input.entities[1].id']);
      expect(await paths(UPSERT, { entities: [{ id }, { id, name: 'x' }] })).toEqual([
        'input.entities[1]',
      ]);
      const [from, to] = [{ id: 'moon' }, { id: run }];
      expect(await paths(RELATE, { relations: [{ id: '', kind: 'k', from, to }] })).toEqual([
        'input.relations[0].id',
        'input.relations[0].from.id',
        'input.relations[0].to.id',
      ]);
      expect(await paths(REMOVE, { ids: [id, `${id}x`] })).toEqual(['input.ids[1]']);
      expect(await paths(REMOVE, { ids: [id, id] })).toEqual(['input.ids[1]']);
    });

    test("a relation from nothing, to nothing, to what is another workspace's", async () => {
      const viewer = await otherViewer(database);
      const theirs = await database.db.graphNode.create({
        data: { id: newId(), workspaceId: viewer.workspaceId, kind: 'k', key: 'x', name: 'x' },
      });
      before = await rows();
      const good = { kind: 'good', key: 'one' };
      const relations = [
        { kind: 'r', from: good, to: { id: newId() } },
        { kind: 'r', from: { kind: 'good', key: 'two' }, to: good },
        { kind: 'r', from: good, to: { id: theirs.id } },
        { kind: 'r', from: good, to: good },
        { kind: 'r', from: { id }, to: good },
      ];
      expect(await paths(RELATE, { relations })).toEqual([
        'input.relations[0].to',
        'input.relations[1].from',
        'input.relations[2].to',
        'input.relations[4]',
      ]);
    });

    test('more than a batch may hold', async () => {
      const entities = Array.from({ length: BATCH_MAX + 1 }, (_, at) => ({
        kind: 'k',
        key: `${at}`,
      }));
      expect(await told(UPSERT, { entities })).toMatchObject({ code: 'LIMITED' });
    });
  });

  test('words of other languages are stored and found as they are, and nothing of them is run', async () => {
    const entities = HOSTILE.map((text, at) => ({
      kind: text,
      key: `${text} ${at}`,
      name: text,
      properties: { [text]: text },
    }));
    const { entities: stored } = await told(UPSERT, { entities });
    expect(stored).toMatchObject(entities);
    const relations = HOSTILE.map((kind, at) => {
      const { kind: ofKind, key } = entities[at]!;
      return { kind, from: { id }, to: { kind: ofKind, key }, properties: { [kind]: kind } };
    });
    await told(RELATE, { relations });
    for (const [at, text] of HOSTILE.entries()) {
      const answer = await graph.data(
        `query ($id: ID!, $text: String!, $key: String!, $json: JSON) {
          entityByKey(kind: $text, key: $key) { name }
          entities(filter: { kind: { eq: $text }, name: { contains: $text }, properties: { contains: $json } }) { totalCount }
          entity(id: $id) { neighbours(relationKinds: [$text], kinds: [$text], filter: { name: { eq: $text } }) {
            edges { node { name } relation { kind properties } } } }
        }`,
        { id, text, key: `${text} ${at}`, json: { [text]: text } },
      );
      const relation = { kind: text, properties: { [text]: text } };
      expect(answer).toEqual({
        entityByKey: { name: text },
        entities: { totalCount: 1 },
        entity: { neighbours: { edges: [{ node: { name: text }, relation }] } },
      });
    }
    expect(await database.db.graphNode.count()).toBeGreaterThan(HOSTILE.length);
  });

  test('a relation to itself is one, from both ends', async () => {
    const self = { kind: 'good', key: 'self' };
    await told(UPSERT, { entities: [self] });
    await told(RELATE, { relations: [{ kind: 'loop', from: self, to: self }] });
    const answer = await graph.data(`{ entityByKey(kind: "good", key: "self") {
      neighbours { nodes { key } } outgoing { totalCount } incoming { totalCount } degree { out in } } }`);
    expect(answer).toEqual({
      entityByKey: {
        neighbours: { nodes: [{ key: 'self' }] },
        outgoing: { totalCount: 1 },
        incoming: { totalCount: 1 },
        degree: { out: 1, in: 1 },
      },
    });
  });

  test('kinds that nothing has match nothing, and say nothing', async () => {
    const answer = await graph.data(
      `query ($id: ID!, $kinds: [String!]) { network(roots: [$id], relationKinds: $kinds, depth: 9) {
        nodes { entity { key } } cut { by } } }`,
      { id, kinds: ['no such', '', 'a\0b', 'half \ud800', 'x'.repeat(1_000)] },
    );
    expect(answer).toEqual({ network: { nodes: [{ entity: { key: 'one' } }], cut: null } });
  });

  const bounds: readonly (readonly [string, (value: number) => string, number, string])[] = [
    [
      'depth of a network',
      (n) => `network(roots: [$id], depth: ${n}) { cut { by } }`,
      DEPTH_MAX,
      'LIMITED',
    ],
    [
      'entities of a network',
      (n) => `network(roots: [$id], first: ${n}) { cut { by } }`,
      NODES_MAX,
      'LIMITED',
    ],
    [
      'depth of a path',
      (n) => `shortestPath(from: $id, to: $id, depth: ${n}) { cut { by } }`,
      DEPTH_MAX,
      'LIMITED',
    ],
    [
      'paths',
      (n) => `allPaths(from: $id, to: $id, first: ${n}) { cut { by } }`,
      PATHS_MAX,
      'LIMITED',
    ],
    [
      'depth of paths',
      (n) => `allPaths(from: $id, to: $id, depth: ${n}) { cut { by } }`,
      DEPTH_MAX,
      'LIMITED',
    ],
    [
      'depth of a condition',
      (n) => `entities(within: { roots: [$id], depth: ${n} }) { cut { by } }`,
      DEPTH_MAX,
      'LIMITED',
    ],
    ['a ranking', (n) => `topEntities(first: ${n}) { degree }`, 100, 'LIMITED'],
    [
      'a page of neighbours',
      (n) => `entity(id: $id) { neighbours(first: ${n}) { cut { by } } }`,
      100,
      'INVALID',
    ],
    ['a page of entities', (n) => `entities(first: ${n}) { totalCount }`, 100, 'INVALID'],
  ];
  test.each(bounds)('%s: up to its bound, and not one more', async (_what, field, max, code) => {
    expect(await codes(field(max))).toEqual([]);
    expect(await codes(field(max + 1))).toEqual([code]);
    expect(await codes(field(-1))).toEqual(['INVALID']);
  });

  test('a depth of a thousand is refused, wherever it is asked for', async () => {
    for (const [, field] of bounds) expect(await codes(field(1_000_000))).toHaveLength(1);
  });

  test('roots: up to their bound, and not one more', async () => {
    const ids = Array.from({ length: ROOTS_MAX }, () => newId());
    const fields = ['network(roots: $ids) { cut { by } }', 'subgraph(ids: $ids) { cut { by } }'];
    for (const field of fields) {
      expect(await codes(field, { ids })).toEqual([]);
      expect(await codes(field, { ids: [...ids, newId()] })).toEqual(['LIMITED']);
      expect(await codes(field, { ids: [...ids.slice(1), 'moon'] })).toEqual(['INVALID']);
    }
  });

  test('a weight below 0 is refused, with the relation that has it', async () => {
    const [from, to] = ['a', 'b'].map((key) => ({ kind: 'heavy', key }));
    const { entities } = await told(UPSERT, { entities: [from, to] });
    await told(RELATE, { relations: [{ kind: 'r', from, to, properties: { w: -1, t: '1' } }] });
    const asked = (weight: string) =>
      graph.ask(
        'query ($from: ID!, $to: ID!, $weight: String!) { shortestPath(from: $from, to: $to, weight: $weight) { path { weight } } }',
        { from: entities![0]!.id, to: entities![1]!.id, weight },
      );
    const refused = await asked('w');
    expect(codesOf(refused)).toEqual(['INVALID']);
    expect(refused.errors![0]!.message).toMatch(
      /weight: must be from 0, is -1 of the relation [0-9a-f-]{36}/,
    );
    expect((await asked('t')).data).toEqual({ shortestPath: { path: null } });
    expect(codesOf(await asked('a\0b'))).toEqual(['INVALID']);
  });
});
