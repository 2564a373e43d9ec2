/** Status codes and media types of the gateway's paths. */
import { afterEach, describe, expect, test } from 'vitest';
import { GRAPHQL, JSON_TYPE, post, raw, smallGateways } from './kit/small-gateway.ts';

const { start, end } = smallGateways();
afterEach(end);

describe('status and media type', () => {
  test.each([
    ['a query', { query: '{ hello }' }, 200, 200],
    ['a syntax error', { query: '{' }, 400, 200],
    ['an unknown field', { query: '{ unknown }' }, 400, 200],
    [
      'a wrong variable',
      { query: 'query ($x: String) { hello(name: $x) }', variables: { x: [1] } },
      400,
      200,
    ],
    ['a partial answer', { query: '{ hello broken }' }, 200, 200],
    ['no query', { quer: '{ hello }' }, 400, 400],
    ['a batch', [{ query: '{ hello }' }], 400, 400],
    ['wrong variables', { query: '{ hello }', variables: [] }, 400, 400],
  ])('%s', async (_name, body, inGraphql, inJson) => {
    const gateway = await start({ broken: () => Promise.reject(new Error('bug')) });
    const graphql = await post(gateway, JSON.stringify(body), GRAPHQL);
    expect(graphql.status).toBe(inGraphql);
    expect(graphql.headers['content-type']).toBe(
      'application/graphql-response+json; charset=utf-8',
    );
    const json = await post(gateway, JSON.stringify(body), { accept: 'application/json' });
    expect(json.status).toBe(inJson);
    expect(json.headers['content-type']).toBe('application/json; charset=utf-8');
    for (const { errors = [] } of [graphql.json(), json.json()]) {
      for (const { extensions } of errors) {
        expect(extensions['code']).toMatch(/^(INVALID|INTERNAL)$/);
        expect(extensions).not.toHaveProperty('http');
      }
    }
  });

  test('a body that is not JSON, or not UTF-8, is 400 and not repeated', async () => {
    const gateway = await start();
    for (const body of [
      '{ "query": hunter2',
      '',
      'null',
      '"text"',
      Buffer.from([0x7b, 0xff, 0x7d]),
    ]) {
      const { status, body: answer } = await post(gateway, body);
      expect(status).toBe(400);
      expect(answer).toContain('"code":"INVALID"');
      expect(answer).not.toContain('hunter2');
    }
  });

  test('an event stream gets the same answer as one event', async () => {
    const gateway = await start();
    const { headers, body } = await post(gateway, '{"query":"{ hello }"}', {
      accept: 'text/event-stream',
    });
    expect(headers['content-type']).toBe('text/event-stream');
    expect(body).toContain('data: {"data":{"hello":"world"}}');
  });

  test('what can be written in no accepted type is 406', async () => {
    const gateway = await start();
    for (const accept of ['image/png', 'constructor', '__proto__', 'toString']) {
      const { status } = await post(gateway, '{"query":"{ hello }"}', { accept });
      expect([accept, status]).toEqual([accept, 406]);
    }
  });

  test('other methods and unknown paths are refused by name', async () => {
    const gateway = await start();
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const { status, headers } = await raw(gateway, '/graphql', { method, headers: JSON_TYPE });
      expect([method, status, headers['allow']]).toEqual([method, 405, 'GET, POST']);
    }
    expect((await raw(gateway, '/metrics', { method: 'POST' })).status).toBe(405);
    expect((await raw(gateway, '/nowhere', {})).json().errors?.[0]?.extensions['code']).toBe(
      'NOT_FOUND',
    );
    expect((await raw(gateway, '/nowhere', {})).status).toBe(404);
  });
});

describe('GET', () => {
  const url = (parameters: Record<string, string>) => `/graphql?${new URLSearchParams(parameters)}`;

  test('serves queries with variables', async () => {
    const gateway = await start({ hello: (_root, { name }) => `hello ${String(name)}` });
    const asked = url({
      query: 'query ($n: String) { hello(name: $n) }',
      variables: '{"n":"you"}',
    });
    expect((await raw(gateway, asked, {})).json()).toEqual({ data: { hello: 'hello you' } });
  });

  test('never mutates', async () => {
    let ran = false;
    const gateway = await start({ go: () => (ran = true) });
    for (const accept of Object.values(GRAPHQL).concat('application/json')) {
      const { status, headers } = await raw(gateway, url({ query: 'mutation { go }' }), {
        headers: { accept },
      });
      expect([status, headers['allow']]).toEqual([405, 'POST']);
    }
    expect(ran).toBe(false);
  });
});

describe('health and the schema', () => {
  test('live while it runs, ready while its stores are', async () => {
    let away = false;
    const probe = () =>
      away ? Promise.reject(new Error('it is away')) : Promise.resolve({ mode: 'x' });
    const gateway = await start({}, {}, { postgres: probe });
    expect((await raw(gateway, '/health/ready', {})).status).toBe(200);
    away = true;
    const ready = await raw(gateway, '/health/ready', {});
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body)).toMatchObject({
      ready: false,
      stores: { postgres: { ok: false, reason: 'it is away' } },
    });
    expect((await raw(gateway, '/health/live', {})).status).toBe(200);
  });

  test('the schema can be read as text', async () => {
    expect((await raw(await start(), '/schema.graphql', {})).body).toContain('type Query {');
  });
});
