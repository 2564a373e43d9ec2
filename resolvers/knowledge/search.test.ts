import { expect, test } from 'vitest';
import { fused } from './search.ts';

test('fusion adds one over sixty plus each rank, and orders by that', () => {
  const reason = (id: string, source: 'WORDS' | 'VECTOR', rank: number) =>
    ({ type: 'Document', id, source, rank, value: 0 }) as const;
  const hits = fused([
    reason('a', 'WORDS', 1),
    reason('b', 'WORDS', 2),
    reason('b', 'VECTOR', 2),
    reason('c', 'VECTOR', 1),
  ]);
  expect(hits.map(({ id, score }) => [id, score])).toEqual([
    ['b', 1 / 62 + 1 / 62],
    ['a', 1 / 61],
    ['c', 1 / 61],
  ]);
});
