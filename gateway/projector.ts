/** The projector of the graph in a gateway: its log, its metrics. */
import type { Logger } from 'pino';
import { openFeed } from '../resolvers/events/feed/feed.ts';
import { feedLag } from '../resolvers/events/feed/feed-lag.ts';
import type { Projection } from '../resolvers/graph/projection.ts';
import type { FeedHub } from '../resolvers/live/feed/feed-hub.ts';
import { startProjector, type Projector } from '../resolvers/projectors/graph.ts';
import type { Seen, StepParts } from '../resolvers/projectors/graph-step.ts';
import type { Sql } from '../resolvers/sql.ts';
import type { Config } from './config.ts';
import { within } from './limits/deadline.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What steps of a projector need of open stores. */
export function stepParts(
  sql: Sql,
  projection: Projection,
  seen?: (seen: Seen) => void,
): StepParts {
  const parts = { sql, feed: openFeed(sql), projection, now: () => new Date() };
  return seen ? { ...parts, seen } : parts;
}

/** Starts it; a Neo4j that is away is waited for. */
export function projectGraph(
  parts: StepParts,
  hub: FeedHub,
  config: Config,
  log: Logger,
  metrics: Metrics,
): Projector {
  const projector = startProjector({
    ...parts,
    hub,
    away: (error) => log.warn({ err: error }, 'the graph is not projected to Neo4j for now'),
    back: () => log.info('the graph is projected to Neo4j again'),
  });
  const lag = async () => {
    const position = projector.position();
    return position ? (await feedLag(parts.sql, position)).lag_ms : null;
  };
  // A scrape must not hang with the store.
  metrics.watch({ projectionLag_ms: () => within(config.health_deadline_ms, lag()) });
  return projector;
}

/** Told of what steps do: counted, and the large of it logged. */
export function seenIn(log: Logger, metrics: Metrics): (seen: Seen) => void {
  return (seen) => {
    metrics.projected(seen);
    if (seen.what === 'rebuilding') {
      log.info({ reason: seen.reason }, 'the graph in Neo4j is rebuilt');
    }
    if (seen.what === 'rebuilt') log.info('the graph in Neo4j is rebuilt: all of it is there');
  };
}
