/**
 * A thousand WebSockets that only count what comes, in a process of their own: a full client each would cost more than
 * the server it measures. Frames are read by their length; only where latency is asked for is their text looked at.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { answer } from './child.ts';
import { spread } from './figures.ts';

/** Whom to read from. `subscribe` is the payload of a subscription; without it the server speaks unasked. */
export interface Readers {
  readonly url: string;
  readonly count: number;
  readonly subscribe?: object;
}

const SUBPROTOCOL = 'graphql-transport-ws';
const RECORDED = '"recordedAt":"';
const DATE_CHARS = '2026-05-04T03:02:01.123Z'.length;

let frames = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached = () => {};
let firstTexts: string[] = [];
let latencies_ms: number[] | null = null;
const open: Socket[] = [];

const readers = {
  /** Opens them one after the other. */
  async open({ url, count, subscribe }: Readers): Promise<void> {
    frames = 0;
    for (let number = 0; number < count; number++) {
      const socket = await upgraded(url, subscribe !== undefined);
      open.push(socket);
      if (subscribe) await subscribed(socket, subscribe);
      read(socket, number === 0);
    }
  },
  /** Resolves when so many frames have come since the last question, to the texts that the first socket was sent. */
  async count(expected: number): Promise<readonly string[]> {
    wanted = expected;
    if (frames < wanted) {
      await new Promise<void>((done) => {
        reached = done;
      });
    }
    frames -= expected;
    wanted = Number.POSITIVE_INFINITY;
    return firstTexts.splice(0);
  },
  /** From now on, how long after its `recordedAt` each event comes. */
  time(): void {
    latencies_ms = [];
  },
  timed(): ReturnType<typeof spread> {
    return spread(latencies_ms ?? []);
  },
  close(): void {
    for (const socket of open.splice(0)) socket.destroy();
  },
};

export type ReadersProgram = typeof readers;
answer(readers);

async function upgraded(url: string, graphql: boolean): Promise<Socket> {
  const asked = request(`${url}/graphql`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      ...(graphql ? { 'sec-websocket-protocol': SUBPROTOCOL } : {}),
    },
  });
  asked.end();
  const [, socket] = (await once(asked, 'upgrade')) as [unknown, Socket];
  socket.setNoDelay();
  return socket;
}

async function subscribed(socket: Socket, payload: object): Promise<void> {
  socket.write(frameOf({ type: 'connection_init' }));
  await once(socket, 'data'); // connection_ack: small, and alone.
  socket.write(frameOf({ id: randomUUID(), type: 'subscribe', payload }));
}

/** A client's frame: masked, here by zeros. */
function frameOf(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, text]);
}

function read(socket: Socket, isFirst: boolean): void {
  let rest: Buffer | null = null;
  socket.on('data', (chunk: Buffer) => {
    const bytes: Buffer = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    for (;;) {
      const head = (bytes[at + 1] ?? 0) < 126 ? 2 : 4;
      if (bytes.length < at + head) break;
      const length = head === 2 ? bytes[at + 1]! : bytes.readUInt16BE(at + 2);
      if (bytes.length < at + head + length) break;
      came(bytes, at + head, length, isFirst);
      at += head + length;
    }
    rest = at < bytes.length ? bytes.subarray(at) : null;
  });
}

function came(bytes: Buffer, from: number, length: number, isFirst: boolean): void {
  frames += 1;
  if (isFirst) firstTexts.push(bytes.toString('utf8', from, from + length));
  if (latencies_ms) {
    const at = bytes.indexOf(RECORDED, from, 'latin1') + RECORDED.length;
    const recorded_ms = Date.parse(bytes.toString('latin1', at, at + DATE_CHARS));
    latencies_ms.push(performance.timeOrigin + performance.now() - recorded_ms);
  }
  if (frames >= wanted) reached();
}
