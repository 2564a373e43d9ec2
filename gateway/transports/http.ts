/** The paths of the gateway over HTTP: which there are, who may ask, and what is noted of each request. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { NotFound, Refusal } from '../../resolvers/errors.ts';
import { Rejected, renderError, type Report } from '../errors.ts';
import { resultOf, type Answer, type AnswerFunction, type Params } from '../execution/answer.ts';
import { paramsOfBody, paramsOfUrl } from '../execution/params.ts';
import type { Bodies, Body } from '../limits/body.ts';
import { checkContent, checkOrigin } from '../limits/origin.ts';
import { graphiqlPage } from '../pages/graphiql.ts';
import { landingPage } from '../pages/landing.ts';
import { pageScript } from '../pages/scripts.ts';
import type { HealthCheck } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Exchange, send, sendJson, sendRefusal } from './exchange.ts';
import { answerDirectly, askerOf, mediaTypeOf } from './direct.ts';
import type { Streams } from './sse.ts';
import { openYoga } from './yoga.ts';

/** What the paths need of the gateway. */
export interface HttpParts {
  readonly answer: AnswerFunction;
  readonly isSubscription: (params: Params) => boolean;
  readonly streams: Streams;
  readonly bodies: Bodies;
  readonly health: HealthCheck;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly reportOf: (requestId: string) => Report;
  /** The schema as text. */
  readonly printedSchema: string;
}

/** Answers one path. `failed` takes what goes wrong once it has returned, where it answers no promise that rejects. */
type Route = (exchange: Exchange, failed: (error: unknown) => void) => void | Promise<void>;

const GRAPHQL = '/graphql';

/** Answers every request; never throws. An unknown path is 404, an unknown method of a known one 405. */
export function httpListener(parts: HttpParts): RequestListener {
  const routes = new Map<string, Route>([
    [GRAPHQL, graphqlRoute(parts)],
    ['/', (exchange) => landingPage(exchange, parts.answer)],
    ['/client.js', (exchange) => pageScript(exchange, 'client')],
    ['/landing.js', (exchange) => pageScript(exchange, 'landing')],
    ['/health/live', (exchange) => sendJson(exchange, 200, { live: true })],
    ['/health/ready', (exchange) => readyRoute(exchange, parts.health)],
    ['/metrics', (exchange) => metricsRoute(exchange, parts.metrics)],
    ['/schema.graphql', (exchange) => send(exchange, 200, PLAIN, parts.printedSchema)],
  ]);
  return (request, response) => {
    const exchange = new Exchange(request, response);
    const path = pathOf(exchange);
    const route = routes.get(path);
    whenClosed(exchange, () => {
      if (!response.writableFinished) exchange.gone.abort(CLOSED);
      note(exchange, route ? path : 'other', parts);
    });
    serve(exchange, path, route, parts);
  };
}

/**
 * Once, when the connection is done with the response. One that waits behind others of its connection has no socket
 * yet, and node does not tell it when that closes.
 */
function whenClosed({ request, response }: Exchange, told: () => void): void {
  if (response.socket) {
    response.on('close', told);
    return;
  }
  const { socket } = request;
  const closed = () => {
    socket.off('close', closed);
    response.off('close', closed);
    told();
  };
  response.on('close', closed);
  socket.setMaxListeners(0).on('close', closed); // As many as a client sends at once.
}

const PLAIN = 'text/plain; charset=utf-8';
const CLOSED = new Error('the connection closed before the answer was sent');

/** Without what comes after `?`. */
function pathOf(exchange: Exchange): string {
  const { url } = exchange.request;
  return url === GRAPHQL ? GRAPHQL : exchange.url.pathname;
}

