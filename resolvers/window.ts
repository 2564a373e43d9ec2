/** The SQL of one page of a list. */
import type { AnyEntity } from './entity.ts';
import type { Params } from './filter.ts';
import { afterRanges, orderSql, reversed, type Term } from './order.ts';
import type { Page } from './page.ts';

/** What a page is cut from. */
export interface Wanted {
  readonly entity: AnyEntity;
  readonly terms: readonly Term[];
  readonly page: Page;
  /** The condition of the filter on a row called `x`. */
  readonly where: (into: Params) => string;
  /** The part of it that bounds a walk along the order: an index answers both at once. */
  readonly bounds: (into: Params) => string;
  /** Values of the order to start behind, and to end before. */
  readonly after: readonly unknown[] | null;
  readonly before: readonly unknown[] | null;
}

/** Rows that are read along the order before the filter's own indexes are asked. */
export const AHEAD_ROWS = 2_000;

/** One row more than the page, to know whether there are more. `columns`: select list of the row `x`. */
export function windowSql(wanted: Wanted, columns: string, scope: string, into: Params): string {
  const { entity } = wanted;
  const { order, starts, end, limit } = clauses(wanted, into);
  return `SELECT ${columns} FROM ${entity.table} x
    WHERE ${scope} AND ${oneOf(starts)} AND ${end} AND ${wanted.where(into)} ORDER BY ${order} LIMIT ${limit}`;
}

/**
 * As windowSql, for a list of any length. Whether it is quicker to walk along the order until the page is full or to
 * collect what the filter's indexes find and sort it depends on how many rows match and where they lie; Postgres
 * guesses that for words and correlated columns, and is wrong by seconds at a million rows. So the walk goes first,
 * within the bounds that its own index knows, and ends after AHEAD_ROWS; only if it neither filled the page nor saw the end of the list, the indexes follow
 * (OFFSET 0 keeps them from walking too). Measured in docs/decisions/0003-pages-of-filtered-lists.md.
 */
export function pageSql(wanted: Wanted, columns: string, scope: string, into: Params): string {
  const { entity } = wanted;
  const where = wanted.where(into);
  const bounds = wanted.bounds(into);
  const { order, starts, end, limit } = clauses(wanted, into);
  const along = (rows: number) => {
    const ranges = starts.map(
      (start) => `SELECT x.* FROM ${entity.table} x
        WHERE ${scope} AND ${bounds} AND ${start} AND ${end} ORDER BY ${order} LIMIT ${rows}`,
    );
    if (ranges.length === 1) return ranges[0]!;
    const all = ranges.map((range) => `(${range})`).join(' UNION ALL ');
    return `SELECT x.* FROM (${all}) x ORDER BY ${order} LIMIT ${rows}`;
  };
  if (where === 'TRUE') return `SELECT ${columns} FROM (${along(limit)}) x ORDER BY ${order}`;
  const unfinished = `CASE WHEN (SELECT count(*) FROM near) < ${limit}
    THEN (SELECT count(*) FROM ahead) = ${AHEAD_ROWS} ELSE FALSE END`;
  return `WITH ahead AS MATERIALIZED (
      ${along(AHEAD_ROWS)}
    ), near AS MATERIALIZED (
      SELECT x.* FROM ahead x WHERE ${where} ORDER BY ${order} LIMIT ${limit}
    )
    SELECT ${columns} FROM (
      SELECT * FROM near WHERE NOT ${unfinished}
      UNION ALL
      (SELECT x.* FROM ${entity.table} x
        WHERE ${unfinished} AND ${scope} AND ${oneOf(starts)} AND ${end} AND ${where} OFFSET 0)
    ) x ORDER BY ${order} LIMIT ${limit}`;
}

/** Where reading starts (ranges in the order of reading) and where it ends at the latest. */
function clauses({ terms, page, after, before }: Wanted, into: Params) {
  const back = reversed(terms);
  const ranges = (order: readonly Term[], values: readonly unknown[] | null) =>
    values ? afterRanges(order, values, 'x', into) : ['TRUE'];
  const [starts, ends] = [ranges(terms, after), ranges(back, before)];
  return {
    order: orderSql(page.backward ? back : terms, 'x'),
    starts: page.backward ? ends : starts,
    end: oneOf(page.backward ? starts : ends),
    limit: page.size + 1,
  };
}

function oneOf(ranges: readonly string[]): string {
  return ranges.length === 1 ? ranges[0]! : `(${ranges.join(' OR ')})`;
}
