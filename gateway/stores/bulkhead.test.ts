import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openBulkhead, type Leave } from './bulkhead.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const aBulkhead = () => openBulkhead({ places: 2, waiting_max: 2, wait_ms: 100 });

test('so many are in at once; one more waits, and is in when one leaves', async () => {
  const bulkhead = aBulkhead();
  const [first, second] = [bulkhead.enter() as Leave, bulkhead.enter() as Leave];
  const order: string[] = [];
  const third = (bulkhead.enter() as Promise<Leave | null>).then((leave) => {
    order.push('third');
    return leave;
  });
  const fourth = (bulkhead.enter() as Promise<Leave | null>).then(() => order.push('fourth'));
  expect(bulkhead.counts()).toEqual({ busy: 2, waiting: 2 });
  first();
  first(); // Once is enough.
  const inside = await third;
  expect([order, bulkhead.counts()]).toEqual([['third'], { busy: 2, waiting: 1 }]);
  inside!();
  await fourth;
  second();
  expect(bulkhead.counts()).toEqual({ busy: 1, waiting: 0 });
});

test('who waits too long has no place, and takes none', async () => {
  const bulkhead = aBulkhead();
  const leaves = [bulkhead.enter() as Leave, bulkhead.enter() as Leave];
  const late = bulkhead.enter();
  await vi.advanceTimersByTimeAsync(99);
  expect(bulkhead.counts().waiting).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await late).toBeNull();
  for (const leave of leaves) leave();
  expect(bulkhead.counts()).toEqual({ busy: 0, waiting: 0 });
});

test('past those that may wait, and where nobody may, there is no place at once', () => {
  const bulkhead = aBulkhead();
  for (let i = 0; i < 4; i += 1) void bulkhead.enter();
  expect(bulkhead.enter()).toBeNull();
  const impatient = openBulkhead({ places: 1, waiting_max: 2, wait_ms: 0 });
  expect(impatient.enter()).not.toBeNull();
  expect(impatient.enter()).toBeNull();
});
