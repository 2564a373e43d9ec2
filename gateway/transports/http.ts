/** The paths of the gateway over HTTP: which there are, who may ask, and what is noted of each request. */
import type { RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { NotFound, Refusal } from '../../resolvers/errors.ts';
import { Rejected, renderError, type Report } from '../errors.ts';
import {
  resultOf,
  type Answer,
  type AnswerFunction,
  type Asker,
  type Params,
} from '../execution/answer.ts';
import { paramsOfBody, paramsOfUrl } from '../execution/params.ts';
import type { Bodies, Release } from '../limits/body.ts';
import { checkContent, checkOrigin } from '../limits/origin.ts';
import { graphiqlPage } from '../pages/graphiql.ts';
import { landingPage } from '../pages/landing.ts';
import { pageScript } from '../pages/scripts.ts';
import type { HealthCheck } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Exchange, send, sendJson, sendRefusal } from './exchange.ts';
import { mediaTypeOf, sendAnswer } from './direct.ts';
import type { Streams } from './sse.ts';
import { openYoga } from './yoga.ts';

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

type Route = (exchange: Exchange) => void | Promise<void>;

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
    response.once('close', () => {
      if (!response.writableFinished) exchange.gone.abort(CLOSED);
      note(exchange, route ? path : 'other', parts);
    });
    void serve(exchange, path, route, parts.reportOf(exchange.id));
  };
}

const PLAIN = 'text/plain; charset=utf-8';
const CLOSED = new Error('the connection closed before the answer was sent');

/** Without what comes after `?`. */
function pathOf(exchange: Exchange): string {
  const { url } = exchange.request;
  return url === GRAPHQL ? GRAPHQL : exchange.url.pathname;
}

async function serve(
  exchange: Exchange,
  path: string,
  route: Route | undefined,
  report: Report,
): Promise<void> {
  try {
    checkOrigin(exchange.request.headers);
    if (!route) throw new NotFound('path', path.slice(0, 100));
    checkMethod(exchange, path);
    await route(exchange);
  } catch (error) {
    if (exchange.gone.aborted) return;
    if (error instanceof Refusal) return sendRefusal(exchange, error);
    const { message, extensions } = renderError(error, report, false);
    sendJson(exchange, 500, { errors: [{ message, extensions }] });
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

function graphqlRoute({ answer, isSubscription, streams, bodies, reportOf }: HttpParts): Route {
  const yoga = openYoga(GRAPHQL);
  return async (exchange) => {
    const { request, response } = exchange;
    const isPost = request.method === 'POST';
    if (isPost) checkContent(request.headers);
    else if (request.headers.accept?.includes('text/html')) return graphiqlPage(exchange);

    let release: Release | undefined;
    let known: Params | undefined;
    const readParams = async () => {
      if (known) return known;
      if (!isPost) return paramsOfUrl(exchange.url.searchParams);
      const read = await bodies.read(request);
      release = read.release;
      return paramsOfBody(read.body);
    };
    const explain = request.headers['x-explain'] === '1';
    const asker: Asker = {
      requestId: exchange.id,
      signal: exchange.gone,
      mayMutate: isPost,
      explain,
    };
    const refused = (error: unknown) => renderError(error, reportOf(exchange.id), true);
    try {
      const type = isPost ? mediaTypeOf(request.headers.accept) : null;
      if (type) {
        let params: Params;
        try {
          params = await readParams();
        } catch (error) {
          exchange.answer = { ...NOTHING_ASKED, errors: [refused(error)] };
          return sendAnswer(exchange, exchange.answer, type);
        }
        const made = answer(params, asker);
        exchange.answer = made instanceof Promise ? await made : made;
        return sendAnswer(exchange, exchange.answer, type);
      }
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
            throw refused(error);
          }
        },
        answer: async (params) => {
          exchange.answer = await answer(params, asker);
          return resultOf(exchange.answer);
        },
      });
    } finally {
      release?.();
    }
  };
}

/** Of a request whose parameters could not be read. */
const NOTHING_ASKED = { data: undefined, codes: [], operation: null, operationName: null };

async function readyRoute(exchange: Exchange, health: HealthCheck): Promise<void> {
  const found = await health.check();
  sendJson(exchange, found.ready ? 200 : 503, found);
}

async function metricsRoute(exchange: Exchange, metrics: Metrics): Promise<void> {
  send(exchange, 200, metrics.contentType, await metrics.print());
}

/** One log line and one count a request, once its connection is done with it. */
function note({ answer, ...exchange }: Exchange, route: string, { log, metrics }: HttpParts): void {
  const { response, request } = exchange;
  const ms = Math.round((performance.now() - exchange.began_ms) * 100) / 100;
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
  return route === '/graphql' || status >= 400 ? 'info' : 'debug';
}
