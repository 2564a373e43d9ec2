/** What doctor finds out about the stores, and what it says about it. */
import { openFeed } from '../../resolvers/events/feed/feed.ts';
import { feedLag, type FeedLag } from '../../resolvers/events/feed/feed-lag.ts';
import { strayRuns } from '../../resolvers/runs/verify.ts';
import { statement } from '../../resolvers/sql.ts';
import type { Config } from '../config.ts';
import type { Store } from '../stores/postgres.ts';
import { probeNeo4j, type Neo4jProbe } from '../stores/neo4j-probe.ts';
import type { Finding, PostgresProbe } from '../stores/probe.ts';
import { probeRedis, type RedisProbe } from '../stores/redis-probe.ts';

/** Settings of the gateway, under their names. */
export type OtherStores = Pick<Config, 'redis_url' | 'redis_timeout_ms' | 'neo4j_url'>;

export interface Diagnosis {
  readonly postgres: PostgresProbe;
  /** Null where none is set. */
  readonly redis: RedisProbe | null;
  /** Null where none is set. */
  readonly neo4j: Neo4jProbe | null;
  /** Null where the database has no tables of ours yet. */
  readonly feed: (FeedLag & { readonly epoch: number | null; readonly changes: number }) | null;
  /** How many were compared with their logs. */
  readonly runs: number | null;
  readonly findings: readonly Finding[];
}

const STRAYS_MAX = 20;

const FEED = statement<{ epoch: number | null; changes: number }>(
  'doctor.feed',
  `SELECT (SELECT epoch FROM feed_state), (SELECT count(*) FROM change) AS changes`,
);

/** Looks at every store. Rejects with Unavailable when Postgres does not answer. Reads the logs of all runs. */
export async function diagnose(store: Store, settings: OtherStores): Promise<Diagnosis> {
  const { sql } = store;
  const { redis_url, redis_timeout_ms, neo4j_url } = settings;
  const postgres = await store.probe();
  const redis = redis_url === undefined ? null : await probeRedis(redis_url, redis_timeout_ms);
  const { pending, failed } = postgres.migrations;
  const isMigrated = pending.length + failed.length === 0;
  const now = isMigrated && neo4j_url !== undefined ? await openFeed(sql).first() : null;
  const neo4j = neo4j_url === undefined ? null : await probeNeo4j(neo4j_url, now);
  const found = [postgres, redis, neo4j].flatMap((probe) => probe?.findings ?? []);
  if (!isMigrated) return { postgres, redis, neo4j, feed: null, runs: null, findings: found };
  const [state] = await sql.query(FEED);
  if (!state) throw new Error('doctor.feed answers one row');
  const { looked, strays } = await strayRuns(sql, STRAYS_MAX);
  const findings: readonly Finding[] = [
    ...found,
    ...strays.map(({ id, faults }) => ({
      level: 'problem' as const,
      what: `Run ${id} was changed beside its log: ${faults.join('; ')}.`,
      repair: `Set its rows back to what its log says, or delete the run. Find out who writes to the table run.`,
    })),
  ];
  const feed = { ...(await feedLag(sql)), ...state };
  return { postgres, redis, neo4j, feed, runs: looked, findings };
}

/** The diagnosis for a terminal. */
export function diagnosisText(diagnosis: Diagnosis): string {
  const { postgres, redis, neo4j, feed, runs, findings } = diagnosis;
  const { version, mode, latency_ms, extensions, migrations, connections, settings } = postgres;
  const facts: readonly (readonly [string, string])[] = [
    ['postgres', `${version}, ${mode}, answers in ${latency_ms.toFixed(1)} ms`],
    [
      'extensions',
      Object.entries(extensions)
        .map((pair) => pair.join(' '))
        .join(', '),
    ],
    ['migrations', `${migrations.applied} applied, ${migrations.pending.length} pending`],
    [
      'connections',
      `${connections.total} of ${settings['max_connections']}, ${connections.gateways} gateways`,
    ],
    [
      'settings',
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    ],
    ['oldest', transactionText(postgres.oldestTransaction)],
    ...(redis ? [['redis', redisText(redis)] as const] : []),
    ...(neo4j ? [['neo4j', neo4jText(neo4j)] as const] : []),
    ...(feed ? [['feed', feedText(feed)] as const] : []),
    ...(runs === null ? [] : [['runs', `${runs} compared with their logs`] as const]),
  ];
  const lines = facts.map(([name, fact]) => `${name.padEnd(12)} ${fact}`);
  for (const { level, what, repair } of findings)
    lines.push('', `${level}: ${what}`, `  ${repair}`);
  return [...lines, '', findings.length === 0 ? 'All is well.' : `${findings.length} found.`].join(
    '\n',
  );
}

function transactionText(oldest: PostgresProbe['oldestTransaction']): string {
  if (!oldest) return 'no other transaction is open';
  const { pid, application, state, age_ms } = oldest;
  return `transaction of backend ${pid} (${application || 'unnamed'}, ${state}), open for ${age_ms} ms`;
}

function redisText({ version, cluster, latency_ms }: RedisProbe): string {
  if (version === null || latency_ms === null) return 'does not answer';
  return `${version}, ${cluster ? 'a cluster' : 'one server'}, answers in ${latency_ms.toFixed(1)} ms`;
}

function neo4jText({ version, edition, latency_ms, projection }: Neo4jProbe): string {
  if (version === null || latency_ms === null) return 'does not answer';
  return `${version}, ${edition}, answers in ${latency_ms.toFixed(1)} ms; the graph there: ${projection}`;
}

function feedText({ epoch, changes, newestAge_ms }: NonNullable<Diagnosis['feed']>): string {
  const newest =
    newestAge_ms === null ? '' : `, the newest ${Math.round(newestAge_ms / 1_000)} s old`;
  return `${epoch === null ? 'no epoch yet' : `epoch ${epoch}`}, ${changes} changes kept${newest}`;
}
