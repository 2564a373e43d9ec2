/** What a Postgres is and how it does: for health, and for doctor, which says how to repair it. */
import type { Pool } from 'pg';
import { statement, type Sql } from '../../resolvers/sql.ts';
import { readMigrations } from './migrate.ts';
import { migrationsFolder } from './template.ts';

/** Something that is wrong, or will be. */
export interface Finding {
  /** A `problem` keeps the gateway from keeping its promises; a `warning` may. */
  readonly level: 'warning' | 'problem';
  readonly what: string;
  readonly repair: string;
}

export interface PostgresProbe {
  readonly mode: 'embedded' | 'server';
  /** As the server says it: `18.4`. */
  readonly version: string;
  /** Of one statement, including the wait for a connection. */
  readonly latency_ms: number;
  /** Installed ones with their versions. */
  readonly extensions: Readonly<Record<string, string>>;
  /** Those that matter to us, as the server has them for our sessions. */
  readonly settings: Readonly<Record<string, string>>;
  readonly migrations: MigrationsProbe;
  /** Client sessions on the server, and how many gateways they belong to, this one included. */
  readonly connections: { readonly total: number; readonly gateways: number };
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number };
  /** The oldest transaction that is open: it holds back vacuum and the retention of the feed. */
  readonly oldestTransaction: OldestTransaction | null;
  readonly findings: readonly Finding[];
}

export interface MigrationsProbe {
  readonly applied: number;
  readonly pending: readonly string[];
  /** Begun and never finished. */
  readonly failed: readonly string[];
  /** Their text is not what was applied. */
  readonly edited: readonly string[];
  /** Applied by a newer version of the gateway. */
  readonly unknown: readonly string[];
}

export interface OldestTransaction {
  readonly pid: number;
  readonly application: string;
  readonly state: string;
  readonly age_ms: number;
}

const SERVER = statement<{
  version: string;
  versionNumber: number;
  encoding: string;
  settings: Record<string, string>;
  extensions: Record<string, string>;
  total: number;
  gateways: number;
  oldest: OldestTransaction | null;
  migrated: boolean;
}>(
  'probe.server',
  `SELECT current_setting('server_version') AS version,
    current_setting('server_version_num')::int AS "versionNumber",
    current_setting('server_encoding') AS encoding,
    (SELECT jsonb_object_agg(name, current_setting(name)) FROM pg_settings WHERE name = ANY($1)) AS settings,
    (SELECT jsonb_object_agg(extname, extversion) FROM pg_extension) AS extensions,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS total,
    (SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE application_name LIKE 'polyphony %')
      AS gateways,
    (SELECT jsonb_build_object('pid', pid, 'application', application_name, 'state', state,
        'age_ms', round(extract(epoch FROM clock_timestamp() - xact_start) * 1000))
      FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' ORDER BY xact_start LIMIT 1) AS oldest,
    to_regclass('public._prisma_migrations') IS NOT NULL AS migrated`,
);

