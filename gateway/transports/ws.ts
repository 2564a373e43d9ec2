/**
 * GraphQL over WebSocket, protocol `graphql-transport-ws` (graphql-ws), on the path of the graph. What an operation
 * means is decided by the functions it is handed (execution/); here it is only carried: paced by the reader, ended
 * with the socket, and told where to go on when the gateway drains.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { Limited } from '../../resolvers/errors.ts';
import { renderError, type Report } from '../errors.ts';
import type { Answer, Answering, Asker, Params } from '../execution/answer.ts';
import { paramsIn } from '../execution/params.ts';
import { isSubscription, type Stream, type Streamed } from '../execution/stream.ts';
import { checkOrigin } from '../limits/origin.ts';

export interface SocketLimits {
  /** Of one message of a client. */
  readonly message_bytes_max: number;
  /** A socket that has not sent connection_init by then is closed (4408). */
  readonly init_wait_ms: number;
  /** What may wait to be sent on one socket; then its subscriptions are read no further. */
  readonly buffered_bytes_max: number;
  /** A socket that stays at that for so long is closed (1013). */
  readonly stalled_ms: number;
  /** Between two pings; a socket that does not answer until the next one is ended. */
  readonly ping_ms: number;
  readonly sockets_max: number;
  /** Operations at the same time on one socket. */
  readonly operations_max: number;
}

export interface SocketParts {
  readonly answering: Answering;
  readonly answer: (params: Params, asker: Asker) => Promise<Answer>;
  readonly stream: (params: Params, asker: Asker) => Promise<Stream>;
  readonly reportOf: (requestId: string) => Report;
  readonly limits: SocketLimits;
}

export interface Sockets {
  /** Ends each operation with where to go on, then closes every socket with 1012. */
  drain(): Promise<void>;
  counts(): { readonly sockets: number; readonly operations: number };
}

/** What one socket carries, beside what graphql-ws keeps of it. */
interface Carried extends Record<PropertyKey, unknown> {
  readonly gone: AbortController;
  readonly asker: Asker;
  /** By operation: where its client may go on. */
  readonly cursors: Map<string, string | null>;
}

/** An operation on its way through graphql-ws, which hands it back to us. */
interface Operation {
  readonly params: Params;
  readonly asker: Asker;
  readonly items: AsyncIterableIterator<Streamed> | null;
}

const PATH = '/graphql';
const PACE_ms = 10;
const RESTART = 1012;
const TRY_AGAIN_LATER = 1013;

/** Takes the upgrades of a server. */
export function openSockets(server: Server, parts: SocketParts): Sockets {
  const { limits } = parts;
  const wss = new WebSocketServer({ noServer: true, maxPayload: limits.message_bytes_max });
  const carriedBy = new Map<WebSocket, Carried>();

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refusedUpgrade(request, wss.clients.size, limits.sockets_max);
    if (refusal) {
      socket.end(refusal);
      return;
    }
    wss.handleUpgrade(request, socket, head, (client) => {
      const gone = new AbortController();
      const asker = { requestId: randomUUID(), signal: gone.signal, mayMutate: true };
      carriedBy.set(client, { gone, asker, cursors: new Map() });
      client.once('close', () => {
        gone.abort();
        carriedBy.delete(client);
      });
      client.on('error', () => client.terminate());
      wss.emit('connection', client, request);
    });
  };
  server.on('upgrade', upgrade);

  const protocol = useServer<Record<string, unknown>, Carried>(
    {
      connectionInitWaitTimeout: limits.init_wait_ms,
      onSubscribe: async ({ extra }, id, payload) => {
        const carried = carriedBy.get(extra.socket)!;
        return begin(parts, carried, id, payload);
      },
      subscribe: (args) => withCursors(operationOf(args).items!),
      execute: async (args) => {
        const { params, asker } = operationOf(args);
        return (await parts.answer(params, asker)).result;
      },
      onNext: async ({ extra }, id, _payload, _args, result) => {
        await paced(extra.socket, limits);
        const { cursor } = (result.extensions ?? {}) as { cursor?: string };
        // Not before: a gateway that drains meanwhile would tell to go on after what was never sent.
        if (cursor) carriedBy.get(extra.socket)?.cursors.set(id, cursor);
      },
      onComplete: ({ extra }, id) => {
        carriedBy.get(extra.socket)?.cursors.delete(id);
      },
    },
    wss,
    limits.ping_ms,
  );

  return {
    async drain() {
      server.off('upgrade', upgrade);
      for (const [socket, { cursors }] of carriedBy) {
        for (const [id, cursor] of cursors) {
          const payload = { data: null, extensions: { resume: { after: cursor } } };
          socket.send(JSON.stringify({ id, type: 'next', payload }));
        }
        // No `complete`: it would end a stock client's subscription for good.
        socket.close(RESTART, 'Service Restart');
      }
      await protocol.dispose();
    },
    counts: () => ({
      sockets: carriedBy.size,
      operations: [...carriedBy.values()].reduce((sum, { cursors }) => sum + cursors.size, 0),
    }),
  };
}

