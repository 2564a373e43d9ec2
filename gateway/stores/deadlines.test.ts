import { getEventListeners } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, describe, expect, test } from 'vitest';
import type { TestDatabase } from '../../e2e/kit/database.ts';
import { busyFor, busyText, STORES } from '../../e2e/kit/stores.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import { statement } from '../../resolvers/sql.ts';
import { cancelStatement } from './cancel.ts';
import { unavailable } from './failures.ts';
import type { StatementCall } from './pool.ts';

const ONE = statement<{ one: number }>('test.one', 'SELECT 1 AS one');
const ADD = statement(
  'test.add',
  `INSERT INTO workspace (id, slug, name) VALUES (gen_random_uuid(), $1, $1)`,
);
const COUNT = statement<{ n: number }>(
  'test.count',
  'SELECT count(*) AS n FROM workspace WHERE slug = $1',
);
const RENAME = statement('test.rename', `UPDATE workspace SET name = 'renamed'`);
const RENAMED = statement<{ n: number }>(
  'test.renamed',
  `SELECT count(*) AS n FROM workspace WHERE name = 'renamed'`,
);
const RUNNING = statement<{ n: number }>(
  'test.running',
  `SELECT count(*) AS n FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()`,
);

describe.each(STORES)('$name', ({ open }) => {
  let database: TestDatabase;
  afterEach(() => database.close());

  /** Nothing runs any more: embedded this one is served, on a server it sees no other. */
  const ended = () =>
    until(async () => {
      const [running] = await database.sql.query(RUNNING).catch(() => []);
      return running?.n === 0;
    });

  test('while a statement of 1 s runs, the event loop is free', async () => {
    database = await open();
    await database.sql.query(ONE);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const began_ms = performance.now();
    await database.sql.query(busyFor(1_000));
    const ran_ms = performance.now() - began_ms;
    delay.disable();
    const longest_ms = delay.max / 1e6;
    console.log(`longest delay of the event loop: ${longest_ms.toFixed(1)} ms`);
    expect(ran_ms).toBeGreaterThanOrEqual(1_000);
    expect(longest_ms).toBeLessThan(ran_ms / 4); // In process it would be all of it.
  });

  test('past its deadline a caller gets Unavailable, and the statement has ended', async () => {
    const calls: StatementCall[] = [];
    database = await open(
      { database_statement_timeout_ms: 300 },
      { called: (call) => calls.push(call) },
    );
    const began_ms = performance.now();
    const failed = await failure(database.sql.query(busyFor(60_000)));
    expect(failed).toBeInstanceOf(Unavailable);
    expect(failed).toMatchObject({ store: 'postgres', code: 'UNAVAILABLE' });
    await ended();
    expect(performance.now() - began_ms).toBeLessThan(30_000); // Half of what it would have run.
    const busy = calls.find(({ name }) => name === 'test.busy');
    expect(busy?.error).toMatch(/^(UNAVAILABLE|57014)$/);
  });

  test('the same holds for what Prisma runs, and for the statements of a transaction', async () => {
    database = await open({ database_statement_timeout_ms: 300 });
    const byPrisma = await failure(database.db.$executeRawUnsafe(busyText(60_000)));
    expect(unavailable(byPrisma)).toBeInstanceOf(Unavailable);
    const inTransaction = database.sql.transaction(async (tx) => {
      await tx.query(ADD, ['late']);
      await tx.query(busyFor(60_000));
    });
    expect(await failure(inTransaction)).toBeInstanceOf(Unavailable);
    await ended();
    expect(await database.sql.query(COUNT, ['late'])).toEqual([{ n: 0 }]);
  });

  test('a cancelled statement ends with 57014, and its connection serves on', async () => {
    database = await open();
    const client = await database.pool.connect();
    await client.query(busyText(1)); // Loads what it needs: one that has not begun is dropped instead.
    const busy = failure(client.query(busyText(60_000)));
    await pause(200, undefined);
    await cancelStatement(database.pool, client);
    expect(await busy).toMatchObject({ code: '57014' });
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    client.release();
  });

  test('a caller who leaves has nothing run for it any more', async () => {
    database = await open();
    const leaving = new AbortController();
    const sql = database.store.sqlFor(leaving.signal);
    const holder = await database.pool.connect();
    await holder.query('BEGIN');
    await holder.query('UPDATE workspace SET name = name');
    const waits = failure(sql.query(RENAME)); // For the row on a server, for the session embedded.
    leaving.abort();
    expect(await waits).toBeInstanceOf(Unavailable);
    expect(await failure(sql.query(RENAME))).toBeInstanceOf(Unavailable);
    await holder.query('ROLLBACK');
    holder.release();
    await ended();
    expect(await database.sql.query(RENAMED)).toEqual([{ n: 0 }]);
  });

  test('many statements of one caller at once are nothing to warn of, and leave nothing behind', async () => {
    database = await open();
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on('warning', warned);
    const { signal } = new AbortController();
    const sql = database.store.sqlFor(signal);
    await Promise.all(Array.from({ length: 40 }, () => sql.query(ONE)));
    await pause(10, undefined); // Warnings are told on the next tick.
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('callers past the last connection wait, then get Unavailable; the others are served', async () => {
    const max = database_pool_max(open === STORES[0]?.open);
    database = await open({ database_pool_max: 50, database_acquire_timeout_ms: 300 });
    const held = await Promise.all(Array.from({ length: max }, () => database.pool.connect()));
    const refused = await failure(database.sql.query(ONE));
    expect(refused).toBeInstanceOf(Unavailable);
    expect(refused).toMatchObject({ message: /no connection was free in time/ });

    const waits = database.sql.query(ONE);
    held.pop()!.release();
    expect(await waits).toEqual([{ one: 1 }]);
    for (const client of held) {
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      client.release();
    }
  });
});

/** The server's is what was set; the embedded store has its own. */
function database_pool_max(embedded: boolean): number {
  return embedded ? 4 : 50;
}

/** What it rejected with; fails when it did not. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(10, undefined);
}

function pause<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, ms, value));
}
