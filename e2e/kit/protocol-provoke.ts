/** How each code of docs/PROTOCOL.md is had from a gateway: by doing what its tables say not to. */
import { once } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import { eventCursor } from '../../resolvers/runs/event-pages.ts';
import { newId } from '../../resolvers/keys.ts';
import { allEvents, asked } from './ask.ts';
import { post, raw, startSmallGateway } from './small-gateway.ts';
import { until } from './until.ts';
import { newWorker } from './worker.ts';

/** An error as it came: its status, and its code. */
export interface Said {
  readonly status: number;
  readonly code: unknown;
}

interface Url {
  readonly url: string;
}

const GRAPHQL = { accept: 'application/graphql-response+json' };

async function asking(
  gateway: Url,
  query: string,
  headers: Record<string, string> = {},
): Promise<Said> {
  const answer = await post(gateway, JSON.stringify({ query }), { ...GRAPHQL, ...headers });
  const { data, errors } = answer.json();
  const [result] = Object.values((data ?? {}) as Record<string, { code?: string } | null>);
  return { status: answer.status, code: errors?.[0]?.extensions['code'] ?? result?.code };
}

/** By code; each on a gateway of its defaults. Those that are reserved are not here. */
export const ERRORS: Readonly<Record<string, (gateway: Url) => Promise<Said>>> = {
  INVALID: (gateway) => asking(gateway, '{ nothing }'),
  FORBIDDEN: (gateway) => asking(gateway, '{ __typename }', { origin: 'https://example.org' }),
  async NOT_FOUND(gateway) {
    const answer = await raw(gateway, '/nowhere', {});
    return { status: answer.status, code: answer.json().errors?.[0]?.extensions['code'] };
  },
  async CONFLICT(gateway) {
    const worker = await newWorker(gateway.url);
    await worker.start();
    return asking(
      gateway,
      `mutation { appendRunEvents(input: { runId: "${worker.runId}", fence: "${newId()}", events: [{ eventId: "${newId()}",
        type: RUN_SUCCEEDED, occurredAt: "2026-01-02T03:04:05Z" }] }) { ... on Refusal { code } } }`,
    );
  },
  async CURSOR_EXPIRED(gateway) {
    const { runId } = await newWorker(gateway.url);
    expectSome(await allEvents(gateway.url, runId));
    const lost = eventCursor({ runId, seq: 1, eventId: newId() }); // As if a restore had lost it.
    const query = `{ runEvents(runId: "${runId}", after: "${lost}") { nodes { seq } } }`;
    return asking(gateway, query);
  },
  LIMITED: (gateway) => asking(gateway, `{ ${'__typename '.repeat(5_000)} }`),
  UNAVAILABLE: () =>
    onSmall({ slow: () => new Promise(() => undefined) }, { REQUEST_DEADLINE_MS: 50 }, '{ slow }'),
  INTERNAL: () => onSmall({ slow: () => Promise.reject(new Error('a bug')) }, {}, '{ slow }'),
};

async function onSmall(
  resolvers: Parameters<typeof startSmallGateway>[1],
  settings: Parameters<typeof startSmallGateway>[2],
  query: string,
): Promise<Said> {
  const gateway = await startSmallGateway('type Query { slow: String }', resolvers, settings);
  const said = await asking(gateway, query);
  await gateway.drain(0);
  return said;
}

/** The settings of the gateway that is to close: nothing is waited for long. */
export const IMPATIENT = {
  WS_INIT_WAIT_MS: 300,
  LIVE_HEARTBEAT_MS: 300,
  LIVE_STALLED_MS: 300,
  WS_BUFFERED_BYTES_MAX: 1_024,
};

