import { expect, test } from 'vitest';
import { openBackoff } from './backoff.ts';

test('a wait is anything from nothing to its bound; the bound doubles up to its maximum', () => {
  const longest = openBackoff({ first_ms: 100, max_ms: 500, random: () => 1 });
  expect(Array.from({ length: 5 }, () => longest.next_ms())).toEqual([100, 200, 400, 500, 500]);
  const shortest = openBackoff({ first_ms: 100, max_ms: 500, random: () => 0 });
  expect(shortest.next_ms()).toBe(0);
});

test('after things went well the next wait is a first one', () => {
  const backoff = openBackoff({ first_ms: 100, max_ms: 500, random: () => 1 });
  backoff.next_ms();
  backoff.next_ms();
  backoff.reset();
  expect(backoff.next_ms()).toBe(100);
});
