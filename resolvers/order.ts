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
 * True of the rows after the one with these values. One row comparison where the order allows it, which an index
 * answers; else the first word bounds the range and the rest decides.
 */
export function afterSql(
  terms: readonly Term[],
  values: readonly unknown[],
  alias: string,
  into: Params,
): string {
  const marks = terms.map(({ column }, index) => into.add(values[index], column.cast));
  const [first] = terms;
  const one = terms.every((term) => term.direction === first?.direction && !term.column.nullable);
  if (one) {
    const columns = terms.map(({ column }) => column.sql(alias)).join(', ');
    return `(${columns}) ${first?.direction === 'ASC' ? '>' : '<'} (${marks.join(', ')})`;
  }
  const chain = terms.reduceRight((rest, term, index) => {
    const sql = term.column.sql(alias);
    const mark = marks[index]!;
    const same = values[index] === null ? `${sql} IS NULL` : `${sql} = ${mark}`;
    const beyond = beyondSql(term, sql, values[index] === null, mark);
    return rest === '' ? beyond : `(${beyond} OR (${same} AND ${rest}))`;
  }, '');
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
