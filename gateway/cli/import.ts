/** `polyphony import`: recorded runs as history. */
import { basename } from 'node:path';
import type { Environment } from '../config.ts';
import { forEachFile, readBounded } from './files.ts';
import { openProgress } from './progress.ts';
import { withMigratedAdmin } from './target.ts';

/** Imports the files; one JSON line each on stdout. Answers the exit code. */
export function importFiles(environment: Environment, files: readonly string[]): Promise<number> {
  return withMigratedAdmin(environment, (admin) => {
    const progress = openProgress();
    let done = 0;
    return forEachFile(files, 1, progress, async (file) => {
      progress.show(done, files.length, basename(file));
      const imported = await admin.import(await readBounded(file));
      done += 1;
      return { file, ...imported };
    });
  });
}
