/** Beginning to listen, and ending without losing a request. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { smallGateways } from './kit/small-gateway.ts';

const { start, end } = smallGateways();
afterEach(end);

describe('draining', () => {
  test('what was taken is answered, nothing new is taken, and then it ends', async () => {
    let finish: () => void = () => undefined;
    const done = new Promise<string>((resolve) => (finish = () => resolve('answered')));
    let running = 0;
    const gateway = await start({ slow: () => ((running += 1), done) });
    const asked = Array.from({ length: 20 }, () => gateway.ask('{ slow }'));
    await expect.poll(() => running).toBe(20);
    // Less than a connection is kept alive for: those that become idle must be closed.
    const drained = gateway.drain(3_000);
    await expect
      .poll(() =>
        fetch(`${gateway.url}/health/live`).then(
          () => 'taken',
          () => 'refused',
        ),
      )
      .toBe('refused');
    finish();
    const answers = await Promise.all(asked.map(async (response) => (await response).json()));
    expect(answers).toEqual(Array.from({ length: 20 }, () => ({ data: { slow: 'answered' } })));
    expect(await drained).toBe(true);
  });

  test('a request on a connection that was open before is answered, and told to close', async () => {
    let finish: (() => void) | undefined;
    const slow = () => new Promise((done) => (finish = () => done('first')));
    const gateway = await start({ slow });
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const get = (query: string) =>
      `GET /graphql?query={${query}} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
    socket.write(get('slow'));
    await expect.poll(() => finish).toBeDefined();
    const drained = gateway.drain(10_000);
    socket.write(get('hello'));
    finish?.();
    await once(socket, 'close');
    expect(heard).toContain('{"data":{"slow":"first"}}');
    expect(heard).toContain('{"data":{"hello":"world"}}');
    expect(heard).toMatch(/connection: close/i);
    expect(await drained).toBe(true);
  });

  test('past its bound what is left is cut, and it says so', async () => {
    let running = false;
    const gateway = await start({ slow: () => new Promise(() => (running = true)) });
    const asked = gateway.ask('{ slow }');
    asked.catch(() => undefined);
    await expect.poll(() => running).toBe(true);
    expect(await gateway.drain(50)).toBe(false);
    await expect(asked).rejects.toThrow();
  });
});

test('a port that is taken is told in words, with what to do', async () => {
  const gateway = await start();
  const port = new URL(gateway.url).port;
  await expect(start({}, { PORT: port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken by another program. Stop that one, or set PORT to another number`,
  );
});

test('it listens on IPv6 loopback as well, and is asked by its address', async () => {
  const gateway = await start({}, { HOST: '::1' });
  expect(gateway.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect(await (await gateway.ask('{ hello }')).json()).toEqual({ data: { hello: 'world' } });
});
