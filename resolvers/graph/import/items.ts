/** What tables tell of, row by row. */
import type { Sized } from './batches.ts';
import { edgeReader, nodeReader, type ReadEdge, type ReadNode } from './rows.ts';
import { edgeShape, nodeShape, type EdgeWishes, type NodeWishes } from './shape.ts';
import { readRows, type Bad, type Dialect } from './table.ts';

/** Something to be imported. */
export interface GraphTable {
  /** For messages: `nodes.csv`. */
  readonly name: string;
  readonly dialect: Dialect;
  /** The bytes, not compressed; called once for each pass. */
  readonly open: () => AsyncIterable<Uint8Array>;
  readonly as: { readonly nodes: NodeWishes } | { readonly edges: EdgeWishes };
}

/** A row of a table. */
export type Item = { readonly line: number } & Sized &
  ({ readonly node: ReadNode } | { readonly edge: ReadEdge });

export interface ImportOptions {
  /** Told now and then how many rows of a table have been read, or written. */
  readonly told?: (pass: 'CHECK' | 'WRITE', table: GraphTable, rows: number) => void;
  /** Ends it between two batches, with its reason. */
  readonly signal?: AbortSignal;
}

/** The rows of a table. What is wrong with the header or a row is told, and the row left out. */
export async function* itemsOf(table: GraphTable, bad: Bad): AsyncGenerator<Item> {
  const rows = readRows(table.open(), table.dialect, bad);
  const header = await rows.next();
  if (header.done) {
    bad(1, 'has no header: its first line names the columns');
    return;
  }
  const { line: at, cells: titles } = header.value;
  const wrong = (message: string) => bad(at, message);
  if ('nodes' in table.as) {
    const shape = nodeShape(titles, table.as.nodes, wrong);
    const readNode = shape ? nodeReader(shape, bad) : () => null;
    for await (const row of shape ? rows : []) {
      const node = readNode(row);
      if (node) yield { line: row.line, length: row.length, node };
    }
  } else {
    const shape = edgeShape(titles, table.as.edges, wrong);
    const readEdge = shape ? edgeReader(shape, bad) : () => null;
    for await (const row of shape ? rows : []) {
      const edge = readEdge(row);
      if (edge) yield { line: row.line, length: row.length, edge };
    }
  }
}