const RECORDED = statement<{ name: string; checksum: string; finished: boolean }>(
  'probe.migrations',
  `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
);

const SETTINGS = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'max_connections',
  'superuser_reserved_connections',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
];

/** Asks the store. Two statements; rejects with Unavailable when it does not answer. */
export async function probePostgres(store: {
  readonly mode: PostgresProbe['mode'];
  readonly pool: Pool;
  readonly sql: Sql;
  readonly settings: { readonly database_pool_max: number };
  /** Older open transactions are worth a word. */
  readonly transactionOld_ms?: number;
}): Promise<PostgresProbe> {
  const { mode, pool, sql } = store;
  const asked_ms = performance.now();
  const [server] = await sql.query(SERVER, [SETTINGS]);
  const latency_ms = performance.now() - asked_ms;
  if (!server) throw new Error('probe.server answers one row');
  const migrations = await migrationsOf(sql, server.migrated);
  const { version, settings, extensions } = server;
  const probe = {
    mode,
    version,
    latency_ms,
    extensions,
    settings,
    migrations,
    connections: { total: server.total, gateways: Math.max(1, server.gateways) },
    pool: { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount },
    oldestTransaction: server.oldest,
  };
  const findings = [
    ...versionFindings(server.versionNumber, server.encoding, extensions),
    ...migrationFindings(migrations),
    ...(mode === 'server' ? serverFindings(probe, store.settings.database_pool_max) : []),
    ...transactionFindings(server.oldest, store.transactionOld_ms ?? 60_000),
  ];
  return { ...probe, findings };
}

async function migrationsOf(sql: Sql, migrated: boolean): Promise<MigrationsProbe> {
  const recorded = new Map(
    (migrated ? await sql.query(RECORDED) : []).map((row) => [row.name, row]),
  );
  const ours = await readMigrations(migrationsFolder());
  const known = new Set(ours.map(({ name }) => name));
  const finished = [...recorded.values()].filter((row) => row.finished);
  return {
    applied: finished.length,
    pending: ours.filter(({ name }) => !recorded.has(name)).map(({ name }) => name),
    failed: [...recorded.values()].filter((row) => !row.finished).map(({ name }) => name),
    edited: ours
      .filter(({ name, checksum }) => (recorded.get(name)?.checksum ?? checksum) !== checksum)
      .map(({ name }) => name),
    unknown: finished.filter(({ name }) => !known.has(name)).map(({ name }) => name),
  };
}

/** The oldest version that our statements are written for. */
const VERSION_MIN = 150_000;

function versionFindings(
  versionNumber: number,
  encoding: string,
  extensions: Readonly<Record<string, string>>,
): Finding[] {
  const findings: Finding[] = [];
  if (versionNumber < VERSION_MIN) {
    findings.push({
      level: 'problem',
      what: `Postgres ${versionNumber / 10_000} is too old.`,
      repair: 'Use Postgres 15 or newer.',
    });
  }
  if (encoding !== 'UTF8') {
    findings.push({
      level: 'problem',
      what: `The database is encoded in ${encoding}.`,
      repair: "Make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
    });
  }
  if (!('pg_trgm' in extensions)) {
    findings.push({
      level: 'problem',
      what: 'The extension pg_trgm is not installed.',
      repair: 'Run CREATE EXTENSION pg_trgm, or polyphony migrate, as a role that may.',
    });
  }
  return findings;
}

function migrationFindings(migrations: MigrationsProbe): Finding[] {
  const { pending, failed, edited, unknown } = migrations;
  const rows: readonly [readonly string[], Finding['level'], string, string][] = [
    [pending, 'problem', 'not applied', 'Run polyphony migrate.'],
    [
      failed,
      'problem',
      'begun and not finished',
      'Repair by hand, then set rolled_back_at or finished_at.',
    ],
    [
      edited,
      'problem',
      'edited after they were applied',
      'Restore their text; put the change in a new one.',
    ],
    [
      unknown,
      'warning',
      'not known here',
      'Upgrade this gateway: a newer one migrated the database.',
    ],
  ];
  return rows
    .filter(([names]) => names.length > 0)
    .map(([names, level, what, repair]) => ({
      level,
      what: `Migrations ${what}: ${names.join(', ')}.`,
      repair,
    }));
}

function transactionFindings(oldest: OldestTransaction | null, old_ms: number): Finding[] {
  if (!oldest || oldest.age_ms <= old_ms) return [];
  const { pid, application, state, age_ms } = oldest;
  return [
    {
      level: 'warning',
      what: `Backend ${pid} (${application || 'unnamed'}, ${state}) has had a transaction open for ${Math.round(age_ms / 1_000)} s; it holds back vacuum and the retention of the feed.`,
      repair: `End it there, or run SELECT pg_terminate_backend(${pid}).`,
    },
  ];
}

function serverFindings(
  { settings, connections }: Pick<PostgresProbe, 'settings' | 'connections'>,
  pool_max: number,
): Finding[] {
  const findings: Finding[] = [];
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    if (settings[name] !== 'off') continue;
    findings.push({
      level: 'warning',
      what: `${name} is off: what was acknowledged may be lost in a crash.`,
      repair: `Set ${name} = on, unless the data may be lost.`,
    });
  }
  const wanted = connections.gateways * pool_max;
  const free =
    Number(settings['max_connections']) - Number(settings['superuser_reserved_connections']);
  if (wanted > free) {
    findings.push({
      level: 'warning',
      what: `${connections.gateways} gateways may open ${wanted} connections; the server has ${free}.`,
      repair: 'Lower DATABASE_POOL_MAX or raise max_connections.',
    });
  }
  return findings;
}
