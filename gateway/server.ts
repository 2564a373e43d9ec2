/** The gateway without its stores: a schema, a context for each operation, and what goes around them. */
import { assertValidSchema, printSchema, type GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Live } from '../resolvers/live/live.ts';
import type { Config } from './config.ts';
import type { Report } from './errors.ts';
import { answering, type Answering } from './execution/answer.ts';
import { openDocuments } from './execution/documents.ts';
import { openBodies } from './limits/body.ts';
import { operationCheck } from './limits/operation.ts';
import type { HealthCheck } from './telemetry/health.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { openSharing } from './execution/sharing.ts';
import { isSubscription, streaming } from './execution/stream.ts';
import { httpListener } from './transports/http.ts';
import { listen, type Listening } from './transports/listen.ts';
import { openStreams } from './transports/sse.ts';
import { openSockets, type SocketLimits } from './transports/ws.ts';

/** Texts of remembered documents together; QUERY_DOCUMENTS_MAX bounds their number. */
const DOCUMENT_CHARACTERS_MAX = 1_000_000;

export interface ServerParts {
  readonly config: Config;
  readonly schema: GraphQLSchema;
  readonly contextOf: Answering['contextOf'];
  readonly live: Pick<Live, 'counts'>;
  readonly health: HealthCheck;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Serves until drained. Rejects with StartError when it cannot listen. */
export async function serve(parts: ServerParts): Promise<Listening> {
  const { config, schema, log } = parts;
  assertValidSchema(schema);
  const reportOf = (requestId: string): Report => {
    return (error, id) => log.error({ err: error, id, requestId }, 'internal error');
  };
  const asked: Answering = {
    schema,
    documentOf: openDocuments(schema, {
      tokens_max: config.query_tokens_max,
      documents_max: config.query_documents_max,
      characters_max: DOCUMENT_CHARACTERS_MAX,
    }),
    contextOf: parts.contextOf,
    check: operationCheck({
      depth: config.query_depth_max,
      fields: config.query_fields_max,
      aliases: config.query_aliases_max,
      directives: config.query_directives_max,
      cost: config.query_cost_max,
    }),
    deadline_ms: config.request_deadline_ms,
    reportOf,
  };
  const answer = answering(asked);
  const sharing = openSharing(asked);
  const stream = streaming(asked, sharing);
  const streams = openStreams(stream, {
    heartbeat_ms: config.live_heartbeat_ms,
    stalled_ms: config.live_stalled_ms,
    retry_ms: config.live_retry_ms,
  });
  const bodies = openBodies({
    body_bytes_max: config.http_body_bytes_max,
    bodies_bytes_max: config.http_bodies_bytes_max,
  });
  const listener = httpListener({
    ...parts,
    answer,
    isSubscription: (params) => isSubscription(asked, params),
    streams,
    bodies,
    reportOf,
    printedSchema: printSchema(schema),
  });
  return listen(config, listener, (server) => {
    const sockets = openSockets(server, {
      answering: asked,
      answer,
      stream,
      reportOf,
      limits: socketLimits(config),
    });
    parts.metrics.watch({
      live: () => ({
        ...sockets.counts(),
        streams: streams.count(),
        ...sharing.counts(),
        ...parts.live.counts(),
      }),
    });
    return async (late) => {
      streams.drain();
      await sockets.drain(late);
    };
  });
}

function socketLimits(config: Config): SocketLimits {
  return {
    message_bytes_max: config.http_body_bytes_max,
    init_wait_ms: config.ws_init_wait_ms,
    buffered_bytes_max: config.ws_buffered_bytes_max,
    stalled_ms: config.live_stalled_ms,
    ping_ms: config.live_heartbeat_ms,
    sockets_max: config.ws_sockets_max,
    operations_max: config.ws_operations_max,
  };
}
