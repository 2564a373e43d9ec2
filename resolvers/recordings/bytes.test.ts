import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readSample } from '../../e2e/kit/samples.ts';
import { Refusal } from '../errors.ts';
import { readRecording, RECORDING_BYTES_MAX } from './wfformat.ts';

const GOOD = await readSample('mosaic');

async function refusalOf(bytes: Uint8Array, bytes_max?: number): Promise<string> {
  try {
    await readRecording(bytes, bytes_max);
    return 'none';
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    return `${(error as Refusal).code} ${(error as Refusal).message}`;
  }
}

test.each([
  [
    'no bytes',
    Buffer.from(''),
    '$: is not JSON: ends where a value is expected (line 1, column 1)',
  ],
  [
    'text',
    Buffer.from('nothing'),
    '$: is not JSON: expected a value, found "n" (line 1, column 1)',
  ],
  ['a list', Buffer.from('[]'), '$: must be an object, is a list'],
  [
    'other bytes than text',
    Buffer.from([0x7b, 0xff, 0x7d]),
    '$: must be JSON in UTF-8, plain or gzip; these bytes are not UTF-8',
  ],
  ['half a gzip', gzipSync(GOOD).subarray(0, 900), '$: damaged gzip: unexpected end of file'],
  [
    'a damaged gzip',
    Buffer.from([0x1f, 0x8b, 9, 9]),
    '$: damaged gzip: unknown compression method',
  ],
  [
    'nesting without end',
    Buffer.from('['.repeat(100_000)),
    '$: may be nested at most 64 deep, is deeper (line 1, column 65)',
  ],
])('a file of %s is refused at its root', async (_what, bytes, problem) => {
  expect(await refusalOf(bytes)).toBe(`INVALID ${problem}`);
});

test('a file may be as large as the bound, as it comes and inflated, and not a byte more', async () => {
  expect(await refusalOf(GOOD, GOOD.length)).toBe('none');
  expect(await refusalOf(gzipSync(GOOD), GOOD.length)).toBe('none');
  expect(await refusalOf(GOOD, GOOD.length - 1)).toBe(
    `LIMITED the bytes of a recording may be at most ${GOOD.length - 1}, got ${GOOD.length}`,
  );
  expect(await refusalOf(gzipSync(GOOD), GOOD.length - 1)).toBe(
    `LIMITED the inflated bytes of a recording may be at most ${GOOD.length - 1}, got ${GOOD.length}`,
  );
  const bomb = gzipSync(Buffer.alloc(RECORDING_BYTES_MAX + 1, ' ')); // 65 KB.
  expect(bomb.length).toBeLessThan(100_000);
  expect(await refusalOf(bomb)).toBe(
    'LIMITED the inflated bytes of a recording may be at most 67108864, got 67108865',
  );
});
