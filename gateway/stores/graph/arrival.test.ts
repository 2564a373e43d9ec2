import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Position } from '../../../resolvers/events/feed/position.ts';
import { SHAPE } from '../../../resolvers/graph/projection.ts';
import { openArrival } from './arrival.ts';
import type { Projected } from './projected.ts';

const LONG_ms = 60_000;
const at = (xid: number): Position => ({
  epoch: 1,
  from: `${xid + 1}:${xid + 1}:`,
  xid: `${xid}`,
  at: '0/1',
});

/** A store that is as far as it was set, and counts who asks. */
function aStore() {
  const store = {
    xid: 10,
    isAway: false,
    looks: 0,
    under: 0,
    underMax: 0,
    async look(): Promise<Projected> {
      store.looks += 1;
      store.under += 1;
      store.underMax = Math.max(store.underMax, store.under);
      await sleep(5);
      store.under -= 1;
      if (store.isAway) throw new Error('away');
      const { epoch, from, xid, at: wal } = at(store.xid);
      return { epoch, snapshot: from, xid, at: wal, complete: true, shape: SHAPE };
    },
  };
  return store;
}

test('however many wait, one look at a time tells each when its own is there', async () => {
  const store = aStore();
  const arrival = openArrival(() => store.look());
  const ended: number[] = [];
  const waits = [11, 12].flatMap((xid) =>
    Array.from({ length: 50 }, async () => {
      const isThere = await arrival.of(at(xid), LONG_ms);
      ended.push(xid);
      return isThere;
    }),
  );
  store.xid = 11;
  await Promise.all(waits.slice(0, 50));
  expect(ended).toEqual(Array(50).fill(11));
  store.xid = 12;
  expect(await Promise.all(waits)).toEqual(Array(100).fill(true));
  expect(store.underMax).toBe(1);
  const { looks } = store;
  await sleep(50);
  expect(store.looks).toBe(looks); // Nobody waits, nobody looks.
});

test('who has waited long enough is told so, whatever the look does', async () => {
  const arrival = openArrival(() => new Promise(() => {}));
  expect(await arrival.of(at(11), 20)).toBe(false);
});

test('a store that is away ends the waiting of all', async () => {
  const store = aStore();
  const arrival = openArrival(() => store.look());
  const waits = [arrival.of(at(11), LONG_ms), arrival.of(at(12), LONG_ms)];
  store.isAway = true;
  expect(await Promise.all(waits)).toEqual([true, true]);
});
