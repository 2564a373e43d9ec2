/**
 * Readers that stop reading. What waits for one is what its connection may hold, however much is appended: the gateway
 * reads no further for it, goes on where it was when it reads on, and cuts it off after LIVE_STALLED_MS.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { asked } from './kit/ask.ts';
import { openEventStream } from './kit/event-stream.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { metricOf, statementsOf } from './kit/metrics.ts';
import { waitingBytes } from './kit/own-sockets.ts';
import { SLOW_READERS, SOCKET_FULL_bytes, type SlowReader } from './kit/slow-reader.ts';
import { until } from './kit/until.ts';
import { newWorker, type Worker } from './kit/worker.ts';

const EVENTS = `subscription ($run: ID!, $after: Cursor) {
  runEvents(runId: $run, after: $after) { seq payload }
}`;
const STATE = `subscription ($run: ID!) {
  run(id: $run) { type run { version status metadata } steps { stepKey progress } }
}`;
const FRESH = `query ($run: ID!) {
  run(id: $run) { version status metadata steps { nodes { stepKey progress } } }
}`;
/** Pongs of a reader that does not read do not come: that it is ended for them is another test's. */
const SILENT = { LIVE_HEARTBEAT_MS: 600_000, WS_BUFFERED_BYTES_MAX: SOCKET_FULL_bytes };
/** Of one event, not to be compressed: 1,200 are several times what the kernel's buffers hold. */
const PAYLOAD_bytes = 12_000;
const LARGE = { more: randomBytes(PAYLOAD_bytes / 2).toString('hex') };
const BATCH = 100;
const MANY = 1_200;
/** Of these, read for one that does not read: the kernel makes its buffers larger now and then. All are 14. */
const KERNEL_pages = 6;
/** Of the whole log, at about 1 MiB each. */
const PAGES_min = 10;
/** Of state, each by itself. */
const CHANGES = 100;

interface Update {
  readonly type: string;
  readonly run: { readonly version: number };
  readonly steps: readonly object[];
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  const readers: SlowReader[] = [];
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ ...SILENT, LIVE_STALLED_MS: 600_000 });
  });
  afterEach(() => readers.splice(0).forEach((reader) => reader.end()));
  afterAll(() => world.end());

  /** Appends until what waits to be sent is so much that the gateway reads no further. */
  async function untilStalled(full_bytes: number, append: () => Promise<void>): Promise<void> {
    await until('its connection is full', async () => {
      await append();
      return waitingBytes(gateway.url) > full_bytes;
    });
  }

  test.each(SLOW_READERS)(
    'by $name a stalled reader of events costs a bounded part of the log, slows nobody, and reads on whole',
    async ({ open: openReader, full_bytes }) => {
      const worker = await newWorker(gateway.url);
      await worker.start();
      const slow = await openReader(gateway.url, EVENTS, { run: worker.runId });
      readers.push(slow);
      await until('the first events', () => slow.items.length === 3);
      slow.pause();
      let appended = 3;
      const append = async (count: number) => {
        await worker.progress(count, BATCH, LARGE);
        appended += count;
      };
      await untilStalled(full_bytes, () => append(BATCH));
      const reads = await pages();
      await append(MANY);
      expect((await pages()) - reads).toBeLessThanOrEqual(KERNEL_pages);
      expect(waitingBytes(gateway.url)).toBeLessThan(full_bytes + 4 * PAYLOAD_bytes);
      expect(slow.items).toHaveLength(3);

      const begun = await pages();
      const quick = await openEventStream(gateway.url, EVENTS, { run: worker.runId });
      await until('another has all', () => quick.events.length === appended);
      // Pages end by their bytes as well: at a few hundred events each these would be one to three.
      expect((await pages()) - begun).toBeGreaterThanOrEqual(PAGES_min);
      await append(BATCH);
      await until('and what comes now', () => quick.events.length === appended);
      quick.close();
      expect(slow.items).toHaveLength(3);

      slow.resume();
      await until('it has all', () => slow.items.length >= appended);
      expect(seqsOf([slow])).toEqual(upTo(appended));
    },
  );

  test.each(SLOW_READERS)(
    'by $name a stalled reader of state gets the newest values, not each change',
    async ({ open: openReader, full_bytes }) => {
      const worker = await newWorker(gateway.url, { ballast: 'x'.repeat(60_000) });
      await worker.start();
      const slow = await openReader(gateway.url, STATE, { run: worker.runId });
      readers.push(slow);
      await until('the snapshot', () => slow.items.length > 0);
      slow.pause();
      await untilStalled(full_bytes, () => worker.progress(1));
      const { run: stalled } = await fresh(worker);
      await worker.progress(CHANGES);
      await worker.finish();
      const { run: last } = await fresh(worker);

      slow.resume();
      const updates = () => slow.items.map(({ item }) => item as Update);
      await until('the newest', () => updates().at(-1)!.run.version === last.version);
      const versions = updates().map(({ run }) => run.version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      const late = versions.filter((version) => version > stalled.version);
      expect(late.length).toBeLessThan(CHANGES / 4);
      const { steps, ...run } = last;
      expect(updates().at(-1)).toMatchObject({ type: 'CHANGE', run, steps: steps.nodes });
    },
  );

  const pages = () => statementsOf(gateway.url, 'log.page');
  const fresh = (worker: Worker) =>
    asked<{ run: { version: number; steps: { nodes: object[] } } }>(gateway.url, FRESH, {
      run: worker.runId,
    });
});

describe.each(WORLDS)('$name, cut off soon', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ ...SILENT, LIVE_STALLED_MS: 300 });
  });
  afterAll(() => world.end());

  test.each(SLOW_READERS)(
    'by $name a reader that was cut off as stalled comes again with its cursor and has every event once',
    async ({ open: openReader }) => {
      const worker = await newWorker(gateway.url);
      await worker.start();
      const first = await openReader(gateway.url, EVENTS, { run: worker.runId });
      await until('the first events', () => first.items.length === 3);
      first.pause();
      await worker.progress(MANY, BATCH, LARGE);
      await until(
        'it is cut off',
        async () => (await metricOf(gateway.url, 'live_followers')) === 0,
      );
      first.resume();
      await until('it has read what was sent', () => first.closed());
      expect(first.items.length).toBeLessThan(MANY);

      const after = first.items.at(-1)!.cursor;
      const second = await openReader(gateway.url, EVENTS, { run: worker.runId, after });
      await until('it has the rest', () => first.items.length + second.items.length >= MANY + 3);
      second.end();
      expect(seqsOf([first, second])).toEqual(upTo(MANY + 3));
    },
  );
});

function seqsOf(readers: readonly SlowReader[]): number[] {
  return readers.flatMap(({ items }) => items.map(({ item }) => (item as { seq: number }).seq));
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}
