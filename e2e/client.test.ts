/** The client at real gateways: by each transport, with those before it blocked. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  openClient,
  Refused,
  runEvents,
  runState,
  type Client,
  type ClientOptions,
  type FollowState,
  type RunEvent,
} from '../client/client.ts';
import { deliveryFaults } from './kit/checker.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { openPickyProxy, type PickyProxy } from './kit/picky-proxy.ts';
import { steadyWorker } from './kit/steady-worker.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const QUICK = {
  webSocket: (url, protocol) => new WebSocket(url, protocol),
  open_wait_ms: 1_000,
  poll_ms: 20,
  backoff_first_ms: 20,
  backoff_max_ms: 200,
} as const satisfies Partial<ClientOptions>;

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  let proxy: PickyProxy;
  let client: Client;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ SEED: 'off' });
  });
  afterEach(async () => {
    await client.close();
    await proxy.close();
  });
  afterAll(() => world.end());

  async function through(passes: Partial<PickyProxy['passes']>, more: Partial<ClientOptions> = {}) {
    proxy = await openPickyProxy(gateway.url);
    Object.assign(proxy.passes, passes);
    client = openClient({ url: `${proxy.url}/graphql`, ...QUICK, ...more });
  }

  async function queuedRun(): Promise<string> {
    return (await newWorker(gateway.url)).runId;
  }

  function watch(runId: string, after: string | null = null) {
    const events: RunEvent[] = [];
    const states: FollowState[] = [];
    const following = client.follow(runEvents(runId, { after }), {
      item: (event) => void events.push(event),
      state: (state) => void states.push(state),
    });
    return { events, states, following };
  }

  test.each([
    { passes: {}, becomes: { is: 'live' }, stopped: { upgrades: 0, streams: 0 } },
    {
      passes: { upgrades: 'refuse' },
      becomes: { is: 'degraded', how: 'sse' },
      stopped: { upgrades: 1, streams: 0 },
    },
    {
      passes: { upgrades: 'swallow' },
      becomes: { is: 'degraded', how: 'sse' },
      stopped: { upgrades: 1, streams: 0 },
    },
    {
      passes: { upgrades: 'refuse', streams: 'refuse' },
      becomes: { is: 'degraded', how: 'poll' },
      stopped: { upgrades: 1, streams: 1 },
    },
    {
      passes: { upgrades: 'refuse', streams: 'hold' },
      becomes: { is: 'degraded', how: 'poll' },
      stopped: { upgrades: 1, streams: 1 },
    },
  ] as const)(
    'with $passes every event comes once and in order, $becomes',
    async ({ passes, becomes, stopped }) => {
      await through(passes);
      const runId = await queuedRun();
      const { events, states, following } = watch(runId);
      await until('it is open', () => following.counts().connections === 1);
      const worker = steadyWorker(gateway.url, runId);
      await worker.start();
      for (let call = 0; call < 10; call++) await worker.progress(3);
      await worker.finish();
      await until('all events', () => events.at(-1)?.type === 'RUN_SUCCEEDED');
      expect(deliveryFaults(worker.acknowledged, events)).toEqual([]);
      expect(events).toHaveLength(35);
      expect(proxy.stopped).toEqual(stopped);
      expect(states).toEqual([{ is: 'connecting' }, becomes]);
      following.stop();
      expect(await following.ended).toBeNull();
      expect(following.state()).toEqual({ is: 'ended', error: null });
    },
  );

  test('once a better transport passes again it is taken, and nothing is lost between the two', async () => {
    await through({ upgrades: 'refuse', streams: 'refuse' }, { upgrade_ms: 200 });
    const runId = await queuedRun();
    const { events, states, following } = watch(runId);
    const worker = steadyWorker(gateway.url, runId);
    await worker.start();
    await until('polling', () => following.state().is === 'degraded');
    proxy.passes.streams = 'pass';
    await until('streaming', async () => {
      await worker.progress(1);
      return states.some((state) => state.is === 'degraded' && state.how === 'sse');
    });
    proxy.passes.upgrades = 'pass';
    await until('by socket', async () => {
      await worker.progress(1);
      return following.state().is === 'live';
    });
    await worker.finish();
    await until('all events', () => events.at(-1)?.type === 'RUN_SUCCEEDED');
    expect(deliveryFaults(worker.acknowledged, events)).toEqual([]);
    expect(following.counts().resumes).toBeGreaterThanOrEqual(2);
    expect(states.some(({ is }) => is === 'waiting')).toBe(false);
  });

  test('it begins after a cursor that it is given, and passes only the types that it is asked for', async () => {
    await through({});
    const runId = await queuedRun();
    const worker = steadyWorker(gateway.url, runId);
    await worker.start();
    await worker.progress(7);
    const whole = watch(runId);
    await until('ten events', () => whole.events.length === 10);
    const rest = watch(runId, whole.events[5]!.cursor);
    await until('the rest', () => rest.events.length === 4);
    expect(rest.events.map(({ seq }) => seq)).toEqual([7, 8, 9, 10]);

    await client.close();
    for (const transports of [['websocket'], ['sse'], ['poll']] as const) {
      client = openClient({ url: `${proxy.url}/graphql`, ...QUICK, transports });
      const seen: string[] = [];
      client.follow(runEvents(runId, { types: ['RUN_STARTED', 'STEP_STARTED'] }), {
        item: ({ type }) => void seen.push(type),
      });
      await until('both', () => seen.length === 2);
      expect(seen).toEqual(['RUN_STARTED', 'STEP_STARTED']);
      await client.close();
    }
  });

  test.each([['websocket'], ['sse'], ['poll']] as const)(
    'by %s a refusal ends it with the code that the gateway gave',
    async (transport) => {
      await through({}, { transports: [transport] });
      const runId = await queuedRun();
      const missing = watch('00000000-0000-7000-8000-00000000dead');
      expect(await missing.following.ended).toMatchObject({ name: 'Refused', code: 'NOT_FOUND' });
      const damaged = watch(runId, 'bm90IG91cnM');
      const error = await damaged.following.ended;
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ code: 'INVALID', details: { issues: [expect.anything()] } });
      expect(damaged.following.state()).toEqual({ is: 'ended', error });
    },
  );

  test('what a handler throws ends its following, and no other on the same socket', async () => {
    await through({});
    const runId = await queuedRun();
    const fault = new Error('cannot draw');
    const failing = client.follow(runEvents(runId), {
      item: () => {
        throw fault;
      },
    });
    const { events } = watch(runId);
    expect(await failing.ended).toBe(fault);
    await steadyWorker(gateway.url, runId).start();
    await until('the other goes on', () => events.length === 3);
  });

  test('the state of a run never goes backwards, by socket and by stream', async () => {
    for (const transports of [['websocket'], ['sse']] as const) {
      await through({}, { transports });
      const runId = await queuedRun();
      const versions: number[] = [];
      let status = '';
      const following = client.follow(
        runState<{ status: string }, { stepKey: string }>(runId, {
          run: 'status',
          steps: 'stepKey',
        }),
        {
          item({ run }) {
            versions.push(run.version);
            ({ status } = run);
          },
        },
      );
      const worker = steadyWorker(gateway.url, runId);
      await worker.start();
      for (let call = 0; call < 5; call++) await worker.progress(2);
      await worker.finish();
      await until('the end', () => status === 'SUCCEEDED');
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      expect(following.counts()).toMatchObject({ items: versions.length, older: 0 });
      await client.close();
      await proxy.close();
    }
    await through({}); // For the clean-up after each test.
  });
});
