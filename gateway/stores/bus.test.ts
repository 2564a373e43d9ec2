import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  redisPath,
  startRedis,
  startRedisCluster,
  type RedisCluster,
  type RedisServer,
} from '../../e2e/kit/redis-server.ts';
import { until } from '../../e2e/kit/until.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import type { Bus } from '../../resolvers/ports.ts';
import { openLocalBus } from './bus-local.ts';
import { openRedisBus } from './bus-redis.ts';
import { busContract, type BusPair } from './bus.contract.ts';
import { probeRedis } from './redis-probe.ts';

const TIMEOUT_ms = 600;
/** Of a Redis that nobody harms, on the busiest machine: an answer that is late counts as a message lost. */
const PATIENCE_ms = 20_000;

/** A bus, and what it told of outages. */
async function openBus(url: string, pending_max = 10_000, timeout_ms = TIMEOUT_ms) {
  const told: string[] = [];
  const bus = await openRedisBus(url, {
    timeout_ms,
    pending_max,
    away: (error) => void told.push(`away: ${error.message}`),
    back: () => void told.push('back'),
  });
  return { bus, told };
}

const openPatient = async (url: string) => (await openBus(url, 10_000, PATIENCE_ms)).bus;

function suiteOver(open: () => Promise<Bus>) {
  let pair: BusPair;
  beforeEach(async () => {
    pair = { here: await open(), there: await open() };
  });
  afterEach(async () => void (await Promise.all([pair.here.close(), pair.there.close()])));
  busContract(() => pair);
}

describe('in the process', () => {
  let pair: BusPair;
  beforeEach(() => {
    const bus = openLocalBus();
    pair = { here: bus, there: bus };
  });
  busContract(() => pair);
});

describe.skipIf(!process.env['TEST_REDIS_URL'])('redis (TEST_REDIS_URL)', () => {
  suiteOver(() => openPatient(process.env['TEST_REDIS_URL']!));

  test('Redis keeps one subscription for a topic, however many listen, and none after the last', async () => {
    const admin = new Redis(process.env['TEST_REDIS_URL']!);
    const { bus } = await openBus(process.env['TEST_REDIS_URL']!);
    const topic = `shared ${process.pid}`;
    const subscriptions = async () =>
      (await admin.call('PUBSUB', 'SHARDNUMSUB', topic)) as [string, number];
    const stops = await Promise.all(
      Array.from({ length: 50 }, () => bus.listen(topic, () => undefined)),
    );
    expect(await subscriptions()).toEqual([topic, 1]);
    stops.forEach((stop) => stop());
    await until('the end of it', async () => (await subscriptions())[1] === 0);
    await bus.close();
    admin.disconnect();
  });
});

