/** `polyphony seed`. */
import type { Environment } from '../config.ts';
import { EXIT } from './exit.ts';
import { openProgress } from './progress.ts';
import type { SeedScale } from './scales.ts';
import { withMigratedAdmin } from './target.ts';

/** Adds the small world, or what is missing of a large one; prints what there is as one line of JSON. */
export function seed(environment: Environment, scale: SeedScale | undefined): Promise<number> {
  return withMigratedAdmin(environment, async (admin) => {
    const progress = openProgress();
    try {
      const world = await admin.seed(scale ?? null, (done, total) =>
        progress.show(done, total, `${done} of ${total} artifacts`),
      );
      progress.end();
      process.stdout.write(`${JSON.stringify(world)}\n`);
      return EXIT.done;
    } finally {
      progress.end();
    }
  });
}
