/** What makes a gateway live: the bus between gateways, and the runs that it follows for its subscribers. */
import type { Logger } from 'pino';
import { Refusal } from '../resolvers/errors.ts';
import { openLive, type Live } from '../resolvers/live/live.ts';
import type { Bus } from '../resolvers/ports.ts';
import { redactUrl } from './config-docs.ts';
import type { Config } from './config.ts';
import { openLocalBus } from './stores/bus-local.ts';
import { openRedisBus } from './stores/bus-redis.ts';
import { graphOverSql } from './stores/graph-sql.ts';
import type { Store } from './stores/postgres.ts';
import type { Probe } from './telemetry/health.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface LiveParts {
  readonly live: Live;
  /** For health: stores without which the gateway is ready all the same. */
  readonly probes: Readonly<Record<string, Probe>>;
  /** For the person who started it. */
  readonly uses: readonly string[];
  close(): Promise<void>;
}

/** Opens the bus, by Redis where REDIS_URL names one, and what listens to it. A Redis that is away is waited for. */
export async function openLiveParts(
  store: Store,
  config: Config,
  log: Logger,
  metrics: Metrics,
): Promise<LiveParts> {
  const { redis_url } = config;
  const bus = redis_url === undefined ? openLocalBus() : await openRedis(redis_url, config, log);
  metrics.watch({ bus: () => bus.counts() });
  const live = openLive(store.sql, bus, {
    heads_ms: config.live_heads_ms,
    graph: graphOverSql(store),
    onError: (error) => log.warn({ err: error }, 'a look at the heads of followed runs failed'),
  });
  return {
    live,
    probes: redis_url === undefined ? {} : { redis: () => probeBus(bus) },
    uses: redis_url === undefined ? [] : [`Redis at ${redactUrl(redis_url)}`],
    async close() {
      await live.close();
      await bus.close();
    },
  };
}

function openRedis(url: string, config: Config, log: Logger): Promise<Bus> {
  return openRedisBus(url, {
    timeout_ms: config.redis_timeout_ms,
    pending_max: config.redis_pending_max,
    away: (error) =>
      log.warn({ err: error }, 'Redis is away: what is live goes on by the look at the heads'),
    back: () => log.info('Redis is back'),
  });
}

function probeBus(bus: Bus): ReturnType<Probe> {
  const { connected, ...counts } = bus.counts();
  if (connected) return Promise.resolve(counts);
  return Promise.reject(new Refusal('UNAVAILABLE', 'redis is not connected'));
}
