/** Workers that go on while their gateway is away or is killed: nothing they said is lost or stored twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmitter, type EmitterOptions } from '../client/client.ts';
import { newEventId } from '../client/event-id.ts';
import { openSpool } from '../client/spool.ts';
import { allEvents, asked } from './kit/ask.ts';
import { WORLDS, type World } from './kit/gateway.ts';
import { startGatewayProcess, type GatewayProcess } from './kit/process.ts';
import { openWire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const WORKER = fileURLToPath(new URL('kit/spooling-worker.ts', import.meta.url));

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: GatewayProcess;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'polyphony-emitter-'));
    world = await open();
    gateway = await startGatewayProcess(
      Object.fromEntries(Object.entries(world.settings).map(([k, v]) => [k, String(v)])),
    );
  });
  afterAll(async () => {
    await gateway.stop();
    await world.end();
    await rm(folder, { recursive: true, force: true });
  });

  async function queuedRun(): Promise<string> {
    return (await newWorker(gateway.url)).runId;
  }

  /** An emitter whose events are remembered as they were taken. */
  function worker(runId: string, options: Partial<EmitterOptions> = {}) {
    const emitter = openEmitter({
      url: `${gateway.url}/graphql`,
      runId,
      backoff_first_ms: 20,
      backoff_max_ms: 200,
      ...options,
    });
    const taken: string[] = [];
    const take = async (type: string, stepKey?: string) => {
      const eventId = newEventId(Date.now());
      const payload = type === 'STEP_PROGRESS' ? { progress: 0.5 } : {};
      const event = { type, eventId, payload, ...(stepKey === undefined ? {} : { stepKey }) };
      while (!emitter.emit(event)) await emitter.flush();
      taken.push(eventId);
    };
    return { emitter, taken, take };
  }

  async function begin(take: (type: string, stepKey?: string) => Promise<void>): Promise<void> {
    await take('RUN_STARTED');
    await take('STEP_STARTED', 'only');
  }

  async function finish(take: (type: string, stepKey?: string) => Promise<void>): Promise<void> {
    await take('STEP_SUCCEEDED', 'only');
    await take('RUN_SUCCEEDED');
  }

  /** Everything in the log but RUN_QUEUED, which the gateway said. */
  async function stored(runId: string): Promise<string[]> {
    return (await allEvents(gateway.url, runId)).slice(1).map(({ eventId }) => eventId);
  }

  test('through three kills of the gateway each event is stored once and in the order of emit', async () => {
    const runId = await queuedRun();
    const { emitter, taken, take } = worker(runId, { batch_events_max: 7 });
    await begin(take);
    for (let kill = 0; kill < 3; kill++) {
      const before = emitter.counts().acknowledged;
      for (let n = 0; n < 300; n++) await take('STEP_PROGRESS', 'only');
      await until('some are stored', () => emitter.counts().acknowledged > before);
      await gateway.kill();
      for (let n = 0; n < 300; n++) await take('STEP_PROGRESS', 'only'); // The worker goes on.
      await until('it is tried again', () => emitter.counts().repeats > kill);
      await gateway.restart();
      await until('it goes on', () => emitter.counts().acknowledged > before + 300);
    }
    await finish(take);
    await emitter.close();
    expect(taken).toHaveLength(1_804);
    expect(await stored(runId)).toEqual(taken);
    expect(emitter.counts()).toMatchObject({ acknowledged: 1_804, waiting: 0 });
  });

  test('answers that are lost on their way back do not store anything twice', async () => {
    const wire = await openWire(Number(new URL(gateway.url).port));
    const runId = await queuedRun();
    const { emitter, taken, take } = worker(runId, {
      url: `http://127.0.0.1:${wire.port}/graphql`,
      request_max_ms: 300,
      batch_events_max: 3,
    });
    await begin(take);
    for (let cut = 0; cut < 10; cut++) {
      const { repeats } = emitter.counts();
      for (let n = 0; n < 20; n++) await take('STEP_PROGRESS', 'only');
      if (cut % 2 === 0) wire.cut();
      else wire.stall();
      await until('it is tried again', () => emitter.counts().repeats > repeats);
      wire.mend();
    }
    await finish(take);
    await emitter.close();
    expect(await stored(runId)).toEqual(taken);
    await wire.close();
  });

  test('a full buffer says so while the gateway is away, and takes more once it is back', async () => {
    const wire = await openWire(Number(new URL(gateway.url).port));
    const runId = await queuedRun();
    const { emitter, take } = worker(runId, {
      url: `http://127.0.0.1:${wire.port}/graphql`,
      buffer_events_max: 10,
    });
    await begin(take);
    await emitter.flush();
    wire.cut();
    const progress = { type: 'STEP_PROGRESS', stepKey: 'only', payload: { progress: 0.1 } };
    const answers = Array.from({ length: 12 }, () => emitter.emit(progress));
    expect(answers).toEqual([...Array.from({ length: 10 }, () => true), false, false]);
    wire.mend();
    await emitter.flush();
    expect(emitter.emit(progress)).toBe(true);
    await emitter.close();
    expect(await stored(runId)).toHaveLength(13);
    await wire.close();
  });

  test('a worker that was killed while the gateway was away left what it had taken in its spool', async () => {
    const runId = await queuedRun();
    const path = join(folder, `${runId}.spool`);
    const saidPath = join(folder, `${runId}.said`);
    const words = ['--import', 'tsx', WORKER, gateway.url, runId, path, saidPath];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    const said = async () => (await readFile(saidPath, 'utf8')).split('\n').slice(0, -1);
    await until('some are stored', async () => (await stored(runId)).length > 50);
    await gateway.kill();
    const before = (await said()).length;
    await until('it goes on', async () => (await said()).length > before + 50);
    child.kill('SIGKILL');
    await once(child, 'close');
    await gateway.restart();

    const { emitter, taken, take } = worker(runId, { spool: openSpool({ path, runId }) });
    await finish(take);
    await emitter.close();
    const first = await said();
    const all = await stored(runId);
    // One more may have been taken than it came to say.
    const unsaid = all.length - first.length - taken.length;
    expect(unsaid === 0 || unsaid === 1).toBe(true);
    expect(all.slice(0, first.length)).toEqual(first);
    expect(all.slice(first.length + unsaid)).toEqual(taken);
  });

  test('once the run is canceled, what is not allowed then stops its emitter with the conflict', async () => {
    const runId = await queuedRun();
    const statuses: string[] = [];
    const { emitter, take } = worker(runId, { onStatus: (status) => statuses.push(status) });
    await begin(take);
    await emitter.flush();
    await asked(gateway.url, CANCEL, { runId });
    await take('RUN_CANCELED');
    await emitter.flush();
    expect(statuses.at(-1)).toBe('CANCELED');
    await take('STEP_PROGRESS', 'only');
    await expect(emitter.flush()).rejects.toMatchObject({ name: 'Refused', code: 'CONFLICT' });
    await expect(take('STEP_PROGRESS', 'only')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(emitter.close()).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

const CANCEL = `mutation ($runId: ID!) {
  cancelRun(input: { runId: $runId }) { ... on Run { status } ... on Refusal { code message } }
}`;
