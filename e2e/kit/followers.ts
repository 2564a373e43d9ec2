/**
 * Whoever follows a run in a campaign, each by a wire of its own, so that a fault meets this one alone: our client by
 * each transport (and client-process.ts: in a process of its own), and plain readers that know of the protocol only how to go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  openClient,
  runEvents,
  type Followed,
  type RunEvent,
  type TransportName,
} from '../../client/client.ts';
import { openEventStream, type EventStream } from './event-stream.ts';
import type { SeenEvent } from './history.ts';
import { wholeState, type StateItem } from './run-state.ts';
import { openWire, type Wire } from './tcp-proxy.ts';

export type FaultName = 'cut' | 'stalled' | 'half-open' | 'destroyed' | 'killed';

export interface Follower {
  readonly name: string;
  readonly runId: string;
  readonly wire: Wire;
  /** What it must live through. */
  readonly faults: readonly FaultName[];
  /** What it has seen so far: events, or items of state. */
  readonly events: () => readonly SeenEvent[];
  readonly items: () => readonly StateItem[];
  /** Grows with each that comes. */
  readonly came: () => number;
  /** Connections that were answered so far. */
  readonly connections: () => number;
  readonly isOpen: () => boolean;
  /** Of these connections, those that went on after a cursor; and those given up because they were silent. */
  readonly counts: () => { readonly resumes: number; readonly halfOpen: number };
  /** Ends its socket, where it has one. */
  readonly destroy: () => void;
  /** kill -9 of its process, where it has one, and begins it again. */
  readonly kill: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface FollowerOptions {
  readonly runId: string;
  /** Where its wire leads at first. */
  readonly port: number;
  /** Of the gateways. */
  readonly heartbeat_ms: number;
}

export type OpenFollower = (options: FollowerOptions) => Promise<Follower>;

const AGAIN_ms = 100;

/** Our client, by one transport. */
export function eventsClient(transport: TransportName): OpenFollower {
  return async (options) => {
    const events: RunEvent[] = [];
    const client = await ourClient(transport, options, runEvents(options.runId), events);
    return { ...client, name: `events by ${transport}`, events: () => events };
  };
}

/** The same for the state. */
export function stateClient(transport: 'websocket' | 'sse'): OpenFollower {
  return async (options) => {
    const items: StateItem[] = [];
    const client = await ourClient(transport, options, wholeState(options.runId), items);
    return { ...client, name: `state by ${transport}`, items: () => items };
  };
}

/** What those have that lack a part. */
export const NOTHING = {
  events: () => [],
  items: () => [],
  destroy: () => undefined,
  kill: () => Promise.resolve(),
};

async function ourClient<Item>(
  transport: TransportName,
  { runId, port, heartbeat_ms }: FollowerOptions,
  followed: Followed<Item>,
  into: Item[],
) {
  const wire = await openWire(port);
  let socket: WebSocket | undefined;
  const client = openClient({
    url: `http://127.0.0.1:${wire.port}/graphql`,
    transports: [transport],
    webSocket: (url, protocol) => (socket = new WebSocket(url, protocol)),
    heartbeat_ms,
    open_wait_ms: 2_000,
    poll_ms: 50,
    backoff_first_ms: 10,
    backoff_max_ms: 400,
  });
  const following = client.follow(followed, { item: (item) => void into.push(item) });
  const faults: readonly FaultName[] =
    transport === 'websocket'
      ? ['cut', 'half-open', 'destroyed', 'stalled']
      : ['cut', 'half-open', 'stalled'];
  return {
    ...NOTHING,
    runId,
    wire,
    faults,
    came: () => into.length,
    connections: () => following.counts().connections,
    isOpen() {
      const state = following.state();
      if (state.is === 'ended' && state.error) throw state.error; // Nothing in a campaign is refused.
      return state.is === 'live' || state.is === 'degraded';
    },
    counts: () => following.counts(),
    destroy: () => socket?.terminate(),
    async close() {
      await client.close();
      await wire.close();
    },
  };
}

/** graphql-ws without a wish of its own: each connection is begun here, after the last cursor. */
export const plainSocket: OpenFollower = async ({ runId, port }) => {
  const wire = await openWire(port);
  const events: RunEvent[] = [];
  const stop = new AbortController();
  const seen = { connections: 0, resumes: 0, open: false };
  let socket: WebSocket | undefined;
  const connect = () =>
    new Promise<void>((ended) => {
      const after = events.at(-1)?.cursor ?? null;
      const client = createClient({
        url: `ws://127.0.0.1:${wire.port}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        on: {
          opened: (opened) => (socket = opened as WebSocket),
          connected() {
            seen.connections += 1;
            if (after !== null) seen.resumes += 1;
            seen.open = true;
          },
        },
      });
      const over = () => {
        seen.open = false;
        ended();
      };
      client.subscribe<{ runEvents: RunEvent }>(
        { query: EVENTS, variables: { runId, after } },
        {
          next: ({ data }) => void (data && events.push(data.runEvents)),
          error: over,
          complete: over,
        },
      );
    });
  const going = again(connect, stop.signal);
  return {
    ...NOTHING,
    name: 'events by graphql-ws',
    runId,
    wire,
    faults: ['cut', 'destroyed'],
    events: () => events,
    came: () => events.length,
    connections: () => seen.connections,
    isOpen: () => seen.open,
    counts: () => ({ resumes: seen.resumes, halfOpen: 0 }),
    destroy: () => socket?.terminate(),
    async close() {
      stop.abort();
      await wire.close();
      await going;
    },
  };
};

/** A reader of the stream that remembers the last id. */
export const plainStream: OpenFollower = async ({ runId, port }) => {
  const wire = await openWire(port);
  const past: RunEvent[] = [];
  const stop = new AbortController();
  const seen = { connections: 0, resumes: 0 };
  let stream: EventStream | null = null;
  let id: string | undefined;
  /** Without what says no: a gateway that has just started may not have its store yet. */
  const now = () =>
    (stream?.events ?? []).flatMap(({ id: at, data }) => {
      const event = (data as { data?: { runEvents: RunEvent } | null } | null)?.data?.runEvents;
      return event ? [{ at, event }] : [];
    });
  const told = () => now().map(({ event }) => event);
  const connect = async () => {
    const url = `http://127.0.0.1:${wire.port}`;
    stream = await openEventStream(url, EVENTS, { runId, after: null }, id);
    seen.connections += 1;
    if (id !== undefined) seen.resumes += 1;
    await stream.ended.catch(() => undefined);
    id = now().at(-1)?.at ?? id;
    past.push(...told());
    stream = null;
  };
  const going = again(connect, stop.signal);
  return {
    ...NOTHING,
    name: 'events by a plain stream',
    runId,
    wire,
    faults: ['cut'],
    events: () => [...past, ...told()],
    came: () => past.length + (stream?.events.length ?? 0),
    connections: () => seen.connections,
    isOpen: () => stream !== null,
    counts: () => ({ resumes: seen.resumes, halfOpen: 0 }),
    async close() {
      stop.abort();
      await wire.close();
      await going;
    },
  };
};

const EVENTS = `subscription ($runId: ID!, $after: Cursor) { runEvents(runId: $runId, after: $after) {
  seq eventId type stepKey attempt payload cursor
} }`;

async function again(connect: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await connect().catch(() => undefined);
    await sleep(AGAIN_ms);
  }
}
