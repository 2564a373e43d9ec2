/**
 * The change feed through everything that happens to connections and gateways, while others write. What is right is
 * judged from what writers were answered and what followers saw, nothing else.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  changes,
  changesCursor,
  openClient,
  type Change,
  type TransportName,
} from '../client/client.ts';
import { formatPosition } from '../resolvers/events/feed/position.ts';
import { globalId } from '../resolvers/keys.ts';
import { ask } from './kit/ask.ts';
import { changeFaults, type Written } from './kit/change-checker.ts';
import { openEventStream } from './kit/event-stream.ts';
import { WORLDS, type World } from './kit/gateway.ts';
import { settingsOf, startGatewayProcess, type GatewayProcess } from './kit/process.ts';
import { steadyWorker } from './kit/steady-worker.ts';
import { openWire, type Wire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const HEARTBEAT_MS = 200;
/** Of each kind. */
const FAULTS = 4;

describe.each(WORLDS)('$name', (its) => {
  let world: World;
  let gateway: GatewayProcess;
  let wire: Wire;
  beforeAll(async () => {
    world = await its.open();
    gateway = await startGatewayProcess({
      ...settingsOf(world),
      LIVE_HEARTBEAT_MS: String(HEARTBEAT_MS),
    });
    wire = await openWire(Number(new URL(gateway.url).port));
  });
  afterAll(async () => {
    await wire.close();
    await gateway.stop();
    await world.end();
  });

  function followBy(transport: TransportName, after: string) {
    let socket: WebSocket | undefined;
    const client = openClient({
      url: `http://127.0.0.1:${wire.port}/graphql`,
      transports: [transport],
      webSocket: (url, protocol) => (socket = new WebSocket(url, protocol)),
      heartbeat_ms: HEARTBEAT_MS,
      open_wait_ms: 2_000,
      backoff_first_ms: 10,
      backoff_max_ms: 100,
    });
    const heard: Change[] = [];
    const following = client.follow(changes({ after }), { item: (item) => void heard.push(item) });
    return { transport, client, following, heard, destroy: () => socket?.terminate() };
  }
  type Watcher = ReturnType<typeof followBy>;

  /** Makes the fault, mends it once all have met it, and waits until all are there again. */
  async function disconnect(those: readonly Watcher[], fault: () => unknown, mend: () => unknown) {
    const before = those.map(({ following }) => following.counts().connections);
    await fault();
    const met = (at: number) => those[at]!.following.counts().connections > before[at]!;
    const isOpen = (at: number) => ['live', 'degraded'].includes(those[at]!.following.state().is);
    await until('all have met the fault', () => those.every((_, at) => met(at) || !isOpen(at)));
    await mend();
    await until('all are there again', () => those.every((_, at) => met(at) && isOpen(at)));
  }

  test(
    'through disconnects of four kinds every change comes once, by socket and by stream',
    { timeout: 240_000 },
    async () => {
      const url = `${gateway.url}/graphql`;
      const after = await changesCursor({ url });
      const watchers = (['websocket', 'sse'] as const).map((by) => followBy(by, after));
      const [bySocket] = watchers as [Watcher, Watcher];
      const { runId } = await newWorker(gateway.url);
      const worker = steadyWorker(gateway.url, runId);
      await worker.start();
      await until('all have heard', () => watchers.every(({ heard }) => heard.length > 0));
      const artifacts = registering(gateway.url);
      const appending = repeating(() => worker.progress(2));

      for (let nth = 0; nth < FAULTS; nth++) {
        const before = artifacts.count();
        await until('something was written', () => artifacts.count() > before);
        await disconnect(
          watchers,
          () => wire.cut(),
          () => wire.mend(),
        );
        await disconnect(
          [bySocket],
          () => bySocket.destroy(),
          () => undefined,
        );
        await disconnect(
          watchers,
          () => wire.stall(),
          () => wire.mend(),
        );
        await disconnect(
          watchers,
          () => gateway.kill(),
          () => gateway.restart(),
        );
      }

      await appending.stop();
      const written: Written[] = await artifacts.stop();
      await worker.finish();
      const id = globalId('Run', runId);
      written.push({ id, version: Math.max(...worker.acknowledged.map(({ seq }) => seq)) });
      const last = await artifacts.register();
      const faultsOf = ({ heard }: Watcher) => changeFaults([...written, last], heard);
      await until('the last came', () => watchers.every((one) => faultsOf(one).length === 0)).catch(
        () => undefined, // Told below, with what is missing.
      );
      for (const watcher of watchers) {
        expect({ by: watcher.transport, faults: faultsOf(watcher) }).toEqual({
          by: watcher.transport,
          faults: [],
        });
        const { resumes, halfOpen } = watcher.following.counts();
        expect(resumes).toBeGreaterThanOrEqual(FAULTS * (watcher === bySocket ? 4 : 3));
        expect(halfOpen).toBeGreaterThanOrEqual(FAULTS);
        await watcher.client.close();
      }
      expect(written.length).toBeGreaterThan(FAULTS);
    },
  );

  test('a cursor that names more than a thousand open transactions passes as Last-Event-ID', async () => {
    const open = Array.from({ length: 1_200 }, (_, at) => 10n ** 17n + BigInt(at));
    const from = `${open[0]}:${10n ** 18n}:${open.join(',')}`;
    const id = formatPosition({ epoch: 1, from, xid: '0', at: '0' });
    expect(id.length).toBeGreaterThan(30_000);
    const query = 'subscription { changes { cursor } }';
    const { events } = await openEventStream(gateway.url, query, {}, id);
    await until('it answered', () => events.length > 0);
    expect(JSON.stringify(events[0]!.data)).toContain('"CURSOR_EXPIRED"');
  });

  test('the client says which cursor is of no use, and ends', async () => {
    const client = openClient({ url: `${gateway.url}/graphql`, transports: ['sse'] });
    const damaged = client.follow(changes({ after: 'x' }), { item: () => undefined });
    expect(await damaged.ended).toMatchObject({ name: 'Refused', code: 'INVALID' });
    const foreign = formatPosition({ epoch: 1, from: '1:1:', xid: '0', at: '0' });
    const expired = client.follow(changes({ after: foreign }), { item: () => undefined });
    expect(await expired.ended).toMatchObject({ name: 'Refused', code: 'CURSOR_EXPIRED' });
    await client.close();
  });
});

const REGISTER = `mutation ($input: RegisterArtifactInput!) {
  registerArtifact(input: $input) { ... on Artifact { id version } ... on Refusal { code message } }
}`;

/** Registers artifacts one after the other until it is stopped; each again, by its key, until it is answered. */
function registering(url: string) {
  const written: Written[] = [];
  const register = async (): Promise<Written> => {
    const input = { name: 'made', kind: 'file', idempotencyKey: randomUUID() };
    for (;;) {
      const answer = await ask<{ registerArtifact: Written }>(url, REGISTER, { input });
      if ('data' in answer) return answer.data.registerArtifact;
      if ('refused' in answer && answer.refused !== 'UNAVAILABLE') throw new Error(answer.message);
      await sleep(20); // Else it spins while the gateway is away.
    }
  };
  const going = repeating(async () => void written.push(await register()));
  return {
    register,
    count: () => written.length,
    async stop() {
      await going.stop();
      return written;
    },
  };
}

/** Does it again and again until it is stopped; that waits for the one under way. */
function repeating(work: () => Promise<unknown>) {
  const stop = new AbortController();
  const done = (async () => {
    while (!stop.signal.aborted) await work();
  })();
  return {
    stop: () => {
      stop.abort();
      return done;
    },
  };
}
