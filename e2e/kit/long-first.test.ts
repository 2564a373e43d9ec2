import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LONG_FILES } from './long-first.ts';

test('every long file that is named is there', () => {
  expect(LONG_FILES.filter((path) => !existsSync(path))).toEqual([]);
});
