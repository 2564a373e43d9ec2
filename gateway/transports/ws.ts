/**
 * GraphQL over WebSocket, protocol `graphql-transport-ws` (graphql-ws), on the path of the graph. What an operation
 * means is decided by the functions it is handed (execution/); here it is only carried: paced by the reader, ended
 * with the socket, and told where to go on when the gateway drains.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { randomUUID } from 'node:crypto';
import type { ExecutionArgs, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { Limited, Refusal } from '../../resolvers/errors.ts';
import { renderError, withoutHttp, type Report } from '../errors.ts';
import {
  resultOf,
  type AnswerFunction,
  type Answering,
  type Asker,
  type Params,
} from '../execution/answer.ts';
import { paramsIn } from '../execution/params.ts';
import { isSubscription, type Stream } from '../execution/stream.ts';
import type { Streamed } from '../execution/streamed.ts';
import { checkOrigin } from '../limits/origin.ts';
import { holdBack, send, writeTogether, type Pace } from './ws-pace.ts';

export interface SocketLimits extends Pace {
  /** Of one message of a client. */
  readonly message_bytes_max: number;
  /** A socket that has not sent connection_init by then is closed (4408). */
  readonly init_wait_ms: number;
  /** Between two pings; a socket that does not answer until the next one is ended. */
  readonly ping_ms: number;
  readonly sockets_max: number;
  /** Operations at the same time on one socket. */
  readonly operations_max: number;
}

export interface SocketParts {
  readonly answering: Answering;
  readonly answer: AnswerFunction;
  readonly stream: (params: Params, asker: Asker) => Promise<Stream>;
  readonly reportOf: (requestId: string) => Report;
  readonly limits: SocketLimits;
}

export interface Sockets {
  /** Ends each operation with where to go on, then closes every socket with 1012; cuts those left when `late` aborts. */
  drain(late: AbortSignal): Promise<void>;
  counts(): { readonly sockets: number; readonly operations: number };
}

/** What one socket carries, beside what graphql-ws keeps of it. */
interface Carried extends Record<PropertyKey, unknown> {
  readonly gone: AbortController;
  readonly asker: Asker;
  /** What the socket writes to. */
  readonly wire: Duplex;
  /** By operation: where its client may go on. */
  readonly cursors: Map<string, string | null>;
}

/** An operation on its way through graphql-ws, which hands it back to us. */
interface Operation {
  readonly params: Params;
  readonly asker: Asker;
  /** Of a subscription: it sends its items itself. */
  readonly sending: AsyncIterableIterator<never> | null;
}

const PATH = '/graphql';
const RESTART = 1012;

/** Takes the upgrades of a server. */
export function openSockets(server: Server, parts: SocketParts): Sockets {
  const { limits } = parts;
  const wss = new WebSocketServer({ noServer: true, maxPayload: limits.message_bytes_max });
  const carriedBy = new Map<WebSocket, Carried>();

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy()); // Node has let go of it: unheard, a reset would end the process.
    const refusal = refusedUpgrade(request, wss.clients.size, limits.sockets_max);
    if (refusal) {
      // Nobody reads it: that its peer has left would never be seen.
      socket.once('finish', () => socket.destroy()).end(refusal);
      return;
    }
    wss.handleUpgrade(request, socket, head, (client) => {
      const gone = new AbortController();
      const asker = { requestId: randomUUID(), signal: gone.signal, mayMutate: true };
      carriedBy.set(client, { gone, asker, wire: socket, cursors: new Map() });
      client.once('close', () => {
        gone.abort();
        carriedBy.delete(client);
      });
      const hold = () => holdBack(client, limits);
      client.on('message', hold).on('ping', hold);
      wss.emit('connection', client, request);
      // ws has closed it, and tells why; graphql-ws would print it, and give a reason of its own.
      client.removeAllListeners('error').on('error', () => undefined);
    });
  };
  server.on('upgrade', upgrade);

  const protocol = useServer<Record<string, unknown>, Carried>(
    {
      connectionInitWaitTimeout: limits.init_wait_ms,
      onSubscribe: async ({ extra }, id, payload) => {
        const carried = carriedBy.get(extra.socket)!;
        return begin(parts, extra.socket, carried, id, payload);
      },
      subscribe: (args) => operationOf(args).sending!,
      execute: async (args) => {
        const { params, asker } = operationOf(args);
        const { data, errors } = await parts.answer(params, asker);
        return resultOf({ data, errors: withoutHttp(errors) });
      },
      onComplete: ({ extra }, id) => {
        carriedBy.get(extra.socket)?.cursors.delete(id);
      },
    },
    wss,
    limits.ping_ms,
  );

  return {
    async drain(late) {
      server.off('upgrade', upgrade);
      late.addEventListener('abort', () => {
        for (const socket of carriedBy.keys()) socket.terminate(); // A stalled peer never answers the close.
      });
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
  socket: WebSocket,
  { asker, wire, cursors }: Carried,
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
  const refused = (...errors: readonly unknown[]) =>
    errors.map((error) => renderError(error, report, false));
  const found = answering.documentOf(params.query);
  if (found.errors) return refused(...found.errors);
  try {
    found.operation(params.operationName); // That there is one.
  } catch (error) {
    return refused(error);
  }
  // To graphql-ws it is free as soon as it was completed: both would be sent under it.
  if (cursors.has(id))
    return refused(
      new Refusal('INVALID', 'the operation of this id has not ended; take another id'),
    );
  if (cursors.size >= limits.operations_max) return refused(tooMany(limits.operations_max));
  cursors.set(id, null);
  let sending: Operation['sending'] = null;
  if (isSubscription(answering, params)) {
    const begun = await stream(params, asker);
    if ('refused' in begun) {
      cursors.delete(id);
      return begun.refused.errors ?? [];
    }
    const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    sending = sendingOf(begun.items, ({ text, cursor }) => {
      if (cursor !== null && cursors.has(id)) cursors.set(id, cursor);
      writeTogether(wire);
      return send(socket, `${head}${text}}`, limits);
    });
  }
  const operation: Operation = { params, asker, sending };
  const { schema } = answering;
  const { operationName = null } = params;
  return { schema, document: found.document, operationName, contextValue: operation };
}

function operationOf(args: ExecutionArgs): Operation {
  return args.contextValue as Operation;
}

/**
 * A subscription as graphql-ws sees it: without a single item, until it is over. So graphql-ws keeps the protocol (what
 * is open, who completes it), and a text that many are sent is not made again for each. Slow sending slows the source.
 */
function sendingOf(
  items: AsyncIterableIterator<Streamed>,
  sendItem: (item: Streamed) => Promise<void> | null,
): AsyncIterableIterator<never> {
  let over = false;
  return {
    async next() {
      for (;;) {
        const step = await items.next();
        if (over || step.done) return { done: true, value: undefined };
        const slow = sendItem(step.value);
        if (slow) await slow;
      }
    },
    async return() {
      over = true;
      await items.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function refusedUpgrade(
  request: IncomingMessage,
  sockets: number,
  sockets_max: number,
): string | null {
  const refused = (status: string, why: string) =>
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`;
  if (request.url?.split('?', 1)[0] !== PATH) {
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

function tooMany(operations_max: number): Limited {
  return new Limited('operations on one socket', operations_max, operations_max + 1);
}
