/** Clients of others, the real libraries, told what docs/PROTOCOL.md says: they receive, and go on where they were. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asked } from './kit/ask.ts';
import { deliveryFaults, type Delivered } from './kit/checker.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { steadyWorker, type SteadyWorker } from './kit/steady-worker.ts';
import { STOCK_CLIENTS } from './kit/stock-clients.ts';
import { openWire, type Wire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const EVENTS = `subscription Events($run: ID!, $after: Cursor) {
  runEvents(runId: $run, after: $after) { seq eventId type cursor }
}`;
const STATE = `subscription State($run: ID!, $after: Cursor) {
  run(id: $run, after: $after) {
    type cursor run { id status version } steps { id stepKey status progress changedSeq }
  }
}`;
const FRESH = `query ($run: ID!) {
  run(id: $run) { id status version steps { nodes { id stepKey status progress changedSeq } } }
}`;

interface Event extends Delivered {
  readonly type: string;
}
interface Row {
  readonly id: string;
}
interface Update {
  readonly type: 'SNAPSHOT' | 'CHANGE';
  readonly run: Row & { readonly status: string; readonly version: number };
  readonly steps: readonly Row[];
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  let wire: Wire;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start();
    wire = await openWire(Number(new URL(gateway.url).port));
  });
  afterAll(async () => {
    await wire.close();
    await world.end();
  });

  async function restart(): Promise<void> {
    const { port } = new URL(gateway.url);
    expect(await gateway.drain()).toBe(true); // It waits for nobody, also not for those who come again at once.
    gateway = await world.start({ PORT: port });
  }

  test.each(STOCK_CLIENTS)(
    '$name gets every event once, in order, and the state, through a cut and a restart of the gateway',
    async ({ open: openClient }) => {
      const client = openClient(`http://127.0.0.1:${wire.port}`);
      const { runId: run } = await newWorker(gateway.url);
      const worker = steadyWorker(gateway.url, run);
      const events: Event[] = [];
      const state = openState();
      const failures: unknown[] = [];
      const failed = (error: unknown) => void failures.push(error);
      client.follow(EVENTS, { run }, { item: (event) => void events.push(event as Event), failed });
      client.follow(STATE, { run }, { item: (update) => state.take(update as Update), failed });
      await worker.start();
      const appending = appendUntil(worker);
      const goesOn = async () => {
        const last = worker.acknowledged.length;
        await until('it goes on', () => failures.length > 0 || events.length > last);
        await until('so does the state', () => failures.length > 0 || state.version() > last);
      };
      await goesOn();
      for (const [fault, mend] of [
        [() => wire.cut(), () => wire.mend()],
        [restart, () => undefined],
      ] as const) {
        const before = client.broken();
        await fault();
        await until('it has met the fault', () => client.broken() > before || failures.length > 0);
        mend();
        await goesOn();
      }
      await appending.stop();
      await worker.finish();
      await until('the end', () => failures.length > 0 || events.at(-1)?.type === 'RUN_SUCCEEDED');
      await until('its state', () => failures.length > 0 || state.version() >= events.at(-1)!.seq);
      expect(failures).toEqual([]);
      expect(deliveryFaults(worker.acknowledged, events)).toEqual([]);
      const { run: fresh } = await asked<{ run: Row & { steps: { nodes: Row[] } } }>(
        gateway.url,
        FRESH,
        { run },
      );
      const { steps, ...row } = fresh;
      expect(state.now()).toMatchObject({ run: row, steps: steps.nodes }); // Apollo adds types.
      expect({ backwards: state.backwards(), snapshots: state.snapshots() }).toEqual({
        backwards: 0,
        snapshots: 1,
      });
      await client.close();
    },
  );
});

/** Merged by id, as the protocol says. */
function openState() {
  const steps = new Map<string, Row>();
  let run: Update['run'] | undefined;
  let snapshots = 0;
  let backwards = 0;
  return {
    take(update: Update) {
      if (update.type === 'SNAPSHOT') {
        snapshots += 1;
        steps.clear();
      }
      if (update.run.version < (run?.version ?? 0)) backwards += 1;
      ({ run } = update);
      for (const step of update.steps) steps.set(step.id, step);
    },
    version: () => run?.version ?? 0,
    backwards: () => backwards,
    snapshots: () => snapshots,
    now: () => ({ run, steps: [...steps.values()] }),
  };
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
