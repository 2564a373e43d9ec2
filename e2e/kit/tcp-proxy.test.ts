/** The fault kit: each fault does what it says, and counts what it met. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBusWire, type BusWire } from './bus-wire.ts';
import { openWire, type Wire } from './tcp-proxy.ts';
import { until } from './until.ts';

let server: Server;
let port: number;
const seenByServer: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => {
    seenByServer.push(socket.on('error', () => undefined));
    socket.on('data', (bytes) => socket.write(bytes)); // Says everything again.
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  seenByServer.splice(0).forEach((socket) => socket.destroy());
  server.close();
  await once(server, 'close');
});

interface Caller {
  readonly socket: Socket;
  heard: string;
  ended: string | null;
}

function call(to: number): Caller {
  const caller: Caller = { socket: connect(to, '127.0.0.1'), heard: '', ended: null };
  caller.socket.on('data', (bytes) => (caller.heard += bytes.toString()));
  caller.socket.on('error', (error: NodeJS.ErrnoException) => (caller.ended = error.code ?? ''));
  caller.socket.on('close', () => (caller.ended ??= 'closed'));
  return caller;
}

async function heard(caller: Caller, text: string): Promise<void> {
  await until(`to hear ${text.slice(0, 20)}`, () => caller.heard === text);
}

describe('a wire', () => {
  let wire: Wire;
  beforeEach(async () => {
    wire = await openWire(port);
  });
  afterEach(() => wire.close());

  test('carries both ways and ends with either side', async () => {
    const caller = call(wire.port);
    caller.socket.write('hello');
    await heard(caller, 'hello');
    seenByServer[0]!.end();
    await until('its end', () => caller.ended === 'closed');
    expect(wire.carried()).toBe(1);
    expect(wire.met()).toEqual({ cut: 0, stalled: 0, halfOpen: 0, slowed: 0 });
  });

  test('cut: resets what is there and what comes, until it is mended', async () => {
    const before = call(wire.port);
    before.socket.write('hello');
    await heard(before, 'hello');
    wire.cut();
    const after = call(wire.port);
    await until('both resets', () => before.ended !== null && after.ended !== null);
    expect([before.ended, after.ended]).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(wire.met()).toMatchObject({ cut: 2 });
    wire.mend();
    const again = call(wire.port);
    again.socket.write('hello');
    await heard(again, 'hello');
    again.socket.destroy();
  });

  test('stalled: nothing arrives and nothing ends; mended, all of it arrives', async () => {
    const caller = call(wire.port);
    caller.socket.write('one ');
    await heard(caller, 'one ');
    wire.stall();
    caller.socket.write('two ');
    const other = call(wire.port);
    await until('both are met', () => wire.met().stalled === 2);
    expect([caller.heard, caller.ended, other.ended]).toEqual(['one ', null, null]);
    wire.mend();
    await heard(caller, 'one two ');
    caller.socket.destroy();
    other.socket.destroy();
  });

  test('half open: takes bytes and answers nothing for good, also once it is mended', async () => {
    const caller = call(wire.port);
    caller.socket.write('one ');
    await heard(caller, 'one ');
    wire.halfOpen();
    const during = call(wire.port);
    caller.socket.write('two ');
    during.socket.write('two ');
    await until('both are met', () => wire.met().halfOpen === 2);
    wire.mend();
    caller.socket.write('three ');
    seenByServer[0]!.end('goodbye');
    const after = call(wire.port);
    after.socket.write('four ');
    await heard(after, 'four ');
    expect([caller.heard, caller.ended]).toEqual(['one ', null]);
    expect([during.heard, during.ended]).toEqual(['', null]);
    for (const { socket } of [caller, during, after]) socket.destroy();
  });

  test('slow: everything arrives, whole and in order, piece by piece; also when it is mended in the middle', async () => {
    const caller = call(wire.port);
    wire.slow({ bytes_per_second: 20_000 });
    const text = Array.from({ length: 1_000 }, (_, at) => `${at} `).join('');
    caller.socket.write(text);
    await until('some of it', () => caller.heard.length > 0);
    expect(caller.heard.length).toBeLessThan(text.length);
    expect(text.startsWith(caller.heard)).toBe(true);
    wire.mend();
    caller.socket.write('end');
    await heard(caller, `${text}end`);
    expect(wire.met().slowed).toBeGreaterThan(1);
    caller.socket.destroy();
  });

  test('aimed elsewhere: who comes from then on arrives there', async () => {
    const staying = call(wire.port);
    staying.socket.write('here');
    await heard(staying, 'here');
    const other = createServer((socket) => socket.end('there')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    wire.aim((other.address() as AddressInfo).port);
    const moving = call(wire.port);
    await heard(moving, 'there');
    staying.socket.write(' and here');
    await heard(staying, 'here and here');
    staying.socket.destroy();
    other.close();
  });
});

describe('the wire of a bus', () => {
  let wire: BusWire;
  let caller: Caller;
  /** As many as are met: each decision is `yes` for faults above 0. */
  beforeEach(async () => {
    wire = await openBusWire(port, () => 0);
    caller = call(wire.port);
  });
  afterEach(async () => {
    caller.socket.destroy();
    await wire.close();
  });

  const message = (text: string, kind = '*') =>
    `${kind}3\r\n$8\r\nsmessage\r\n$3\r\nrun\r\n$${text.length}\r\n${text}\r\n`;
  const answers = [
    '+OK\r\n',
    ':7\r\n',
    '$-1\r\n',
    '*3\r\n$10\r\nssubscribe\r\n$3\r\nrun\r\n:1\r\n',
  ];

  test('without faults all passes, however it is cut into pieces', async () => {
    const all = [...answers, message('1'), message('2', '>'), '%1\r\n+a\r\n:1\r\n', '_\r\n'].join(
      '',
    );
    for (const letter of all) {
      caller.socket.write(letter);
      await new Promise(setImmediate);
    }
    await heard(caller, all);
    expect(wire.messages).toMatchObject({ passed: 2, dropped: 0 });
  });

  test('drops messages and nothing else', async () => {
    wire.faults.drop = 1;
    caller.socket.write([message('1'), ...answers, message('2')].join(''));
    await heard(caller, answers.join(''));
    expect(wire.messages).toMatchObject({ passed: 0, dropped: 2 });
  });

  test('doubles messages', async () => {
    wire.faults.duplicate = 1;
    caller.socket.write(message('1'));
    await heard(caller, message('1') + message('1'));
    expect(wire.messages).toMatchObject({ doubled: 1 });
  });

  test('swaps a message with the next, and keeps none back when there is no next', async () => {
    wire.faults.swap = 1;
    caller.socket.write(message('1') + message('2'));
    await heard(caller, message('2') + message('1'));
    caller.socket.write(message('3'));
    await heard(caller, message('2') + message('1') + message('3'));
    expect(wire.messages).toMatchObject({ swapped: 2 });
  });

  test('delays messages, so that later ones overtake them', async () => {
    wire.faults.delay = 1;
    caller.socket.write(message('1'));
    await until('it is met', () => wire.messages.delayed === 1);
    wire.faults.delay = 0;
    caller.socket.write(message('2'));
    await heard(caller, message('2') + message('1'));
  });
});
