import { expect, test } from 'vitest';
import { until } from '../../e2e/kit/until.ts';
import { watchedLog } from '../../e2e/kit/watched-log.ts';

const ITEMS = 1_000;
const READERS = 3;

test('a burst leaves the event loop a turn for each 10 ms of work, and each reader gets its share', async () => {
  let now_ms = 0;
  const value = () => (now_ms += 1); // An execution of 1 ms.
  const { watch, publish } = watchedLog({ value }, { now_ms: () => now_ms });
  const readers = await Promise.all(
    Array.from({ length: READERS }, (_, number) =>
      watch(`subscription { items { v${number}: value } }`),
    ),
  );
  for (let item = 0; item < ITEMS; item++) publish(item);
  let turns = 0;
  let apart = 0;
  const turn = () => {
    turns += 1;
    const counts = readers.map(({ texts }) => texts.length);
    apart = Math.max(apart, Math.max(...counts) - Math.min(...counts));
    if (counts.some((count) => count < ITEMS)) setImmediate(turn);
  };
  setImmediate(turn);
  await until('all', () => readers.every(({ texts }) => texts.length === ITEMS));
  expect(turns).toBeGreaterThan((READERS * ITEMS) / 10 - 10);
  expect(apart).toBeLessThan(20);
});
