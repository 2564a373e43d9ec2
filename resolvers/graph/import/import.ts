/**
 * Tables of nodes and edges into the graph, in two passes: the first reads all of them and stores nothing, so that of
 * tables with an error nothing is stored; the second writes them in batches.
 */
import { Invalid } from '../../errors.ts';
import { inBatches } from './batches.ts';
import { checkTables, type Checked } from './check-tables.ts';
import { itemsOf, type GraphTable, type ImportOptions, type Item } from './items.ts';
import type { ImportCounts, ImportStore } from './store.ts';
import type { Bad } from './table.ts';

export interface ImportedTable extends ImportCounts {
  readonly name: string;
  readonly of: 'nodes' | 'edges';
}

/**
 * Imports tables, those of nodes first. An end of an edge is looked for among the nodes of these tables, then in the
 * store. The same tables again change nothing; what is no longer in a table stays in the graph.
 *
 * Writes: by `store`, BATCH_MAX rows or a mebibyte at a time, two batches at once.
 * Refuses: Invalid at `table:line` with everything that the first pass finds, and nothing is written; what the second
 * meets (a node that went meanwhile), after which batches before it are written. Limited past ROWS_MAX.
 * Holds: 20 bytes for each of the rows (in a table that is up to half empty), and three batches.
 */
export async function importTables(
  tables: readonly GraphTable[],
  store: ImportStore,
  options: ImportOptions = {},
): Promise<ImportedTable[]> {
  const ordered = tables.toSorted((a, b) => Number('edges' in a.as) - Number('edges' in b.as));
  const checked = await checkTables(ordered, store, options);
  const imported: ImportedTable[] = [];
  for (const table of ordered) imported.push(await writeTable(table, checked, store, options));
  if (imported.some(({ created }) => created > 0)) await store.settle();
  return imported;
}

async function writeTable(
  table: GraphTable,
  { endOf }: Checked,
  store: ImportStore,
  { told, signal }: ImportOptions,
): Promise<ImportedTable> {
  const counts = { created: 0, changed: 0, unchanged: 0 };
  let rows = 0;
  await inBatches(itemsOf(table, changedMeanwhile(table)), signal, async (items) => {
    const nodes = items.flatMap((item) => ('node' in item ? [item.node] : []));
    const edges = items.flatMap((item) =>
      'edge' in item
        ? [{ ...item.edge, from: endOf(item.edge.from), to: endOf(item.edge.to) }]
        : [],
    );
    const done = await store.write({ nodes, edges }).catch((error: unknown) => {
      throw error instanceof Invalid ? atLines(error, table, items) : error;
    });
    for (const key of ['created', 'changed', 'unchanged'] as const) counts[key] += done[key];
    rows += items.length;
    told?.('WRITE', table, rows);
  });
  return { name: table.name, of: 'nodes' in table.as ? 'nodes' : 'edges', ...counts };
}

function changedMeanwhile({ name }: GraphTable): Bad {
  return (line, message) => {
    throw new Invalid(`${name}:${line}`, `${message} (it was changed while it was read)`);
  };
}

/** A refusal of a batch, told at the lines of its rows. */
function atLines(refusal: Invalid, { name }: GraphTable, items: readonly Item[]): Invalid {
  return new Invalid(
    refusal.issues.map(({ path, message }) => {
      const [, at = '', rest = ''] = /^(?:nodes|edges)\[(\d+)\]\.?(.*)$/.exec(path) ?? [];
      const item = at === '' ? undefined : items[Number(at)];
      return item
        ? { path: `${name}:${item.line}`, message: `${rest} ${message}`.trim() }
        : { path: `${name}:${items[0]?.line}-${items.at(-1)?.line}`, message };
    }),
  );
}
