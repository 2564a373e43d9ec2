/** What one WebSocket may do to a gateway: hand-made messages, as no library sends them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { metricOf } from './kit/metrics.ts';
import { waitingBytes } from './kit/own-sockets.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

const EVENTS = 'subscription ($run: ID!) { runEvents(runId: $run) { seq } }';
const OPERATIONS_MAX = 5;
const BUFFERED_bytes = 65_536;

describe.each(WORLDS.slice(0, 1))('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({
      SEED: 'off',
      WS_OPERATIONS_MAX: OPERATIONS_MAX,
      WS_BUFFERED_BYTES_MAX: BUFFERED_bytes,
    });
  });
  afterAll(() => world.end());

  async function openSocket() {
    const socket = new WebSocket(
      `${gateway.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    const heard: Message[] = [];
    socket.on('message', (bytes: Buffer) => heard.push(JSON.parse(bytes.toString()) as Message));
    await once(socket, 'open');
    const say = (message: object) => socket.send(JSON.stringify(message));
    say({ type: 'connection_init' });
    await until('the acknowledgement', () => heard.length === 1);
    const ask = (id: string, query: string, variables = {}) =>
      say({ id, type: 'subscribe', payload: { query, variables } });
    return { socket, heard, say, ask, of: (id: string) => heard.filter((one) => one.id === id) };
  }

  test('an operation that cannot be told is refused, and takes no place among the open ones', async () => {
    const { socket, ask, of } = await openSocket();
    for (let i = 0; i < 2 * OPERATIONS_MAX; i += 1) {
      ask(`${i}`, 'query A { __typename } query B { __typename }');
      await until('the refusal', () => of(`${i}`).length === 1);
      expect(of(`${i}`)[0]).toMatchObject({
        type: 'error',
        payload: [{ extensions: { code: 'INVALID' } }],
      });
    }
    ask('good', '{ __typename }');
    await until('the answer', () => of('good').length > 0);
    expect(of('good')[0]).toMatchObject({ type: 'next' });
    socket.close();
  });

  test('an id that is taken again before its operation has ended never carries two', async () => {
    const { runId } = await newWorker(gateway.url);
    const { socket, say, ask, of } = await openSocket();
    ask('1', EVENTS, { run: runId });
    say({ id: '1', type: 'complete' });
    ask('1', EVENTS, { run: runId });
    await until('what becomes of it', () => of('1').length > 0);
    ask('2', EVENTS, { run: runId });
    await until('another one', () => of('2').length === 1); // Whatever would come to the first is there by now.
    expect(of('1').length).toBe(1);
    ask('1', EVENTS, { run: runId });
    await until('the id is free', () => of('1').length === 2);
    socket.close();
  });

  test('a subscription whose field is left out is the client’s error', async () => {
    const { socket, ask, of } = await openSocket();
    ask('1', 'subscription { ... @include(if: false) { changes { id } } }');
    await until('the refusal', () => of('1').length === 1);
    expect(of('1')[0]).toMatchObject({ payload: [{ extensions: { code: 'INVALID' } }] });
    socket.close();
  });

  test('a client that asks and never reads is read no further', async () => {
    const url = new URL(gateway.url);
    const socket = connect(Number(url.port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'sec-websocket-protocol: graphql-transport-ws\r\n\r\n',
    );
    socket.pause();
    const ping = frameOf(JSON.stringify({ type: 'ping', payload: { of: 'x'.repeat(60_000) } }));
    let taken = 0;
    const fill = () => {
      while (socket.writableLength < 1_000_000) socket.write(ping, () => (taken += 1));
    };
    await until('it is full', async () => {
      fill();
      const before = taken;
      await new Promise((done) => setTimeout(done, 300));
      return taken > 0 && taken === before;
    });
    // Twice the bound, and one message more; what the kernel holds is not the gateway's.
    expect(waitingBytes(gateway.url)).toBeLessThan(2 * BUFFERED_bytes + 3 * 60_000);
    socket.resume(); // It reads again, and is heard again.
    const before = taken;
    await until('it is read on', () => taken > before);
    socket.destroy();
    await until('nothing is left', async () => (await metricOf(gateway.url, 'live_sockets')) === 0);
  });
});

/** A masked text frame, the mask all zero. */
function frameOf(text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(0x80 | 126, 1);
  head.writeUInt16BE(text.length, 2);
  return Buffer.concat([head, Buffer.from(text)]);
}
