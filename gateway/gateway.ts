/** The whole gateway: opens its parts in order, serves, and ends them in the opposite one. */
import type { Logger } from 'pino';
import { openRunLog } from '../resolvers/events/append/append.ts';
import { watchForCrashes } from '../resolvers/events/crash-watch.ts';
import { ensureEpoch } from '../resolvers/events/feed/epoch.ts';
import { feedLag } from '../resolvers/events/feed/feed-lag.ts';
import type { RunLog } from '../resolvers/events/log.ts';
import type { Live } from '../resolvers/live/live.ts';
import { statement, type Sql } from '../resolvers/sql.ts';
import { schema } from '../schema/index.ts';
import { redactUrl } from './config-docs.ts';
import type { Config } from './config.ts';
import { contextMaker } from './context.ts';
import { openGraphParts } from './graph.ts';
import { projectGraph, seenIn, stepParts } from './projector.ts';
import { adminListener } from './cli/admin-http.ts';
import { storeAdmin, type Admin } from './cli/admin.ts';
import { openEmbedding } from './embedding.ts';
import { within } from './limits/deadline.ts';
import { openLiveParts } from './live.ts';
import { serve } from './server.ts';
import { claimFolder, type Claim } from './stores/data-folder.ts';
import type { StatementCall } from './stores/pool.ts';
import { openPostgres, type Store } from './stores/postgres.ts';
import type { Committed } from './stores/sql.ts';
import { openHealth, type HealthCheck } from './telemetry/health.ts';
import { openLogs, type Sink } from './telemetry/logs.ts';
import { openMetrics, type Metrics } from './telemetry/metrics.ts';
import { StartError } from './transports/listen.ts';
import { startJobs } from './workers/jobs.ts';
import { keepMonths, retentionJobs } from './workers/retention.ts';

export interface Gateway {
  /** `http://127.0.0.1:4000` */
  readonly url: string;
  /** What it uses, for the person who started it. */
  readonly uses: readonly string[];
  /**
   * Not ready from now on; takes no more connections, answers what it took, ends. Safe to call twice. Resolves to
   * true when nothing had to be cut off.
   */
  drain(): Promise<boolean>;
}

/** Between looks at runs whose worker may be gone, at most. */
const CRASH_CHECK_ms = 5_000;

/** Ends what was opened, last first. */
type Closers = (() => Promise<unknown>)[];

/**
 * Starts, or throws StartError with what to do about it. Nothing stays open behind a failed start. Once it runs, a
 * store that goes away makes it unready and costs its own fields; it recovers by itself.
 */
