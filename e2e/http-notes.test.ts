/** What logs and metrics tell of a request, and what they never tell. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { raw, smallGateways, type SmallGateway } from './kit/small-gateway.ts';
import type { StopSignal } from '../resolvers/stop.ts';

const { start, end } = smallGateways();
afterEach(end);

describe('what is noted', () => {
  const linesOf = (gateway: SmallGateway) =>
    gateway.lines.map((line) => JSON.parse(line) as Record<string, unknown>);

  test('a request has an id: the client’s when it is harmless, else a new one', async () => {
    const gateway = await start();
    const idFor = async (id: string) =>
      (await raw(gateway, '/health/live', { headers: { 'x-request-id': id } })).headers[
        'x-request-id'
      ];
    expect(await idFor('trace-1:a.b_c')).toBe('trace-1:a.b_c');
    expect(await idFor('x'.repeat(64))).toBe('x'.repeat(64));
    for (const bad of ['x'.repeat(65), 'a b', '{"a":1}', 'a;b']) {
      expect(await idFor(bad)).toMatch(/^[\w-]{12}-[0-9a-z]+$/);
    }
    await expect
      .poll(() => linesOf(gateway).map(({ requestId }) => requestId))
      .toContain('trace-1:a.b_c');
  });

  test('a line tells what was asked and how it went, never what was in it', async () => {
    const gateway = await start({ broken: () => JSON.parse('hunter2') as string });
    const query = 'query Named($n: String) { hello(name: $n) broken }';
    const response = await gateway.ask(
      query,
      { variables: { n: 'hunter2' } },
      { authorization: 'hunter2', cookie: 'hunter2', 'x-request-id': 'r1' },
    );
    expect(response.status).toBe(200);
    await gateway.ask('{ hunter2 }');
    await raw(gateway, '/graphql?query={hello}&hunter2=1', {});
    await expect
      .poll(() => linesOf(gateway).filter(({ msg }) => msg === 'request'))
      .toHaveLength(3);
    expect(
      linesOf(gateway).find(({ requestId, msg }) => requestId === 'r1' && msg === 'request'),
    ).toMatchObject({
      level: 'warn',
      method: 'POST',
      route: '/graphql',
      status: 200,
      operation: 'query',
      operationName: 'Named',
      codes: ['INTERNAL'],
      ms: expect.any(Number),
    });
    expect(linesOf(gateway).find(({ msg }) => msg === 'internal error')).toMatchObject({
      level: 'error',
      id: expect.any(String),
      requestId: 'r1',
      err: { type: 'SyntaxError' },
    });
    expect(gateway.lines.join('')).not.toContain('hunter2');
  });

  test('a client that leaves is noted as such, and its operation hears of it', async () => {
    let signal: StopSignal | undefined;
    const gateway = await start({
      slow: (_root, _args, ctx) => new Promise(() => (signal = ctx.signal)),
    });
    const leaving = new AbortController();
    const asked = fetch(`${gateway.url}/graphql?query={slow}`, { signal: leaving.signal });
    await expect.poll(() => signal).toBeDefined();
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => signal?.aborted).toBe(true);
    await expect.poll(() => linesOf(gateway).map(({ status }) => status)).toContain(499);
  });

  test('so is each of the requests that wait behind another of their connection', async () => {
    const signals: StopSignal[] = [];
    const gateway = await start({
      slow: (_root, _args, ctx) => new Promise(() => signals.push(ctx.signal)),
    });
    const { hostname, port, host } = new URL(gateway.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(`GET /graphql?query={slow} HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(20));
    await expect.poll(() => signals).toHaveLength(20);
    socket.destroy();
    await expect.poll(() => signals.filter(({ aborted }) => aborted)).toHaveLength(20);
    expect(linesOf(gateway).filter(({ status }) => status === 499)).toHaveLength(20);
  });

  test('requests of one connection that are all answered are noted once each', async () => {
    const gateway = await start();
    const { hostname, port, host } = new URL(gateway.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.end(`GET /graphql?query={hello} HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(20));
    await once(socket.resume(), 'close');
    await expect.poll(() => linesOf(gateway)).toHaveLength(20);
    expect(linesOf(gateway).map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  test('a client that leaves before its body ended is no error of ours', async () => {
    const gateway = await start();
    const { hostname, port, host } = new URL(gateway.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"query"`,
    );
    await sleep(50); // Until it has come.
    socket.destroy();
    await expect
      .poll(() => linesOf(gateway).find(({ msg }) => msg === 'request'))
      .toMatchObject({ level: 'info', status: 499 });
    await sleep(50); // Its operation, if there were one, would be answered now.
    expect(linesOf(gateway).map(({ msg }) => msg)).not.toContain('internal error');
  });

  test('metrics count requests by route and status, operations by outcome', async () => {
    const gateway = await start();
    await gateway.ask('{ hello }');
    await gateway.ask('{ nothing }');
    await gateway.ask(7 as never); // Parameters that cannot be read.
    await raw(gateway, '/a/path/of/a/client', {});
    const metrics = async () => (await raw(gateway, '/metrics', {})).body;
    await expect
      .poll(metrics)
      .toContain('polyphony_http_requests_total{route="other",status="404"} 1');
    expect(await metrics()).toContain(
      'polyphony_operation_seconds_count{operation="query",outcome="ok"} 1',
    );
    expect(await metrics()).toContain(
      'polyphony_operation_seconds_count{operation="none",outcome="invalid"} 2',
    );
    expect(await metrics()).not.toContain('/a/path');
  });
});
