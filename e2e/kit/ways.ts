/** The ways in which one operation reaches the gateway and is answered, for tests that ask the same on all of them. */
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { until } from './until.ts';

/** The parameters of GraphQL over HTTP. */
export interface AskedParams {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: object;
  readonly extensions?: object;
}

/** One result, whatever it was wrapped in. */
export interface Given {
  readonly result: {
    readonly data?: unknown;
    readonly errors?: readonly GivenError[];
    readonly extensions?: Readonly<Record<string, unknown>>;
  };
  /** Null over a WebSocket. */
  readonly status: number | null;
  readonly headers: IncomingHttpHeaders;
}

export interface GivenError {
  readonly message: string;
  readonly locations?: readonly object[];
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** How it comes, and in which type it is answered. */
export interface Way {
  readonly name: string;
  readonly by: 'post' | 'get' | 'socket';
  /** Of the answer. */
  readonly type: 'json' | 'graphql' | 'multipart' | 'events' | 'messages';
  /** Rejects when the connection ends without an answer, and when the signal ends it. */
  ask(
    url: string,
    params: AskedParams,
    headers?: Readonly<Record<string, string>>,
    leave?: AbortSignal,
  ): Promise<Given>;
}

/** The media type of each type of answer. */
export const TYPES: Readonly<Record<Way['type'], string | undefined>> = {
  json: 'application/json; charset=utf-8',
  graphql: 'application/graphql-response+json; charset=utf-8',
  multipart: 'multipart/mixed; boundary="-"',
  events: 'text/event-stream',
  messages: undefined,
};

type Read = (text: string) => Given['result'];

const parsed: Read = (text) => JSON.parse(text) as Given['result'];

/** The one part of a multipart answer. */
const ofParts: Read = (text) => {
  const [, part, end] = text.split(/\r\n--|\n--/);
  if (end === undefined || !/^-+--\s*$/.test(end)) throw new Error(`not one part: ${text}`);
  return parsed(part!.split(/\r?\n\r?\n/).at(-1)!);
};

/** The one `next` event of a stream, then `complete`; or JSON, where there were no parameters to begin one by. */
const ofEvents: Read = (text) => {
  if (text.startsWith('{')) return parsed(text);
  const events = text.split('\n\n').filter((block) => block !== '' && block !== ':');
  if (events.length !== 2 || !events[1]!.startsWith('event: complete\n')) {
    throw new Error(`not one event: ${text}`);
  }
  return parsed(/^event: next\ndata: ([^\n]*)$/.exec(events[0]!)![1]!);
};

function byPost(accept: string, read: Read): Way['ask'] {
  return (url, params, headers = {}, leave) => {
    const sent = { accept, 'content-type': 'application/json', ...headers };
    return exchanged(`${url}/graphql`, sent, read, JSON.stringify(params), leave);
  };
}

function byGet(accept: string, read: Read): Way['ask'] {
  return (url, params, headers = {}, leave) => {
    const texts = Object.entries(params).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    const target = `${url}/graphql?${new URLSearchParams(texts)}`;
    return exchanged(target, { accept, ...headers }, read, null, leave);
  };
}

async function exchanged(
  target: string,
  headers: Readonly<Record<string, string>>,
  read: Read,
  body: string | null,
  leave?: AbortSignal,
): Promise<Given> {
  const method = body === null ? 'GET' : 'POST';
  const sent = request(target, { method, headers, ...(leave ? { signal: leave } : {}) });
  sent.end(body ?? '');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return { result: read(text), status: response.statusCode ?? null, headers: response.headers };
}

/** An operation on a socket of its own: `next` and `complete`, or one `error`. */
async function bySocket(
  url: string,
  params: AskedParams,
  _headers?: object,
  leave?: AbortSignal,
): Promise<Given> {
  const address = `${url.replace('http', 'ws')}/graphql`;
  const socket = new WebSocket(address, 'graphql-transport-ws');
  const heard: { type: string; payload: unknown }[] = [];
  const closed: number[] = [];
  socket.on('message', (text: Buffer) => heard.push(JSON.parse(text.toString()) as never));
  socket.on('close', (code) => closed.push(code));
  leave?.addEventListener('abort', () => socket.terminate());
  await once(socket, 'open');
  const say = (message: object) => socket.send(JSON.stringify(message));
  say({ type: 'connection_init' });
  say({ type: 'ping' }); // Its answer tells that the acknowledgement is through.
  await until('the acknowledgement', () => heard.length === 2 || closed.length > 0);
  heard.length = 0;
  say({ id: '1', type: 'subscribe', payload: params });
  const over = () => heard.some(({ type }) => type === 'error' || type === 'complete');
  await until('the end of the operation', () => over() || closed.length > 0);
  socket.terminate();
  if (closed.length > 0) throw new Error(`the socket was closed: ${closed[0]}`);
  const [first, ...more] = heard.map(({ type }) => type);
  if (first === 'error' && more.length === 0) {
    return { result: { errors: heard[0]!.payload as GivenError[] }, status: null, headers: {} };
  }
  if (first !== 'next' || more.join() !== 'complete')
    throw new Error(`heard ${first}, ${more.join()}`);
  return { result: heard[0]!.payload as Given['result'], status: null, headers: {} };
}

const JSON_ONLY = 'application/json';
const GRAPHQL_ONLY = 'application/graphql-response+json';

/** All of them. The first two are the short way (gateway/transports/direct.ts), the others by HTTP are yoga's. */
export const WAYS: readonly Way[] = [
  { name: 'a POST for JSON', by: 'post', type: 'json', ask: byPost(JSON_ONLY, parsed) },
  {
    name: 'a POST for a GraphQL response',
    by: 'post',
    type: 'graphql',
    ask: byPost(GRAPHQL_ONLY, parsed),
  },
  {
    name: 'a POST for JSON, by weight',
    by: 'post',
    type: 'json',
    ask: byPost(`${JSON_ONLY};q=0.9`, parsed),
  },
  {
    name: 'a POST for a GraphQL response, by weight',
    by: 'post',
    type: 'graphql',
    ask: byPost(`${GRAPHQL_ONLY};q=0.9`, parsed),
  },
  {
    name: 'a POST for several parts',
    by: 'post',
    type: 'multipart',
    ask: byPost('multipart/mixed', ofParts),
  },
  {
    name: 'a POST for events',
    by: 'post',
    type: 'events',
    ask: byPost('text/event-stream', ofEvents),
  },
  { name: 'a GET for JSON', by: 'get', type: 'json', ask: byGet(JSON_ONLY, parsed) },
  {
    name: 'a GET for a GraphQL response',
    by: 'get',
    type: 'graphql',
    ask: byGet(GRAPHQL_ONLY, parsed),
  },
  {
    name: 'a GET for events',
    by: 'get',
    type: 'events',
    ask: byGet('text/event-stream', ofEvents),
  },
  { name: 'a WebSocket', by: 'socket', type: 'messages', ask: bySocket },
];

/** Every internal error has an id of its own, in its message too: `ID`, once it was seen to be one. */
export function withoutIds({ errors, ...rest }: Given['result']): Given['result'] {
  if (!errors) return rest;
  return { ...rest, errors: errors.map(withoutId) };
}

function withoutId({ message, extensions, ...error }: GivenError): GivenError {
  const id = extensions['id'];
  if (extensions['code'] !== 'INTERNAL') return { ...error, message, extensions };
  if (typeof id !== 'string' || !/^[\da-f-]{36}$/.test(id)) throw new Error(`no id: ${String(id)}`);
  return { ...error, message: message.replace(id, 'ID'), extensions: { ...extensions, id: 'ID' } };
}

/**
 * The status of an answer by this way, from the one that it has as a GraphQL response. Where the document or its
 * variables are at fault, plain JSON is answered with 200, and to yoga events are JSON. A socket has none.
 */
export function statusBy(
  { type }: Way,
  { status = 200, ofDocument = false }: { readonly status?: number; readonly ofDocument?: boolean },
): number | null {
  if (type === 'messages') return null;
  return ofDocument && (type === 'json' || type === 'events') ? 200 : status;
}