function serve(
  exchange: Exchange,
  path: string,
  route: Route | undefined,
  { reportOf }: HttpParts,
): void {
  const failed = (error: unknown) => {
    if (exchange.gone.aborted) return;
    if (error instanceof Refusal) return sendRefusal(exchange, error);
    const { message, extensions } = renderError(error, reportOf(exchange.id), false);
    sendJson(exchange, 500, { errors: [{ message, extensions }] });
  };
  try {
    checkOrigin(exchange.request.headers);
    if (!route) throw new NotFound('path', path.slice(0, 100));
    checkMethod(exchange, path);
    route(exchange, failed)?.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function checkMethod({ request }: Exchange, path: string): void {
  const allowed = path === GRAPHQL ? ['GET', 'POST'] : ['GET', 'HEAD'];
  if (allowed.includes(request.method ?? '')) return;
  throw new Rejected(
    'INVALID',
    405,
    `the method must be ${allowed.join(' or ')}, got ${request.method}`,
    {
      headers: { allow: allowed.join(', ') },
    },
  );
}

function graphqlRoute(parts: HttpParts): Route {
  const answerOtherwise = otherWays(parts);
  return (exchange, failed) => {
    const { method, headers } = exchange.request;
    if (method === 'POST') {
      checkContent(headers);
      const type = mediaTypeOf(headers.accept);
      if (type) return answerDirectly(parts, exchange, type, failed);
    } else if (headers.accept?.includes('text/html')) return graphiqlPage(exchange);
    return answerOtherwise(exchange);
  };
}

/** By GET, as an event stream, and in whatever else yoga writes. */
function otherWays({ answer, isSubscription, streams, bodies, reportOf }: HttpParts) {
  const yoga = openYoga(GRAPHQL);
  return async (exchange: Exchange): Promise<void> => {
    const { request, response } = exchange;
    let body: Body | undefined;
    let known: Params | undefined;
    const readParams = async () => {
      if (known) return known;
      if (request.method !== 'POST') return paramsOfUrl(exchange.url.searchParams);
      body = await readBody(bodies, request);
      return paramsOfBody(body.bytes);
    };
    const asker = askerOf(exchange);
    try {
      exchange.setHeaders(); // What comes now writes by itself.
      if (streams.asked(exchange)) {
        const params = await readParams();
        if (isSubscription(params)) return await streams.send(exchange, params, asker);
        known = params;
      }
      await yoga(request, response, {
        read: async () => {
          try {
            return await readParams();
          } catch (error) {
            throw renderError(error, reportOf(exchange.id), true);
          }
        },
        answer: async (params) => {
          exchange.answer = await answer(params, asker);
          return resultOf(exchange.answer);
        },
      });
    } finally {
      body?.release();
    }
  };
}

function readBody(bodies: Bodies, request: IncomingMessage): Promise<Body> {
  return new Promise((resolve, reject) => {
    bodies.read(request, (body) => (body instanceof Error ? reject(body) : resolve(body)));
  });
}

async function readyRoute(exchange: Exchange, health: HealthCheck): Promise<void> {
  const found = await health.check();
  sendJson(exchange, found.ready ? 200 : 503, found);
}

async function metricsRoute(exchange: Exchange, metrics: Metrics): Promise<void> {
  send(exchange, 200, metrics.contentType, await metrics.print());
}

/** One log line and one count a request, and one more of its operation, once its connection is done with it. */
function note(exchange: Exchange, route: string, { log, metrics }: HttpParts): void {
  const { response, request, answer, began_ms } = exchange;
  const ms = Math.round((performance.now() - began_ms) * 100) / 100;
  const status = statusTold(response);
  metrics.http(route, status);
  if (answer) metrics.operation(answer, ms);
  const level = levelOf(route, status, answer);
  if (!log.isLevelEnabled(level)) return;
  const line = {
    requestId: exchange.id,
    method: request.method,
    route,
    status,
    ms,
    ...(answer?.operation ? { operation: answer.operation } : {}),
    ...(answer?.operationName ? { operationName: answer.operationName.slice(0, 80) } : {}),
    ...(answer?.codes.length ? { codes: answer.codes } : {}),
  };
  log[level](line, 'request');
}

/** 499, as nginx has it, when the client left before its answer. */
function statusTold(response: ServerResponse): number {
  return response.writableFinished ? response.statusCode : 499;
}

function levelOf(route: string, status: number, answer?: Answer): 'debug' | 'info' | 'warn' {
  if (status >= 500 || answer?.codes.includes('INTERNAL')) return 'warn';
  return route === GRAPHQL || status >= 400 ? 'info' : 'debug';
}
