import { expect, test } from 'vitest';
import { openSeen } from './seen.ts';

interface Row {
  readonly id: string;
  readonly version: number;
}
const row = (id: string, version: number): Row => ({ id, version });

test('what is not newer than what was handed over is kept back, per key', () => {
  const seen = openSeen<Row>(
    ({ version }) => version,
    ({ id }) => id,
  );
  const judged = [row('a', 2), row('a', 2), row('a', 1), row('b', 1), row('a', 3)].map((one) =>
    seen.judge(one),
  );
  expect(judged).toEqual(['new', 'repeated', 'older', 'new', 'new']);
});

test('told to start over, an older version counts', () => {
  const seen = openSeen<Row>(({ version }) => version);
  seen.judge(row('a', 9));
  seen.forget();
  expect(seen.judge(row('a', 3))).toBe('new');
});

test('it remembers 100,000 keys, and of one more forgets the least recently changed', () => {
  const seen = openSeen<Row>(
    ({ version }) => version,
    ({ id }) => id,
  );
  for (let id = 0; id < 100_000; id++) seen.judge(row(String(id), 1));
  expect(seen.judge(row('0', 1))).toBe('repeated');
  expect(seen.judge(row('0', 2))).toBe('new'); // Now the most recent.
  expect(seen.judge(row('one more', 1))).toBe('new');
  expect(seen.judge(row('0', 2))).toBe('repeated');
  expect(seen.judge(row('1', 1))).toBe('new'); // Forgotten.
});