/** A subscription begins here, so that a refusal is an `error` message and not an item. */
async function begin(
  { answering, stream, reportOf, limits }: SocketParts,
  { asker, cursors }: Carried,
  id: string,
  payload: unknown,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const report = reportOf(asker.requestId);
  let params: Params;
  try {
    params = paramsIn(payload);
  } catch (error) {
    return [renderError(error, report, false)];
  }
  const { document, errors } = answering.documentOf(params.query);
  if (errors) return errors.map((error) => renderError(error, report, false));
  if (cursors.size >= limits.operations_max) return [tooMany(limits.operations_max, report)];
  cursors.set(id, null);
  let items: Operation['items'] = null;
  if (isSubscription(answering, params)) {
    const begun = await stream(params, asker);
    if ('refused' in begun) {
      cursors.delete(id);
      return begun.refused.errors ?? [];
    }
    ({ items } = begun);
  }
  const operation: Operation = { params, asker, items };
  const { schema } = answering;
  const { operationName = null } = params;
  return { schema, document, operationName, contextValue: operation };
}

function operationOf(args: ExecutionArgs): Operation {
  return args.contextValue as Operation;
}

/** Each result with its cursor, by which any client can go on, also one that does not select it. */
function withCursors(
  items: AsyncIterableIterator<Streamed>,
): AsyncIterableIterator<ExecutionResult> {
  return {
    async next() {
      const step = await items.next();
      if (step.done) return { done: true, value: undefined };
      const { result, cursor } = step.value;
      if (cursor === null) return { done: false, value: result };
      return { done: false, value: { ...result, extensions: { ...result.extensions, cursor } } };
    },
    async return() {
      await items.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** graphql-ws waits for this before it asks for the next item: so a slow reader slows its own source. */
async function paced(socket: WebSocket, limits: SocketLimits): Promise<void> {
  const until_ms = performance.now() + limits.stalled_ms;
  while (socket.bufferedAmount > limits.buffered_bytes_max && socket.readyState === socket.OPEN) {
    if (performance.now() > until_ms) {
      socket.close(TRY_AGAIN_LATER, 'Slow reader');
      socket.terminate(); // A stalled peer never answers the close.
      return;
    }
    await sleep(PACE_ms);
  }
}

function refusedUpgrade(
  request: IncomingMessage,
  sockets: number,
  sockets_max: number,
): string | null {
  const refused = (status: string, why: string) =>
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`;
  if (new URL(request.url ?? '/', 'http://gateway').pathname !== PATH) {
    return refused('404 Not Found', `WebSockets are taken at ${PATH} only`);
  }
  try {
    checkOrigin(request.headers);
  } catch (error) {
    return refused('403 Forbidden', (error as Error).message);
  }
  if (sockets < sockets_max) return null;
  return refused('503 Service Unavailable', `at most ${sockets_max} sockets; try again later`);
}

function tooMany(operations_max: number, report: Report): GraphQLError {
  const refusal = new Limited('operations on one socket', operations_max, operations_max + 1);
  return renderError(refusal, report, false);
}
