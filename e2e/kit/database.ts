/**
 * Fresh, migrated databases for tests: the embedded one always, a real server when TEST_DATABASE_URL is set.
 * Migrating happens once per content of prisma/migrations: each database is a copy of that template.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, Pool, type PoolClient, type PoolConfig } from 'pg';
import { migrate, readMigrations } from '../../gateway/stores/migrate.ts';
import { sqlOver } from '../../gateway/stores/sql.ts';
import { PrismaClient } from '../../prisma/generated/client.ts';
import type { Sql } from '../../resolvers/sql.ts';

export interface TestDatabase {
  readonly name: 'embedded' | 'postgres';
  /** Of the server's database; the embedded one has none. */
  readonly url?: string;
  readonly pool: Pool;
  readonly sql: Sql;
  readonly db: PrismaClient;
  /**
   * Statements run since the last call, in order, by the name in their leading comment; those without one
   * (Prisma's) by their beginning. BEGIN, COMMIT, ROLLBACK, SAVEPOINT and SET are left out.
   */
  statements(): string[];
  close(): Promise<void>;
}

/** `open` makes a fresh, migrated database; `close` removes it. For `describe.each(DATABASES)('$name', …)`. */
export const DATABASES: readonly {
  readonly name: string;
  readonly open: () => Promise<TestDatabase>;
}[] = [
  { name: 'embedded', open: openEmbedded },
  ...(process.env['TEST_DATABASE_URL'] ? [{ name: 'postgres', open: openServer }] : []),
];

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const EXTENSIONS = { pg_trgm };

async function openEmbedded(): Promise<TestDatabase> {
  const loadDataDir = new Blob([new Uint8Array(await readFile(await embeddedTemplate()))]);
  const lite = await PGlite.create({ loadDataDir, extensions: EXTENSIONS });
  const config = createPgConfig(lite);
  // node-postgres puts its type parsers under `types`; PGlite takes that name for parameter OIDs and throws.
  const connection = config.connection as { parse(query: object): unknown };
  const parse = connection.parse.bind(connection);
  connection.parse = (query) => parse({ ...query, types: undefined });
  const pool = new Pool({
    ...(config as unknown as PoolConfig),
    max: 1,
    idleTimeoutMillis: 0,
  });
  return testDatabase('embedded', pool, undefined, () => lite.close());
}

async function openServer(): Promise<TestDatabase> {
  const admin = new Pool({ connectionString: serverUrl().href, max: 1 });
  const template = await serverTemplate(admin);
  const name = `polyphony_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = serverUrl(name).href;
  const pool = new Pool({ connectionString: url, max: 20 });
  return testDatabase('postgres', pool, url, async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  });
}

function testDatabase(
  name: TestDatabase['name'],
  pool: Pool,
  url: string | undefined,
  remove: () => Promise<void>,
): TestDatabase {
  let seen: string[] = [];
  pool.on('connect', (client) => listen(client, (statement) => seen.push(statement)));
  pool.on('error', () => undefined); // An idle connection that a test killed: the pool makes another.
  const db = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });
  return {
    name,
    ...(url === undefined ? {} : { url }),
    pool,
    sql: sqlOver(pool),
    db,
    statements() {
      const names = seen;
      seen = [];
      return names;
    },
    async close() {
      await db.$disconnect();
      await pool.end();
      await remove();
    },
  };
}

/** Tells `note` each statement that the client is given. */
function listen(client: PoolClient, note: (name: string) => void): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = ((...args: unknown[]) => {
    const [first] = args;
    const text = typeof first === 'string' ? first : (first as { text: string }).text;
    const name = /^\s*\/\* ([\w.]+) \*\//.exec(text)?.[1];
    if (name) note(name);
    else if (!/^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET)\b/i.test(text)) {
      note(text.slice(0, 60));
    }
    return query(...args);
  }) as typeof client.query;
}

/** A migrated data folder as a tar file; made by the first who asks, in any process. */
async function embeddedTemplate(): Promise<string> {
  const folder = join(tmpdir(), 'polyphony-test-templates');
  const path = join(folder, `${await templateKey()}.tar`);
  if (existsSync(path)) return path;
  const lite = await PGlite.create({ extensions: EXTENSIONS });
  const session = {
    query: (sql: string, values?: unknown[]) => lite.query(sql, values),
    script: (sql: string) => lite.exec(sql),
  };
  await migrate(session, await readMigrations(MIGRATIONS));
  const tar = await lite.dumpDataDir('none');
  await lite.close();
  await mkdir(folder, { recursive: true });
  const making = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(making, new Uint8Array(await tar.arrayBuffer()));
  await rename(making, path); // Whole or not at all, for whoever comes at the same time.
  return path;
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
      await readMigrations(MIGRATIONS),
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
  for (const { name, checksum } of await readMigrations(MIGRATIONS)) hash.update(name + checksum);
  return hash.digest('hex').slice(0, 16);
}

function serverUrl(database?: string): URL {
  const url = new URL(process.env['TEST_DATABASE_URL'] ?? '');
  if (database !== undefined) url.pathname = `/${database}`;
  return url;
}
