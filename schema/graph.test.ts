import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { otherViewer } from '../e2e/kit/world.ts';
import { globalId, newId } from '../resolvers/keys.ts';
import type { Viewer } from '../resolvers/policy.ts';

const UPSERT = `mutation ($entities: [EntityInput!]!) { upsertEntities(input: { entities: $entities }) {
  ... on UpsertedEntities { createdCount changedCount entities { id uuid kind key name properties version } }
  ... on Refusal { code message } ... on Invalid { issues { path message } }
} }`;
const RELATE = `mutation ($relations: [EntityRelationInput!]!) { upsertRelations(input: { relations: $relations }) {
  ... on UpsertedRelations { createdCount changedCount
    relations { id kind properties version from { key } to { key } } }
  ... on Refusal { code message } ... on Invalid { issues { path message } }
} }`;
const REMOVE = `mutation ($ids: [ID!]!) { removeEntities(input: { ids: $ids }) {
  ... on RemovedEntities { removed } ... on Refusal { code message }
} }`;
const UNTIE = `mutation ($ids: [ID!]!) { removeRelations(input: { ids: $ids }) {
  ... on RemovedRelations { removed } ... on Refusal { code message }
} }`;

interface Upserted {
  upsertEntities: { createdCount: number; entities: { id: string; uuid: string }[] };
}
interface Related {
  upsertRelations: { createdCount: number; relations: { id: string }[] };
}
interface Keys {
  entities: { totalCount: number; nodes: { key: string }[] };
}

