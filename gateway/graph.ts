/** What the graph is read from: SQL alone, or Neo4j with SQL behind it. */
import type { Logger } from 'pino';
import type { Ctx } from '../resolvers/context.ts';
import type { FeedHub } from '../resolvers/live/feed/feed-hub.ts';
import type { GraphReads } from '../resolvers/graph/port.ts';
import type { Projection } from '../resolvers/graph/projection.ts';
import { FALLBACKS, type Fallback } from '../resolvers/graph/told.ts';
import { redactUrl } from './config-docs.ts';
import type { Config } from './config.ts';
import { openBreaker } from './stores/breaker.ts';
import { openBulkhead } from './stores/bulkhead.ts';
import { openGraphNeo4j, type GraphNeo4j } from './stores/graph-neo4j.ts';
import { projectionOver } from './stores/graph-neo4j/projection.ts';
import type { Neo4jCall } from './stores/graph-neo4j/client.ts';
import { PROJECTED } from './stores/graph/projected.ts';
import { graphRouter } from './stores/graph/router.ts';
import { openProjectionWatch } from './stores/graph/watch.ts';
import { graphOverSql } from './stores/graph-sql.ts';
import type { Probe } from './telemetry/health.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface GraphParts {
  /** For operations: from whichever store. What must not be older than the truth reads graphOverSql. */
  readonly graphFor: (ctx: Ctx) => GraphReads;
  /** What a projector keeps; null where there is no Neo4j. */
  readonly projection: Projection | null;
  /** For health: the gateway is ready without it. */
  readonly probes: Readonly<Record<string, Probe>>;
  /** For the person who started it. */
  readonly uses: readonly string[];
  close(): Promise<void>;
}

/** Connections that no read takes: for the look at the projection, and for the projector. */
const KEPT = 3;
/** Between two looks at the projection, at most. */
const LOOK_ms = 1_000;

/** Opens Neo4j where NEO4J_URL names one. One that is away is waited for while SQL answers. */
export async function openGraphParts(
  feed: Pick<FeedHub, 'first'>,
  config: Config,
  log: Logger,
  metrics: Metrics,
): Promise<GraphParts> {
  const { neo4j_url } = config;
  if (neo4j_url === undefined) {
    const close = () => Promise.resolve();
    return { graphFor: graphOverSql, projection: null, probes: {}, uses: [], close };
  }
  const called = (call: Neo4jCall) => {
    metrics.storeCall(call);
    const { name, run_ms, rows } = call;
    if (run_ms < config.slow_statement_ms) return;
    log.warn({ store: 'neo4j', statement: name, ms: Math.round(run_ms), rows }, 'slow statement');
  };
  const neo4j = await openGraphNeo4j({
    url: neo4j_url,
    timeout_ms: config.neo4j_timeout_ms,
    connections_max: config.neo4j_connections_max,
    called,
  });
  const { watch, graphFor } = route(neo4j, feed, config, log, metrics);
  return {
    graphFor,
    projection: projectionOver(neo4j.client),
    probes: { neo4j: () => probe(neo4j, watch) },
    uses: [`Neo4j at ${redactUrl(neo4j_url)}`],
    async close() {
      await Promise.all([watch.close(), neo4j.close()]); // Which ends a look that hangs.
    },
  };
}

function route(
  { client }: GraphNeo4j,
  feed: Pick<FeedHub, 'first'>,
  config: Config,
  log: Logger,
  metrics: Metrics,
) {
  const places = Math.max(1, config.neo4j_connections_max - KEPT);
  const bulkhead = openBulkhead({ places, waiting_max: places, wait_ms: config.neo4j_queue_ms });
  const breaker = openBreaker({
    failures: config.neo4j_breaker_failures,
    window_ms: config.neo4j_breaker_window_ms,
    open_ms: config.neo4j_breaker_open_ms,
  });
  const failed = (error: unknown) => log.error({ err: error }, 'Neo4j answered with an error');
  const staleMax_ms = config.neo4j_stale_max_ms;
  const watch = openProjectionWatch({
    reader: client,
    first: () => feed.first(),
    breaker,
    staleMax_ms,
    every_ms: Math.min(LOOK_ms, staleMax_ms / 4, config.neo4j_breaker_open_ms),
    first_ms: config.neo4j_timeout_ms,
    changed: (reason) => tell(log, reason),
    failed,
  });
  const graphFor = graphRouter({
    client,
    watch,
    breaker,
    bulkhead,
    timeout_ms: config.neo4j_timeout_ms,
    consistencyWait_ms: config.neo4j_consistency_wait_ms,
    fellBack: (reason) => metrics.graphFallback(reason),
    failed,
  });
  metrics.watch({
    graph: () => ({
      isRead: watch.against() === null,
      breaker: breaker.state(),
      stale_ms: watch.stale_ms(),
      ...bulkhead.counts(),
    }),
  });
  return { watch, graphFor };
}

function tell(log: Logger, reason: Fallback | null): void {
  if (reason === null) log.info('the graph is read from Neo4j');
  else log.warn({ reason }, `the graph is read from SQL: Neo4j is not read, ${FALLBACKS[reason]}`);
}

/** Rejects while it does not answer; that it is not read has other reasons as well. */
async function probe(
  { client }: GraphNeo4j,
  watch: ReturnType<typeof openProjectionWatch>,
): ReturnType<Probe> {
  await client.read(PROJECTED, {});
  const [against, stale_ms] = [watch.against(), watch.stale_ms()];
  return {
    isRead: against === null,
    ...(against === null ? {} : { because: FALLBACKS[against] }),
    ...(stale_ms === null ? {} : { stale_ms: Math.round(stale_ms) }),
  };
}
