/**
 * Every list and search on a large world on Postgres: p50, p95 and the plan of each statement. Seeds the world first
 * (`--scale`, 100,000 runs by default: 1,000,000 step runs, 1,000,000 artifacts), or uses the one at
 * BENCH_DATABASE_URL, so that it can be kept between runs.
 */
import { parseArgs } from 'node:util';
import { seedLargeWorld } from '../../resolvers/seed/large-world.ts';
import type { Sql, Statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from '../kit/database.ts';
import { openGraph, type TestGraph } from '../kit/graph.ts';
import { spread } from './figures.ts';
import { LISTS } from './lists-queries.ts';
import { openWorld } from './world.ts';

/** What every list is to answer within. */
const P95_AIM_ms = 100;

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '30' },
      plans: { type: 'boolean', default: false },
    },
  });
  const opened = await openWorld();
  const graph = openGraph(opened.database);
  try {
    const began = performance.now();
    const world = await seedLargeWorld(graph.ctx(), { runs: Number(values.runs), told: () => {} });
    const seed_s = Math.round((performance.now() - began) / 1_000);
    await opened.database.pool.query('/* bench.analyze */ ANALYZE');
    const lists: Record<string, object> = {};
    for (const [name, query] of Object.entries(LISTS)) {
      const took = await timed(graph, query, Number(values.rounds));
      const plans = values.plans ? { plans: await plansOf(opened.database, graph, query) } : {};
      lists[name] = { ...spread(took), within: spread(took).p95 < P95_AIM_ms, ...plans };
      console.error(`${name}: p95 ${spread(took).p95} ms`);
    }
    return { world, seed_s, p95_aim_ms: P95_AIM_ms, lists };
  } finally {
    await graph.close();
    await opened.close();
  }
}

async function timed(graph: TestGraph, query: string, rounds: number): Promise<number[]> {
  const took: number[] = [];
  await graph.data(query);
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await graph.data(query);
    took.push(performance.now() - began);
  }
  return took;
}

/** EXPLAIN ANALYZE of each statement that the query runs, as Postgres prints it. */
async function plansOf(
  database: TestDatabase,
  graph: TestGraph,
  query: string,
): Promise<Record<string, string[]>> {
  const seen: { statement: Statement<unknown>; values: readonly unknown[] }[] = [];
  const watching: Sql = {
    query: (statement, values = []) => {
      seen.push({ statement, values });
      return database.sql.query(statement, values);
    },
    transaction: (work, options) => database.sql.transaction(work, options),
  };
  await graph.data(query, {}, { sql: watching });
  const plans: Record<string, string[]> = {};
  for (const { statement, values } of seen) {
    const { rows } = await database.pool.query<Record<string, string>>(
      `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY ON) ${statement.text}`,
      [...values],
    );
    plans[statement.name] = rows.map((row) => row['QUERY PLAN']!);
  }
  return plans;
}