describe.each(DATABASES)('entities in the graph ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let viewer: Viewer;
  let ids: string[];
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    viewer = await otherViewer(database);
    const { upsertEntities } = await graph.data<Upserted>(UPSERT, {
      entities: [
        { kind: 'airport', key: 'CDG', name: 'Paris', properties: { runways: 4, at: [49, 2] } },
        { kind: 'airport', key: 'JFK', name: 'New York', properties: { runways: 4 } },
        { kind: 'airport', key: 'AUS' },
        { kind: 'country', key: 'FR', name: 'France' },
      ],
    });
    expect(upsertEntities).toMatchObject({ createdCount: 4, changedCount: 0 });
    ids = upsertEntities.entities.map(({ id }) => id);
    const [cdg, jfk, aus] = ids;
    const route = (from: unknown, to: unknown, dist: number) => ({
      kind: 'route',
      from: { id: from },
      to: { id: to },
      properties: { dist },
    });
    const { upsertRelations } = await graph.data<Related>(RELATE, {
      relations: [
        route(cdg, jfk, 3_636),
        route(jfk, aus, 1_520),
        { kind: 'contains', from: { kind: 'country', key: 'FR' }, to: { id: cdg } },
      ],
    });
    expect(upsertRelations.createdCount).toBe(3);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const keys = async (args: string) => {
    const { entities } = await graph.data<Keys>(
      `{ entities(${args}) { totalCount nodes { key } } }`,
    );
    expect(entities.totalCount).toBe(entities.nodes.length);
    return entities.nodes.map(({ key }) => key);
  };

  test('an entity is found by its id, its UUID, its kind and key', async () => {
    const [cdg] = ids;
    const found = await graph.data<Record<string, { uuid: string; createdAt: string }>>(
      `query ($id: ID!) {
        byId: entity(id: $id) { uuid createdAt }
        node(id: $id) { ... on Entity { uuid createdAt } }
        byKey: entityByKey(kind: "airport", key: "CDG") { uuid createdAt }
      }`,
      { id: cdg },
    );
    expect(new Set(Object.values(found).map((one) => JSON.stringify(one))).size).toBe(1);
    const uuid = found['byId']!.uuid;
    expect(await graph.data('query ($id: ID!) { entity(id: $id) { id } }', { id: uuid })).toEqual({
      entity: { id: cdg },
    });
    expect(
      await graph.data(
        `query ($id: ID!, $odd: String!) { gone: entity(id: $id) { id }
          other: entityByKey(kind: "country", key: "CDG") { id } odd: entityByKey(kind: $odd, key: $odd) { id } }`,
        { id: newId(), odd: 'a\0b' },
      ),
    ).toEqual({ gone: null, other: null, odd: null });
  });

  test('entities are filtered by their own fields and by their relations', async () => {
    const kind = 'orderBy: [{ field: KEY }], filter:';
    expect(await keys(`${kind} { kind: { eq: "airport" } }`)).toEqual(['AUS', 'CDG', 'JFK']);
    expect(await keys(`${kind} { properties: { contains: { runways: 4 } } }`)).toEqual([
      'CDG',
      'JFK',
    ]);
    expect(await keys(`${kind} { name: { startsWith: "par" } }`)).toEqual(['CDG']);
    expect(await keys(`${kind} { version: { gt: "1" } }`)).toEqual([]);
    expect(
      await keys(
        `${kind} { outgoing: { some: { kind: { eq: "route" }, to: { key: { eq: "JFK" } } } } }`,
      ),
    ).toEqual(['CDG']);
    expect(
      await keys(`${kind} { incoming: { some: { from: { incoming: { some: {} } } } } }`),
    ).toEqual(['AUS', 'JFK']);
    expect(await keys(`${kind} { outgoing: { none: {} } }`)).toEqual(['AUS']);
  });

  test('entities come in pages of any order', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const {
        entities,
      }: {
        entities: {
          edges: { node: { key: string } }[];
          pageInfo: { endCursor: string; hasNextPage: boolean };
        };
      } = await graph.data(
        `query ($after: Cursor) { entities(first: 2, after: $after, orderBy: [{ field: KIND, direction: DESC }, { field: KEY }]) {
            edges { node { key } } pageInfo { endCursor hasNextPage } } }`,
        { after },
      );
      seen.push(...entities.edges.map(({ node }) => node.key));
      after = entities.pageInfo.hasNextPage ? entities.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(['FR', 'AUS', 'CDG', 'JFK']);
  });

  test('relations hang on both of their ends, and are listed by themselves', async () => {
    const answer = await graph.data(
      `query ($id: ID!) {
        entity(id: $id) {
          outgoing { totalCount nodes { kind properties to { key } } }
          incoming(filter: { from: { kind: { eq: "country" } } }) { nodes { kind from { name } to { id } } }
        }
        entityRelations(filter: { kind: { in: ["route"] } }, orderBy: [{ field: CREATED_AT }]) { totalCount }
      }`,
      { id: ids[0] },
    );
    expect(answer).toEqual({
      entity: {
        outgoing: {
          totalCount: 1,
          nodes: [{ kind: 'route', properties: { dist: 3_636 }, to: { key: 'JFK' } }],
        },
        incoming: { nodes: [{ kind: 'contains', from: { name: 'France' }, to: { id: ids[0] } }] },
      },
      entityRelations: { totalCount: 2 },
    });
  });

  test('what is written again is changed, and only then gets a version', async () => {
    const airport = (more: object) => [{ kind: 'airport', key: 'LHR', ...more }];
    const one = (answer: unknown) => (answer as Upserted).upsertEntities;
    await graph.data(UPSERT, { entities: airport({ properties: { runways: 2 } }) });
    const same = await graph.data(UPSERT, { entities: airport({ properties: { runways: 2 } }) });
    expect(one(same)).toMatchObject({
      createdCount: 0,
      changedCount: 0,
      entities: [{ name: 'LHR', version: 1 }],
    });
    const changed = await graph.data(UPSERT, {
      entities: airport({ name: 'London', expectedVersion: 1 }),
    });
    expect(one(changed)).toMatchObject({
      changedCount: 1,
      entities: [{ name: 'London', properties: { runways: 2 }, version: 2 }],
    });
    expect(one(await graph.data(UPSERT, { entities: airport({ expectedVersion: 1 }) }))).toEqual({
      code: 'CONFLICT',
      message: expect.stringContaining('is at version 2, expected version 1'),
    });
    const { entities } = one(changed);
    expect(await graph.data(REMOVE, { ids: [entities[0]!.id, newId()] })).toEqual({
      removeEntities: { removed: [entities[0]!.id] },
    });
  });

  test('relations are removed by themselves, entities with theirs', async () => {
    const { upsertEntities } = await graph.data<Upserted>(UPSERT, {
      entities: [
        { kind: 'x', key: '1' },
        { kind: 'x', key: '2' },
      ],
    });
    const [one, two] = upsertEntities.entities.map(({ id }) => id);
    const { upsertRelations } = await graph.data<Related>(RELATE, {
      relations: [
        { kind: 'y', from: { id: one }, to: { id: two } },
        { kind: 'y', from: { id: two }, to: { id: two } },
      ],
    });
    const [first, second] = upsertRelations.relations.map(({ id }) => id);
    expect(await graph.data(UNTIE, { ids: [first] })).toEqual({
      removeRelations: { removed: [first] },
    });
    await graph.data(REMOVE, { ids: [one, two] });
    const gone = await graph.data('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: [one, two, first, second],
    });
    expect(gone).toEqual({ nodes: [null, null, null, null] });
  });

  test('kinds with rows of their own are written by the commands of those', async () => {
    const entities = [
      { kind: 'Agent', key: 'a' },
      { kind: 'Document', key: 'd' },
    ];
    expect(await graph.data(UPSERT, { entities })).toMatchObject({
      upsertEntities: {
        code: 'INVALID',
        issues: [
          { path: 'input.entities[0].kind', message: expect.stringContaining('createAgent') },
          { path: 'input.entities[1].kind', message: expect.stringContaining('putDocument') },
        ],
      },
    });
  });

  test('another workspace sees nothing of it, and may have the same keys', async () => {
    const theirs = await graph.data<Upserted>(
      UPSERT,
      { entities: [{ kind: 'airport', key: 'CDG' }] },
      { viewer },
    );
    expect(theirs.upsertEntities.createdCount).toBe(1);
    const asked = `query ($id: ID!) { entity(id: $id) { id } entities { totalCount } entityRelations { totalCount } }`;
    expect(await graph.data(asked, { id: ids[0] }, { viewer })).toEqual({
      entity: null,
      entities: { totalCount: 1 },
      entityRelations: { totalCount: 0 },
    });
    expect(await graph.data(REMOVE, { ids }, { viewer })).toEqual({
      removeEntities: { removed: [] },
    });
  });

  test('who may only read is refused to write', async () => {
    const reader = { ...viewer, roles: ['reader' as const] };
    const entities = [{ kind: 'airport', key: 'ORY' }];
    expect(await graph.data(UPSERT, { entities }, { viewer: reader })).toMatchObject({
      upsertEntities: { code: 'FORBIDDEN' },
    });
    const asked = await graph.ask('{ entity(id: "x") { id } }');
    expect(codesOf(asked)).toEqual(['INVALID']);
    expect(
      codesOf(await graph.ask(`{ entity(id: "${globalId('Run', newId())}") { id } }`)),
    ).toEqual(['INVALID']);
  });
});
