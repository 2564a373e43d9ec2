/** A gateway that ends waits for nobody who does not read: neither longer than DRAIN_MS, nor with an error. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { WORLDS } from './kit/gateway.ts';
import { socketsOf, waitingBytes } from './kit/own-sockets.ts';
import { SLOW_READERS } from './kit/slow-reader.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const EVENTS = `subscription ($run: ID!) { runEvents(runId: $run) { seq payload } }`;
const LARGE = { more: randomBytes(30_000).toString('hex') };
const DRAIN_MS = 500;
/** A heartbeat falls within the drain. No reader is cut off before it. */
const SETTINGS = {
  DRAIN_MS,
  LIVE_HEARTBEAT_MS: 100,
  LIVE_STALLED_MS: 600_000,
  WS_BUFFERED_BYTES_MAX: 1_024,
};
/** What the closing of a WebSocket may take by its library's own patience. */
const PATIENCE_ms = 30_000;

const CASES = WORLDS.flatMap((world) =>
  SLOW_READERS.map((reader) => ({ in: world.name, by: reader.name, world, reader })),
);

test.each(CASES)(
  '$in: a reader by $by that does not read is cut when its time is over',
  async ({ world: { open }, reader: { open: openReader, full_bytes } }) => {
    const world = await open();
    // The pings of a WebSocket would find it first.
    const heartbeat = full_bytes > 100_000 ? { LIVE_HEARTBEAT_MS: 600_000 } : {};
    const gateway = await world.start({ ...SETTINGS, ...heartbeat });
    const worker = await newWorker(gateway.url);
    await worker.start();
    const reader = await openReader(gateway.url, EVENTS, { run: worker.runId });
    await until('it reads', () => reader.items.length === 3);
    reader.pause();
    await until('its connection is full', async () => {
      await worker.progress(20, 20, LARGE);
      return waitingBytes(gateway.url) > 16_384;
    });
    const began_ms = performance.now();
    await gateway.drain();
    expect(performance.now() - began_ms).toBeLessThan(PATIENCE_ms / 2);
    expect(socketsOf(gateway.url)).toHaveLength(0);
    reader.end();
    await world.end();
  },
);
