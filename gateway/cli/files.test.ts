import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RECORDING_BYTES_MAX } from '../../resolvers/recordings/wfformat.ts';
import { readBounded } from './files.ts';

describe('a file that a command is given', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'polyphony-files-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('is read whole up to the limit, and refused one byte past it', async () => {
    const file = join(folder, 'large');
    await writeFile(file, Buffer.alloc(RECORDING_BYTES_MAX));
    expect(await readBounded(file)).toHaveLength(RECORDING_BYTES_MAX);
    await writeFile(file, Buffer.alloc(RECORDING_BYTES_MAX + 1));
    await expect(readBounded(file)).rejects.toThrow(/bytes of .* may be at most/);
  });

  test.runIf(existsSync('/dev/zero'))(
    'may be without end: it is read up to the limit',
    async () => {
      await expect(readBounded('/dev/zero')).rejects.toMatchObject({ code: 'LIMITED' });
    },
  );

  test('that is not there, or a folder, is refused in words', async () => {
    await expect(readBounded(join(folder, 'none'))).rejects.toThrow('there is no such file');
    await expect(readBounded(folder)).rejects.toThrow('is a folder');
  });
});
