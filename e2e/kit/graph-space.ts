/** Entities and relations in workspaces of their own: what tests of their commands write and look at. */
import { newId } from '../../resolvers/keys.ts';
import { statement } from '../../resolvers/sql.ts';
import {
  writeGraph,
  type GraphWrites,
  type WriteOptions,
  type Written,
} from '../../resolvers/graph/write.ts';
import type { TestDatabase } from './database.ts';

/** All there is of a workspace, with what tells whether a row was written again. */
const STORED = statement<{ id: string; text: string }>(
  'test.stored',
  `SELECT id, concat(n, ' ', n.xmin, ' ', n.ctid) AS text FROM graph_node n WHERE workspace_id = $1
  UNION ALL SELECT id, concat(r, ' ', r.xmin, ' ', r.ctid) FROM graph_relation r WHERE workspace_id = $1 ORDER BY id`,
);

/** A workspace. */
export interface GraphSpace {
  readonly id: string;
  write(writes: GraphWrites, options?: WriteOptions): Promise<Written>;
  /** What a write is refused with, null when it is not. Throws when something was written nevertheless. */
  refusal(writes: GraphWrites, options?: WriteOptions): Promise<unknown>;
  /** All rows as text: equal before and after when not one was written again. */
  stored(): Promise<readonly { readonly id: string; readonly text: string }[]>;
}

/** A new one, empty. */
export async function graphSpace(database: TestDatabase): Promise<GraphSpace> {
  const id = newId();
  await database.db.workspace.create({ data: { id, slug: id, name: 'A space' } });
  const write: GraphSpace['write'] = (writes, options) =>
    database.sql.transaction((tx) => writeGraph(tx, id, writes, options));
  const stored = () => database.sql.query(STORED, [id]);
  return {
    id,
    write,
    stored,
    async refusal(writes, options) {
      const before = await stored();
      const error: unknown = await write(writes, options).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (JSON.stringify(await stored()) !== JSON.stringify(before)) {
        throw new Error('a refused write left something');
      }
      return error;
    },
  };
}

/** A node to be written: a gene of this key. */
export const gene = (key: string, more: object = {}) => ({ kind: 'Gene', key, ...more });

/** A relation to be written between two of those. */
export const binds = (from: string, to: string, more: object = {}) => ({
  kind: 'binds',
  from: gene(from),
  to: gene(to),
  ...more,
});