export async function startGateway(config: Config, sink: Sink = process.stdout): Promise<Gateway> {
  const log = openLogs(config.log_level, sink);
  const metrics = openMetrics();
  const closers: Closers = [];
  let url: string | null = null;
  try {
    const claim = config.database_url === undefined ? await claimData(config, () => url) : null;
    if (claim) closers.push(() => claim.release());
    let following: Live | null = null;
    const committed: Committed = (heads) => following?.announce(heads);
    const store = await openStore(config, log, metrics, committed);
    closers.push(() => store.close());
    await prepare(store, config, log);
    const { live, ...parts } = await openLiveParts(store, config, log, metrics);
    following = live;
    closers.push(() => parts.close());
    const graph = await openGraphParts(live.feed, config, log, metrics);
    closers.push(() => graph.close());
    const runLog = openLog(store, config, metrics);
    closers.push(() => runLog.close());
    closers.push(startWorkers(store, runLog, config, log));
    const embedding = openEmbedding(store, config, log, metrics);
    closers.push(() => embedding.close());
    watchStore(store, live, config, metrics);
    const projected =
      graph.projection && stepParts(store.sql, graph.projection, seenIn(log, metrics));
    if (projected) closers.push(projectGraph(projected, live.feed, config, log, metrics).stop);
    const admin = storeAdmin(store, runLog, config, projected);
    claim?.serve(adminListener(admin));
    if (claim && config.seed === 'on') await seedFirstStart(store.sql, admin, log);

    const probes = { postgres: () => healthOf(store) };
    const spare = { ...parts.probes, ...graph.probes };
    const health = openHealth(probes, config.health_deadline_ms, spare);
    const contextOf = contextMaker(store, runLog, live, {
      graphFor: graph.graphFor,
      embedder: embedding.embedder,
    });
    const listening = await serve({ config, schema, contextOf, live, health, metrics, log });
    ({ url } = listening);
    return {
      url,
      uses: [storeText(config, store), ...parts.uses, ...graph.uses, ...embedding.uses],
      drain: once(() => drain(health, () => listening.drain(config.drain_ms), closers, log)),
    };
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

/** The data folder, for this process alone. `url` is told to tools that find it taken. */
async function claimData(config: Config, url: () => string | null): Promise<Claim> {
  const { data_dir } = config;
  const claim = await claimFolder(data_dir, () => ({ pid: process.pid, url: url() })).catch(
    (error: unknown) => {
      throw new StartError(`The data folder cannot be used: ${sentence(error)}`, { cause: error });
    },
  );
  if (!('owner' in claim)) return claim;
  const { pid, url: where } = claim.owner;
  throw new StartError(
    `The data folder ${data_dir} is in use by process ${pid}${where ? `, which serves ${where}` : ''}. Use that one, stop it, or set DATA_DIR to another folder.`,
  );
}

async function openStore(
  config: Config,
  log: Logger,
  metrics: Metrics,
  committed: Committed,
): Promise<Store> {
  const called = (call: StatementCall) => {
    metrics.storeCall(call);
    if (call.run_ms >= config.slow_statement_ms) {
      const { name, run_ms, wait_ms, rows } = call;
      log.warn(
        { statement: name, ms: round(run_ms), wait_ms: round(wait_ms), rows },
        'slow statement',
      );
    }
  };
  const lost = (cause: Error) =>
    log.error({ err: cause }, 'the embedded database ended and is started again');
  const upkeepFailed = (error: unknown) =>
    log.warn({ err: error }, 'upkeep of the embedded database failed; it is tried again');
  try {
    return await openPostgres(config, { called, committed, lost, upkeepFailed });
  } catch (error) {
    const what =
      config.database_url === undefined
        ? `The embedded database in ${config.data_dir} cannot be opened: ${sentence(error)} Set DATA_DIR to another folder, or move this one away.`
        : `The database at ${redactUrl(config.database_url)} cannot be used: ${sentence(error)} Start it, mend DATABASE_URL, or unset it to use the embedded store.`;
    throw new StartError(what, { cause: error });
  }
}

/** Migrations, the feed's epoch, the log's months: all before anything is served. */
async function prepare(store: Store, config: Config, log: Logger): Promise<void> {
  const applied = await store.migrate().catch((error: unknown) => {
    throw new StartError(`The migrations cannot be applied: ${sentence(error)}`, { cause: error });
  });
  if (applied.length > 0) log.info({ applied }, 'migrated');
  const { epoch, begun } = await ensureEpoch(store.sql);
  if (begun !== null) log.info({ epoch, reason: begun }, 'a new epoch of the change feed begins');
  const months = keepMonths(store.sql, retentionOptions(config));
  await months.catch((error: unknown) =>
    log.warn({ err: error }, 'months of the log are not kept yet'),
  );
}

const ANY_WORKFLOW = statement('seed.anyWorkflow', 'SELECT FROM workflow LIMIT 1');

/** The small world, so that no screen of a new store is empty. What people deleted does not come back. */
async function seedFirstStart(sql: Sql, admin: Admin, log: Logger): Promise<void> {
  if ((await sql.query(ANY_WORKFLOW)).length > 0) return;
  const added = await admin.seed(null, () => undefined);
  log.info(added, 'filled the new store with a small world of examples');
}

function openLog(store: Store, config: Config, metrics: Metrics): RunLog {
  const runLog = openRunLog(store.sql, {
    call_events_max: config.append_call_events_max,
    call_bytes_max: config.append_call_bytes_max,
    payload_bytes_max: config.append_payload_bytes_max,
    queue_calls_max: config.append_queue_calls_max,
    queue_bytes_max: config.append_queue_bytes_max,
    flush_events_max: config.flush_events_max,
    flush_bytes_max: config.flush_bytes_max,
    lockWait_ms: config.append_lock_wait_ms,
    retry_max_ms: config.append_retry_max_ms,
    onFlush: (flush) => metrics.flush(flush),
  });
  let appending = 0;
  metrics.watch({ appending: () => appending });
  return {
    async append(call) {
      appending += 1;
      try {
        return await runLog.append(call);
      } finally {
        appending -= 1;
      }
    },
    beat: (...beat) => runLog.beat(...beat),
    close: () => runLog.close(),
  };
}

/** What runs beside the requests; answers what stops it. */
function startWorkers(
  { sql }: Store,
  runLog: RunLog,
  config: Config,
  log: Logger,
): Closers[number] {
  const failed = (job: string, error: unknown) =>
    log.warn({ job, err: error }, 'job failed; it is tried again');
  const jobs = startJobs(retentionJobs(sql, retentionOptions(config)), {
    done: (job, did) => log.info({ job, ...did }, 'job'),
    failed,
  });
  const grace_ms = config.heartbeat_grace_ms;
  const watch = watchForCrashes(runLog, sql, {
    grace_ms,
    every_ms: Math.min(grace_ms / 4, CRASH_CHECK_ms),
    onError: (error) => failed('end runs without a worker', error),
  });
  return () => Promise.all([jobs.stop(), watch.stop()]);
}

function retentionOptions(config: Config) {
  const { change_keep_ms, run_keep_days } = config;
  return { changeKeep_ms: change_keep_ms, runKeep_days: run_keep_days, now: () => new Date() };
}

function watchStore({ pool, sql }: Store, live: Live, config: Config, metrics: Metrics): void {
  metrics.watch({
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    // A scrape must not hang with the store: it tells what is wrong.
    feed: () => within(config.health_deadline_ms, feedLag(sql, live.feed.head() ?? undefined)),
  });
}

/** What /health/ready shows of the store; the rest is for doctor. */
async function healthOf(store: Store): Promise<Record<string, unknown>> {
  const { mode, version, migrations } = await store.probe();
  return { mode, version, pending: migrations.pending.length };
}

function storeText({ database_url, data_dir }: Config, { mode }: Store): string {
  return mode === 'embedded' || database_url === undefined
    ? `embedded Postgres in ${data_dir}`
    : `Postgres at ${redactUrl(database_url)}`;
}

async function drain(
  health: HealthCheck,
  stopListening: () => Promise<boolean>,
  closers: Closers,
  log: Logger,
): Promise<boolean> {
  health.drain();
  log.info('draining');
  const clean = await stopListening();
  await closeAll(closers);
  log.info({ clean }, 'stopped');
  return clean;
}

/** The message of an error, ended by one full stop. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message.replace(/\.$/, '')}.`;
}

async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close();
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= work());
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