describe.skipIf(!redisPath())('a Redis that goes away', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  test.each([
    { how: 'killed', fail: () => server.kill(), mend: () => server.restart() },
    { how: 'paused', fail: async () => server.pause(), mend: async () => server.resume() },
  ])(
    '$how: messages are lost and counted, it is told once, and the gap when every topic is heard again',
    async ({ fail, mend }) => {
      const { bus, told } = await openBus(server.url);
      const other = await openBus(server.url);
      const heard: string[] = [];
      const hear = (message: string) => void heard.push(message);
      await bus.listen('a', hear);
      await bus.listen('b', hear);
      let gaps = 0;
      const stop = bus.onGap(() => (gaps += 1));

      await fail();
      await until('it is seen', () => {
        bus.publish('a', 'lost');
        return !bus.counts().connected;
      });
      await until('messages are lost', () => {
        bus.publish('a', 'lost');
        return bus.counts().lost > 0;
      });
      const began = performance.now();
      await until('the one that only listens sees it too', () => !other.bus.counts().connected);
      await expect(bus.listen('c', hear)).rejects.toThrow(Unavailable);
      expect(bus.counts().topics).toBe(2);
      expect(gaps).toBe(0);
      // Long enough for several tries to connect.
      await until('tries', () => performance.now() > began + 4 * TIMEOUT_ms);

      await mend();
      await until('the gap', () => gaps > 0);
      await until('both are back', () => bus.counts().connected && other.bus.counts().connected);
      heard.length = 0;
      other.bus.publish('a', 'a is heard');
      other.bus.publish('b', 'b is heard');
      await until('both topics', () => heard.length === 2);
      expect(heard.toSorted()).toEqual(['a is heard', 'b is heard']);
      expect(told).toEqual([expect.stringMatching(/^away: /), 'back']);
      expect(gaps).toBe(1);
      stop();
      await Promise.all([bus.close(), other.bus.close()]);
    },
  );

  test('what waits for an answer is bounded: at the bound it is sent, one past it is lost', async () => {
    const { bus } = await openBus(server.url, 10);
    server.pause();
    for (let sent = 0; sent < 10; sent += 1) bus.publish('a', 'x');
    expect(bus.counts().lost).toBe(0);
    bus.publish('a', 'x');
    expect(bus.counts().lost).toBe(1);
    server.resume();
    await bus.close();
  });

  test('one that is away at the start is waited for behind the back of who opened it', async () => {
    await server.kill();
    const { bus, told } = await openBus(server.url);
    expect(bus.counts()).toMatchObject({ connected: false });
    await expect(bus.listen('a', () => undefined)).rejects.toThrow(/redis is unavailable/);
    let gaps = 0;
    bus.onGap(() => (gaps += 1));
    await server.restart();
    await until('the gap', () => gaps === 1 && bus.counts().connected);
    await bus.listen('a', () => undefined);
    expect(told).toEqual([expect.stringMatching(/ECONNREFUSED/), 'back']);
    await bus.close();
  });

  test('doctor says what it is, and what to do when it is away or no cluster', async () => {
    const well = await probeRedis(server.url, TIMEOUT_ms);
    expect(well).toMatchObject({ version: expect.stringMatching(/^\d/), cluster: false });
    expect(well.findings).toEqual([]);
    const { findings } = await probeRedis(`${server.url}?cluster=on`, TIMEOUT_ms);
    expect(findings).toMatchObject([
      { level: 'problem', what: expect.stringMatching(/no cluster/) },
    ]);
    const away = await probeRedis('redis://me:hunter2@127.0.0.1:1', TIMEOUT_ms);
    expect(away.findings).toMatchObject([
      { level: 'warning', what: expect.stringMatching(/ECONNREFUSED/) },
    ]);
    expect(JSON.stringify(away)).not.toContain('hunter2');
  });

  test('it closes at once also while Redis is away', async () => {
    const { bus } = await openBus(server.url);
    await server.kill();
    await until('it is seen', () => !bus.counts().connected);
    await bus.close();
    await server.restart();
  });
});

describe.skipIf(!redisPath())('a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());

  describe('whole', () => suiteOver(() => openPatient(cluster.url)));

  test('a node that is away costs its own topics, which are heard again with it', async () => {
    const { bus, told } = await openBus(cluster.url);
    await until('connected', () => bus.counts().connected);
    const topics = Array.from({ length: 30 }, (_, at) => `topic ${at}`);
    const heard = new Set<string>();
    for (const topic of topics) await bus.listen(topic, () => void heard.add(topic));
    const hearAll = (wanted: number) =>
      until(`${wanted} topics`, () => {
        for (const topic of topics) bus.publish(topic, 'x');
        return heard.size >= wanted;
      });
    await hearAll(30);

    const node = cluster.nodes[1]!;
    await node.kill();
    await until('it is seen', () => !bus.counts().connected);
    heard.clear();
    await hearAll(15);
    expect(heard.size).toBeLessThan(30);

    let gaps = 0;
    bus.onGap(() => (gaps += 1));
    await node.restart();
    await until('the gap', () => gaps > 0 && bus.counts().connected);
    await hearAll(30);
    expect(told).toEqual([expect.stringMatching(/^away: /), 'back']);
    await bus.close();
  });
});
