/**
 * The protocol `graphql-transport-ws` (graphql-ws). All that a client follows shares one socket, which opens with the
 * first and closes with the last. Written here because stock clients come again with their *first* variables; here
 * each connection begins at the cursor it is handed.
 */
import type { Clock } from './clock.ts';
import { Refused, refusedBy, type WireError } from './refused.ts';
import {
  endBy,
  take,
  variablesOf,
  type Asked,
  type End,
  type Hear,
  type Transport,
  type WireResult,
} from './transport.ts';

/** What is used of a WebSocket: that of browsers, of Node from 22 on, or of the package `ws`. */
export interface WebSocketLike {
  addEventListener(type: 'open' | 'error', hear: () => void): void;
  addEventListener(type: 'message', hear: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', hear: (event: Closing) => void): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  /** Of `ws`: ends it without waiting for the other side. */
  terminate?(): void;
}

/** Opens one: `(url, protocol) => new WebSocket(url, protocol)`. */
export type OpenWebSocket = (url: string, protocol: string) => WebSocketLike;

export interface SocketOptions {
  readonly url: string;
  readonly webSocket: OpenWebSocket;
  /** After so long without a message a ping is sent. */
  readonly heartbeat_ms: number;
  /** After so long without a message the link counts as half open. */
  readonly silence_max_ms: number;
  /** From the first packet to `connection_ack`. */
  readonly open_wait_ms: number;
  readonly clock: Clock;
}

/** All that is carried shares one socket. */
export function socketTransport(options: SocketOptions): Transport {
  let socket: Socket | null = null;
  return {
    name: 'websocket',
    carry(asked, hear, signal) {
      if (signal.aborted) return Promise.resolve({ kind: 'stopped' });
      if (!socket || socket.over()) {
        try {
          socket = openSocket(options);
        } catch (error) {
          return Promise.resolve({ kind: 'broken', reason: String(error) });
        }
      }
      return socket.carry(asked, hear, signal);
    },
  };
}

interface Socket {
  over(): boolean;
  carry: Transport['carry'];
}

/** One operation on the socket. */
interface Operation {
  opened(): void;
  subscribe(id: string): string;
  next(result: WireResult): End | null;
  end(end: End): void;
}

type Message =
  | { readonly type: 'connection_ack' | 'ping' | 'pong' }
  | { readonly type: 'next'; readonly id: string; readonly payload: WireResult }
  | { readonly type: 'error'; readonly id: string; readonly payload: readonly WireError[] }
  | { readonly type: 'complete'; readonly id: string };

function openSocket(options: SocketOptions): Socket {
  const socket = options.webSocket(options.url, 'graphql-transport-ws');
  const operations = openOperations((text) => socket.send(text));
  let over = false;

  /** Ends everything on it; what the socket says afterwards is not heard. */
  const finish = (end: End) => {
    if (over) return;
    over = true;
    silence.stop();
    operations.end(end);
  };
  const cut = (end: End) => {
    finish(end);
    if (socket.terminate) socket.terminate();
    else socket.close();
  };
  const silence = watchSilence(options, () => socket.send('{"type":"ping"}'), cut);
  const closeWhenIdle = () => {
    if (over || operations.count() > 0) return;
    finish({ kind: 'stopped' });
    socket.close(1000);
  };

  socket.addEventListener('open', () => socket.send('{"type":"connection_init"}'));
  socket.addEventListener('message', ({ data }) => {
    if (over) return;
    const message = parsed(data);
    if (!message) {
      return cut({ kind: 'broken', reason: 'a message that is not of graphql-transport-ws' });
    }
    silence.heard(message.type === 'connection_ack');
    operations.hear(message);
    closeWhenIdle();
  });
  socket.addEventListener('error', () => undefined); // `close` follows and says more.
  socket.addEventListener('close', ({ code, reason }) => finish(endOf(code, String(reason))));

  return {
    over: () => over,
    carry: (asked, hear, signal) =>
      new Promise((done) => {
        const stop = () => {
          operations.leave(id);
          closeWhenIdle();
        };
        signal.addEventListener('abort', stop, { once: true });
        const ended = (end: End) => {
          signal.removeEventListener('abort', stop);
          done(end);
        };
        const id = operations.join(operationOf(asked, hear, ended));
      }),
  };
}

/** The operations of one socket: those that wait for the acknowledgement, then those under way. */
function openOperations(send: (text: string) => void) {
  const operations = new Map<string, Operation>();
  let acknowledged = false;
  let ids = 0;

  const begin = (id: string, operation: Operation) => {
    operation.opened();
    send(operation.subscribe(id));
  };
  const settle = (id: string, end: End | null | undefined) => {
    if (!end) return;
    const operation = operations.get(id);
    operations.delete(id);
    operation?.end(end);
  };

  return {
    count: () => operations.size,
    join(operation: Operation): string {
      ids += 1;
      const id = String(ids);
      operations.set(id, operation);
      if (acknowledged) begin(id, operation);
      return id;
    },
    leave(id: string): void {
      if (!operations.has(id)) return;
      if (acknowledged) send(JSON.stringify({ id, type: 'complete' }));
      settle(id, { kind: 'stopped' });
    },
    hear(message: Message): void {
      if (message.type === 'ping') send('{"type":"pong"}');
      if (message.type === 'connection_ack') {
        acknowledged = true;
        for (const [id, operation] of operations) begin(id, operation);
      }
      if (message.type === 'next') {
        const { id, payload } = message;
        const end = operations.get(id)?.next(payload);
        if (end?.kind === 'refused' || end?.kind === 'broken') {
          send(JSON.stringify({ id, type: 'complete' })); // The gateway may go on sending.
        }
        settle(id, end);
      }
      if (message.type === 'error') settle(message.id, endBy(refusedBy(message.payload)));
      if (message.type === 'complete') settle(message.id, { kind: 'complete' });
    },
    end(end: End): void {
      for (const id of operations.keys()) settle(id, end);
    },
  };
}

/** Pings a silent link, and cuts one that stays silent or does not open. */
function watchSilence(
  { clock, heartbeat_ms, silence_max_ms, open_wait_ms }: SocketOptions,
  ping: () => void,
  cut: (end: End) => void,
) {
  const look_ms = Math.min(heartbeat_ms, open_wait_ms) / 2;
  let heard_ms = clock.now_ms();
  let acknowledged = false;
  const look = () => {
    const silent_ms = clock.now_ms() - heard_ms;
    if (!acknowledged && silent_ms >= open_wait_ms) {
      return cut({ kind: 'broken', reason: `no connection_ack within ${open_wait_ms} ms` });
    }
    if (acknowledged && silent_ms >= silence_max_ms) {
      return cut({ kind: 'half-open', reason: `nothing heard for ${silence_max_ms} ms` });
    }
    if (acknowledged && silent_ms >= heartbeat_ms) ping();
    cancel = clock.after(look_ms, look);
  };
  let cancel = clock.after(look_ms, look);
  return {
    heard(acknowledges: boolean): void {
      heard_ms = clock.now_ms();
      acknowledged ||= acknowledges;
    },
    stop: () => cancel(),
  };
}

interface Closing {
  readonly code: number;
  readonly reason: unknown;
}

function operationOf<Item>(
  asked: Asked<Item>,
  hear: Hear<Item>,
  end: (end: End) => void,
): Operation {
  return {
    opened: () => hear.opened(),
    subscribe(id) {
      const payload = { query: asked.query, variables: variablesOf(asked) };
      return JSON.stringify({ id, type: 'subscribe', payload });
    },
    next: (result) => take(asked, hear, result, result.extensions?.cursor ?? null),
    end,
  };
}

function parsed(text: unknown): Message | null {
  try {
    return JSON.parse(String(text)) as Message;
  } catch {
    return null;
  }
}

/** Codes by which the gateway says that the same would be closed again (docs/PROTOCOL.md). */
const FOR_GOOD: ReadonlySet<number> = new Set([1009, 4400, 4401, 4403, 4409, 4429]);
/** Try again later: too much for the gateway or for this link. */
const TRY_AGAIN_LATER = 1013;
const LATER_ms = 1_000;

function endOf(code: number, reason: string): End {
  const words = `closed with ${code}${reason === '' ? '' : ` ${reason}`}`;
  if (FOR_GOOD.has(code)) {
    return { kind: 'refused', error: new Refused(`CLOSED_${code}`, words) };
  }
  if (code === TRY_AGAIN_LATER) return { kind: 'broken', reason: words, wait_ms: LATER_ms };
  return { kind: 'broken', reason: words };
}
