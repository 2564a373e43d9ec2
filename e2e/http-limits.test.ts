/** Who may ask, and how much: each bound at it and one past it. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { socketsOf } from './kit/own-sockets.ts';
import { GRAPHQL, JSON_TYPE, post, raw, smallGateways } from './kit/small-gateway.ts';
import { until } from './kit/until.ts';

const { start, end } = smallGateways();
afterEach(end);

describe('who may ask', () => {
  test('a foreign Host is refused on every path, before anything is done', async () => {
    let ran = false;
    const gateway = await start({ hello: () => (ran = true) });
    for (const path of ['/', '/graphql?query={hello}', '/metrics', '/health/live', '/nowhere']) {
      const { status, body } = await raw(gateway, path, {
        headers: { host: 'rebound.example.org' },
      });
      expect([path, status]).toEqual([path, 403]);
      expect(body).toContain(
        'Host must be localhost or a loopback address, got \\"rebound.example.org\\"',
      );
    }
    expect(ran).toBe(false);
  });

  test('a target may name its server, as proxies are sent it, and means the same', async () => {
    const gateway = await start();
    const { host, port } = new URL(gateway.url);
    const ask = async (target: string) => {
      const [response] = (await once(
        httpRequest({ host: '127.0.0.1', port, path: target, headers: { host } }).end(),
        'response',
      )) as [IncomingMessage];
      const text = Buffer.concat(await response.toArray()).toString();
      return { status: response.statusCode, text };
    };
    for (const target of ['/graphql?query={hello}', '/health/live', '/nowhere', '/']) {
      const named = await ask(`http://${host}${target}`);
      expect(named.status).toBe((await ask(target)).status);
    }
    expect((await ask(`http://${host}/graphql?query={hello}`)).text).toContain('"hello"');
    expect((await ask(`http://${host}`)).status).toBe(200);
  });

  test('a page of another site is refused, one of this gateway and a program are served', async () => {
    const gateway = await start();
    const host = new URL(gateway.url).host;
    const ask = (headers: Record<string, string>) =>
      post(gateway, '{"query":"{ hello }"}', headers);
    expect((await ask({ origin: 'https://example.org' })).status).toBe(403);
    expect((await ask({ origin: 'null' })).status).toBe(403);
    expect((await ask({ origin: `http://${host}` })).status).toBe(200);
    expect((await ask({})).status).toBe(200);
  });

  test('a form of another site cannot post, whatever type it names', async () => {
    let ran = false;
    const gateway = await start({ go: () => (ran = true) });
    const body = '{"query":"mutation { go }"}';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      expect((await post(gateway, body, { 'content-type': type })).status).toBe(415);
    }
    expect(ran).toBe(false);
  });

  test('an upgrade to no path of ours is refused, and one that is cut off ends nothing else', async () => {
    const gateway = await start();
    const port = Number(new URL(gateway.url).port);
    const upgrade = (target: string) =>
      `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;
    for (const target of ['//', '//[', 'http://[', '/nowhere', '/graphql/']) {
      const socket = connect(port, '127.0.0.1');
      let heard = '';
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
      socket.end(upgrade(target));
      await once(socket, 'close');
      expect([target, heard.split('\r\n')[0]]).toEqual([target, 'HTTP/1.1 404 Not Found']);
    }
    const failed: unknown[] = [];
    const notice = (error: unknown) => failed.push(error);
    process.on('uncaughtExceptionMonitor', notice);
    for (let i = 0; i < 100; i += 1) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(upgrade('/nowhere') + 'x'.repeat(1_000 * i), () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    expect((await raw(gateway, '/health/live', {})).status).toBe(200);
    process.off('uncaughtExceptionMonitor', notice);
    expect(failed).toEqual([]);
    const silent = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const closed = once(silent.resume(), 'end');
    silent.write(upgrade('/nowhere')); // It never closes its side, as one that was reset does not either.
    await closed;
    await until('its sockets are let go', () => socketsOf(gateway.url).length === 0);
    silent.destroy();
  });

  test('answers cannot be read, framed or guessed by others', async () => {
    const { headers } = await raw(await start(), '/health/live', {});
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('limits', () => {
  const bodyOf = (bytes: number) => JSON.stringify({ query: '{ hello }' }).padEnd(bytes);
  const chunked = { 'transfer-encoding': 'chunked' };

  test.each([{}, chunked])(
    'a body at its limit is read, one byte more is LIMITED (413): %o',
    async (headers) => {
      const gateway = await start({}, { HTTP_BODY_BYTES_MAX: 2_048 });
      expect((await post(gateway, bodyOf(2_048), headers)).json()).toEqual({
        data: { hello: 'world' },
      });
      const refused = await post(gateway, bodyOf(2_049), headers);
      expect(refused.status).toBe(413);
      expect(refused.json().errors).toEqual([
        {
          message: 'a body may be at most 2048 bytes, got 2049',
          extensions: { code: 'LIMITED', limit: 2_048, seen: 2_049 },
        },
      ]);
    },
  );

  test('a body without end is cut off soon after its limit, and is not kept', async () => {
    const gateway = await start({}, { HTTP_BODY_BYTES_MAX: 65_536 });
    const sent = httpRequest(`${gateway.url}/graphql`, { method: 'POST', headers: JSON_TYPE });
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    let sent_bytes = 0;
    const more = () => {
      while (!sent.destroyed && sent_bytes < 50_000_000 && sent.write(Buffer.alloc(65_536)))
        sent_bytes += 65_536;
    };
    sent.on('drain', more).on('error', () => undefined);
    more();
    const [response] = await answered;
    expect(response.statusCode).toBe(413);
    expect(sent_bytes).toBeLessThan(20_000_000);
    sent.destroy();
  });

  test('bodies together stay within their bound, and give it back', async () => {
    let finish: () => void = () => undefined;
    const waiting = new Promise<string>((done) => (finish = () => done('done')));
    const started: string[] = [];
    const slow = () => {
      started.push('slow');
      return waiting;
    };
    const gateway = await start(
      { slow },
      { HTTP_BODY_BYTES_MAX: 2_048, HTTP_BODIES_BYTES_MAX: 3_000 },
    );
    const first = post(gateway, JSON.stringify({ query: '{ slow }' }).padEnd(2_000));
    await expect.poll(() => started).toHaveLength(1);
    expect((await post(gateway, bodyOf(1_000))).status).toBe(200);
    const refused = await post(gateway, bodyOf(1_001));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(refused.json().errors?.[0]?.extensions).toEqual({ code: 'LIMITED', limit: 3_000 });
    finish();
    await first;
    expect((await post(gateway, bodyOf(2_000))).status).toBe(200);
  });

  test('a document at its tokens is answered, one more is LIMITED', async () => {
    const gateway = await start({}, { QUERY_TOKENS_MAX: 50 });
    const tokens = (count: number) => ({ query: `{ ${'hello '.repeat(count - 2)}}` });
    expect((await post(gateway, JSON.stringify(tokens(50)))).json()).toEqual({
      data: { hello: 'world' },
    });
    const refused = await post(gateway, JSON.stringify(tokens(51)), GRAPHQL);
    expect(refused.status).toBe(400);
    expect(refused.json().errors?.[0]?.extensions).toEqual({
      code: 'LIMITED',
      limit: 50,
      seen: 51,
    });
  });

  test('a request that does not arrive in time is given up', async () => {
    const gateway = await start({}, { HTTP_RECEIVE_TIMEOUT_MS: 200 });
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    );
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await once(socket, 'close');
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('connections past their number are closed', async () => {
    const gateway = await start({}, { HTTP_CONNECTIONS_MAX: 2 });
    const port = Number(new URL(gateway.url).port);
    const held = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const third = connect(port, '127.0.0.1');
    third.on('error', () => undefined);
    await once(third, 'close');
    held.forEach((socket) => socket.destroy());
  });

  test('an operation past its deadline is UNAVAILABLE (503) while others are answered', async () => {
    const gateway = await start(
      { slow: () => new Promise(() => undefined) },
      { REQUEST_DEADLINE_MS: 100 },
    );
    const slow = post(gateway, '{"query":"{ slow }"}', GRAPHQL);
    expect((await post(gateway, '{"query":"{ hello }"}')).json()).toEqual({
      data: { hello: 'world' },
    });
    const late = await slow;
    expect(late.status).toBe(503);
    expect(late.json().errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE' });
  });
});
