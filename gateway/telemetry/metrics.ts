/**
 * What Prometheus is told. Labels come from small sets only: codes, kinds and statement names, which are constants of
 * the source; whatever a client can choose (operation names, ids, texts) is never a label.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FlushSeen } from '../../resolvers/events/append/append.ts';
import type { FeedLag } from '../../resolvers/events/feed/feed-lag.ts';
import type { BusCounts } from '../../resolvers/ports.ts';
import { openCounter, openHistogram } from './series.ts';
import { busMetrics, liveMetrics, type LiveUse } from './live-metrics.ts';
import type { Answer } from '../execution/answer.ts';
import type { StatementCall } from '../stores/pool.ts';
import type { Fallback } from '../../resolvers/graph/told.ts';
import { projectionMetrics, type ProjectionMetrics } from './projection-metrics.ts';
import type { Seen } from '../../resolvers/projectors/graph-step.ts';
import { graphMetrics, type GraphUse } from './graph-metrics.ts';

/** Connections of the pool, now. */
interface PoolUse {
  readonly total: number;
  readonly idle: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

/** What is read when /metrics is asked for, not as it happens. */
interface Gauges {
  readonly pool?: () => PoolUse;
  /** Append calls not answered yet. */
  readonly appending?: () => number;
  readonly feed?: () => Promise<FeedLag>;
  readonly live?: () => LiveUse;
  readonly bus?: () => BusCounts;
  readonly graph?: () => GraphUse;
  /** How far vectors are behind, in milliseconds; null while that is not known. */
  readonly embedding?: () => Promise<number | null>;
  /** Null while unknown. */
  readonly projectionLag_ms?: () => Promise<number | null>;
}

/** Of any store; `wait_ms` where waiting for a connection is told apart. */
export type StoreCall = Omit<StatementCall, 'store' | 'wait_ms'> & {
  readonly store: string;
  readonly wait_ms?: number;
};

/** Counted for as long as the process lives. */
export interface Metrics {
  /** Of what `print` answers. */
  readonly contentType: string;
  /** An answer, and how long it took, in milliseconds. `operation` null: none was found. */
  operation(answer: Pick<Answer, 'operation' | 'codes'>, ms: number): void;
  /** Any request over HTTP. `route` is a path of ours or `other`; status 499 when the client left. */
  http(route: string, status: number): void;
  /** A statement, whether it was answered or failed. */
  storeCall(call: StoreCall): void;
  /** A read of the graph that SQL answered though there is a Neo4j. */
  graphFallback(reason: Fallback): void;
  /** What a step of the projector of the graph did. */
  projected(seen: Seen): void;
  /** A group commit of the log. */
  flush(flush: FlushSeen): void;
  /** Later calls replace what was set under the same name. */
  watch(gauges: Gauges): void;
  /** All of them as Prometheus reads them. Figures of a store that is away are NaN; it does not reject for that. */
  print(): Promise<string>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
/** Statement names past this many are counted as `other`: no series without end, whatever a caller does. */
const STATEMENTS_MAX = 500;

/** A registry of its own, so that several gateways can live in one process. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const operations = openHistogram(registry, {
    name: 'polyphony_operation_seconds',
    help: 'Operations by kind and outcome: ok, or the most severe code among the errors.',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
  });
  const http = openCounter(registry, {
    name: 'polyphony_http_requests_total',
    help: 'Requests by route and status.',
    labelNames: ['route', 'status'],
  });
  const store = storeMetrics(registry);
  const log = logMetrics(registers);
  let gauges: Gauges = {};
  gaugesOnDemand(registers, () => gauges);
  liveMetrics(registers, () => gauges.live?.());
  busMetrics(registers, () => gauges.bus?.());
  const graphFallback = graphMetrics(registry, () => gauges.graph?.());
  const feed = feedMetrics(registers);
  const embedding = new Gauge({
    name: 'polyphony_embedding_lag_seconds',
    help: 'Age of the oldest change without its vector. NaN while unknown: off, or what was there before is swept.',
    registers,
  });
  let projection: ProjectionMetrics | undefined;
  const ofProjection = () => (projection ??= projectionMetrics(registry));

  return {
    contentType: registry.contentType,
    operation({ operation, codes }, ms) {
      operations(ms / 1_000, operation ?? 'none', outcomeOf(codes));
    },
    http: (route, status) => http(route, String(status)),
    storeCall: store,
    graphFallback,
    projected: (seen) => ofProjection().seen(seen),
    flush: log,
    watch: (more) => {
      gauges = { ...gauges, ...more };
    },
    async print() {
      feed((await gauges.feed?.().catch(() => null)) ?? null);
      embedding.set(inSeconds(await gauges.embedding?.().catch(() => null)));
      const { projectionLag_ms } = gauges;
      if (projectionLag_ms) ofProjection().lag(await projectionLag_ms().catch(() => null));
      return registry.metrics();
    },
  };
}

function storeMetrics(registry: Registry): Metrics['storeCall'] {
  const labelNames = ['store', 'statement'];
  const runs = openHistogram(registry, {
    name: 'polyphony_store_call_seconds',
    help: 'Statements by name, from the connection to the answer.',
    labelNames,
    buckets: SECONDS,
  });
  const waits = openHistogram(registry, {
    name: 'polyphony_store_wait_seconds',
    help: 'Waiting for a connection, by store.',
    labelNames: ['store'],
    buckets: SECONDS,
  });
  const errors = new Counter({
    name: 'polyphony_store_errors_total',
    help: 'Statements that failed, by name and SQLSTATE or code.',
    labelNames: [...labelNames, 'code'],
    registers: [registry],
  });
  const names = new Set<string>();
  return ({ store, name, wait_ms, run_ms, error }) => {
    if (names.size < STATEMENTS_MAX) names.add(name);
    const statement = names.has(name) ? name : 'other';
    runs(run_ms / 1_000, store, statement);
    if (wait_ms !== undefined) waits(wait_ms / 1_000, store);
    if (error !== null) errors.inc({ store, statement, code: error });
  };
}

function logMetrics(registers: Registry[]): Metrics['flush'] {
  const seconds = new Histogram({
    name: 'polyphony_log_flush_seconds',
    help: 'Group commits of the log of runs.',
    buckets: SECONDS,
    registers,
  });
  const events = new Histogram({
    name: 'polyphony_log_flush_events',
    help: 'Events committed together.',
    buckets: SIZES,
    registers,
  });
  const skipped = new Counter({
    name: 'polyphony_log_skipped_calls_total',
    help: 'Append calls that a flush left out because others kept their run locked.',
    registers,
  });
  return (flush) => {
    seconds.observe(flush.took_ms / 1_000);
    events.observe(flush.events);
    skipped.inc(flush.skipped);
  };
}

function gaugesOnDemand(registers: Registry[], gauges: () => Gauges): Gauge[] {
  const pool = new Gauge({
    name: 'polyphony_pool_connections',
    help: 'Connections by state; `waiting` counts callers without one.',
    labelNames: ['state'],
    registers,
    collect() {
      const use = gauges().pool?.();
      if (!use) return;
      this.set({ state: 'busy' }, use.total - use.idle);
      this.set({ state: 'idle' }, use.idle);
      this.set({ state: 'waiting' }, use.waiting);
    },
  });
  const appending = new Gauge({
    name: 'polyphony_log_queue_calls',
    help: 'Append calls not answered yet.',
    registers,
    collect() {
      this.set(gauges().appending?.() ?? 0);
    },
  });
  return [pool, appending];
}

/** An open transaction younger than this is nobody's concern: it would only make series. */
const OLD_TRANSACTION_ms = 1_000;

/** Answers what sets them: null while the store is away. */
function feedMetrics(registers: Registry[]): (found: FeedLag | null) => void {
  const lag = new Gauge({
    name: 'polyphony_feed_lag_seconds',
    help: 'Age of the oldest change that followers here have not read. NaN while unknown.',
    registers,
  });
  const newest = new Gauge({
    name: 'polyphony_feed_newest_change_seconds',
    help: 'Age of the newest change. NaN while unknown.',
    registers,
  });
  const oldest = new Gauge({
    name: 'polyphony_feed_oldest_transaction_seconds',
    help: 'Age of the oldest open transaction that has written, if above 1 s: it holds back the retention of changes.',
    labelNames: ['pid', 'application', 'state'],
    registers,
  });
  return (found) => {
    lag.set(inSeconds(found?.lag_ms));
    newest.set(inSeconds(found?.newestAge_ms));
    oldest.reset();
    const open = found?.oldestTransaction;
    if (!open || open.age_ms < OLD_TRANSACTION_ms) return;
    const { pid, application, state } = open;
    oldest.set({ pid, application, state }, inSeconds(open.age_ms));
  };
}

function inSeconds(ms: number | null | undefined): number {
  return typeof ms === 'number' ? ms / 1_000 : Number.NaN;
}

/** The most severe first. Everything else a caller did to itself. */
const SEVERE = ['INTERNAL', 'UNAVAILABLE', 'LIMITED'];

function outcomeOf(codes: readonly string[]): string {
  if (codes.length === 0) return 'ok';
  const worst = SEVERE.find((code) => codes.includes(code)) ?? codes[0] ?? 'INVALID';
  return worst.toLowerCase();
}
