/** A store that goes away costs its own fields, never the page; the gateway recovers by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from './kit/database.ts';
import { startTestGateway, type TestGateway } from './kit/gateway.ts';
import { openWire, type Wire } from './kit/tcp-proxy.ts';

const server = DATABASES.find(({ name }) => name === 'postgres');
const RUNS = '{ runs(first: 1) { nodes { id } } __typename }';
const RECOVERED = { timeout: 30_000, interval: 100 };

describe.skipIf(!server)('a server behind a wire (TEST_DATABASE_URL)', () => {
  let database: Awaited<ReturnType<NonNullable<typeof server>['open']>>;
  let wire: Wire;
  let gateway: TestGateway;

  beforeAll(async () => {
    database = await server!.open();
    const url = new URL(database.url ?? '');
    wire = await openWire(Number(url.port));
    url.port = String(wire.port);
    gateway = await startTestGateway({
      DATABASE_URL: url.href,
      DATABASE_POOL_MIN: 2,
      DATABASE_POOL_MAX: 4,
      DATABASE_ACQUIRE_TIMEOUT_MS: 2_000,
      DATABASE_STATEMENT_TIMEOUT_MS: 2_000,
      DATABASE_LOCK_TIMEOUT_MS: 400,
      HEALTH_DEADLINE_MS: 300,
      REQUEST_DEADLINE_MS: 5_000,
    });
  });
  afterAll(async () => {
    wire.mend();
    await gateway.drain();
    await wire.close();
    await database.close();
  });

  const ready = async () => (await fetch(`${gateway.url}/health/ready`)).status;

  test('while its machine is gone: UNAVAILABLE for its fields, not ready, and back by itself', async () => {
    expect(await gateway.ask(RUNS)).toEqual({ data: { runs: { nodes: [] }, __typename: 'Query' } });
    const before = wire.carried();
    wire.cut();
    await expect.poll(ready).toBe(503);
    const { data, errors } = await gateway.ask(RUNS);
    expect(data).toEqual({ runs: null, __typename: 'Query' });
    expect(errors).toMatchObject([
      { path: ['runs'], extensions: { code: 'UNAVAILABLE', store: 'postgres' } },
    ]);
    expect(await gateway.ask('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
    const page = await fetch(gateway.url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('The runs cannot be shown now: postgres is unavailable');
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(200);

    wire.mend();
    await expect.poll(ready, RECOVERED).toBe(200);
    expect((await gateway.ask(RUNS)).errors).toBeUndefined();
    expect(wire.carried()).toBeGreaterThan(before); // The fault was met: new connections were needed.
  });

  test('while it hangs: what needs it is UNAVAILABLE at its deadline, the rest is answered at once', async () => {
    wire.stall();
    await expect.poll(ready).toBe(503);
    const order: string[] = [];
    const hanging = gateway.ask(RUNS).finally(() => order.push('runs'));
    await gateway.ask('{ __typename }').finally(() => order.push('typename'));
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    order.push('metrics');
    expect(metrics).toMatch(/polyphony_feed_lag_seconds Nan/i);
    const { data, errors } = await hanging;
    expect(order).toEqual(['typename', 'metrics', 'runs']);
    expect(data).toEqual({ runs: null, __typename: 'Query' });
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE', store: 'postgres' });

    wire.mend();
    await expect.poll(ready, RECOVERED).toBe(200);
    await expect.poll(async () => (await gateway.ask(RUNS)).errors, RECOVERED).toBeUndefined();
  });

  test('it is told once per failed call in the metrics, by code', async () => {
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(
      /polyphony_store_errors_total\{store="postgres",statement="[\w.]+",code="\w+"\} [1-9]/,
    );
    expect(metrics).toMatch(
      /polyphony_operation_seconds_count\{operation="query",outcome="unavailable"\} [1-9]/,
    );
  });
});

test('a server that cannot be reached at the start is told in words, without its password', async () => {
  const starting = startTestGateway({
    DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/none',
    DATABASE_ACQUIRE_TIMEOUT_MS: 500,
  });
  await expect(starting).rejects.toThrow(
    /^The database at postgresql:\/\/me:\*\*\*@127\.0\.0\.1:1\/none cannot be used: .*nothing listens there\. Start it, mend DATABASE_URL, or unset it/,
  );
});
