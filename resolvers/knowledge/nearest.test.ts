import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { randomVectors, seedVectors, TEST_SPACE } from '../../e2e/kit/vectors.ts';
import { cosine } from '../../gateway/embedders/embedder.contract.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import type { Sql } from '../sql.ts';
import { ensureIndexes, vectorStoreOf, type VectorStore } from './embeddings.ts';
import { nearest } from './nearest.ts';

const { workspaceId } = LOCAL_VIEWER;
const TO_ARRAYS = `ALTER TABLE artifact_embedding ALTER COLUMN vector TYPE real[] USING vector::real[];
  ALTER TABLE document_embedding ALTER COLUMN vector TYPE real[] USING vector::real[]`;
const ROWS = 2_000;
/** Where it could not be had, and on the older server. */
const NO_PGVECTOR =
  process.env['TEST_PGVECTOR_MISSING'] !== undefined ||
  process.env['TEST_POSTGRES_VERSION'] === '15';

describe.each(DATABASES)('$name', ({ name, open }) => {
  let database: TestDatabase;
  let rows: { id: string; vector: readonly number[] }[];
  beforeAll(async () => {
    database = await open();
    const store = await vectorStoreOf(database.sql, TEST_SPACE);
    const vectors = randomVectors(ROWS, 1);
    const ids = await seedVectors(database, store, vectors);
    rows = vectors.map((vector, at) => ({ id: ids[at]!, vector }));
  });
  afterAll(() => database.close());

  const exact = (query: readonly number[], limit: number) =>
    rows
      .map(({ id, vector }) => ({ id, distance: 1 - cosine(query, vector) }))
      .toSorted((one, other) => one.distance - other.distance || (one.id < other.id ? -1 : 1))
      .slice(0, limit);
  const ask = (store: VectorStore, vector: readonly number[], parts: object = {}) =>
    nearest(database.sql, {
      workspaceId,
      space: TEST_SPACE,
      store,
      vector,
      kinds: ['artifact'],
      limit: 10,
      ...parts,
    });

  async function isExact(store: VectorStore): Promise<void> {
    for (const query of randomVectors(3, 4)) {
      const { found, cutAt } = await ask(store, query, { scan_max: ROWS });
      expect(cutAt).toBeNull();
      expect(found.map(({ id }) => id)).toEqual(exact(query, 10).map(({ id }) => id));
      for (const [at, { distance }] of exact(query, 10).entries()) {
        expect(found[at]!.distance).toBeCloseTo(distance, 5);
      }
      expect((await ask(store, query, { scan_max: ROWS - 1 })).cutAt).toBe(ROWS - 1);
    }
  }

  test('pgvector is there, unless it cannot be', async () => {
    const store = await vectorStoreOf(database.sql, TEST_SPACE);
    expect(store).toBe(name === 'postgres' && NO_PGVECTOR ? 'array' : 'vector');
  });

  test('looked through one by one the answer is the exact one, its bound told at it and one past', async () => {
    await isExact(await vectorStoreOf(database.sql, TEST_SPACE));
  });

  // In WebAssembly the index takes minutes to build: the embedded store has none.
  test.runIf(name === 'postgres' && !NO_PGVECTOR)(
    'the index finds at least 95 of 100 that are nearest, however few meet a condition',
    async () => {
      await ensureIndexes(database.sql, TEST_SPACE);
      await database.pool.query('ANALYZE artifact_embedding');
      expect(await vectorStoreOf(database.sql, TEST_SPACE)).toBe('indexed');
      let found = 0;
      const queries = randomVectors(20, 2);
      for (const query of queries) {
        const wanted = new Set(exact(query, 10).map(({ id }) => id));
        const answer = await ask('indexed', query);
        found += answer.found.filter(({ id }) => wanted.has(id)).length;
        expect(answer.cutAt).toBeNull();
      }
      expect(found / (10 * queries.length)).toBeGreaterThanOrEqual(0.95);
      expect(await planOf('indexed', queries[0]!)).toMatch(/Index Scan using artifact_embedding_/);
      const seventh = { where: () => `x.name LIKE '%7'`, limit: 50 };
      expect((await ask('indexed', queries[0]!, seventh)).found).toHaveLength(50);
      const one = { where: () => `x.name = 'artifact 17'` };
      expect((await ask('indexed', queries[0]!, one)).found).toMatchObject([{ id: rows[17]!.id }]);
    },
  );

  test('without pgvector the answer is the same', async () => {
    await database.pool.query(`DROP INDEX IF EXISTS ${await indexOf()}`);
    if ((await vectorStoreOf(database.sql, TEST_SPACE)) !== 'array') {
      await database.pool.query(TO_ARRAYS);
    }
    await isExact('array');
  });

  /** How the statement is carried out. */
  async function planOf(store: VectorStore, vector: readonly number[]): Promise<string> {
    let asked: [text: string, values: readonly unknown[]] = ['', []];
    const listening = {
      query: ({ text }: { text: string }, values: readonly unknown[]) => {
        asked = [text, values];
        return Promise.resolve([]);
      },
    } as unknown as Sql;
    const parts = {
      workspaceId,
      space: TEST_SPACE,
      store,
      vector,
      kinds: ['artifact'],
      limit: 10,
    } as const;
    await nearest(listening, parts);
    const { rows: plan } = await database.pool.query(`EXPLAIN ${asked[0]}`, [...asked[1]]);
    return JSON.stringify(plan);
  }

  async function indexOf(): Promise<string> {
    const { rows: found } = await database.pool.query<{ name: string }>(
      `SELECT coalesce(string_agg(indexrelid::regclass::text, ', '), 'none') AS name FROM pg_index
      JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam WHERE amname = 'hnsw'`,
    );
    return found[0]!.name;
  }
});
