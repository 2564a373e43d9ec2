/** The rows of Postgres that the graph is projected from: by their ids, and all of them in the order of ids. */
import type { ProjectedNode, ProjectedRelation } from '../graph/projection.ts';
import { statement, type Sql, type Statement } from '../sql.ts';

/** A table whose rows are projected, each as one item by its own id. */
export interface ProjectedTable<Item> {
  /** Of these ids the rows there are, in any order. Throws TooLarge. One statement. */
  byIds(sql: Sql, ids: readonly string[]): Promise<Item[]>;
  /**
   * Rows after an id (null: from the begin) in the order of ids, at most `limit` and about BATCH_BYTES_MAX; none when
   * there are no more. One statement.
   */
  after(sql: Sql, id: string | null, limit: number): Promise<Item[]>;
}

/** JSON of one batch, as text: it is held here, and by the transaction that writes it. */
export const BATCH_BYTES_MAX = 8_388_608;
/** So many rows are taken whatever their size: a relation's two ends. */
const ROWS_MIN = 2;

/** Together the rows of these ids are too large for one batch: ask for fewer. */
export class TooLarge extends Error {
  constructor(ids: number, bytes: number) {
    super(`${ids} rows have ${bytes} bytes, more than ${BATCH_BYTES_MAX}`);
    this.name = 'TooLarge';
  }
}

/** graph_node. */
export const NODES: ProjectedTable<ProjectedNode> = projectedTable<ProjectedNode>(
  'graph_node',
  'Nodes',
  {
    id: 'id',
    workspaceId: 'workspace_id',
    kind: 'kind',
    key: 'key',
    name: 'name',
    properties: 'properties::text',
    version: 'version',
  },
);

/** graph_relation. */
export const RELATIONS: ProjectedTable<ProjectedRelation> = projectedTable<ProjectedRelation>(
  'graph_relation',
  'Relations',
  {
    id: 'id',
    workspaceId: 'workspace_id',
    kind: 'kind',
    fromId: 'from_id',
    toId: 'to_id',
    properties: 'properties::text',
    version: 'version',
  },
);

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

function projectedTable<Item extends ProjectedNode | ProjectedRelation>(
  table: string,
  name: string,
  expressions: Readonly<Record<keyof Item, string>>,
): ProjectedTable<Item> {
  const columns = Object.entries<string>(expressions).map(([as, of]) => `${of} AS "${as}"`);
  const names = Object.keys(expressions).map((as) => `"${as}"`);

  const byIds: Statement<{ readonly bytes: number } & (Item | { readonly id: null })> = statement(
    `projection.rows${name}`,
    `WITH found AS MATERIALIZED (SELECT ${columns.join(', ')} FROM ${table} WHERE id = ANY($1::uuid[])),
      size AS (SELECT coalesce(sum(octet_length(properties)), 0)::float8 AS bytes FROM found)
    SELECT size.bytes, found.* FROM size LEFT JOIN found ON size.bytes <= $2 OR cardinality($1::uuid[]) <= $3`,
  );
  /** $2: whether a row of the id itself is meant too. */
  const after: Statement<Item> = statement(
    `projection.rows${name}After`,
    `SELECT ${names.join(', ')} FROM (
      SELECT page.*, sum(octet_length(properties)) OVER (ORDER BY id) AS bytes, row_number() OVER (ORDER BY id) AS number
      FROM (SELECT ${columns.join(', ')} FROM ${table}
        WHERE id >= $1::uuid AND ($2 OR id > $1::uuid) ORDER BY id LIMIT $3) page
    ) sized WHERE bytes <= $4 OR number = 1 ORDER BY id`,
  );
  return {
    async byIds(sql, ids) {
      if (ids.length === 0) return [];
      const rows = await sql.query(byIds, [ids, BATCH_BYTES_MAX, ROWS_MIN]);
      const bytes = rows[0]?.bytes ?? 0;
      if (bytes > BATCH_BYTES_MAX && ids.length > ROWS_MIN) throw new TooLarge(ids.length, bytes);
      return rows.flatMap((row) =>
        row.id === null ? [] : [itemOf(row, Object.keys(expressions))],
      );
    },
    after: (sql, id, limit) =>
      sql.query(after, [id ?? FIRST_ID, id === null, limit, BATCH_BYTES_MAX]),
  };
}

/** Without what a statement says beside it. */
function itemOf<Item extends object>(row: Item, fields: readonly string[]): Item {
  return Object.fromEntries(Object.entries(row).filter(([name]) => fields.includes(name))) as Item;
}
