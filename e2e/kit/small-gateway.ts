/** A server on a schema of a test, without stores: for what transports and limits promise. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { buildSchema, type GraphQLSchema, type GraphQLFieldResolver } from 'graphql';
import { parseConfig, type Environment } from '../../gateway/config.ts';
import { serve } from '../../gateway/server.ts';
import { openHealth, type HealthCheck, type Probe } from '../../gateway/telemetry/health.ts';
import { openLogs } from '../../gateway/telemetry/logs.ts';
import { openMetrics, type Metrics } from '../../gateway/telemetry/metrics.ts';
import type { Listening } from '../../gateway/transports/listen.ts';
import type { LiveCtx } from '../../resolvers/context.ts';

export type Resolvers = Record<string, GraphQLFieldResolver<unknown, LiveCtx>>;

export interface SmallGateway extends Listening {
  /** Every line logged so far. */
  readonly lines: string[];
  readonly health: HealthCheck;
  readonly metrics: Metrics;
  /** Posts an operation as JSON. */
  ask(query: string, more?: object, headers?: Record<string, string>): Promise<Response>;
}

const NOTHING_LIVE = {
  runs: 0,
  followers: 0,
  headsRepairs: 0,
  gapRepairs: 0,
  feedFollowers: 0,
  feedBehind: 0,
  feedReads: 0,
};

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
    contextOf: (_asker, signal) => ({ signal }) as LiveCtx,
    live: { counts: () => NOTHING_LIVE },
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

export const JSON_TYPE = { 'content-type': 'application/json' };
export const GRAPHQL = { accept: 'application/graphql-response+json' };

/** A response with its body read. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  json(): { data?: unknown; errors?: { message: string; extensions: Record<string, unknown> }[] };
}

/** A request as given, to the byte: fetch sets Host, Origin and lengths by itself. */
export async function raw(
  gateway: Pick<Listening, 'url'>,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<Answered> {
  const sent = httpRequest(`${gateway.url}${path}`, { method, headers });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: text,
    json: () => JSON.parse(text) as ReturnType<Answered['json']>,
  };
}

/** Posts a body as JSON, valid or not. */
export const post = (
  gateway: Pick<Listening, 'url'>,
  body: string | Buffer,
  headers: Record<string, string> = {},
) => raw(gateway, '/graphql', { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body });

const SDL = `
  type Query { hello(name: String): String, slow: String, broken: String }
  type Mutation { go: String }`;

/** Starts gateways on a small schema, for one test file; `end` cuts what is still there. */
export function smallGateways() {
  const open: SmallGateway[] = [];
  const start = async (
    resolvers: Resolvers = {},
    settings: Environment = {},
    probes: Record<string, Probe> = {},
  ): Promise<SmallGateway> => {
    const all = { hello: () => 'world', ...resolvers };
    const gateway = await startSmallGateway(SDL, all, settings, probes);
    open.push(gateway);
    return gateway;
  };
  const end = async (): Promise<void> => {
    await Promise.all(open.splice(0).map((gateway) => gateway.drain(0)));
  };
  return { start, end };
}
