/** Tables of graphs for tests, and a store that only remembers what it was given. */
import type { GraphTable } from '../../resolvers/graph/import/items.ts';
import type { ReadEnd } from '../../resolvers/graph/import/rows.ts';
import type { ImportBatch, ImportStore } from '../../resolvers/graph/import/store.ts';

/** A table of this text, read in pieces of a few bytes. Tab-separated by its name. */
export function tableOf(
  name: string,
  text: string | Buffer,
  as: GraphTable['as'],
  piece_bytes = 7,
): GraphTable {
  const bytes = Buffer.from(text);
  return {
    name,
    as,
    dialect: name.endsWith('.tsv') ? 'tsv' : 'csv',
    async *open() {
      for (let at = 0; at < bytes.length; at += piece_bytes) {
        yield bytes.subarray(at, at + piece_bytes);
      }
    },
  };
}

export interface RememberingStore extends ImportStore {
  readonly batches: ImportBatch[];
  readonly asked: ReadEnd[][];
}

/** Finds no nodes; writes nothing and takes all of it as made. */
export function rememberingStore(): RememberingStore {
  const batches: ImportBatch[] = [];
  const asked: ReadEnd[][] = [];
  return {
    batches,
    asked,
    find: async (ends) => {
      asked.push([...ends]);
      return ends.map(() => 'NONE');
    },
    write: async (batch) => {
      batches.push(batch);
      return { created: batch.nodes.length + batch.edges.length, changed: 0, unchanged: 0 };
    },
    settle: () => Promise.resolve(),
  };
}
