import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addWorkflows, drain, idsOf } from '../../../e2e/kit/feed.ts';
import { startPostgres, type PostgresServer } from '../../../e2e/kit/postgres-server.ts';
import { migrate, readMigrations } from '../../../gateway/stores/migrate.ts';
import { sqlOver } from '../../../gateway/stores/sql.ts';
import { CursorExpired } from '../../errors.ts';
import { ensureEpoch } from './epoch.ts';
import { openFeed } from './feed.ts';
import { formatPosition, parsePosition } from './position.ts';

/** A server of its own, durable as in production. Nothing but a commit writes its log out, so a crash forgets ids. */
const SETTINGS = { fsync: true, maxConnections: 20, settings: { wal_writer_delay: '10s' } };
const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

describe.skipIf(process.env['TEST_DATABASE_MISSING'])('on a server that dies', () => {
  let server: PostgresServer;
  const pools: Pool[] = [];
  beforeEach(async () => {
    server = await startPostgres(SETTINGS);
    await migrated(server.url);
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await server.stop();
  });

  function connect(url = server.url): Pool {
    const pool = new Pool({ connectionString: url, max: 10 });
    pool.on('error', () => undefined); // The server is killed under it.
    pools.push(pool);
    return pool;
  }

  test('positions held across kill -9, with rollbacks just before it, skip nothing and repeat nothing', async () => {
    const pool = connect();
    const feed = openFeed(sqlOver(pool));
    const start = await feed.first();
    const before = await addWorkflows(pool, 5);
    const burnt = await burnIds(pool, 40);
    const whole = await feed.page(start, 100); // Reads while those ids are over: they must not count as given.
    const half = await feed.page(start, 2);
    const held = [whole.next, half.next, await feed.first()].map(formatPosition);
    await server.kill();
    await server.restart();

    const again = connect();
    const after: string[] = [];
    for (let i = 0; i < 60; i += 1) after.push(...(await addWorkflows(again, 1)));
    const reused = await again.query(
      'SELECT DISTINCT xid FROM change WHERE xid = ANY ($1::xid8[])',
      [burnt],
    );
    expect(reused.rows.length, 'no id was given twice: the crash had no effect').toBeGreaterThan(
      10,
    );
    const read = async (text: string | undefined) =>
      idsOf((await drain(openFeed(sqlOver(again)), parsePosition(text ?? ''), 7)).changes);
    expect(await read(held[0])).toEqual(after);
    expect(await read(held[1])).toEqual([...before.slice(2), ...after]);
    expect(await read(held[2])).toEqual(after);
  });

  test('a standby that is promoted begins a new epoch, for readers that went on without a restart as well', async () => {
    const pool = connect();
    const feed = openFeed(sqlOver(pool));
    const start = await feed.first();
    await addWorkflows(pool, 2);
    await writeFile(join(server.folder, 'data', 'standby.signal'), '');
    await server.restart();
    await pool.query('SELECT pg_promote()');

    await expect(feed.page(start, 10)).rejects.toThrow(CursorExpired);
    const next = await feed.first();
    expect(next.epoch).toBeGreaterThan(start.epoch);
    const ids = await addWorkflows(pool, 1);
    expect(idsOf((await drain(feed, next)).changes)).toEqual(ids);
  });

  test('a dump restored elsewhere, or beside itself, begins a new epoch: no old change comes back, no new one is skipped', async () => {
    const pool = connect();
    const feed = openFeed(sqlOver(pool));
    await feed.first();
    for (let i = 0; i < 20; i += 1) await addWorkflows(pool, 1);
    const dumped = await dump(pool);
    const held = await feed.first();

    await pool.query('CREATE DATABASE beside');
    const beside = server.url.replace(/gateway$/, 'beside');
    const elsewhere = await startPostgres(SETTINGS);
    try {
      for (const url of [beside, elsewhere.url]) {
        await migrated(url);
        const restored = connect(url);
        await restore(restored, dumped);
        expect((await restored.query('SELECT FROM change')).rowCount).toBe(20);
        const { epoch, begun } = await ensureEpoch(sqlOver(restored));
        expect(begun).toBe('another server, database or table');
        expect(epoch).toBeGreaterThan(held.epoch);

        const other = openFeed(sqlOver(restored));
        await expect(other.page(held, 10)).rejects.toThrow(CursorExpired);
        const position = await other.first();
        const ids = await addWorkflows(restored, 2);
        expect(idsOf((await drain(other, position)).changes)).toEqual(ids);
      }
    } finally {
      await pools.pop()?.end();
      await elsewhere.stop();
    }
  });

  test('a copy that the server made of its database has an epoch of its own', async () => {
    const pool = connect();
    const held = await openFeed(sqlOver(pool)).first();
    await addWorkflows(pool, 1);
    await pools.pop()?.end(); // Nobody may be in what is copied.
    const admin = connect(server.url.replace(/gateway$/, 'postgres'));
    await admin.query('CREATE DATABASE copy TEMPLATE gateway');
    const copy = openFeed(sqlOver(connect(server.url.replace(/gateway$/, 'copy'))));
    await expect(copy.page(held, 10)).rejects.toThrow(CursorExpired);
    expect((await copy.first()).epoch).toBeGreaterThan(held.epoch);
  });
});

async function migrated(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const session = {
    query: (sql: string, values?: unknown[]) => client.query(sql, values),
    script: (sql: string) => client.query(sql),
  };
  await migrate(session, await readMigrations(MIGRATIONS));
  await client.end();
}

/** Ids of transactions that were begun and rolled back. */
async function burnIds(pool: Pool, count: number): Promise<string[]> {
  const client = await pool.connect();
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    await client.query('BEGIN');
    const { rows } = await client.query('SELECT pg_current_xact_id()::text AS xid');
    ids.push(rows[0].xid);
    await client.query('ROLLBACK');
  }
  client.release();
  return ids;
}

const DUMPED = ['workflow', 'change', 'feed_state'] as const;

/** Rows as pg_dump takes them. */
async function dump(pool: Pool): Promise<Map<string, unknown>> {
  const tables = new Map<string, unknown>();
  for (const table of DUMPED) {
    const { rows } = await pool.query(`SELECT jsonb_agg(to_jsonb(t)) AS rows FROM ${table} t`);
    tables.set(table, JSON.stringify(rows[0].rows));
  }
  return tables;
}

/** As pg_restore puts them back: before there are triggers. */
async function restore(pool: Pool, tables: Map<string, unknown>): Promise<void> {
  const client = await pool.connect();
  await client.query(`SET session_replication_role = replica`);
  for (const [table, rows] of tables) {
    const { rows: columns } = await client.query(
      `SELECT string_agg(quote_ident(column_name), ', ') AS names FROM information_schema.columns
      WHERE table_name = $1 AND is_generated = 'NEVER'`,
      [table],
    );
    const { names } = columns[0] as { names: string };
    await client.query(
      `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE
      SELECT ${names} FROM jsonb_populate_recordset(NULL::${table}, $1)`,
      [rows],
    );
  }
  client.release(true);
}
