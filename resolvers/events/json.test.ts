/** What is told of JSON that cannot be stored. */
import { expect, test } from 'vitest';
import { unstorable } from './json.ts';

test('a name that cannot be stored is told by its beginning, however long it is', () => {
  const issues: { path: string; message: string }[] = [];
  unstorable({ [`\0${'y'.repeat(1_000_000)}`]: 1 }, 'properties', issues);
  expect(issues).toEqual([
    { path: `properties.\ufffd${'y'.repeat(99)}…`, message: 'its name must not hold NUL' },
  ]);
});