/** By code, on a gateway that is IMPATIENT: opens a socket and does it; what closes it is looked at elsewhere. */
export const CLOSES: Readonly<Record<string, (gateway: Closing) => Promise<WebSocket>>> = {
  async 1002(gateway) {
    const socket = await initiated(gateway);
    tcpOf(socket).write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]));
    return socket;
  },
  1006: (gateway) => initiated(gateway, { autoPong: false }),
  async 1007(gateway) {
    const socket = await initiated(gateway);
    socket.send(Buffer.from([0xff]), { binary: false });
    return socket;
  },
  async 1009(gateway) {
    const socket = await initiated(gateway);
    socket.send(' '.repeat(8_388_609));
    return socket;
  },
  async 1012(gateway) {
    const socket = await initiated(gateway);
    void gateway.drain();
    return socket;
  },
  async 1013(gateway) {
    const { runId } = await newWorker(gateway.url);
    const socket = await initiated(gateway);
    socket.send(subscribe('1', `subscription { runEvents(runId: "${runId}") { payload } }`));
    await once(socket, 'message');
    tcpOf(socket).pause();
    await appendMuch(gateway, runId);
    setTimeout(() => tcpOf(socket).resume(), IMPATIENT.LIVE_STALLED_MS * 4);
    return socket;
  },
  4400: (gateway) => saying(gateway, '{"type":"unknown"}'),
  async 4401(gateway) {
    const socket = await opened(gateway);
    socket.send(subscribe('1', '{ __typename }'));
    return socket;
  },
  4406: (gateway) => opened(gateway, {}, []),
  4408: (gateway) => opened(gateway),
  async 4409(gateway) {
    const { runId } = await newWorker(gateway.url);
    const one = subscribe('1', `subscription { runEvents(runId: "${runId}") { seq } }`);
    return saying(gateway, one, one);
  },
  4429: (gateway) => saying(gateway, '{"type":"connection_init"}'),
  4500: (gateway) => saying(gateway, '{"id":"1","type":"next","payload":{}}'),
};

export interface Closing extends Url {
  drain(): Promise<boolean>;
}

/** The code with which it was closed, from the client's side. */
export async function closeOf(socket: WebSocket): Promise<number> {
  let code: number | null = null;
  socket.on('close', (closed) => (code = closed));
  await until('the close', () => code !== null);
  return code!;
}

async function opened(
  { url }: Url,
  options: ClientOptions = {},
  protocols = ['graphql-transport-ws'],
): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocols, options);
  await once(socket, 'open');
  return socket.on('error', () => undefined);
}

async function initiated(gateway: Url, options: ClientOptions = {}): Promise<WebSocket> {
  const socket = await opened(gateway, options);
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  return socket;
}

async function saying(gateway: Url, ...messages: string[]): Promise<WebSocket> {
  const socket = await initiated(gateway);
  for (const message of messages) socket.send(message);
  return socket;
}

function subscribe(id: string, query: string): string {
  return JSON.stringify({ id, type: 'subscribe', payload: { query } });
}

/** Some 13 MB: more than the kernel keeps for a reader that takes nothing. */
async function appendMuch({ url }: Url, runId: string): Promise<void> {
  const pad = 'x'.repeat(900_000);
  const event = (type: string) => {
    return {
      eventId: newId(),
      type,
      occurredAt: new Date().toISOString(),
      payload: { lines: [pad] },
    };
  };
  let fence: string | null = null;
  for (let call = 0; call < 5; call += 1) {
    const types = [call === 0 ? 'RUN_STARTED' : 'LOG_APPENDED', 'LOG_APPENDED', 'LOG_APPENDED'];
    const input = { runId, fence, events: types.map(event) };
    const answer: { appendRunEvents: { fence: string } } = await asked(url, APPEND, { input });
    ({ fence } = answer.appendRunEvents);
  }
}

const APPEND = `mutation ($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) { ... on AppendedEvents { fence } ... on Refusal { code message } }
}`;

function tcpOf(socket: WebSocket): TcpSocket {
  return (socket as unknown as { _socket: TcpSocket })._socket;
}

function expectSome(events: readonly unknown[]): void {
  if (events.length === 0) throw new Error('the run has no event whose cursor could be lost');
}
