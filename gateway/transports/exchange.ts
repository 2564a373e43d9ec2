/** One request and its response on the wire: id, standard headers, and how answers that are not GraphQL are sent. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal } from '../../resolvers/errors.ts';
import { Rejected, refusalExtensions, statusOf } from '../errors.ts';
import type { Answer } from '../execution/answer.ts';

export interface Exchange {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Aborts when the connection closed before the answer was sent. */
  readonly gone: AbortSignal;
  readonly began_ms: number;
  /** What was answered to the operation, for the log line and the metrics. */
  answer?: Answer;
}

/** What a client may name its request: short, and harmless in a header and a log line. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;

/** For every answer: no guessing of types, no leaking of addresses, no reading by other sites, no copies kept. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Begins an exchange: takes or makes its id and sets the standard headers. Throws on a target that is no path. */
export function beginExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  response.setHeader('x-request-id', id);

  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const url = new URL(`http://gateway${request.url?.startsWith('/') ? request.url : '/'}`);
  return { id, request, response, url, gone: gone.signal, began_ms: performance.now() };
}

/** Sends a whole answer. Of HEAD, node leaves the body out. */
export function send(
  { response }: Exchange,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': bytes.length });
  response.end(bytes);
}

export function sendJson(exchange: Exchange, status: number, value: unknown): void {
  send(exchange, status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`);
}

/** A refusal in the form of a GraphQL answer, whatever was asked for. */
export function sendRefusal(exchange: Exchange, refusal: Refusal): void {
  const accepted = exchange.request.headers.accept ?? '';
  const type = accepted.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  const errors = [{ message: refusal.message, extensions: refusalExtensions(refusal) }];
  const headers = refusal instanceof Rejected ? refusal.headers : {};
  const body = `${JSON.stringify({ errors })}\n`;
  send(exchange, statusOf(refusal), `${type}; charset=utf-8`, body, headers);
}
