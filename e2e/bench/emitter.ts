/**
 * A pipeline that computes between its events: told by the emitter of `client/`, which goes on at once, against one
 * that awaits each append. Interleaved passes in one run, the last acknowledgement included in both. How much it saves
 * depends on what the pipeline computes, so that and the wait it saves are printed; that it goes on while the gateway
 * is away is e2e/emitter.test.ts.
 */
import { pbkdf2 } from 'node:crypto';
import { parseArgs, promisify } from 'node:util';
import { openEmitter, type Emitter, type NewEvent } from '../../client/client.ts';
import { openServer } from '../kit/database.ts';
import { startPostgres } from '../kit/postgres-server.ts';
import { newWorker } from '../kit/worker.ts';
import { durability } from './durability.ts';
import { median } from './figures.ts';
import { startProcess } from './gateway-process.ts';

/** Off the event loop, as a model or a tool would be: about 2 ms. */
const compute = () => promisify(pbkdf2)('pipeline', 'salt', 4_000, 32, 'sha256');
/** What the issue asks: as a share of the time of the pipeline that waits. */
const FASTER_MIN = 0.3;

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      events: { type: 'string', default: '200' },
    },
  });
  const events = Number(values.events);
  const server = process.env['TEST_DATABASE_URL'] ? null : await startPostgres();
  if (server) process.env['TEST_DATABASE_URL'] = server.url;
  const database = await openServer();
  const gateway = await startProcess({ DATABASE_URL: database.url!, LOG_LEVEL: 'warn' });
  try {
    const alone: number[] = [];
    const awaiting: number[] = [];
    const emitting: number[] = [];
    for (let round = 0; round <= Number(values.rounds); round++) {
      const computed_ms = await timed(async () => {
        for (let event = 0; event < events; event++) await compute();
      });
      const awaited_ms = await pipeline(gateway.url, events, (emitter) => emitter.flush());
      const emitted_ms = await pipeline(gateway.url, events, () => Promise.resolve());
      if (round === 0) continue; // Warms up.
      alone.push(computed_ms);
      awaiting.push(awaited_ms);
      emitting.push(emitted_ms);
    }
    const faster = awaiting.map((each, round) => 100 * (1 - emitting[round]! / each));
    return {
      durability: await durability(database.pool),
      events,
      compute_msPerEvent: median(alone.map((each) => each / events)),
      awaiting_msPerEvent: median(awaiting.map((each) => each / events)),
      emitter_msPerEvent: median(emitting.map((each) => each / events)),
      faster: Math.round(median(faster)) / 100,
      faster_min: FASTER_MIN,
    };
  } finally {
    await gateway.stop();
    await database.close();
    await server?.stop();
  }
}

/** One run from its start to the acknowledgement of its last event. */
async function pipeline(
  url: string,
  events: number,
  told: (emitter: Emitter) => Promise<void>,
): Promise<number> {
  const { runId } = await newWorker(url);
  const emitter = openEmitter({ url: `${url}/graphql`, runId });
  const tell = async (event: NewEvent) => {
    while (!emitter.emit(event)) await emitter.flush();
    await told(emitter);
  };
  return timed(async () => {
    await tell({ type: 'RUN_STARTED' });
    await tell({ type: 'STEP_STARTED', stepKey: 'only' });
    for (let event = 1; event <= events; event++) {
      await compute();
      const payload = { progress: event / events };
      await tell({ type: 'STEP_PROGRESS', stepKey: 'only', payload });
    }
    await tell({ type: 'STEP_SUCCEEDED', stepKey: 'only' });
    await tell({ type: 'RUN_SUCCEEDED' });
    await emitter.close();
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
