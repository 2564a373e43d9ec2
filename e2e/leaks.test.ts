/** A thousand subscriptions that ended in every way leave nothing behind. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openEventStream } from './kit/event-stream.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import {
  heapUsed_bytes,
  timers,
  watchSignals,
  watchWarnings,
  type SignalWatch,
} from './kit/held.ts';
import { metricOf } from './kit/metrics.ts';
import { socketsOf } from './kit/own-sockets.ts';
import { redisPath, startRedis, type RedisServer } from './kit/redis-server.ts';
import { SLOW_READERS, type SlowReader } from './kit/slow-reader.ts';
import { openWire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const EVENTS = `subscription ($run: ID!, $after: Cursor) {
  runEvents(runId: $run, after: $after) { seq payload }
}`;
const STATE = `subscription ($run: ID!, $after: Cursor) {
  run(id: $run, after: $after) { cursor run { status } }
}`;
const NOBODY = '00000000-0000-7000-8000-00000000dead';
const LARGE = { more: randomBytes(30_000).toString('hex') };
/** What a thousand may leave in the heap: caches that are filled, code that was compiled. */
const HEAP_GROWTH_bytes = 16_000_000;

describe.skipIf(!redisPath()).each(WORLDS)('$name and Redis', ({ open }) => {
  let world: World;
  let redis: RedisServer;
  let asksRedis: Redis;
  let gateway: TestGateway;
  let signals: SignalWatch;
  /** Listeners of the gateway's own jobs. */
  let own: number;
  const warnings = watchWarnings();
  beforeAll(async () => {
    [world, redis] = await Promise.all([open(), startRedis()]);
    asksRedis = new Redis(redis.url);
    signals = watchSignals();
    gateway = await world.start({
      REDIS_URL: redis.url,
      LIVE_HEARTBEAT_MS: 1_000,
      LIVE_STALLED_MS: 500,
      WS_OPERATIONS_MAX: 1_000,
      // No connection of its pool is above the minimum: such a one has a timer for half a minute.
      DATABASE_POOL_MAX: 20,
      DATABASE_POOL_MIN: 20,
    });
    own = signals.listeners();
  });
  afterAll(async () => {
    signals.stop();
    warnings.stop();
    asksRedis.disconnect();
    await world.end();
    await redis.stop();
  });

  const topics = async () => (await asksRedis.call('PUBSUB', 'SHARDCHANNELS')) as string[];
  const follows = () => metricOf(gateway.url, 'live_followers');

  /** On one socket. */
  function socket(): Client {
    const url = `${gateway.url.replace('http', 'ws')}/graphql`;
    return createClient({
      url,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => undefined,
    });
  }

  /** Subscribes so often on one socket, half to events and half to state; resolves when all have an item, or an end. */
  async function subscribe(client: Client, count: number, variables: object) {
    let begun = 0;
    const stops = Array.from({ length: count }, (_, at) => {
      let first = true;
      const note = () => {
        if (first) begun += 1;
        first = false;
      };
      const payload = { query: at % 2 ? EVENTS : STATE, variables: { ...variables } };
      return client.subscribe(payload, { next: note, error: note, complete: note });
    });
    await until(`${count} have begun`, () => begun === count);
    return () => stops.forEach((stop) => stop());
  }

  async function many<T>(count: number, one: (at: number) => Promise<T>): Promise<T[]> {
    return Promise.all(Array.from({ length: count }, (_, at) => one(at)));
  }

  async function readers(count: number, run: string, url = gateway.url): Promise<SlowReader[]> {
    const opened = await many(count, (at) =>
      SLOW_READERS[at % 2]!.open(url, at % 4 < 2 ? EVENTS : STATE, { run }),
    );
    await until('they read', () => opened.every(({ items }) => items.length > 0));
    return opened;
  }

  /** Each ends so many as its number says: 1,000 in all. */
  const ENDS: Record<string, (run: string) => Promise<void>> = {
    async 'completed by the client: 200'(run) {
      const client = socket();
      const stop = await subscribe(client, 200, { run });
      stop();
      await until('nobody follows', async () => (await follows()) === 0);
      await client.dispose();
    },
    async 'the socket closed by the client: 200'(run) {
      const clients = await many(10, async () => {
        const client = socket();
        await subscribe(client, 20, { run });
        return client;
      });
      clients.forEach((client) => client.terminate());
    },
    async 'the connection dropped: 196'(run) {
      (await readers(196, run)).forEach((reader) => reader.end());
    },
    async 'half open, found by pings: 50'(run) {
      const wire = await openWire(Number(new URL(gateway.url).port));
      const url = `http://127.0.0.1:${wire.port}`;
      const [bySocket] = SLOW_READERS;
      const opened = await many(50, () => bySocket!.open(url, EVENTS, { run }));
      await until('they read', () => opened.every(({ items }) => items.length > 0));
      wire.stall();
      await until('they are found', async () => (await follows()) === 0);
      opened.forEach((reader) => reader.end());
      await wire.close();
    },
    async 'refused, by socket and by stream: 200'(run) {
      const client = socket();
      for (const variables of [{ run: NOBODY }, { run, after: 'bm90IG91cnM' }]) {
        await subscribe(client, 50, variables);
        const streams = await many(50, () => openEventStream(gateway.url, EVENTS, variables));
        await Promise.all(streams.map(({ ended }) => ended));
      }
      await client.dispose();
    },
    async 'left while they began: 150'(run) {
      const client = socket();
      for (let at = 0; at < 100; at++) {
        const stop = client.subscribe(
          { query: EVENTS, variables: { run } },
          { next: () => undefined, error: () => undefined, complete: () => undefined },
        );
        if (at % 2) setImmediate(stop);
        else stop();
      }
      for (let at = 0; at < 50; at++) {
        const stop = new AbortController();
        const asked = fetch(`${gateway.url}/graphql`, {
          method: 'POST',
          signal: stop.signal,
          headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
          body: JSON.stringify({ query: EVENTS, variables: { run } }),
        }).catch(() => undefined);
        setTimeout(() => stop.abort(), at / 5);
        await asked;
      }
      await client.dispose();
    },
    async 'stalled: 4'(run) {
      void run;
      const worker = await newWorker(gateway.url);
      await worker.start();
      const stalled = await many(4, (at) =>
        SLOW_READERS[at % 2]!.open(gateway.url, EVENTS, { run: worker.runId }),
      );
      await until('they read', () => stalled.every(({ items }) => items.length > 0));
      stalled.forEach((reader) => reader.pause());
      await worker.progress(200, 20, LARGE);
      await until('they are cut off', async () => (await follows()) === 0);
      stalled.forEach((reader) => reader.end());
    },
  };

  async function round(): Promise<void> {
    const worker = await newWorker(gateway.url);
    await worker.start();
    for (const [, end] of Object.entries(ENDS)) await end(worker.runId);
  }

  async function isAsBefore(): Promise<void> {
    await until('nobody follows', async () => (await follows()) === 0);
    for (const name of ['runs', 'sockets', 'operations', 'streams']) {
      await until(`no ${name}`, async () => (await metricOf(gateway.url, `live_${name}`)) === 0);
    }
    await until('Redis has no topic of runs', async () => !(await topics()).some(ofRun));
    await until('no more listeners on signals', () => signals.listeners() === own);
  }

  test(
    'after 1,000 subscriptions that ended in every way it is as before, and after 1,000 more',
    { timeout: 300_000 },
    async () => {
      const steady = await newWorker(gateway.url);
      const before = { timers: timers() };
      const held = await readers(2, steady.runId);
      await until('Redis has its topic', async () => (await topics()).some(ofRun));
      expect(signals.listeners()).toBeGreaterThan(own);
      held.forEach((reader) => reader.end());
      await isAsBefore();

      await round();
      await isAsBefore();
      const heap_bytes = heapUsed_bytes();
      await round();
      await isAsBefore();
      const grown_bytes = heapUsed_bytes() - heap_bytes;
      console.log(`heap: ${heap_bytes} bytes after 1,000, ${grown_bytes} more after 1,000 more`);
      expect(grown_bytes).toBeLessThan(HEAP_GROWTH_bytes);
      await until('no connection is left', () => socketsOf(gateway.url).length === 0);
      await until('no timer is left', () => timers() <= before.timers);
      expect(warnings.seen.filter((text) => text.includes('Listener'))).toEqual([]);
    },
  );

  test('a drain ends all that there are, and leaves nothing', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    const client = socket();
    await subscribe(client, 20, { run: worker.runId });
    const opened = await readers(40, worker.runId);
    expect(await gateway.drain()).toBe(true);
    await until('all are told', () => opened.every((reader) => reader.closed()));
    expect(socketsOf(gateway.url)).toHaveLength(0);
    await until('no topic', async () => (await topics()).length === 0);
    await until('no listener on a signal', () => signals.listeners() === 0);
  });
});

function ofRun(topic: string): boolean {
  return topic.includes('run:');
}
