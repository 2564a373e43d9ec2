/**
 * The TypeScript client of a Polyphony gateway, for browsers and Node. It follows what is live: over a WebSocket, or
 * server-sent events, or by asking again and again, whichever passes; each item once and in order.
 *
 *     const client = openClient({ url: 'http://127.0.0.1:4000/graphql' });
 *     client.follow(runEvents(runId), { item: (event) => show(event) });
 */
import { SYSTEM_CLOCK, type Clock } from './clock.ts';
import { streamTransport } from './event-stream.ts';
import { follow, type Following, type Handlers } from './follow.ts';
import { pollTransport } from './polling.ts';
import type { Fetch } from './post.ts';
import type { Followed, Transport, TransportName } from './transport.ts';
import { socketTransport, type OpenWebSocket, type WebSocketLike } from './websocket.ts';

export { changes, changesCursor } from './changes.ts';
export type { Change, ChangesOptions, ChangeType, CursorOptions } from './changes.ts';
export { graphChanges, mergeGraph } from './graph-changes.ts';
export type {
  FollowedEntity,
  FollowedRelation,
  GraphChangesOptions,
  GraphUpdate,
  HeldGraph,
} from './graph-changes.ts';
export { openEmitter } from './emitter.ts';
export type { Emitter, EmitterCounts, EmitterOptions, NewEvent, Spool } from './emitter.ts';
export { Refused } from './refused.ts';
export { runEvents, runState } from './run.ts';
export { mergeRunList, runList } from './run-list.ts';
export type { ListedRun, RunListOptions, RunListUpdate, SelectedRun } from './run-list.ts';
export type { RunEvent, RunEventsOptions, RunUpdate, SelectedEvent } from './run.ts';
export type { Clock } from './clock.ts';
export type { FollowCounts, Following, FollowState, Handlers } from './follow.ts';
export type { Fetch } from './post.ts';
export type { Followed, Poll, TransportName } from './transport.ts';
export type { WebSocketLike, OpenWebSocket } from './websocket.ts';

export interface ClientOptions {
  /** Of the GraphQL endpoint, http or https. */
  readonly url: string;
  /** Else the global one is opened. Where there is none (Node below 22), WebSockets are left out. */
  readonly webSocket?: OpenWebSocket;
  /** Else the global one. */
  readonly fetch?: Fetch;
  /** In the order of preference. Default: websocket, sse, poll. */
  readonly transports?: readonly TransportName[];
  /** The LIVE_HEARTBEAT_MS of the gateway. After 2.5 times this without a sign a link counts as half open. */
  readonly heartbeat_ms?: number;
  /** A connection that the gateway has not answered by then is given up. Default: 10,000. */
  readonly open_wait_ms?: number;
  /** The first wait before coming again is at most this; the bound doubles. Default: 250. */
  readonly backoff_first_ms?: number;
  /** Default: 15,000. */
  readonly backoff_max_ms?: number;
  /** Between two pages of polling. Default: 1,000. */
  readonly poll_ms?: number;
  /** On a lesser transport, a better one is tried again after this; doubles up to an hour. Default: 60,000. */
  readonly upgrade_ms?: number;
  readonly clock?: Clock;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

export interface Client {
  /** Begins at once; ends when it is stopped, refused, or complete. */
  follow<Item>(followed: Followed<Item>, handlers: Handlers<Item>): Following;
  /** Stops all that is followed. */
  close(): Promise<void>;
}

/** The gateway's default LIVE_HEARTBEAT_MS. */
const HEARTBEAT_ms = 12_000;
/** Two signs of life may be missing. */
const SILENCE_HEARTBEATS = 2.5;

/** Opens nothing before the first `follow`. */
export function openClient(options: ClientOptions): Client {
  const { clock = SYSTEM_CLOCK, random = Math.random, upgrade_ms = 60_000 } = options;
  const { backoff_first_ms = 250, backoff_max_ms = 15_000 } = options;
  const transports = transportsOf(options, clock);
  const follows = new Set<Following>();
  return {
    follow(followed, handlers) {
      const how = { clock, random, upgrade_ms, backoff_first_ms, backoff_max_ms };
      const following = follow(followed, transports, how, handlers);
      follows.add(following);
      void following.ended.then(() => follows.delete(following));
      return following;
    },
    async close() {
      const open = [...follows];
      for (const following of open) following.stop();
      await Promise.all(open.map(({ ended }) => ended));
    },
  };
}

function transportsOf(options: ClientOptions, clock: Clock): Transport[] {
  const { url, open_wait_ms = 10_000, heartbeat_ms = HEARTBEAT_ms, poll_ms = 1_000 } = options;
  const { transports = ['websocket', 'sse', 'poll'] } = options;
  const fetch: Fetch = options.fetch ?? ((...asked) => globalThis.fetch(...asked));
  const silence_max_ms = heartbeat_ms * SILENCE_HEARTBEATS;
  const webSocket = options.webSocket ?? globalSocket();
  return transports.flatMap((name): Transport[] => {
    if (name === 'sse') {
      return [streamTransport({ url, fetch, silence_max_ms, open_wait_ms, clock })];
    }
    if (name === 'poll') {
      return [pollTransport({ url, fetch, poll_ms, request_max_ms: silence_max_ms, clock })];
    }
    if (!webSocket) return [];
    const socketUrl = url.replace(/^http/, 'ws');
    return [
      socketTransport({
        url: socketUrl,
        webSocket,
        heartbeat_ms,
        silence_max_ms,
        open_wait_ms,
        clock,
      }),
    ];
  });
}

function globalSocket(): OpenWebSocket | undefined {
  const { WebSocket } = globalThis as {
    readonly WebSocket?: new (url: string, protocol: string) => WebSocketLike;
  };
  return WebSocket && ((url, protocol) => new WebSocket(url, protocol));
}
