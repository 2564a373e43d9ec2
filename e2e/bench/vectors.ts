/**
 * The nearest of many vectors, as similarArtifacts asks for them: time, and how many of the exact answer pgvector's index
 * finds, on a real Postgres. The vectors are synthetic: mixtures of topics with noise (e2e/kit/vectors.ts).
 */
import { parseArgs } from 'node:util';
import { dynamicStatement } from '../../resolvers/sql.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import { ensureIndexes, vectorStoreOf } from '../../resolvers/knowledge/embeddings.ts';
import { nearest, type NearestOptions } from '../../resolvers/knowledge/nearest.ts';
import { startPostgres } from '../kit/postgres-server.ts';
import { randomVectors, seedVectors, TEST_SPACE } from '../kit/vectors.ts';
import { spread } from './figures.ts';

const TOP = 10;

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({
    args,
    options: {
      vectors: { type: 'string', default: '100000' },
      queries: { type: 'string', default: '200' },
    },
  });
  const server = await startPostgres({ settings: { maintenance_work_mem: '1GB' } });
  process.env['TEST_DATABASE_URL'] = server.url;
  const { openServer } = await import('../kit/database.ts');
  const database = await openServer({ database_statement_timeout_ms: 600_000 });
  try {
    const { sql } = database;
    if ((await vectorStoreOf(sql, TEST_SPACE)) === 'array')
      throw new Error(`no pgvector: ${process.env['TEST_PGVECTOR_MISSING']}`);
    const vectors = randomVectors(Number(values.vectors), 1);
    const ids = await seedVectors(database, 'vector', vectors);
    const begun = performance.now();
    await ensureIndexes(sql, TEST_SPACE);
    const indexed_s = (performance.now() - begun) / 1_000;
    await sql.query(dynamicStatement('bench.analyze', 'ANALYZE artifact_embedding, artifact'));

    const flat = Float32Array.from(vectors.flat());
    const queries = randomVectors(Number(values.queries), 2);
    const ask = (vector: readonly number[], parts: Partial<NearestOptions> = {}) =>
      nearest(sql, {
        workspaceId: LOCAL_VIEWER.workspaceId,
        space: TEST_SPACE,
        store: 'indexed',
        vector,
        kinds: ['artifact'],
        limit: TOP,
        ...parts,
      });
    for (const query of queries.slice(0, 20)) await ask(query); // Into memory.
    const [all, tenth, hundred] = [[], [], []] as number[][];
    let met = 0;
    for (const query of queries) {
      const answer = await timed(all!, () => ask(query));
      const wanted = new Set(exact(flat, query).map((at) => ids[at]));
      met += answer.found.filter(({ id }) => wanted.has(id)).length;
      await timed(tenth!, () => ask(query, { where: () => `x.name LIKE '%7'` }));
      await timed(hundred!, () => ask(query, { limit: 100 }));
    }
    return {
      aims: { p95_ms: 100, recall: 0.95 },
      vectors: vectors.length,
      dimension: TEST_SPACE.dimension,
      index_s: Math.round(indexed_s),
      recallAt10: met / (TOP * queries.length),
      nearest10_ms: spread(all!),
      nearest10OfEveryTenth_ms: spread(tenth!),
      nearest100_ms: spread(hundred!),
    };
  } finally {
    await database.close();
    await server.stop();
  }
}

async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  times.push(performance.now() - begun);
  return result;
}

/** Places of those with the greatest cosine. */
function exact(flat: Float32Array, query: readonly number[]): number[] {
  const size = query.length;
  const best: { at: number; dot: number }[] = [];
  for (let at = 0; at * size < flat.length; at += 1) {
    let dot = 0;
    for (let i = 0; i < size; i += 1) dot += flat[at * size + i]! * query[i]!;
    if (best.length === TOP && dot <= best[TOP - 1]!.dot) continue;
    best.push({ at, dot });
    best.sort((one, other) => other.dot - one.dot);
    best.length = Math.min(best.length, TOP);
  }
  return best.map(({ at }) => at);
}
