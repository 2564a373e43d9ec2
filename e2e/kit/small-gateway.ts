/** A server on a schema of a test, without stores: for what transports and limits promise. */
import { buildSchema, type GraphQLSchema, type GraphQLFieldResolver } from 'graphql';
import { parseConfig, type Environment } from '../../gateway/config.ts';
import { serve } from '../../gateway/server.ts';
import { openHealth, type HealthCheck, type Probe } from '../../gateway/telemetry/health.ts';
import { openLogs } from '../../gateway/telemetry/logs.ts';
import { openMetrics, type Metrics } from '../../gateway/telemetry/metrics.ts';
import type { Listening } from '../../gateway/transports/listen.ts';
import type { Ctx } from '../../resolvers/context.ts';

export type Resolvers = Record<string, GraphQLFieldResolver<unknown, Ctx>>;

export interface SmallGateway extends Listening {
  /** Every line logged so far. */
  readonly lines: string[];
  readonly health: HealthCheck;
  readonly metrics: Metrics;
  /** Posts an operation as JSON. */
  ask(query: string, more?: object, headers?: Record<string, string>): Promise<Response>;
}

/** `resolvers` are those of Query and Mutation, by field. Listens on any free port. Logs everything. */
export async function startSmallGateway(
  sdl: string,
  resolvers: Resolvers = {},
  settings: Environment = {},
  probes: Record<string, Probe> = {},
): Promise<SmallGateway> {
  const config = parseConfig({ PORT: 0, LOG_LEVEL: 'debug', ...settings });
  const lines: string[] = [];
  const health = openHealth(probes, config.health_deadline_ms);
  const metrics = openMetrics();
  const listening = await serve({
    config,
    schema: schemaWith(sdl, resolvers),
    contextOf: (_asker, signal) => ({ signal }) as Ctx,
    health,
    metrics,
    log: openLogs(config.log_level, { write: (line) => lines.push(line) }),
  });
  const ask = (query: string, more: object = {}, headers: Record<string, string> = {}) =>
    fetch(`${listening.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, ...more }),
    });
  return { ...listening, lines, health, metrics, ask };
}

function schemaWith(sdl: string, resolvers: Resolvers): GraphQLSchema {
  const schema = buildSchema(sdl);
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const resolve = resolvers[field.name];
      if (resolve) field.resolve = resolve;
    }
  }
  return schema;
}
