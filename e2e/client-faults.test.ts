/**
 * Clients through everything that happens to connections, while a worker goes on appending. What is right is judged
 * from what the worker was answered and what the clients saw, nothing else.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  openClient,
  runEvents,
  runState,
  type Client,
  type Following,
  type RunEvent,
  type TransportName,
} from '../client/client.ts';
import { asked } from './kit/ask.ts';
import { deliveryFaults } from './kit/checker.ts';
import { WORLDS, type World } from './kit/gateway.ts';
import { startGatewayProcess, type GatewayProcess } from './kit/process.ts';
import { steadyWorker, type SteadyWorker } from './kit/steady-worker.ts';
import { openWire, type Wire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const HEARTBEAT_MS = 200;
/** Of each kind; with the kills 65 in all. */
const CUTS = 20;
const STALLS = 20;
const DESTROYED = 20;
const KILLS = 5;

interface Watcher {
  readonly transport: TransportName;
  readonly client: Client;
  readonly destroySocket: () => void;
  readonly following: Following;
  readonly events: RunEvent[];
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: GatewayProcess;
  let wire: Wire;
  beforeAll(async () => {
    world = await open();
    gateway = await startGatewayProcess({
      ...Object.fromEntries(Object.entries(world.settings).map(([k, v]) => [k, String(v)])),
      LIVE_HEARTBEAT_MS: String(HEARTBEAT_MS),
    });
    wire = await openWire(Number(new URL(gateway.url).port));
  });
  afterAll(async () => {
    await wire.close();
    await gateway.stop();
    await world.end();
  });

  function clientBy(transport: TransportName) {
    let socket: WebSocket | undefined;
    const client = openClient({
      url: `http://127.0.0.1:${wire.port}/graphql`,
      transports: [transport],
      webSocket: (url, protocol) => (socket = new WebSocket(url, protocol)),
      heartbeat_ms: HEARTBEAT_MS,
      open_wait_ms: 1_000,
      poll_ms: 20,
      backoff_first_ms: 10,
      backoff_max_ms: 100,
    });
    return { client, destroySocket: () => socket?.terminate() };
  }

  function watch(transport: TransportName, runId: string): Watcher {
    const { client, destroySocket } = clientBy(transport);
    const events: RunEvent[] = [];
    const following = client.follow(runEvents(runId), { item: (event) => void events.push(event) });
    return { transport, client, destroySocket, following, events };
  }

  /** Makes the fault, mends it once all these have met it, and waits until all are there again. */
  async function disconnect(
    watchers: readonly Watcher[],
    fault: () => unknown,
    mend: () => unknown,
  ) {
    const before = watchers.map(({ following }) => following.counts().connections);
    await fault();
    const met = (at: number) => watchers[at]!.following.counts().connections > before[at]!;
    const back = (at: number) => isOpen(watchers[at]!.following.state().is);
    await until('all have met the fault', () => watchers.every((_, at) => met(at) || !back(at)));
    await mend();
    await until('all are there again', () => watchers.every((_, at) => met(at) && back(at)));
  }

  test(
    'through 65 disconnects of four kinds every acknowledged event comes once and in order, by each transport',
    { timeout: 400_000 },
    async () => {
      const { runId } = await newWorker(gateway.url);
      const worker = steadyWorker(gateway.url, runId);
      await worker.start();
      const watchers = (['websocket', 'sse', 'poll'] as const).map((by) => watch(by, runId));
      const [bySocket, byStream] = watchers as [Watcher, Watcher, Watcher];
      const state = followState(clientBy('websocket').client, runId);
      await until('all have seen something', () =>
        watchers.every(({ events }) => events.length > 0),
      );
      const appending = appendUntil(worker);

      for (let nth = 0; nth < CUTS; nth++) {
        await disconnect(
          watchers,
          () => wire.cut(),
          () => wire.mend(),
        );
      }
      for (let nth = 0; nth < DESTROYED; nth++) {
        await disconnect(
          [bySocket],
          () => bySocket.destroySocket(),
          () => undefined,
        );
      }
      const halfOpen = () =>
        [bySocket, byStream].map(({ following }) => following.counts().halfOpen);
      const before = halfOpen();
      for (let nth = 0; nth < STALLS; nth++) {
        await disconnect(
          watchers,
          () => wire.stall(),
          () => wire.mend(),
        );
      }
      expect(halfOpen().every((count, at) => count >= before[at]! + STALLS)).toBe(true);
      for (let nth = 0; nth < KILLS; nth++) {
        await disconnect(
          watchers,
          () => gateway.kill(),
          () => gateway.restart(),
        );
      }

      await appending.stop();
      await worker.finish();
      await until('the last event, everywhere', () =>
        watchers.every(({ events }) => events.at(-1)?.type === 'RUN_SUCCEEDED'),
      );
      for (const { transport, events, following } of watchers) {
        expect({ transport, faults: deliveryFaults(worker.acknowledged, events) }).toEqual({
          transport,
          faults: [],
        });
        const faults = CUTS + STALLS + KILLS + (transport === 'websocket' ? DESTROYED : 0);
        expect(following.counts().resumes).toBeGreaterThanOrEqual(faults);
      }
      expect(worker.repeats()).toBeGreaterThan(0); // Appends met the kills as well.

      await until('the last state', () => state.now().status === 'SUCCEEDED');
      const { run } = await asked<{ run: object }>(gateway.url, RUN, { runId });
      expect(state.now()).toEqual(run);
      expect(state.backwards()).toBe(0);
      await Promise.all([...watchers.map(({ client }) => client.close()), state.close()]);
    },
  );
});

const RUN = 'query ($runId: ID!) { run(id: $runId) { version status } }';

function isOpen(state: string): boolean {
  return state === 'live' || state === 'degraded';
}

/** Appends until it is stopped; that waits for the answer under way. */
function appendUntil(worker: SteadyWorker) {
  const stop = new AbortController();
  const done = (async () => {
    while (!stop.signal.aborted) await worker.progress(2);
  })();
  return {
    stop: () => {
      stop.abort();
      return done;
    },
  };
}

function followState(client: Client, runId: string) {
  interface State {
    readonly version: number;
    readonly status: string;
  }
  let now: State = { version: 0, status: '' };
  let backwards = 0;
  client.follow(
    runState<{ status: string }, { stepKey: string }>(runId, { run: 'status', steps: 'stepKey' }),
    {
      item({ run }) {
        if (run.version < now.version) backwards += 1;
        now = run;
      },
    },
  );
  return { now: () => now, backwards: () => backwards, close: () => client.close() };
}
