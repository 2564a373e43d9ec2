/** `polyphony rebuild graph` and `polyphony verify graph`. */
import type { Environment } from '../config.ts';
import { EXIT } from './exit.ts';
import { withMigratedAdmin } from './target.ts';

/** Brings all rows to Neo4j anew while all goes on; ends when it is done. */
export function rebuildGraph(environment: Environment): Promise<number> {
  return withMigratedAdmin(environment, async (admin) => {
    await admin.rebuildGraph();
    process.stderr.write('the graph in Neo4j is rebuilt\n');
    return EXIT.done;
  });
}

/** Prints each difference as a line of JSON; 1 when there are any that were not mended. */
export function verifyGraph(
  environment: Environment,
  { repair = false }: { repair?: boolean },
): Promise<number> {
  return withMigratedAdmin(environment, async (admin) => {
    const { compared, differences, mended, shown } = await admin.verifyGraph(repair);
    for (const difference of shown) process.stdout.write(`${JSON.stringify(difference)}\n`);
    const counts = Object.entries(compared).map(([item, count]) => `${count} ${item}s`);
    const hidden = differences - shown.length;
    process.stderr.write(
      `${counts.join(', ')} compared: ${differences} differences, ${mended} mended` +
        `${hidden > 0 ? `; ${hidden} of them are not shown` : ''}\n`,
    );
    return differences > mended ? EXIT.failed : EXIT.done;
  });
}
