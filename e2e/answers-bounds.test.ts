/** What is refused before there is an operation, or ends it, by every way in. Where ways differ, it says which and why. */
import { afterEach, describe, expect, test } from 'vitest';
import { SMALL_GRAPH, smallResolvers } from './kit/answer-graph.ts';
import { startSmallGateway, type SmallGateway } from './kit/small-gateway.ts';
import { until } from './kit/until.ts';
import { TYPES, WAYS, type AskedParams, type Given } from './kit/ways.ts';
import type { StopSignal } from '../resolvers/stop.ts';

const open: SmallGateway[] = [];

async function start(
  settings: Record<string, number> = {},
  late: (signal: StopSignal) => void = () => undefined,
): Promise<SmallGateway> {
  const resolvers = smallResolvers({ added: () => undefined, late });
  const gateway = await startSmallGateway(SMALL_GRAPH, resolvers, settings);
  open.push(gateway);
  return gateway;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.drain(0)));
});

const BY_HTTP = WAYS.filter(({ by }) => by !== 'socket');
const BY_POST = WAYS.filter(({ by }) => by === 'post');
const SOCKET = WAYS.filter(({ by }) => by === 'socket');

/** Parameters that are none, and what is said of them. */
const WRONG: readonly [string, object, string][] = [
  ['no query', { operationName: 'A' }, '"query" must be a string, got undefined'],
  [
    'a list of variables',
    { query: '{ hello }', variables: [1] },
    '"variables" must be an object, got array',
  ],
  [
    'extensions that are a number',
    { query: '{ hello }', extensions: 1 },
    '"extensions" must be an object, got number',
  ],
  ['what is not known', { query: '{ hello }', querry: '' }, 'parameter "querry" is unknown'],
];

describe.each(BY_HTTP)('$name', (way) => {
  test.each(WRONG)('refuses %s, whatever the type of the answer', async (_, params, message) => {
    const { url } = await start();
    const { result, status, headers } = await way.ask(url, params as AskedParams);
    expect(result).toEqual({ errors: [{ message, extensions: { code: 'INVALID' } }] });
    expect(status).toBe(400);
    // No stream is begun for what cannot be read: then it is JSON.
    const type = way.type === 'events' ? 'application/json; charset=utf-8' : TYPES[way.type];
    expect(headers['content-type']).toBe(type);
  });

  test('variables at their depth are read, one level more is LIMITED', async () => {
    const { url } = await start();
    const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });
    const asked = (levels: number) => ({ query: '{ hello }', variables: nested(levels) });
    expect((await way.ask(url, asked(128))).result).toEqual({ data: { hello: 'hello world' } });
    const { result, status } = await way.ask(url, asked(129));
    expect(result.errors).toEqual([
      {
        message: 'the depth of "variables" may be at most 128, got 129',
        extensions: { code: 'LIMITED', limit: 128, seen: 129 },
      },
    ]);
    expect(status).toBe(400);
  });
});

describe.each(SOCKET)('$name', (way) => {
  test.each(WRONG)(
    'is closed on %s by the library, as its protocol asks, or told',
    async (name, params) => {
      const { url } = await start();
      const asked = way.ask(url, params as AskedParams);
      if (name === 'what is not known') {
        expect((await asked).result.errors![0]!.extensions).toEqual({ code: 'INVALID' });
      } else await expect(asked).rejects.toThrow('the socket was closed: 4400');
    },
  );
});

describe.each(BY_POST)('$name', (way) => {
  test('a body at its limit is read, one byte more is LIMITED', async () => {
    const { url } = await start({ HTTP_BODY_BYTES_MAX: 2_048 });
    const asked = (bytes: number) => {
      const params = { query: '{ hello }', extensions: { pad: '' } };
      const pad = 'x'.repeat(bytes - JSON.stringify(params).length);
      return { ...params, extensions: { pad } };
    };
    expect((await way.ask(url, asked(2_048))).result).toEqual({ data: { hello: 'hello world' } });
    const { result, status, headers } = await way.ask(url, asked(2_049));
    expect(result).toEqual({
      errors: [
        {
          message: 'a body may be at most 2048 bytes, got 2049',
          extensions: { code: 'LIMITED', limit: 2_048, seen: 2_049 },
        },
      ],
    });
    expect([status, headers['connection']]).toEqual([413, 'close']);
  });

  test('a batch is refused', async () => {
    const { url } = await start();
    const { result, status } = await way.ask(url, [{ query: '{ hello }' }] as never);
    const message = 'batches are not taken; send one operation a request';
    expect(result).toEqual({ errors: [{ message, extensions: { code: 'INVALID' } }] });
    expect(status).toBe(400);
  });
});

describe.each(SOCKET)('$name', (way) => {
  test('a message at the limit of a body is read, one byte more closes the socket', async () => {
    const { url } = await start({ HTTP_BODY_BYTES_MAX: 2_048 });
    const asked = (bytes: number) => {
      const params = { query: '{ hello }', extensions: { pad: '' } };
      const message = JSON.stringify({ id: '1', type: 'subscribe', payload: params });
      return { ...params, extensions: { pad: 'x'.repeat(bytes - message.length) } };
    };
    expect((await way.ask(url, asked(2_048))).result).toEqual({ data: { hello: 'hello world' } });
    await expect(way.ask(url, asked(2_049))).rejects.toThrow('the socket was closed: 1009');
  });
});

describe.each(WAYS)('$name', (way) => {
  test('past its deadline an operation is UNAVAILABLE, and what it began is told to end', async () => {
    const signals: StopSignal[] = [];
    const { url } = await start({ REQUEST_DEADLINE_MS: 100 }, (signal) => signals.push(signal));
    const { result, status }: Given = await way.ask(url, { query: '{ late }' });
    expect(result).toEqual({
      errors: [
        {
          message: 'no answer within 100 ms; a mutation may have taken effect',
          extensions: { code: 'UNAVAILABLE' },
        },
      ],
    });
    expect(status).toBe(way.by === 'socket' ? null : 503);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('when the client leaves, what it asked for is told to end', async () => {
    const signals: StopSignal[] = [];
    const late = (signal: StopSignal) => void signals.push(signal);
    const gateway = await start({ REQUEST_DEADLINE_MS: 600_000 }, late);
    const leave = new AbortController();
    const asked = way.ask(gateway.url, { query: '{ late }' }, {}, leave.signal);
    asked.catch(() => undefined);
    await until('it is being answered', () => signals.length === 1);
    expect(signals[0]!.aborted).toBe(false);
    leave.abort();
    await until('it is told', () => signals[0]!.aborted);
    expect(String(signals[0]!.reason)).toContain('the client left before its answer');
    await expect(asked).rejects.toThrow();
  });
});
