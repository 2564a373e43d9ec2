/**
 * Readers that can stop reading: by WebSocket and by server-sent events, as plain as the protocols, so that nothing of a
 * library reads on for them. While one is paused what was sent waits in the kernel, then in the gateway.
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

export interface SlowReader {
  /** The root field of each result, with the cursor that came with it. */
  readonly items: readonly SlowItem[];
  pause(): void;
  resume(): void;
  /** True once the other side, or `end`, has closed it. Is seen only by one that reads. */
  closed(): boolean;
  /** Drops the connection without a word. */
  end(): void;
}

export interface SlowItem {
  readonly item: unknown;
  readonly cursor: string;
}

interface Result {
  readonly data: Record<string, unknown> | null;
  readonly extensions?: { readonly cursor?: string };
}

export type OpenSlowReader = (url: string, query: string, variables: object) => Promise<SlowReader>;

/** As WS_BUFFERED_BYTES_MAX is to be. */
export const SOCKET_FULL_bytes = 262_144;
/** Where Node's writable streams say that they are full. */
const STREAM_FULL_bytes = 16_384;

/** `full_bytes`: when more waits to be sent, the gateway reads no further for it. */
export const SLOW_READERS: readonly {
  readonly name: string;
  readonly open: OpenSlowReader;
  readonly full_bytes: number;
}[] = [
  { name: 'WebSocket', open: openSocket, full_bytes: SOCKET_FULL_bytes },
  { name: 'server-sent events', open: openStream, full_bytes: STREAM_FULL_bytes },
];

async function openSocket(url: string, query: string, variables: object): Promise<SlowReader> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  const items: SlowItem[] = [];
  let closed = false;
  socket.on('message', (bytes: Buffer) => {
    const { type, payload } = JSON.parse(bytes.toString()) as { type: string; payload: Result };
    if (type === 'connection_ack') {
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
    }
    if (type === 'next') take(items, payload, payload.extensions?.cursor);
    if (type === 'error') throw new Error(JSON.stringify(payload));
  });
  socket.on('error', () => undefined);
  socket.on('close', () => (closed = true));
  socket.send(JSON.stringify({ type: 'connection_init' }));
  return {
    items,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    closed: () => closed,
    end: () => socket.terminate(),
  };
}

async function openStream(url: string, query: string, variables: object): Promise<SlowReader> {
  const sent = request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    agent: false,
  });
  sent.on('error', () => undefined);
  sent.end(JSON.stringify({ query, variables }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const items: SlowItem[] = [];
  let closed = false;
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const frames = (text + chunk).split('\n\n');
    text = frames.pop()!;
    for (const frame of frames) {
      const [, id, data] = /^id: (.*)\nevent: next\ndata: (.*)$/.exec(frame) ?? [];
      if (data !== undefined) take(items, JSON.parse(data) as Result, id);
    }
  });
  response.on('error', () => undefined);
  response.on('close', () => (closed = true));
  return {
    items,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    closed: () => closed,
    end: () => void response.destroy(),
  };
}

function take(items: SlowItem[], { data }: Result, cursor = ''): void {
  for (const item of Object.values(data ?? {})) items.push({ item, cursor });
}
