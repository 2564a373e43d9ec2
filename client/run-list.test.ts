import { expect, test } from 'vitest';
import { mergeRunList } from './run-list.ts';

const run = (uuid: string, version: number, minute = 0) => ({
  id: `id of ${uuid}`,
  uuid,
  version,
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
});

test('what left is taken out, what came is put in its place, newest first and then by uuid', () => {
  const before = [run('c', 1, 2), run('b', 1, 1), run('a', 1, 1)];
  const merged = mergeRunList(before, {
    type: 'CHANGE',
    runs: [run('e', 1, 3), run('d', 4, 1)],
    removed: ['id of b', 'id of nobody'],
  });
  expect(merged.map(({ uuid }) => uuid)).toEqual(['e', 'c', 'd', 'a']);
});

test('a change never takes a run back to an older version, a snapshot may', () => {
  const before = [run('a', 5)];
  const older = { runs: [run('a', 4)], removed: [] };
  expect(mergeRunList(before, { type: 'CHANGE', ...older })).toEqual([run('a', 5)]);
  expect(mergeRunList(before, { type: 'SNAPSHOT', ...older })).toEqual([run('a', 4)]);
});
