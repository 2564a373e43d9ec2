/** Several gateways on one Postgres and one Redis: what one commits, the followers of the others see. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEventStream, type EventStream } from './kit/event-stream.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { metricOf } from './kit/metrics.ts';
import { redisPath, startRedis, type RedisServer } from './kit/redis-server.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const server = WORLDS.find(({ name }) => name === 'postgres');
const EVENTS = `subscription($run: ID!) { runEvents(runId: $run) { seq } }`;
/** So rarely that what comes within a test did not come by it. */
const NEVER_ms = 60_000;

describe.skipIf(!server || !redisPath())('three gateways (TEST_DATABASE_URL, Redis)', () => {
  let world: World;
  let redis: RedisServer;
  /** One is written to; the others are read from: one looks at the heads often, one hardly ever. */
  let written: TestGateway;
  let looking: TestGateway;
  let hearing: TestGateway;

  beforeAll(async () => {
    [world, redis] = await Promise.all([server!.open(), startRedis()]);
    const settings = { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: 500, DATABASE_POOL_MAX: 10 };
    written = await world.start({ ...settings, LIVE_HEADS_MS: NEVER_ms });
    looking = await world.start({ ...settings, LIVE_HEADS_MS: 100 });
    hearing = await world.start({ ...settings, LIVE_HEADS_MS: NEVER_ms });
  });
  afterAll(async () => {
    redis.resume();
    await world.end();
    await redis.stop();
  });

  const follow = (gateway: TestGateway, run: string) =>
    openEventStream(gateway.url, EVENTS, { run });

  test('events appended by one are seen by the others through the bus, without a look at the heads', async () => {
    const worker = await newWorker(written.url);
    const streams = await Promise.all(
      [hearing, hearing, written].map((gateway) => follow(gateway, worker.runId)),
    );
    await worker.start();
    await worker.progress(60, 3);
    await worker.finish();
    for (const stream of streams) await arrived(stream, 65);
    streams.forEach((stream) => stream.close());
    expect(await metricOf(hearing.url, 'live_heads_repairs')).toBe(0);
    await until('nobody follows', async () => (await metricOf(hearing.url, 'bus_topics')) === 0);
  });

  test.each([
    { how: 'killed', fail: () => redis.kill(), mend: () => redis.restart() },
    { how: 'paused', fail: async () => redis.pause(), mend: async () => redis.resume() },
  ])(
    'Redis $how: nothing is lost, the look at the heads carries on, and it recovers by itself',
    async ({ how, fail, mend }) => {
      const worker = await newWorker(written.url);
      const [looks, hears] = [
        await follow(looking, worker.runId),
        await follow(hearing, worker.runId),
      ];
      await worker.start();
      await worker.progress(10);
      await arrived(looks, 13);
      await arrived(hears, 13);
      const repairs = await metricOf(looking.url, 'live_heads_repairs');

      await fail();
      await worker.progress(20);
      await arrived(looks, 33);
      const late = await follow(looking, worker.runId); // One that comes in the outage.
      await worker.progress(10);
      await arrived(looks, 43);
      await arrived(late, 43);
      expect(await metricOf(looking.url, 'live_heads_repairs')).toBeGreaterThan(repairs);
      for (const gateway of [written, looking, hearing]) {
        await until('it is told', async () => (await metricOf(gateway.url, 'bus_connected')) === 0);
        const health = await fetch(`${gateway.url}/health/ready`);
        expect(health.status).toBe(200);
        expect(await health.json()).toMatchObject({ stores: { redis: { ok: false } } });
      }
      expect(await metricOf(written.url, 'bus_lost')).toBeGreaterThan(0);

      await mend();
      await arrived(hears, 43); // It was told of the gap, and looked at once.
      for (const gateway of [written, looking, hearing]) {
        await until('it is back', async () => (await metricOf(gateway.url, 'bus_connected')) === 1);
      }
      await worker.progress(5);
      await worker.finish();
      for (const stream of [looks, late, hears]) {
        await arrived(stream, 50);
        stream.close();
      }
      const told = (gateway: TestGateway) =>
        gateway.lines.filter((line) => /Redis is (away|back)/.test(line)).length;
      const outages = how === 'killed' ? 1 : 2;
      expect([written, looking, hearing].map(told)).toEqual(Array(3).fill(2 * outages));
    },
  );
});

/** All events up to `count`, each once and in order. */
async function arrived(stream: EventStream, count: number): Promise<void> {
  await until(`${count} events`, () => stream.events.length >= count);
  const seqs = stream.events.map(
    ({ data }) => (data as { data: { runEvents: { seq: number } } }).data.runEvents.seq,
  );
  expect(seqs).toEqual(Array.from({ length: count }, (_, at) => at + 1));
}
