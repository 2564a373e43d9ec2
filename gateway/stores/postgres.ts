/**
 * The relational store, the same in both modes: a server by its URL, or the embedded one in a folder. Everything
 * above it sees a pool, `sql` and `db`; what differs is here and in embedded*.ts.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, Pool } from 'pg';
import { PrismaClient } from '../../prisma/generated/client.ts';
import type { Sql } from '../../resolvers/sql.ts';
import type { StopSignal } from '../../resolvers/stop.ts';
import { openEmbedded } from './embedded.ts';
import { startUpkeep } from './embedded-upkeep.ts';
import { migrate, readMigrations } from './migrate.ts';
import { guardTransactions, type NestingGuard } from './nesting.ts';
import { watchPool, type StatementCall } from './pool.ts';
import { probePostgres, type PostgresProbe } from './probe.ts';
import { lookUpsOver, sqlOver, type Committed } from './sql.ts';
import { builtTemplate, migrationsFolder } from './template.ts';

/** Settings of the gateway that the store reads, under their names in gateway/config.ts. */
export interface PostgresSettings {
  /** A server. Without it the embedded store in `data_dir`. */
  readonly database_url?: string | undefined;
  /** The data folder; the store's own files are in its `postgres`. Null: in memory, for tests. */
  readonly data_dir: string | null;
  readonly database_pool_max: number;
  readonly database_pool_min: number;
  readonly database_acquire_timeout_ms: number;
  readonly database_statement_timeout_ms: number;
  readonly database_lock_timeout_ms: number;
  readonly database_idle_transaction_timeout_ms: number;
}

export interface PostgresHooks {
  /** After each statement, Prisma's too, and each failed wait for a connection. */
  readonly called?: (call: StatementCall) => void;
  /** After each commit of `sql`. */
  readonly committed?: Committed;
  /** The embedded database's thread ended unasked; it is started again by the next statement. */
  readonly lost?: (cause: Error) => void;
  /** A round of the embedded store's upkeep failed (embedded-upkeep.ts). */
  readonly upkeepFailed?: (error: unknown) => void;
  /** For tests: finds transactions that wait for themselves. */
  readonly guard?: NestingGuard;
  /** For tests and builds: a template other than the installation's. */
  readonly template?: string;
}

export interface Store {
  readonly mode: 'embedded' | 'server';
  readonly pool: Pool;
  readonly sql: Sql;
  readonly db: PrismaClient;
  /** `sql` for one caller: what it runs is cancelled when the signal aborts. */
  sqlFor(signal: StopSignal): Sql;
  /** Applies what is missing of prisma/migrations and answers its names. No deadline. */
  migrate(): Promise<string[]>;
  /** For health and doctor: what it is, how it does, what is wrong and how to repair it. Rejects with Unavailable. */
  probe(): Promise<PostgresProbe>;
  /**
   * Waits for statements and transactions that run, their time-out at most, then ends. What is asked afterwards is
   * Unavailable.
   */
  close(): Promise<void>;
}

/** Named statements that a connection keeps prepared. The source has about a hundred. */
const PREPARED_MAX = 500;

/** An idle connection above the pool's minimum is closed after this time. */
const IDLE_ms = 30_000;

/** Opens the store and waits until it answers. Rejects with Unavailable when it does not. Migrates nothing. */
export async function openPostgres(
  settings: PostgresSettings,
  hooks: PostgresHooks = {},
): Promise<Store> {
  const driver = await (settings.database_url === undefined
    ? embeddedDriver(settings, hooks)
    : serverDriver(settings, settings.database_url));
  const { pool, mode } = driver;
  const { guard, called, committed } = hooks;
  const watched = watchPool(pool, {
    statement_timeout_ms: settings.database_statement_timeout_ms,
    prepared_max: PREPARED_MAX,
    ...(called ? { called } : {}),
    ...(guard ? { lend: () => guard.check() } : {}),
  });
  await warm(pool, mode === 'server' ? Math.max(1, settings.database_pool_min) : 1);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });
  const shared = { guard, committed, lookUps: lookUpsOver(pool) };
  const sql = sqlOver(pool, shared);
  let closed: Promise<void> | undefined;
  return {
    mode,
    pool,
    sql,
    db: guard ? guardTransactions(prisma, guard) : prisma,
    sqlFor: (signal) => sqlOver(pool, shared, signal),
    async migrate() {
      const client = await driver.connect();
      try {
        return await migrate(
          {
            query: (text, values) => client.query(text, values),
            script: (text) => client.query(text),
          },
          await readMigrations(migrationsFolder()),
        );
      } finally {
        await client.end();
      }
    },
    probe: () => probePostgres({ mode, pool, sql, settings }),
    close() {
      closed ??= end();
      return closed;
    },
  };

  async function end(): Promise<void> {
    await watched.close(settings.database_statement_timeout_ms);
    await prisma.$disconnect();
    await driver.close();
  }
}

interface Driver {
  readonly mode: Store['mode'];
  readonly pool: Pool;
  /** A connection beside the pool and its rules. */
  connect(): Promise<Client>;
  /** After its pool. */
  close(): Promise<void>;
}

async function embeddedDriver(settings: PostgresSettings, hooks: PostgresHooks): Promise<Driver> {
  const { data_dir } = settings;
  const embedded = openEmbedded({
    folder: data_dir === null ? null : join(data_dir, 'postgres'),
    template: hooks.template ?? (await builtTemplate()),
    acquire_timeout_ms: settings.database_acquire_timeout_ms,
    idle_transaction_timeout_ms: settings.database_idle_transaction_timeout_ms,
    lost: hooks.lost,
  });
  await embedded.ready();
  const stopUpkeep = startUpkeep(embedded.connect, hooks.upkeepFailed ?? (() => undefined));
  return {
    ...embedded,
    mode: 'embedded',
    async close() {
      await stopUpkeep();
      await embedded.close();
    },
  };
}

function serverDriver(settings: PostgresSettings, url: string): Promise<Driver> {
  // Names us in pg_stat_activity: doctor counts gateways by it. Postgres keeps 63 bytes.
  const application_name = `polyphony ${process.pid} ${hostname()}`.slice(0, 63);
  const base = {
    connectionString: url,
    application_name,
    keepAlive: true,
    connectionTimeoutMillis: settings.database_acquire_timeout_ms,
  };
  const pool = new Pool({
    ...base,
    max: settings.database_pool_max,
    min: settings.database_pool_min,
    idleTimeoutMillis: IDLE_ms,
    // The server ends them by itself too, should this process not be there to do it.
    statement_timeout: settings.database_statement_timeout_ms,
    lock_timeout: settings.database_lock_timeout_ms,
    idle_in_transaction_session_timeout: settings.database_idle_transaction_timeout_ms,
  });
  return Promise.resolve({
    mode: 'server',
    pool,
    async connect() {
      const client = new Client(base);
      await client.connect();
      return client;
    },
    close: () => Promise.resolve(),
  });
}

/** Opens so many connections; the first must succeed, the rest may: a server may have fewer to spare. */
async function warm(pool: Pool, count: number): Promise<void> {
  const opened = await Promise.allSettled(Array.from({ length: count }, () => pool.connect()));
  for (const result of opened) if (result.status === 'fulfilled') result.value.release();
  const failed = opened.find((result) => result.status === 'rejected');
  if (failed && opened.every((result) => result.status === 'rejected')) throw failed.reason;
}
