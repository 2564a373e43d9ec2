/**
 * Which columns of an entity a statement reads, and how they come. Where many rows may come: as one row with a JSON
 * array per column, from which the rows are made. Of a thousand rows that costs the gateway a third of what reading
 * them one by one does, and Postgres nothing; of a few it costs Postgres more than the gateway saves
 * (docs/decisions/0008-reads-of-what-is-shown.md).
 */
import { selectList, type AnyEntity, type ColumnType } from './entity.ts';
import { Refusal } from './errors.ts';
import { Timestamp } from './instant.ts';
import { dynamicStatement, statement, type Statement, type Unpack } from './sql.ts';

/** Columns that are wanted of an entity's rows, by name. The same object is the same wish: what is made of it is kept. */
export interface Columns {
  readonly names: ReadonlySet<string>;
  /** Whether cursors of the rows are wanted as well. */
  readonly cursors: boolean;
}

/** Columns in a statement. */
export interface Selected<Row> {
  /** Select list of the row that `alias` names. */
  listOf(alias: string): string;
  /** Of a text that answers rows with these columns. */
  statement(name: string, text: string, options: StatementOptions): Statement<Row>;
  /** Of a text that depends on the columns alone: put together once for few rows and once for many, and may be prepared. */
  constant(name: string, text: string): (rows_max: number) => Statement<Row>;
}

interface StatementOptions {
  /** See Statement. */
  readonly prepared: boolean;
  /** Rows that may come. */
  readonly rows_max: number;
}

/** Of all columns of a level together, as JSON. */
export const LEVEL_BYTES_MAX = 268_435_456;

/** From so many rows on they come packed, fewer one by one. */
export const PACKED_ROWS_MIN = 32;

const selections = new WeakMap<object, Map<string, Selected<unknown>>>();

/** The wanted columns, or all (null), and in any case `always`. `parent`: a number that comes before them. */
export function selectedOf<Row>(
  entity: AnyEntity,
  columns: Columns | null | undefined,
  always: readonly string[],
  parent?: 'parent',
): Selected<Row> {
  const of = columns ?? entity;
  let made = selections.get(of);
  if (!made) selections.set(of, (made = new Map()));
  const key = `${entity.table} ${parent} ${always.join(' ')}`;
  let selected = made.get(key);
  if (!selected) made.set(key, (selected = select(entity, columns?.names, always, parent)));
  return selected as Selected<Row>;
}

function select(
  entity: AnyEntity,
  wanted: ReadonlySet<string> | undefined,
  always: readonly string[],
  parent?: 'parent',
): Selected<unknown> {
  const own = Object.entries(entity.columns).filter(
    ([name]) => !wanted || wanted.has(name) || always.includes(name),
  );
  const lead: Read[] = parent ? [{ name: parent, type: 'int' }] : [];
  const all = [...lead, ...own.map(([name, { type }]) => ({ name, type }))];
  const unpacks = new Map<boolean, Unpack<unknown>>();
  const unpackFor = (many: boolean) => {
    let unpack = unpacks.get(many);
    if (!unpack) unpacks.set(many, (unpack = (many ? packed : plain)(all)));
    return unpack;
  };
  const columns = Object.fromEntries(own);
  const selected: Selected<unknown> = {
    listOf: (alias) => selectList({ columns }, alias),
    statement(name, text, { prepared, rows_max }) {
      const make = prepared ? statement : dynamicStatement;
      const unpack = unpackFor(isPacked(rows_max));
      const rows = `FROM (${text}) q`;
      const whole = unpack.isPacked
        ? packedSql(all, rows)
        : `SELECT ${all.map(textOf).join(', ')} ${rows}`;
      return { ...make(name, whole), unpack };
    },
    constant(name, text) {
      const prepared = true;
      let few: Statement<unknown> | undefined;
      let many: Statement<unknown> | undefined;
      return (rows_max) =>
        isPacked(rows_max)
          ? (many ??= selected.statement(name, text, { prepared, rows_max }))
          : (few ??= selected.statement(name, text, { prepared, rows_max }));
    },
  };
  return selected;
}

function isPacked(rows_max: number): boolean {
  return rows_max >= PACKED_ROWS_MIN;
}

/** A column as it is read. */
interface Read {
  /** Of the property. */
  readonly name: string;
  readonly type: ColumnType;
}

/**
 * One row: the number of rows, then an array per column. None where they are too large: a text of half a gigabyte is
 * more than JavaScript has.
 */
function packedSql(columns: readonly Read[], rows: string): string {
  const arrays = columns.map(({ name }, at) => `, json_agg(q."${name}") AS c${at}`);
  const sizes = columns.map((_, at) => ` + coalesce(pg_column_size(c${at}), 0)`);
  return `SELECT * FROM (SELECT count(*)${arrays.join('')} ${rows}) p
    WHERE 0${sizes.join('')} <= ${LEVEL_BYTES_MAX}`;
}

/** What has no text of its own that we could read comes as JSON. */
function textOf({ name, type }: Read): string {
  return AS_JSON.has(type) ? `to_json(q."${name}")` : `q."${name}"`;
}

const AS_JSON: ReadonlySet<ColumnType> = new Set(['time', 'tags', 'json']);
const NUMBERS: ReadonlySet<ColumnType> = new Set(['int', 'bigint', 'float']);

/** From the one row of a packed answer. */
function packed(columns: readonly Read[]): Unpack<unknown> {
  const arrays = columns.map((_, at) => `const c${at} = JSON.parse(parts[${at + 1}]);\n`);
  const values = columns.map(({ name, type }, at) => {
    const value = `c${at}[i]`;
    const made = type === 'time' ? `${value} === null ? null : new Timestamp(${value})` : value;
    return `${JSON.stringify(name)}: ${made}`;
  });
  const code = `const parts = texts[0];
if (parts === undefined) tooLarge();
const count = Number(parts[0]);
if (count === 0) return [];
${arrays.join('')}const rows = [];
for (let i = 0; i < count; i += 1) rows.push({ ${values.join(', ')} });
return rows;`;
  return { isPacked: true, rowsOf: generated(code) };
}

/** From rows of texts. */
function plain(columns: readonly Read[]): Unpack<unknown> {
  const values = columns.map(({ name, type }, at) => {
    const value = `row[${at}]`;
    let made = value;
    if (type === 'time') made = `new Timestamp(${value}.slice(1, -1))`; // A JSON string.
    else if (AS_JSON.has(type)) made = `JSON.parse(${value})`;
    else if (NUMBERS.has(type)) made = `Number(${value})`;
    return `${JSON.stringify(name)}: ${value} === null ? null : ${made}`;
  });
  return {
    isPacked: false,
    rowsOf: generated(`return texts.map((row) => ({ ${values.join(', ')} }));`),
  };
}

function tooLarge(): never {
  throw new Refusal(
    'LIMITED',
    `one level of an answer may read at most ${LEVEL_BYTES_MAX} bytes; ask for fewer rows, or without large columns`,
  );
}

function generated(body: string): Unpack<unknown>['rowsOf'] {
  const code = `"use strict";\nreturn function rowsOf(texts) {\n${body}\n};`;
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- names of our own columns: rows of one shape are made three times as fast by a literal
  return new Function('Timestamp', 'tooLarge', code)(
    Timestamp,
    tooLarge,
  ) as Unpack<unknown>['rowsOf'];
}
