import { afterEach, describe, expect, test } from 'vitest';
import { openServer, SETTINGS, type TestDatabase } from '../../e2e/kit/database.ts';
import { busyFor, cut, STORES } from '../../e2e/kit/stores.ts';
import { freePort } from '../../e2e/kit/free-port.ts';
import { openWire } from '../../e2e/kit/tcp-proxy.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import { dynamicStatement, statement } from '../../resolvers/sql.ts';
import type { StatementCall } from './pool.ts';
import { openPostgres } from './postgres.ts';
import { probePostgres } from './probe.ts';

const ONE = statement<{ one: number }>('test.one', 'SELECT 1 AS one');
const FAIL = statement('test.fail', 'SELECT 1 / 0');

describe.each(STORES)('$name', ({ open }) => {
  let database: TestDatabase;
  afterEach(() => database.close());

  test('each statement is told by name, with its rows, its wait and its error', async () => {
    const calls: StatementCall[] = [];
    database = await open({}, { called: (call) => calls.push(call) });
    await database.sql.query(dynamicStatement('test.three', 'SELECT generate_series(1, 3)'));
    await database.sql.query(FAIL).catch(() => undefined);
    await database.db.workspace.findMany();
    await database.sql.transaction((tx) => tx.query(ONE));
    const told = calls.map(({ name, rows, error }) => ({ name, rows, error }));
    expect(told).toEqual([
      { name: 'test.three', rows: 3, error: null },
      { name: 'test.fail', rows: 0, error: '22012' },
      { name: 'prisma.select.workspace', rows: 1, error: null },
      { name: 'transaction.begin', rows: 0, error: null },
      { name: 'test.one', rows: 1, error: null },
      { name: 'transaction.commit', rows: 0, error: null },
    ]);
    for (const { run_ms, wait_ms } of calls) {
      expect(run_ms).toBeGreaterThan(0);
      expect(wait_ms).toBeGreaterThanOrEqual(0);
    }
    expect(calls.at(-1)?.wait_ms).toBe(0); // Only the first of a transaction waits.
  });

  test('int8 are numbers, timestamps dates, and a named statement is prepared once', async () => {
    database = await open();
    const values = statement<object>(
      'test.values',
      `SELECT $1::int8 AS big, '2026-01-02T03:04:05.678Z'::timestamptz AS at, '{"a":[1]}'::jsonb AS json`,
    );
    for (let time = 0; time < 2; time += 1) {
      expect(await database.sql.query(values, [Number.MAX_SAFE_INTEGER])).toEqual([
        {
          big: Number.MAX_SAFE_INTEGER,
          at: new Date('2026-01-02T03:04:05.678Z'),
          json: { a: [1] },
        },
      ]);
    }
    const prepared = dynamicStatement<{ name: string }>(
      'test.prepared',
      `SELECT name FROM pg_prepared_statements WHERE name LIKE '%test.values'`,
    );
    expect(await database.sql.query(prepared)).toHaveLength(1);
  });

  test('a probe tells what the store is, and which migrations it lacks and how to repair that', async () => {
    database = await open();
    const probe = await database.store.probe();
    expect(probe).toMatchObject({
      mode: database.name === 'embedded' ? 'embedded' : 'server',
      extensions: { pg_trgm: expect.any(String) as string },
      migrations: { pending: [], failed: [], edited: [], unknown: [] },
    });
    expect(Number(probe.version)).toBeGreaterThanOrEqual(15);
    expect(probe.findings.filter(({ level }) => level === 'problem')).toEqual([]);

    await database.pool.query(
      `UPDATE _prisma_migrations SET migration_name = '99990101000000_later'
       WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)`,
    );
    const { migrations, findings } = await database.store.probe();
    expect(migrations.unknown).toEqual(['99990101000000_later']);
    expect(migrations.pending).toHaveLength(1);
    expect(findings).toContainEqual({
      level: 'problem',
      what: expect.stringMatching(/^Migrations not applied: /) as string,
      repair: 'Run polyphony migrate.',
    });
    await database.pool.query(
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '9999%'`,
    );
    expect((await database.store.probe()).migrations.failed).toEqual(['99990101000000_later']);
    await database.pool.query('DROP TABLE _prisma_migrations');
    expect((await database.store.probe()).migrations).toMatchObject({ applied: 0 });
  });

  test('closing waits for what runs; what comes later is Unavailable', async () => {
    database = await open();
    const running = Array.from({ length: 30 }, () => database.sql.query(busyFor(10)));
    const closed = database.store.close();
    await expect(database.sql.query(ONE)).rejects.toThrow(/shutting down/);
    expect(await Promise.all(running)).toHaveLength(30); // More than there are connections.
    await closed;
  });
});

test('a server that is not there is Unavailable, with the reason', async () => {
  const database_url = `postgresql://gateway@127.0.0.1:${await freePort()}/gateway`;
  await expect(openPostgres({ ...SETTINGS, database_url })).rejects.toThrow(
    /postgres is unavailable: nothing listens there/,
  );
});

describe.runIf(process.env['TEST_DATABASE_URL'])('a server', () => {
  let database: TestDatabase;
  afterEach(() => database.close());

  test('ends our statements, lock waits and idle transactions by itself, and knows us by name', async () => {
    database = await openServer({
      database_statement_timeout_ms: 7_000,
      database_lock_timeout_ms: 6_000,
      database_idle_transaction_timeout_ms: 5_000,
    });
    const { settings } = await database.store.probe();
    expect(settings).toMatchObject({
      statement_timeout: '7s',
      lock_timeout: '6s',
      idle_in_transaction_session_timeout: '5s',
    });
    const { rows } = await database.pool.query('SHOW application_name');
    expect(rows).toEqual([
      { application_name: expect.stringMatching(/^polyphony \d+ /) as string },
    ]);
  });

  test('has the pool’s minimum of connections from the start', async () => {
    database = await openServer({ database_pool_min: 3 });
    expect(database.pool.totalCount).toBe(3);
    expect(database.pool.idleCount).toBe(3);
  });

  test('names the backend that holds the oldest transaction, and counts gateways against its connections', async () => {
    database = await openServer();
    const { pool, sql } = database;
    const holder = await pool.connect();
    const { rows } = await holder
      .query('BEGIN; SELECT pg_backend_pid() AS pid')
      .then((results) => (results as unknown as { rows: { pid: number }[] }[])[1]!);
    const probe = await probePostgres({
      mode: 'server',
      pool,
      sql,
      settings: { database_pool_max: 1_000_000 },
      transactionOld_ms: -1,
    });
    await holder.query('ROLLBACK');
    holder.release();
    expect(probe.oldestTransaction?.age_ms).toBeGreaterThanOrEqual(0);
    const said = probe.findings.map(({ what, repair }) => `${what} ${repair}`).join('\n');
    expect(said).toMatch(/Backend \d+ .* has had a transaction open/);
    expect(said).toMatch(/may open \d+ connections; .* Lower DATABASE_POOL_MAX/);
    expect(rows[0]?.pid).toBeGreaterThan(0);
  });

  test('that cuts every connection costs those who wait, and nobody after', async () => {
    database = await openServer({ database_pool_min: 3 });
    const waiting = Array.from({ length: 3 }, () => database.sql.query(busyFor(60_000)));
    const results = Promise.allSettled(waiting);
    const { rows } = await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    expect(rows).toHaveLength(3);
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    }
    expect(await database.sql.query(ONE)).toEqual([{ one: 1 }]);
  });

  test('that cuts connections which nobody uses costs nobody', async () => {
    database = await openServer();
    await Promise.all([1, 2, 3].map(() => database.sql.query(ONE)));
    const kept = database.pool.totalCount;
    expect(kept).toBeGreaterThan(0);
    expect(database.pool.idleCount).toBe(kept);
    const other = await openPostgres({ ...SETTINGS, database_url: database.url });
    await other.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await expect.poll(() => database.pool.totalCount).toBe(0);
    expect(await Promise.all([1, 2, 3].map(() => database.sql.query(ONE)))).toHaveLength(3);
    await other.close();
  });

  test('that falls silent costs each caller its deadline, and serves when it is back', async () => {
    database = await openServer();
    const server = new URL(database.url!);
    const wire = await openWire(Number(server.port));
    server.port = String(wire.port);
    const store = await openPostgres({
      ...SETTINGS,
      database_url: server.href,
      database_pool_max: 2,
      database_acquire_timeout_ms: 300,
      database_statement_timeout_ms: 300,
    });
    expect(await store.sql.query(ONE)).toEqual([{ one: 1 }]);
    wire.stall();
    const carried = wire.carried();
    const asked = [1, 2, 3].map(() => store.sql.query(ONE));
    for (const result of await Promise.allSettled(asked)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    }
    const transaction = store.sql.transaction((tx) => tx.query(ONE));
    await expect(transaction).rejects.toBeInstanceOf(Unavailable);
    expect(wire.carried()).toBeGreaterThan(carried); // It tried, and to cancel too.
    wire.cut();
    await expect(store.sql.query(ONE)).rejects.toBeInstanceOf(Unavailable);
    wire.mend();
    await expect.poll(() => store.sql.query(ONE).catch(() => 'away')).toEqual([{ one: 1 }]);
    await store.close();
    await wire.close();
  });

  test('an idle connection that dies is replaced without a word', async () => {
    database = await openServer({ database_pool_min: 1 });
    const client = await database.pool.connect();
    client.release();
    cut(client);
    await expect.poll(() => database.pool.totalCount).toBe(0);
    expect(await database.sql.query(ONE)).toEqual([{ one: 1 }]);
  });
});
