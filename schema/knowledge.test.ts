import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { knowledgeOver, seedEntities } from '../e2e/kit/knowledge.ts';
import { otherViewer } from '../e2e/kit/world.ts';
import { openFeed } from '../resolvers/events/feed/feed.ts';
import { DOCUMENT_LIMITS as LIMITS } from '../resolvers/knowledge/model.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';

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

  describe('putDocument', () => {
    test('makes a document, changes it by its key, and leaves alone what is not given', async () => {
      const made = await knowledge.put({ key: 'one', uri: 'file:a', metadata: { a: 1 } });
      expect(made).toMatchObject({
        key: 'one',
        title: 'A title',
        text: 'Some text.',
        uri: 'file:a',
        metadata: { a: 1 },
        version: 1,
      });
      const changed = await knowledge.put({ key: 'one', title: 'Another' });
      const { id, uuid } = made;
      expect(changed).toMatchObject({ id, uuid, title: 'Another', uri: 'file:a', version: 2 });
      expect(changed).not.toMatchObject({
        contentHash: made.contentHash,
      });
      const [node] = await graph
        .ctx()
        .graphFor(graph.ctx())
        .nodes(LOCAL_VIEWER.workspaceId, [uuid]);
      expect(node).toMatchObject({ kind: 'Document', key: 'one', name: 'Another' });
    });

    test('what stays as it was gets no new version and is no change', async () => {
      const made = await knowledge.put({ key: 'same' });
      const feed = openFeed(database.sql);
      const before = await feed.first();
      expect(await knowledge.put({ key: 'same' })).toMatchObject({ id: made.id, version: 1 });
      expect((await feed.page(before, 10)).changes).toEqual([]);
      await knowledge.put({ key: 'same', text: 'Other text.' });
      const { changes } = await feed.page(before, 10, { kinds: ['document'] });
      expect(changes).toMatchObject([{ kind: 'document', id: made.uuid, version: 2, gone: false }]);
    });

    test('expectedVersion: 0 of a new one, else the one that is there', async () => {
      const conflict = { __typename: 'Conflict', code: 'CONFLICT' };
      expect(await knowledge.put({ key: 'v', expectedVersion: 1 })).toMatchObject({
        ...conflict,
        actual: 'not there',
      });
      expect(await knowledge.put({ key: 'v', expectedVersion: 0 })).toMatchObject({ version: 1 });
      expect(await knowledge.put({ key: 'v', title: 'b', expectedVersion: 0 })).toMatchObject(
        conflict,
      );
      expect(await knowledge.put({ key: 'v', title: 'b', expectedVersion: 1 })).toMatchObject({
        version: 2,
      });
      expect(await knowledge.put({ key: 'v', title: 'c', expectedVersion: 1 })).toMatchObject({
        ...conflict,
        expected: 'version 1',
        actual: 'version 2',
      });
      const found = `{ documents(filter: { key: { eq: "v" } }) { nodes { title version } } }`;
      expect(await graph.data(found)).toEqual({
        documents: { nodes: [{ title: 'b', version: 2 }] },
      });
    });

    test('twenty at once on one key are one document', async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, at) => knowledge.put({ key: 'busy', title: `title ${at}` })),
      );
      expect(new Set(all.map(({ id }) => id)).size).toBe(1);
      expect(Math.max(...all.map(({ version }) => version))).toBe(20);
    });

    test('sent again with its idempotency key it is answered with what the first made', async () => {
      const input = { key: 'again', idempotencyKey: 'once' };
      const { id } = await knowledge.put(input);
      expect(await knowledge.put(input)).toMatchObject({ id, version: 1 });
      expect(await knowledge.put({ ...input, text: 'Other.' })).toMatchObject({ code: 'CONFLICT' });
    });

    test.each([
      ['key', 'k'.repeat(LIMITS.key_bytes_max)],
      ['title', 'é'.repeat(LIMITS.title_bytes_max / 2)],
      ['text', 'x'.repeat(LIMITS.text_bytes_max)],
      ['uri', 'u'.repeat(LIMITS.uri_bytes_max)],
    ])('takes %s at its limit and refuses it one past', async (field, value) => {
      expect(await knowledge.put({ [field]: value })).toMatchObject({
        __typename: 'Document',
        [field]: value,
      });
      expect(await knowledge.put({ [field]: `${value}x` })).toMatchObject({
        __typename: 'Invalid',
        issues: [{ path: `input.${field}` }],
      });
    });

    test('a text of its limit whose every word is another one is kept, and found by its first words', async () => {
      const letter = (at: number) => String.fromCodePoint(0x2_0000 + at); // Four bytes each.
      const words = Array.from(
        { length: Math.floor(LIMITS.text_bytes_max / 9) - 2 },
        (_, at) => letter(at % 40_000) + letter(Math.floor(at / 40_000)),
      );
      const { id } = await knowledge.put({ text: `firstword ${words.join(' ')}` });
      const found = `{ documents(filter: { search: { matches: "firstword" } }) { nodes { id } } }`;
      expect(await graph.data(found)).toEqual({ documents: { nodes: [{ id }] } });
    });

    test('hostile words are kept as they are, or every one of them is told', async () => {
      const text = `'; DROP TABLE document; -- $1 \\ "%_ MATCH (n) DETACH DELETE n \u{1f9ec}\u202e`;
      expect(await knowledge.put({ key: text, title: text, text })).toMatchObject({
        key: text,
        title: text,
        text,
      });
      expect(
        await knowledge.put({ key: '', title: 'a\0', text: '\ud800', uri: '', metadata: [] }),
      ).toMatchObject({
        issues: ['key', 'title', 'text', 'uri', 'metadata'].map((field) => ({
          path: `input.${field}`,
        })),
      });
    });
  });

  describe('removeDocument', () => {
    test('takes its node, its mentions and itself away, and the feed tells it', async () => {
      const { id, uuid } = await knowledge.put();
      const [entityId] = await seedEntities(database, ['gene']);
      await knowledge.mention(id, [{ entityId }]);
      const feed = openFeed(database.sql);
      const before = await feed.first();
      expect(await knowledge.remove({ id, expectedVersion: 2 })).toMatchObject({
        code: 'CONFLICT',
      });
      expect(await knowledge.remove({ id, expectedVersion: 1 })).toMatchObject({ id });
      expect(await knowledge.remove({ id })).toMatchObject({ code: 'NOT_FOUND' });
      expect(
        await graph.data('query ($id: ID!) { document(id: $id) { id } node(id: $id) { id } }', {
          id,
        }),
      ).toEqual({
        document: null,
        node: null,
      });
      const { changes } = await feed.page(before, 10, { kinds: ['document'] });
      expect(changes).toMatchObject([{ id: uuid, version: 2, gone: true }]);
      const stores = graph.ctx().graphFor(graph.ctx());
      expect(await stores.degrees(LOCAL_VIEWER.workspaceId, [entityId!])).toEqual([
        { out: 0, in: 0 },
      ]);
    });
  });

  test('nothing of another workspace is seen or changed by any way in', async () => {
    const { id } = await knowledge.put({ key: 'ours', text: 'verysecret' });
    const [entityId] = await seedEntities(database, ['gene']);
    await knowledge.mention(id, [{ entityId }]);
    const viewer = await otherViewer(database);
    const asked = `query ($id: ID!) { document(id: $id) { id } node(id: $id) { id }
      documents(filter: { search: { matches: "verysecret" } }) { totalCount nodes { id } } }`;
    expect(await graph.data(asked, { id }, { viewer })).toEqual({
      document: null,
      node: null,
      documents: { totalCount: 0, nodes: [] },
    });
    const gone = { code: 'NOT_FOUND' };
    expect(await knowledge.remove({ id }, viewer)).toMatchObject(gone);
    expect(await knowledge.mention(id, [], viewer)).toMatchObject(gone);
    expect(await knowledge.unmention(id, [entityId!], viewer)).toMatchObject(gone);
    const theirs = await knowledge.put({ key: 'ours' }, viewer);
    expect(theirs.id).not.toBe(id);
    expect(await knowledge.mention(theirs.id, [{ entityId }], viewer)).toMatchObject({
      issues: [{ path: 'input.mentions[0].to' }],
    });
    const reader = { ...LOCAL_VIEWER, roles: ['reader'] as const };
    expect(await knowledge.put({ key: 'ours' }, reader)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await knowledge.remove({ id }, reader)).toMatchObject({ code: 'FORBIDDEN' });
  });
});
