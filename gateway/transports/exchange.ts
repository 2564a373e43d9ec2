/** One request and its response on the wire: id, standard headers, and how whole answers are sent. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal } from '../../resolvers/errors.ts';
import { Rejected, refusalExtensions, statusOf } from '../errors.ts';
import type { Answer } from '../execution/answer.ts';
import { Stop } from '../../resolvers/stop.ts';

/** What a request is called, and its parts. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  /** Aborts when the connection closed before the answer was sent. */
  readonly gone = new Stop();
  readonly began_ms = performance.now();
  /** What was answered to the operation, for the log line and the metrics. */
  answer?: Answer;
  #url: URL | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    const given = request.headers['x-request-id'];
    if (!request.url?.startsWith('/')) request.url = pathIn(request.url);
    this.request = request;
    this.response = response;
    this.id = typeof given === 'string' && REQUEST_ID.test(given) ? given : newRequestId();
  }

  get url(): URL {
    return (this.#url ??= new URL(`http://gateway${this.request.url}`));
  }

  /** Sets the headers of every answer on the response, for who writes it by itself. */
  setHeaders(): void {
    for (const [name, value] of STANDARD) this.response.setHeader(name, value);
    this.response.setHeader('x-request-id', this.id);
  }
}

/** Unlike those of other processes, at a tenth of a uuid's cost. */
const PREFIX = randomBytes(9).toString('base64url');
let requests = 0;

function newRequestId(): string {
  requests += 1;
  return `${PREFIX}-${requests.toString(36)}`;
}

/** Path and query of a target that names its server, as proxies are sent it; who may be named, Host says. Else `/`. */
function pathIn(target = ''): string {
  const [, rest = ''] = /^https?:\/\/[^/?#]*(.*)$/is.exec(target) ?? [];
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** What a client may name its request: short, and harmless in a header and a log line. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;

/** For every answer: no guessing of types, no reading by other sites, no copies kept. Pages have more (pages/html.ts). */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

const STANDARD = Object.entries(HEADERS);
const STANDARD_FLAT = STANDARD.flat();

/** Sends a whole answer, as one text or in parts. Of HEAD, node leaves the body out. */
export function send(
  { response, id }: Exchange,
  status: number,
  type: string,
  body: string | Buffer | readonly (string | Buffer)[],
  headers?: Readonly<Record<string, string>>,
): void {
  if (response.headersSent || response.destroyed) return;
  const parts = typeof body === 'string' || Buffer.isBuffer(body) ? [body] : body;
  const flat = headers ? Object.entries({ ...HEADERS, ...headers }).flat() : STANDARD_FLAT.slice();
  flat.push('x-request-id', id);
  flat.push('content-type', type, 'content-length', String(bytesOf(parts)));
  response.writeHead(status, flat);
  const last = parts.length - 1;
  for (let at = 0; at < last; at += 1) response.write(parts[at]); // All go together: it is corked.
  response.end(parts[last]);
}

function bytesOf(parts: readonly (string | Buffer)[]): number {
  let bytes = 0;
  for (const part of parts) bytes += Buffer.byteLength(part);
  return bytes;
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
