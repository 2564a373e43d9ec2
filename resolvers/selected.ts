/**
 * Which columns of an entity a statement reads, and how they come: one row with a JSON array per column, from which
 * the rows are made. That costs the gateway a third of what reading them one by one does, and Postgres nothing
 * (docs/decisions/0008-reads-of-what-is-shown.md).
 */
import type { AnyEntity } from './entity.ts';
import { Timestamp } from './instant.ts';
import { dynamicStatement, statement, type Statement } from './sql.ts';

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
  /** Of a text that answers rows with these columns. `prepared`: see Statement. */
  statement(name: string, text: string, prepared: boolean): Statement<Row>;
}

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
  const lead: Packed[] = parent ? [{ name: parent, isTime: false }] : [];
  const packed = own.map(([name, { type }]) => ({ name, isTime: type === 'time' }));
  const all = [...lead, ...packed];
  const arrays = all.map(({ name }) => `, json_agg(q."${name}")`).join('');
  const unpack = unpacker(all);
  return {
    listOf: (alias) => own.map(([name, column]) => `${column.sql(alias)} AS "${name}"`).join(', '),
    statement: (name, text, prepared) => ({
      ...(prepared ? statement : dynamicStatement)(
        name,
        `SELECT count(*)${arrays} FROM (${text}) q`,
      ),
      unpack,
    }),
  };
}

/** One array of a packed answer. */
interface Packed {
  /** Of the property. */
  readonly name: string;
  readonly isTime: boolean;
}

/** From the one row (the number of rows, then an array per column, null where there is no row) to rows. */
function unpacker(columns: readonly Packed[]): (parts: readonly (string | null)[]) => unknown[] {
  const arrays = columns.map((_, at) => `const c${at} = JSON.parse(parts[${at + 1}]);\n`);
  const properties = columns.map(({ name, isTime }, at) => {
    const value = isTime ? `c${at}[i] === null ? null : new Timestamp(c${at}[i])` : `c${at}[i]`;
    return `${JSON.stringify(name)}: ${value}`;
  });
  const code = `"use strict";
return function unpack(parts) {
const count = Number(parts[0]);
const rows = [];
if (count === 0) return rows;
${arrays.join('')}for (let i = 0; i < count; i += 1) rows.push({ ${properties.join(', ')} });
return rows;
};`;
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- names of our own columns: rows of one shape are made three times as fast by a literal
  return new Function('Timestamp', code)(Timestamp) as never;
}
