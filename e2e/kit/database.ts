/**
 * Fresh, migrated databases for tests: the embedded one always, a real server when TEST_DATABASE_URL is set.
 * Migrating happens once per content of prisma/migrations: each database is a copy of that template.
 */
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { migrate, readMigrations } from '../../gateway/stores/migrate.ts';
import { openNestingGuard } from '../../gateway/stores/nesting.ts';
import {
  openPostgres,
  type PostgresHooks,
  type PostgresSettings,
  type Store,
} from '../../gateway/stores/postgres.ts';
import { ensureTemplate, migrationsFolder } from '../../gateway/stores/template.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { Sql } from '../../resolvers/sql.ts';

export interface TestDatabase {
  readonly name: 'embedded' | 'postgres';
  /** Of the server's database; the embedded one has none. */
  readonly url?: string;
  readonly store: Store;
  readonly pool: Pool;
  readonly sql: Sql;
  readonly db: PrismaClient;
  /**
   * Statements that succeeded since the last call, in order, by name; Prisma's as `prisma.insert.workspace`. BEGIN,
   * COMMIT and the like are left out.
   */
  statements(): string[];
  close(): Promise<void>;
}

/** `open` makes a fresh, migrated database; `close` removes it. For `describe.each(DATABASES)('$name', …)`. */
export const DATABASES: readonly {
  readonly name: string;
  readonly open: (hooks?: PostgresHooks) => Promise<TestDatabase>;
}[] = [
  { name: 'embedded', open: (hooks) => openEmbedded({}, hooks) },
  ...(process.env['TEST_DATABASE_URL']
    ? [{ name: 'postgres', open: (hooks?: PostgresHooks) => openServer({}, hooks) }]
    : []),
];

/** Templates of the embedded store, shared by all test processes of this machine. */
const TEMPLATES = join(tmpdir(), 'polyphony-test-templates');

/** Room for what a busy machine adds; tests of time-outs set their own. */
export const SETTINGS: PostgresSettings = {
  data_dir: null,
  database_pool_max: 20,
  database_pool_min: 0,
  database_acquire_timeout_ms: 10_000,
  database_statement_timeout_ms: 30_000,
  database_lock_timeout_ms: 10_000,
  database_idle_transaction_timeout_ms: 30_000,
};

/** In memory unless `settings` name a folder. */
export async function openEmbedded(
  settings: Partial<PostgresSettings> = {},
  hooks: PostgresHooks = {},
): Promise<TestDatabase> {
  const template = await testTemplate();
  return testDatabase({ ...SETTINGS, ...settings }, { template, ...hooks });
}

/** The template of this machine's tests; made once per content of the migrations. */
export async function testTemplate(): Promise<string> {
  return ensureTemplate(TEMPLATES, await readMigrations(migrationsFolder()));
}

/** A database of its own on the server of TEST_DATABASE_URL. */
export async function openServer(
  settings: Partial<PostgresSettings> = {},
  hooks: PostgresHooks = {},
): Promise<TestDatabase> {
  const admin = new Pool({ connectionString: serverUrl().href, max: 1 });
  const template = await serverTemplate(admin);
  const name = `polyphony_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const database_url = serverUrl(name).href;
  const database = await testDatabase({ ...SETTINGS, database_url, ...settings }, hooks);
  return {
    ...database,
    url: database_url,
    async close() {
      await database.close();
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

async function testDatabase(
  settings: PostgresSettings,
  hooks: PostgresHooks,
): Promise<TestDatabase> {
  let seen: string[] = [];
  const store = await openPostgres(settings, {
    guard: openNestingGuard(),
    ...hooks,
    called(call) {
      if (call.error === null && !call.name.startsWith('transaction.')) seen.push(call.name);
      hooks.called?.(call);
    },
  });
  return {
    name: store.mode === 'embedded' ? 'embedded' : 'postgres',
    store,
    pool: store.pool,
    sql: store.sql,
    db: store.db,
    statements() {
      const names = seen;
      seen = [];
      return names;
    },
    close: () => store.close(),
  };
}

/** A migrated database that others are cloned from; made once, under a lock of the server. */
async function serverTemplate(admin: Pool): Promise<string> {
  const template = `polyphony_template_${await templateKey()}`;
  const exists = async () => {
    const { rows } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    return rows.length > 0;
  };
  if (await exists()) return template;
  const client = await admin.connect();
  const query = (sql: string, values?: unknown[]) => client.query(sql, values);
  await query('SELECT pg_advisory_lock(hashtext($1))', [template]);
  try {
    const { rows } = await query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rows.length > 0) return template;
    const making = `${template}_making`; // Its maker may have died: nobody clones an unfinished one.
    await query(`DROP DATABASE IF EXISTS ${making} WITH (FORCE)`);
    await query(`CREATE DATABASE ${making} TEMPLATE template0`);
    const inside = new Client({ connectionString: serverUrl(making).href });
    await inside.connect();
    await migrate(
      { query: (sql, values) => inside.query(sql, values), script: (sql) => inside.query(sql) },
      await readMigrations(migrationsFolder()),
    );
    await inside.end();
    await query(`ALTER DATABASE ${making} RENAME TO ${template}`);
    return template;
  } finally {
    await query('SELECT pg_advisory_unlock(hashtext($1))', [template]);
    client.release();
  }
}

async function templateKey(): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, checksum } of await readMigrations(migrationsFolder()))
    hash.update(name + checksum);
  return hash.digest('hex').slice(0, 16);
}

function serverUrl(database?: string): URL {
  const url = new URL(process.env['TEST_DATABASE_URL'] ?? '');
  if (database !== undefined) url.pathname = `/${database}`;
  return url;
}
