import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { drain } from '../../../e2e/kit/feed.ts';
import type { Sql } from '../../sql.ts';
import { openFeed } from './feed.ts';
import type { Position } from './position.ts';

/** Where Postgres begins to compile statements (jit_above_cost): never worth it for one that comes so often. */
const JIT_COST = 100_000;

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Total Cost': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

const ADD_CHANGES = `/* test.changes */ INSERT INTO change (workspace_id, kind, id, version)
  SELECT gen_random_uuid(), 'workflow', gen_random_uuid(), 1 FROM generate_series(1, 10000)`;

type Value = string | number | null | string[];

describe.each(DATABASES)('$name', ({ name, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  /** The plan by which a page is read, as a prepared statement gets it at first, or later on. */
  async function planOf(position: Position, mode: 'custom' | 'generic'): Promise<Plan> {
    const { text, values } = await pageStatement(position);
    const literals = values.map((value) =>
      value === null ? 'NULL' : `'${Array.isArray(value) ? `{${value.join()}}` : String(value)}'`,
    );
    const client = await database.pool.connect();
    try {
      await client.query(`SET plan_cache_mode = force_${mode}_plan`);
      await client.query(`PREPARE page AS ${text}`);
      const { rows } = await client.query(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page (${literals.join()})`,
      );
      return (rows as { 'QUERY PLAN': [{ Plan: Plan }] }[])[0]!['QUERY PLAN'][0].Plan;
    } finally {
      await client.query('DEALLOCATE ALL; RESET plan_cache_mode');
      client.release(true);
    }
  }

  test('a poll reads a few blocks whatever lies behind: 100,000 changes, and a transaction older than all of them', async () => {
    const feed = openFeed(database.sql);
    const start = await feed.first();
    const few = await planOf(start, 'generic');
    for (let i = 0; i < 10; i += 1) {
      await database.pool.query(ADD_CHANGES);
    }
    await database.pool.query('ANALYZE change');

    const { changes, next } = await drain(feed, start, 10_000);
    expect(changes).toHaveLength(100_000);
    const oldest = changes[0]!.xid;
    const xmax = next.from.split(':')[1];
    const behind = {
      ...next,
      from: `${oldest}:${xmax}:${oldest}`,
      xid: oldest,
      at: changes[9_999]!.at,
    };
    for (const position of [next, behind]) {
      expect((await feed.page(position, 1)).changes).toEqual([]);
      await isCheap(position, few);
    }
  });

  if (name === 'postgres') {
    test('what an open transaction has written costs a poll nothing once a younger change was read', async () => {
      const feed = openFeed(database.sql);
      const start = await feed.first();
      const few = await planOf(start, 'generic');
      const client = await database.pool.connect();
      await client.query('BEGIN');
      for (let i = 0; i < 5; i += 1) await client.query(ADD_CHANGES);
      await database.pool.query(ADD_CHANGES);
      const { changes, next } = await drain(feed, start, 10_000);
      expect(changes).toHaveLength(10_000);
      await isCheap(next, few);
      await client.query('ROLLBACK');
      client.release();
    });
  }

  async function isCheap(position: Position, few: Plan) {
    for (const mode of ['custom', 'generic'] as const) {
      const plan = await planOf(position, mode);
      expect(blocksOf(plan)).toBeLessThanOrEqual(blocksOf(few) + 8); // The index may be two levels deeper.
      expect(plan['Total Cost']).toBeLessThan(JIT_COST);
      expect(flat(plan).filter(walksChanges)).toEqual([]);
    }
  }
});

/** What a page asks of the store. */
async function pageStatement(position: Position): Promise<{ text: string; values: Value[] }> {
  const asked: { text: string; values: Value[] }[] = [];
  const listen = ({ text }: { text: string }, values: readonly Value[] = []) => {
    asked.push({ text, values: [...values] });
    return Promise.reject(new Error('only listened to'));
  };
  const feed = openFeed({ query: listen, transaction: listen } as unknown as Sql);
  await expect(feed.page(position, 1_000)).rejects.toThrow('only listened to');
  expect(asked).toHaveLength(1);
  return asked[0]!;
}

function walksChanges(plan: Plan): boolean {
  return plan['Node Type'] === 'Seq Scan' && plan['Relation Name'] === 'change';
}

function blocksOf(plan: Plan): number {
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}

function flat(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flat)];
}
