import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { seedDocuments, seedEntities } from '../e2e/kit/knowledge.ts';
import { otherViewer, seedArtifacts } from '../e2e/kit/world.ts';
import { openLocalEmbedder } from '../gateway/embedders/local.ts';
import { Unavailable } from '../resolvers/errors.ts';
import { globalId, newId } from '../resolvers/keys.ts';
import { embeddingSteps } from '../resolvers/knowledge/embedding-worker.ts';
import { SEARCH_LIMITS } from '../resolvers/knowledge/search.ts';
import { SEARCH_BYTES_MAX } from '../resolvers/search.ts';

const SEARCH = `query ($text: String!, $types: [KnowledgeType!], $near: [ID!], $first: Int! = 20) {
  searchKnowledge(text: $text, types: $types, near: $near, first: $first) {
    hits { score reasons { source rank value } node { __typename id
      ... on Document { title } ... on Artifact { name } ... on Entity { name } } }
    sources { source unavailable cutAt }
  } }`;
const SIMILAR = `query ($id: ID!, $filter: ArtifactFilter, $first: Int! = 20) {
  similarArtifacts(id: $id, filter: $filter, first: $first) { cutAt items { similarity artifact { name kind } } } }`;

interface Hit {
  readonly score: number;
  readonly reasons: readonly {
    readonly source: string;
    readonly rank: number;
    readonly value: number;
  }[];
  readonly node: {
    readonly __typename: string;
    readonly id: string;
    readonly title?: string;
    readonly name?: string;
  };
}
interface Found {
  readonly hits: readonly Hit[];
  readonly sources: readonly { source: string; unavailable: string | null; cutAt: number | null }[];
}

/** As where there is no pgvector. */
const AS_ARRAYS = ['document', 'artifact'].map(
  (kind) => `ALTER TABLE ${kind}_embedding ALTER COLUMN vector TYPE real[] USING vector::real[]`,
);
const CASES = [
  ...DATABASES.map(({ name, open }) => ({ name, open, arrays: false })),
  { name: 'embedded, without pgvector', open: DATABASES[0]!.open, arrays: true },
];

