/**
 * What lists, filters, orders and statistics know of a table: one description, from which the input types of the
 * schema and the SQL are made. A domain declares its entities in `entities.ts`; filters reach others by name.
 */
import type { Action } from './policy.ts';

/** How a column is written to SQL, compared, and shown as a filter. */
export type ColumnType =
  | 'id'
  | 'text'
  | 'enum'
  | 'int'
  | 'bigint'
  | 'float'
  | 'time'
  | 'tags'
  | 'json'
  | 'words';

export interface Column {
  readonly type: ColumnType;
  /** SQL of the value in the row that `alias` names. */
  readonly sql: (alias: string) => string;
  /** SQL type to which values of it are cast. */
  readonly cast: string;
  /** Null is smallest: first ascending, last descending. */
  readonly nullable: boolean;
  /** Of an enum: its name in the schema. Of an id: the type it identifies. */
  readonly of?: string;
}

/** To other rows, through which a filter may reach. */
export interface Relation {
  /** Name of the entity it leads to. */
  readonly to: string;
  /** `one`: the filter applies to it. `many`: by `some` and `none`. */
  readonly kind: 'one' | 'many';
  readonly on: (from: string, to: string) => string;
}

export interface AnyEntity {
  /** Name of its type in the schema. */
  readonly name: string;
  /** Leads the names of its statements. */
  readonly plural: string;
  readonly table: string;
  /** What is read of it, by the name of the row's property. */
  readonly columns: Readonly<Record<string, Column>>;
  /** Values that are costly to make: to be filtered by, read only by fields of their own. */
  readonly derived: Readonly<Record<string, Column>>;
  /** Columns (and derived ones) that a filter may name. */
  readonly filters: readonly string[];
  /** Columns that an order may name. */
  readonly orders: readonly string[];
  /** The last words of each order: unique within each of its lists, never null. */
  readonly unique: readonly string[];
  /**
   * Order → columns that lead an index before it: of rows that are equal in one of them, a list can be walked along
   * that order.
   */
  readonly walks?: Readonly<Record<string, readonly string[]>>;
  /** What a list is sorted by when its caller does not say. */
  readonly order: readonly OrderTerm[];
  readonly relations: Readonly<Record<string, Relation>>;
  /** True of the rows of a workspace: of their own workspace_id, or of the row they belong to. */
  readonly within: (alias: string, workspace: string) => string;
  /** What a viewer must be allowed to do to be given rows of it. */
  readonly read: Action;
}

/** One whose rows have the type `Row`. */
export interface Entity<Row> extends AnyEntity {
  readonly columns: { readonly [Key in keyof Row & string]: Column };
  readonly orders: readonly (keyof Row & string)[];
  readonly unique: readonly (keyof Row & string)[];
}

/** One word of an order, as callers write it. */
export interface OrderTerm {
  readonly field: string;
  readonly direction: 'ASC' | 'DESC';
}

type Make = (column: string | ((alias: string) => string), nullable?: 'nullable') => Column;

/** A uuid; `of` names the type whose global ids are taken as well. */
export const id = (of: string, column: string, nullable?: 'nullable'): Column => ({
  ...made('id', 'uuid')(column, nullable),
  of,
});
/** An enum of the database; `of` is its name in the schema. */
export const choice = (
  of: string,
  cast: string,
  column: string,
  nullable?: 'nullable',
): Column => ({
  ...made('enum', cast)(column, nullable),
  of,
});
export const text: Make = made('text', 'text');
export const int: Make = made('int', 'int');
export const bigint: Make = made('bigint', 'bigint');
export const float: Make = made('float', 'float8');
export const time: Make = made('time', 'timestamptz');
export const tags: Make = made('tags', 'text[]');
export const json: Make = made('json', 'jsonb');
/** A tsvector: matched against what people type, never read. */
export const words: Make = made('words', 'text');

function made(type: ColumnType, cast: string): Make {
  return (column, nullable) => ({
    type,
    cast,
    sql: typeof column === 'string' ? (alias) => `${alias}.${column}` : column,
    nullable: nullable === 'nullable',
  });
}

/** Milliseconds between two times of a row, null until both are known. */
export function between_ms(from: string, to: string): Column {
  return float(
    (alias) => `(extract(epoch FROM ${alias}.${to} - ${alias}.${from}) * 1000)::float8`,
    'nullable',
  );
}

/** The select list of an entity, or of some of its columns: each under the name of the row's property. */
export function selectList({ columns }: Pick<AnyEntity, 'columns'>, alias: string): string {
  return Object.entries(columns)
    .map(([name, column]) => `${column.sql(alias)} AS "${name}"`)
    .join(', ');
}

/** The column that a filter or an order names; our own mistake when there is none. */
export function columnOf(entity: AnyEntity, name: string): Column {
  const column = entity.columns[name] ?? entity.derived[name];
  if (!column) throw new Error(`${entity.name} has no column ${name}`);
  return column;
}

/** `within` of a table that has workspace_id. */
export const ownWorkspace = (alias: string, workspace: string): string =>
  `${alias}.workspace_id = ${workspace}`;

/** `within` of a table whose rows belong to a row of `table` by `column`. */
export const workspaceOf =
  (table: string, column: string) =>
  (alias: string, workspace: string): string =>
    `EXISTS (SELECT FROM ${table} owner WHERE owner.id = ${alias}.${column} AND owner.workspace_id = ${workspace})`;
