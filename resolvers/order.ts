/** Orders: a list of words, completed so that each row has its one place. Null is smallest. */
import { columnOf, type Column, type AnyEntity, type OrderTerm } from './entity.ts';
import { Invalid } from './errors.ts';
import type { Params } from './filter.ts';

/** Words of one order, as callers write it. */
export const ORDER_TERMS_MAX = 4;

export interface Term {
  readonly field: string;
  readonly column: Column;
  readonly direction: 'ASC' | 'DESC';
}

/** The whole order of a list. Refuses with Invalid: too many words, one twice. */
export function readOrder(
  entity: AnyEntity,
  orderBy: readonly OrderTerm[] | null | undefined,
): Term[] {
  const asked = orderBy && orderBy.length > 0 ? orderBy : entity.order;
  if (asked.length > ORDER_TERMS_MAX) {
    throw new Invalid('orderBy', `may hold at most ${ORDER_TERMS_MAX}, got ${asked.length}`);
  }
  const fields = asked.map((term) => term.field);
  const twice = fields.find((field, index) => fields.indexOf(field) !== index);
  if (twice !== undefined) throw new Invalid('orderBy', `names ${twice} twice`);
  // The tie-breaker goes the way of the last word, so that one index serves both.
  const direction = asked.at(-1)?.direction ?? 'ASC';
  const ties = entity.unique.filter((field) => !fields.includes(field));
  return [...asked, ...ties.map((field) => ({ field, direction }))].map((term) => ({
    ...term,
    column: columnOf(entity, term.field),
  }));
}

/** The same list from its end. */
export function reversed(terms: readonly Term[]): Term[] {
  return terms.map((term) => ({ ...term, direction: term.direction === 'ASC' ? 'DESC' : 'ASC' }));
}

/** ORDER BY of the row that `alias` names. */
export function orderSql(terms: readonly Term[], alias: string): string {
  return terms
    .map(({ column, direction }) => {
      const nulls = column.nullable ? (direction === 'ASC' ? ' NULLS FIRST' : ' NULLS LAST') : '';
      return `${column.sql(alias)} ${direction}${nulls}`;
    })
    .join(', ');
}

/**
 * The rows after the one with these values, as ranges that follow each other in the order. Where the order goes one
 * way and only its first word may be null, an index answers each range; else there is one, of which the first word
 * bounds the start and the rest decides.
 */
export function afterRanges(
  terms: readonly Term[],
  values: readonly unknown[],
  alias: string,
  into: Params,
): readonly string[] {
  const [first, ...rest] = terms;
  const ascends = first?.direction === 'ASC';
  const oneWay = terms.every(({ direction }) => direction === first?.direction);
  if (!first || !oneWay || rest.some(({ column }) => column.nullable)) {
    return [afterSql(terms, values, alias, into)];
  }
  const beyond = (from: number) => {
    const tail = terms.slice(from);
    const columns = tail.map(({ column }) => column.sql(alias));
    const marks = tail.map(({ column }, index) => into.add(values[from + index], column.cast));
    return `(${columns.join(', ')}) ${ascends ? '>' : '<'} (${marks.join(', ')})`;
  };
  const sql = first.column.sql(alias);
  if (values[0] === null) {
    const sameNull = `${sql} IS NULL AND ${beyond(1)}`;
    return ascends ? [sameNull, `${sql} IS NOT NULL`] : [sameNull];
  }
  return first.column.nullable && !ascends ? [beyond(0), `${sql} IS NULL`] : [beyond(0)];
}

/** The same as one condition, for any order. */
function afterSql(
  terms: readonly Term[],
  values: readonly unknown[],
  alias: string,
  into: Params,
): string {
  const marks = terms.map(({ column }, index) =>
    values[index] === null ? 'NULL' : into.add(values[index], column.cast),
  );
  const chain = terms.reduceRight((later, term, index) => {
    const sql = term.column.sql(alias);
    const mark = marks[index]!;
    const same = values[index] === null ? `${sql} IS NULL` : `${sql} = ${mark}`;
    const beyond = beyondSql(term, sql, values[index] === null, mark);
    return later === '' ? beyond : `(${beyond} OR (${same} AND ${later}))`;
  }, '');
  const [first] = terms;
  const bound =
    first && !first.column.nullable
      ? `${first.column.sql(alias)} ${first.direction === 'ASC' ? '>=' : '<='} ${marks[0]} AND `
      : '';
  return `(${bound}${chain})`;
}

function beyondSql(term: Term, sql: string, fromNull: boolean, mark: string): string {
  if (term.direction === 'ASC') return fromNull ? `${sql} IS NOT NULL` : `${sql} > ${mark}`;
  if (fromNull) return 'FALSE';
  return term.column.nullable ? `(${sql} < ${mark} OR ${sql} IS NULL)` : `${sql} < ${mark}`;
}