describe.each(CASES)('$name', ({ open, arrays }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  const embedder = openLocalEmbedder();
  beforeAll(async () => {
    database = await open();
    if (arrays) for (const text of AS_ARRAYS) await database.pool.query(text);
    graph = openGraph(database);
  });
  beforeEach(() => database.pool.query('DELETE FROM graph_node; DELETE FROM artifact'));
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  async function embedAll(): Promise<void> {
    const worker = embeddingSteps(database.sql, embedder, { index: database.name === 'postgres' });
    while (await worker.step(new AbortController().signal));
    await worker.leave();
  }
  async function search(args: object, parts: object = {}): Promise<Found> {
    const data = await graph.data<{ searchKnowledge: Found }>(SEARCH, args, { embedder, ...parts });
    return data.searchKnowledge;
  }
  const names = ({ hits }: Found) => hits.map(({ node }) => node.title ?? node.name);

  test('words, vectors and the graph each say why a hit is there, and what two say comes first', async () => {
    const [gene] = await seedEntities(database, ['BRCA1']);
    await seedDocuments(database, [
      { title: 'Repair', text: 'homologous recombination repairs breaks', mentions: [gene!] },
      { title: 'Misspelt', text: 'homologus recombinations repaired brakes' },
      { title: 'Other', text: 'quarterly revenue' },
      { title: 'Near', text: 'nothing of the kind', mentions: [gene!] },
    ]);
    await seedArtifacts(database, [{ name: 'recombination.tsv', kind: 'table' }]);
    await embedAll();
    const found = await search({ text: 'homologous recombination', near: [gene] });
    expect(found.sources).toEqual(
      ['WORDS', 'VECTOR', 'GRAPH'].map((source) => ({ source, unavailable: null, cutAt: null })),
    );
    expect(names(found)[0]).toBe('Repair');
    const [first] = found.hits;
    expect(first!.reasons.map(({ source }) => source)).toEqual(['WORDS', 'VECTOR', 'GRAPH']);
    expect(first!.reasons.map(({ rank }) => rank)).toEqual([1, 1, 1]);
    expect(first!.score).toBeCloseTo(3 / 61, 10);
    const byName = new Map(found.hits.map((hit) => [hit.node.title ?? hit.node.name, hit]));
    const sourcesOf = (name: string) => byName.get(name)?.reasons.map(({ source }) => source);
    expect(sourcesOf('Misspelt')).toEqual(['VECTOR']);
    expect(sourcesOf('Near')).toContain('GRAPH');
    expect(byName.get('Near')!.reasons.at(-1)).toEqual({ source: 'GRAPH', rank: 1, value: 1 });
    expect(names(found).indexOf('Misspelt')).toBeLessThan(names(found).indexOf('Other'));
    expect(names(await search({ text: 'brca1', types: ['ENTITY'] }))).toEqual(['BRCA1']);
    expect(names(await search({ text: 'recombination', types: ['ARTIFACT'] }))).toEqual([
      'recombination.tsv',
    ]);
    const near = await search({ text: '', near: [gene], types: ['DOCUMENT'] });
    expect(new Set(names(near))).toEqual(new Set(['Near', 'Repair']));
  });

  test('a removed document is found no more, a changed one by its new words at once', async () => {
    const [gone, changed] = await seedDocuments(database, [
      { text: 'zebra crossing' },
      { text: 'zebra stripes' },
    ]);
    await embedAll();
    expect((await search({ text: 'zebra' })).hits).toHaveLength(2);
    await database.pool.query(`DELETE FROM graph_node WHERE id = '${gone}'`);
    await database.pool.query(`UPDATE document SET text = 'giraffe' WHERE id = '${changed}'`);
    const { hits } = await search({ text: 'zebra' });
    expect(hits.map(({ node }) => node.id)).toEqual([globalId('Document', changed!)]);
    expect(hits[0]!.reasons.map(({ source }) => source)).toEqual(['VECTOR']); // Of the old text, until it is embedded.
    expect((await search({ text: 'giraffe' })).hits[0]!.reasons[0]).toMatchObject({
      source: 'WORDS',
    });
    await embedAll();
    expect((await search({ text: 'giraffe' })).hits[0]!.reasons).toHaveLength(2);
  });

  test('an embedder that is away, or off, costs its ranks and says so', async () => {
    await seedDocuments(database, [{ title: 'Found', text: 'zebra' }]);
    const away = { ...embedder, embed: () => Promise.reject(new Unavailable('embedder', 'away')) };
    for (const [parts, why] of [
      [{ embedder: away }, /embedder is unavailable: away/],
      [{ embedder: null }, /EMBEDDER=off/],
    ] as const) {
      const found = await search({ text: 'zebra' }, parts);
      expect(names(found)).toEqual(['Found']);
      expect(found.sources).toMatchObject([
        { source: 'WORDS', unavailable: null },
        { source: 'VECTOR', unavailable: expect.stringMatching(why) as string },
      ]);
      const [id] = await seedArtifacts(database, [{ name: 'a' }]);
      expect(codesOf(await graph.ask(SIMILAR, { id }, parts))).toEqual(['UNAVAILABLE']);
    }
  });

  test('statements do not grow with what is there, nor with what is shown', async () => {
    const [gene] = await seedEntities(database, ['a gene']);
    await seedDocuments(
      database,
      Array.from({ length: 100 }, (_, at) => ({ text: `zebra ${at}`, mentions: [gene!] })),
    );
    await seedArtifacts(
      database,
      Array.from({ length: 100 }, (_, at) => ({ name: `zebra ${at}` })),
    );
    await embedAll();
    for (const first of [1, 10, 50]) {
      database.statements();
      const { hits } = await search({ text: 'zebra or gene', near: [gene], first });
      expect(hits).toHaveLength(first);
      const sent = database.statements().filter((name) => !name.endsWith('byIds'));
      expect(sent.toSorted()).toEqual([
        'embeddings.nearest',
        'embeddings.store',
        'graph.network',
        'knowledge.byWords',
      ]);
    }
    const [id] = (await database.pool.query<{ id: string }>('SELECT id FROM artifact LIMIT 1'))
      .rows;
    for (const first of [1, 10, 50]) {
      database.statements();
      const { similarArtifacts } = await graph.data<{ similarArtifacts: { items: object[] } }>(
        SIMILAR,
        { ...id, first },
        { embedder },
      );
      expect(similarArtifacts.items).toHaveLength(first);
      expect(database.statements()).toEqual([
        'embeddings.artifact',
        'embeddings.store',
        'embeddings.nearest',
        'artifacts.byIds',
      ]);
    }
  });

  test('similar artifacts: by name, kind and metadata, within a filter, itself left out', async () => {
    const ids = await seedArtifacts(database, [
      {
        name: 'liver-1.bam',
        kind: 'alignment',
        metadata: { tissue: 'liver', reference: 'GRCh38' },
      },
      {
        name: 'liver-2.bam',
        kind: 'alignment',
        metadata: { tissue: 'liver', reference: 'GRCh38' },
        quality: 0.5,
      },
      {
        name: 'kidney.bam',
        kind: 'alignment',
        metadata: { tissue: 'kidney', reference: 'GRCh38' },
        quality: 0.9,
      },
      { name: 'revenue', kind: 'report', metadata: { quarter: 3 } },
    ]);
    const similar = async (args: object) => {
      const data = await graph.data<{
        similarArtifacts: { items: { artifact: { name: string }; similarity: number }[] };
      }>(SIMILAR, { id: ids[0], ...args }, { embedder });
      return data.similarArtifacts.items;
    };
    expect(await similar({})).toEqual([]); // Others have no vectors yet.
    await embedAll();
    const all = await similar({});
    expect(all.map(({ artifact }) => artifact.name)).toEqual([
      'liver-2.bam',
      'kidney.bam',
      'revenue',
    ]);
    expect(all[0]!.similarity).toBeGreaterThan(0.8);
    expect(all[0]!.similarity).toBeLessThanOrEqual(1.000_001);
    const good = await similar({ filter: { quality: { gte: 0.8 } } });
    expect(good.map(({ artifact }) => artifact.name)).toEqual(['kidney.bam']);
    expect(await similar({ first: 1 })).toHaveLength(1);
    expect(codesOf(await graph.ask(SIMILAR, { id: newId() }, { embedder }))).toEqual(['NOT_FOUND']);
    for (const bad of [{ first: 0 }, { first: 101 }, { id: 'nonsense' }]) {
      expect(codesOf(await graph.ask(SIMILAR, { id: ids[0], ...bad }, { embedder }))).toEqual([
        'INVALID',
      ]);
    }
  });

  test('nothing of another workspace is found or counts, by any source', async () => {
    const [gene] = await seedEntities(database, ['zebra gene']);
    await seedDocuments(database, [{ text: 'zebra', mentions: [gene!] }]);
    const [id] = await seedArtifacts(database, [{ name: 'zebra' }]);
    const viewer = await otherViewer(database);
    await seedDocuments(database, [{ title: 'Theirs', text: 'zebra' }], viewer);
    await embedAll();
    const found = await search({ text: 'zebra', near: [gene] }, { viewer });
    expect(names(found)).toEqual(['Theirs']);
    expect(codesOf(await graph.ask(SIMILAR, { id }, { embedder, viewer }))).toEqual(['NOT_FOUND']);
    expect(names(await search({ text: 'zebra' }))).not.toContain('Theirs');
  });

  test('hostile texts are words, and bounds are told at them and one past', async () => {
    const hostile = `'); DELETE FROM document; -- " & | ! :* <-> \\ $1 %`;
    await seedDocuments(database, [{ title: 'Hostile', text: hostile }]);
    expect(names(await search({ text: 'DELETE FROM document' }))).toEqual(['Hostile']);
    for (const text of [hostile, '""', '-', 'or', '!', ':*', 'a'.repeat(SEARCH_BYTES_MAX)]) {
      expect((await search({ text })).sources).toHaveLength(2);
    }
    const entity = newId();
    const refused: [object, string][] = [
      [{ text: 'a'.repeat(SEARCH_BYTES_MAX + 1) }, 'INVALID'],
      [{ text: 'a\0' }, 'INVALID'],
      [{ text: ' ' }, 'INVALID'],
      [{ text: 'a', first: 0 }, 'INVALID'],
      [{ text: 'a', first: SEARCH_LIMITS.first_max + 1 }, 'INVALID'],
      [
        { text: 'a', near: Array.from({ length: SEARCH_LIMITS.near_max + 1 }, () => entity) },
        'INVALID',
      ],
      [{ text: 'a', near: ['nonsense'] }, 'INVALID'],
    ];
    for (const [args, code] of refused) {
      expect(codesOf(await graph.ask(SEARCH, args, { embedder }))).toEqual([code]);
    }
    const most = Array.from({ length: SEARCH_LIMITS.near_max }, () => globalId('Entity', entity));
    expect((await search({ text: 'a', near: most, first: SEARCH_LIMITS.first_max })).hits).toEqual(
      [],
    );
  });

  test('of more rows with the words than are ranked it says so', async () => {
    const rows = Array.from({ length: SEARCH_LIMITS.matches_max }, () => ({ text: 'zebra' }));
    await seedDocuments(database, rows);
    const cutAt = async () => (await search({ text: 'zebra' })).sources[0]!.cutAt;
    expect(await cutAt()).toBeNull();
    await seedDocuments(database, [{ text: 'zebra' }]);
    expect(await cutAt()).toBe(SEARCH_LIMITS.matches_max);
  });
});
