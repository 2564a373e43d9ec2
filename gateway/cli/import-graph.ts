/** `polyphony import-graph`: tables of nodes and edges into the graph. */
import { Invalid } from '../../resolvers/errors.ts';
import { importTables, type ImportedTable } from '../../resolvers/graph/import/import.ts';
import type { GraphTable } from '../../resolvers/graph/import/items.ts';
import type { Environment } from '../config.ts';
import { EXIT } from './exit.ts';
import { openGraphFile, type GraphFile } from './graph-files.ts';
import { openProgress } from './progress.ts';
import { withMigratedAdmin } from './target.ts';

/** A file as the command line names it, and what it says of its columns. */
export interface NamedTable {
  readonly file: string;
  readonly as: GraphTable['as'];
}

/**
 * Imports the files; a JSON line for each, and one for all with the rate, on stdout. Answers the exit code; refuses
 * as importTables does.
 */
export async function importGraph(
  environment: Environment,
  named: readonly NamedTable[],
  signal: AbortSignal,
): Promise<number> {
  if (named.length === 0) throw new Invalid('import-graph', 'needs --nodes FILE or --edges FILE');
  if (named.filter(({ file }) => file === '-').length > 1) {
    throw new Invalid('-', 'stdin can be read as one table');
  }
  const files: GraphFile[] = [];
  const progress = openProgress();
  try {
    for (const { file } of named) files.push(await openGraphFile(file));
    return await withMigratedAdmin(environment, async (admin) => {
      const began_ms = performance.now();
      const total = 2 * files.reduce((sum, { bytes }) => sum + bytes, 0);
      let done = 0;
      const tables = files.map(({ name, dialect, open }, index): GraphTable => {
        const read = (bytes: number) => (done += bytes);
        return { name, dialect, open: () => open(read), as: named[index]!.as };
      });
      const imported = await importTables(tables, admin.graph, {
        signal,
        told: (pass, { name }, rows) =>
          progress.show(
            done,
            total,
            `${pass === 'CHECK' ? 'checking' : 'storing'} ${name}: ${rows}`,
          ),
      });
      progress.end();
      const seconds = (performance.now() - began_ms) / 1_000;
      for (const line of [...imported, totalOf(imported, seconds)]) {
        process.stdout.write(`${JSON.stringify(line)}\n`);
      }
      return EXIT.done;
    });
  } finally {
    progress.end();
    for (const { close } of files) await close();
  }
}

function totalOf(imported: readonly ImportedTable[], seconds: number) {
  const rowsOf = (of: ImportedTable['of']) =>
    imported
      .filter((table) => table.of === of)
      .reduce((sum, { created, changed, unchanged }) => sum + created + changed + unchanged, 0);
  const [nodes, relations] = [rowsOf('nodes'), rowsOf('edges')];
  return {
    nodes,
    relations,
    seconds: Math.round(seconds * 10) / 10,
    rowsPerSecond: Math.round((nodes + relations) / seconds),
  };
}
