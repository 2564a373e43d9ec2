/** `polyphony migrate`. */
import type { Environment } from '../config.ts';
import { withAdmin } from './target.ts';
import { EXIT } from './exit.ts';

/** Applies the migrations that are missing and names them on stdout, one a line. */
export async function migrate(environment: Environment): Promise<number> {
  const applied = await withAdmin(environment, (admin) => admin.migrate());
  process.stderr.write(applied.length === 0 ? 'nothing to migrate\n' : 'migrated:\n');
  for (const name of applied) process.stdout.write(`${name}\n`);
  return EXIT.done;
}
