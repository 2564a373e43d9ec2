import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { knowledgeOver, seedDocuments, seedEntities } from '../e2e/kit/knowledge.ts';
import { globalId, newId } from '../resolvers/keys.ts';
import { DOCUMENT_LIMITS as LIMITS } from '../resolvers/knowledge/model.ts';

interface Paged {
  readonly document: {
    readonly mentions: {
      readonly nodes: readonly { readonly count: number }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
    };
  };
}

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let knowledge: ReturnType<typeof knowledgeOver>;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    knowledge = knowledgeOver(graph);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const entities = (count: number) =>
    seedEntities(
      database,
      Array.from({ length: count }, (_, at) => `gene ${at}`),
    );

  test('what is said again becomes the new; what is taken back is gone', async () => {
    const { id } = await knowledge.put();
    const [one, other] = await entities(2);
    const said = await knowledge.mention(id, [
      { entityId: one, positions: [3, 9] },
      { entityId: globalId('Entity', other!) },
    ]);
    expect(said.mentions.totalCount).toBe(2);
    expect(said.mentions.nodes).toEqual(
      expect.arrayContaining([
        { count: 2, positions: [3, 9], document: { id } },
        { count: 1, positions: [], document: { id } },
      ]),
    );
    const again = await knowledge.mention(id, [{ entityId: one, count: 7 }]);
    expect(again.mentions.nodes).toContainEqual({ count: 7, positions: [], document: { id } });
    expect(again.mentions.totalCount).toBe(2);
    const left = await knowledge.unmention(id, [one!, newId()]);
    expect(left.mentions.nodes).toEqual([{ count: 1, positions: [], document: { id } }]);
  });

  test('so many are one call and some are refused: every reason, and nothing is written', async () => {
    const { id } = await knowledge.put();
    const all = (await entities(LIMITS.mentions_max)).map((entityId) => ({ entityId }));
    const most = await knowledge.mention(id, all);
    expect(most.mentions.totalCount).toBe(LIMITS.mentions_max);
    const { id: empty } = await knowledge.put();
    const refusedWith = async (mentions: object[]) => {
      const answer = await knowledge.mention(empty, mentions);
      return answer.issues.map(({ path }) => path);
    };
    expect(await refusedWith([...all, all[0]!])).toEqual(['input.mentions']);
    const positions = Array.from({ length: LIMITS.positions_max }, (_, at) => at);
    const [{ entityId }] = all as [{ entityId: string }];
    expect(
      await refusedWith([
        { entityId, count: 0 },
        { entityId, positions: [-1] },
      ]),
    ).toEqual(['input.mentions[0].count', 'input.mentions[1].positions']);
    expect(await refusedWith([{ entityId, positions: [...positions, 1] }])).toEqual([
      'input.mentions[0].positions',
    ]);
    expect(await refusedWith([{ entityId: 'nonsense' }])).toEqual(['input.mentions[0].entityId']);
    expect(await refusedWith([{ entityId }, { entityId: newId() }])).toEqual([
      'input.mentions[1].to',
    ]);
    const { mentions } = await knowledge.mention(empty, [{ entityId, positions }]);
    expect(mentions.nodes).toEqual([
      { count: LIMITS.positions_max, positions, document: { id: empty } },
    ]);
  });

  test('mentions of 1, 10 and 100 documents are one read of the graph', async () => {
    const mentions = await entities(1);
    const title = 'one of a hundred';
    await seedDocuments(
      database,
      Array.from({ length: 100 }, () => ({ title, mentions })),
    );
    for (const first of [1, 10, 100]) {
      database.statements();
      const listed = await graph.data(
        `{ documents(first: ${first}, filter: { title: { eq: "${title}" } }) {
            nodes { mentions { totalCount nodes { count document { title } } pageInfo { hasNextPage } } } } }`,
      );
      const nodes = [{ count: 1, document: { title } }];
      const page = { totalCount: 1, nodes, pageInfo: { hasNextPage: false } };
      expect(listed).toEqual({
        documents: { nodes: Array.from({ length: first }, () => ({ mentions: page })) },
      });
      expect(database.statements().toSorted()).toEqual([
        'documents.byIds',
        'documents.list',
        'graph.degrees',
        'graph.neighbours',
      ]);
    }
  });

  test('documents of 1, 10 and 100 entities are one read of the graph and one statement', async () => {
    const all = await entities(100);
    await seedDocuments(
      database,
      all.map((entityId) => ({ title: 'mentions one', mentions: [entityId] })),
    );
    for (const first of [1, 10, 100]) {
      database.statements();
      const ids = all.slice(0, first).map((id) => globalId('Entity', id));
      const found = await graph.data(
        `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Entity {
          documents { totalCount nodes { title mentions { nodes { entity { name } } } } } } } }`,
        { ids },
      );
      const nodes = Array.from({ length: first }, (_, at) => {
        const mentions = { nodes: [{ entity: { name: `gene ${at}` } }] };
        return { documents: { totalCount: 1, nodes: [{ title: 'mentions one', mentions }] } };
      });
      expect(found).toEqual({ nodes });
      expect(database.statements().toSorted()).toEqual([
        'documents.byIds',
        'entities.byIds',
        'graph.degrees',
        'graph.neighbours',
        'graph.neighbours',
      ]);
    }
  });

  test('pages of mentions hold each once, and a cursor of another list is refused', async () => {
    const { id } = await knowledge.put();
    const all = await entities(25);
    await knowledge.mention(
      id,
      all.map((entityId, at) => ({ entityId, count: at + 1 })),
    );
    const ask = `query ($id: ID!, $first: Int, $after: Cursor) { document(id: $id) {
        mentions(first: $first, after: $after) { nodes { count } pageInfo { hasNextPage endCursor } } } }`;
    const pageAfter = async (after: string | null) => {
      const { document } = await graph.data<Paged>(ask, { id, first: 10, after });
      return document.mentions;
    };
    const counts: number[] = [];
    let after: string | null = null;
    do {
      const { nodes, pageInfo } = await pageAfter(after);
      counts.push(...nodes.map(({ count }) => count));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);
    expect(counts.toSorted((a, b) => a - b)).toEqual(all.map((_, at) => at + 1));
    const none = await graph.data(ask, { id, first: 0 });
    expect(none).toMatchObject({
      document: { mentions: { nodes: [], pageInfo: { hasNextPage: true } } },
    });
    for (const bad of [{ first: 101 }, { first: -1 }, { after: 'nonsense' }]) {
      expect(codesOf(await graph.ask(ask, { id, ...bad }))).toEqual(['INVALID']);
    }
  });
});
