/** Lists: filtered, ordered, in pages; of the whole workspace, or windows on the lists of many parents at once. */
import type { Ctx } from './context.ts';
import type { AnyEntity, Entity, OrderTerm } from './entity.ts';
import { Invalid, Limited } from './errors.ts';
import { compileFilter, params, type Filter, type Params } from './filter.ts';
import { readOrder, type Term } from './order.ts';
import {
  FOREIGN_CURSOR,
  readCursor,
  readPage,
  writeCursor,
  type PageArgs,
  type PageBounds,
} from './page.ts';
import { authorize } from './policy.ts';
import { dynamicStatement, type Statement } from './sql.ts';
import { pageSql, windowSql, type Wanted } from './window.ts';

/** Rows that one level may ask for: parents times page size. */
export const LEVEL_ROWS_MAX = 100_000;

export interface ListArgs extends PageArgs {
  readonly filter?: Filter | null | undefined;
  readonly orderBy?: readonly OrderTerm[] | null | undefined;
}

/** A page of a list. */
export interface Connection<Row> {
  readonly nodes: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Opaque position of a row of this list. */
  readonly cursorOf: (row: Row) => string;
  /** Shared by all connections of one level, so that their totals are one statement. */
  readonly counter: Counter;
  /** Which of the level's lists this is. */
  readonly index: number;
}

/**
 * How many rows each list has, all pages together: one statement, when first asked. `atMost` ends the counting there;
 * without it all that match are read, which takes its time in a long list.
 */
export type Counter = (ctx: Ctx, atMost?: number) => Promise<readonly number[]>;

/** How the rows of a list hang on their parent, whose key columns are `p.k0`, `p.k1` … */
export interface Link {
  /** Ends the names of its statements: `runs.byWorkflow`. */
  readonly name: string;
  /** SQL types of the key's parts. */
  readonly casts: readonly string[];
  readonly on: (child: string, parent: string) => string;
  /** Where positions are other than by order and filter. */
  readonly cursors?: Cursors;
}

/** Cursors of a kind of their own. */
export interface Cursors {
  write(row: object): string;
  /** The values of the order. Refuses with Invalid at `path`. `keys`: of all the parents. */
  read(cursor: string, path: string, keys: readonly (readonly unknown[])[]): readonly unknown[];
}

/** The keys of parents, from these fields of theirs. */
export function keysOf<Field extends string>(
  parents: readonly Readonly<Record<Field, string>>[],
  ...fields: readonly Field[]
): readonly (readonly string[])[] {
  return parents.map((parent) => fields.map((field) => parent[field]));
}

/** One page of all rows of the workspace. One statement. Refuses as readPage, readOrder and compileFilter. */
export async function listOf<Row extends object>(
  ctx: Ctx,
  entity: Entity<Row>,
  args: ListArgs,
  bounds?: PageBounds,
): Promise<Connection<Row>> {
  const list = readList(ctx, entity, args, bounds);
  const into = params();
  const scope = entity.within('x', into.add(ctx.viewer.workspaceId, 'uuid'));
  const page = dynamicStatement<Row>(`${entity.plural}.list`, pageSql(list, scope, into));
  const rows = await readRows(ctx, list, page, into.values);
  const counter = once(async (asking, atMost) => {
    const counting = params();
    const within = entity.within('x', counting.add(asking.viewer.workspaceId, 'uuid'));
    const from = `FROM ${entity.table} x WHERE ${within} AND ${list.where(counting)}`;
    const [row] = await asking.sql.query(
      dynamicStatement<{ count: number }>(`${entity.plural}.count`, countSql(from, atMost)),
      counting.values,
    );
    return [row?.count ?? 0];
  });
  return connection(list, rows, 0, counter);
}

/**
 * The same page of each parent's list, in the order of the keys. One lateral statement for all of them, so each
 * window is an index scan of its own. Refuses as listOf; Limited past LEVEL_ROWS_MAX.
 */
export async function listsOf<Row extends object>(
  ctx: Ctx,
  entity: Entity<Row>,
  link: Link,
  keys: readonly (readonly unknown[])[],
  args: ListArgs,
  bounds?: PageBounds,
): Promise<Connection<Row>[]> {
  const list = readList(ctx, entity, args, bounds, link.cursors, keys);
  const asked = keys.length * list.page.size;
  if (asked > LEVEL_ROWS_MAX)
    throw new Limited(`${entity.plural} of one level`, LEVEL_ROWS_MAX, asked);
  const into = params();
  const parents = parentsSql(link, keys, into);
  const page = dynamicStatement<Row & { parent: number }>(
    `${entity.plural}.${link.name}`,
    `SELECT p.parent::int AS parent, child.* FROM ${parents}
    CROSS JOIN LATERAL (${windowSql(list, link.on('x', 'p'), into)}) child`,
  );
  const rows = await readRows(ctx, list, page, into.values);
  const counter = once(async (asking, atMost) => {
    const counting = params();
    const from = `FROM ${entity.table} x WHERE ${link.on('x', 'p')} AND ${list.where(counting)}`;
    const counted = await asking.sql.query(
      dynamicStatement<{ parent: number; count: number }>(
        `${entity.plural}.${link.name}.count`,
        `SELECT p.parent::int AS parent, counted.count FROM ${parentsSql(link, keys, counting)}
        CROSS JOIN LATERAL (${countSql(from, atMost)}) counted`,
      ),
      counting.values,
    );
    const counts = keys.map(() => 0);
    for (const { parent, count } of counted) counts[parent - 1] = count;
    return counts;
  });
  const windows = keys.map((): Row[] => []);
  for (const row of rows) windows[row.parent - 1]?.push(row); // In order: a lateral window is a nested loop.
  return windows.map((window, index) => connection(list, window, index, counter));
}

/** SQLSTATE class 22: a value that its type does not take. Filters are checked; a cursor may be made by hand. */
const DATA_EXCEPTION = /^22/;

async function readRows<Row>(
  ctx: Ctx,
  { after, before }: Wanted,
  page: Statement<Row>,
  values: readonly unknown[],
): Promise<Row[]> {
  try {
    return await ctx.sql.query(page, values);
  } catch (error) {
    const byCursor = DATA_EXCEPTION.test(String((error as { code?: unknown }).code));
    if (byCursor && after) throw new Invalid('after', FOREIGN_CURSOR);
    if (byCursor && before) throw new Invalid('before', FOREIGN_CURSOR);
    throw error;
  }
}

interface List<Row> extends Wanted {
  readonly entity: Entity<Row>;
  readonly cursors: Cursors;
}

function readList<Row extends object>(
  ctx: Ctx,
  entity: Entity<Row>,
  args: ListArgs,
  bounds?: PageBounds,
  own?: Cursors,
  keys: readonly (readonly unknown[])[] = [],
): List<Row> {
  authorize(ctx.viewer, entity.read, ctx.viewer);
  const terms = readOrder(entity, args.orderBy);
  const page = readPage(args, bounds);
  const now = ctx.now();
  const condition = (filter: Filter | null | undefined) => (into: Params) =>
    compileFilter(entity, filter, 'x', { params: into, now });
  const cursors = own ?? cursorsOf(entity, terms, args.filter ?? {});
  const position = (cursor: string | null, path: string) =>
    cursor === null ? null : cursors.read(cursor, path, keys);
  return {
    entity,
    terms,
    page,
    where: condition(args.filter),
    bounds: condition(walkBounds(entity, terms, args.filter ?? {})),
    cursors,
    after: position(page.after, 'after'),
    before: position(page.before, 'before'),
  };
}

/** What a filter says of the first word of the order, and of one column that leads an index before it. */
function walkBounds(entity: AnyEntity, [first]: readonly Term[], filter: Filter): Filter {
  const field = first?.field ?? '';
  const equal = entity.walks?.[field]?.find((lead) => {
    const operators = filter[lead] as Filter | null | undefined;
    return operators?.['eq'] != null;
  });
  return { [field]: filter[field], ...(equal === undefined ? {} : { [equal]: filter[equal] }) };
}

/** The values of a row in the order, bound to order and filter as they were written. */
function cursorsOf(entity: AnyEntity, terms: readonly Term[], filter: Filter): Cursors {
  const order = terms.map(({ field, direction }) => `${field} ${direction}`).join(',');
  const binding = `${entity.name} ${order} ${JSON.stringify(filter)}`;
  return {
    write: (row) =>
      writeCursor(
        binding,
        terms.map(({ field }) => {
          const value = (row as Record<string, unknown>)[field];
          return value instanceof Date ? value.getTime() : value;
        }),
      ),
    read: (cursor, path) => {
      const position = readCursor(binding, cursor, path);
      return terms.map(({ column }, index) => {
        const value = position[index];
        return column.type === 'time' && value !== null ? new Date(value as number) : value;
      });
    },
  };
}

function parentsSql(link: Link, keys: readonly (readonly unknown[])[], into: Params): string {
  const parts = link.casts.map((cast, part) =>
    into.add(
      keys.map((key) => key[part]),
      `${cast}[]`,
    ),
  );
  const names = link.casts.map((_, part) => `k${part}`);
  return `unnest(${parts.join(', ')}) WITH ORDINALITY AS p(${names.join(', ')}, parent)`;
}

function connection<Row extends object>(
  list: List<Row>,
  rows: readonly Row[],
  index: number,
  counter: Counter,
): Connection<Row> {
  const { size, backward, after, before } = list.page;
  const more = rows.length > size;
  const within = rows.slice(0, size);
  return {
    nodes: backward ? within.toReversed() : within,
    // In the direction of reading it is known; behind, a cursor was there.
    hasNextPage: backward ? before !== null : more,
    hasPreviousPage: backward ? more : after !== null,
    cursorOf: (row) => list.cursors.write(row),
    counter,
    index,
  };
}

function countSql(from: string, atMost: number | undefined): string {
  if (atMost === undefined) return `SELECT count(*) AS count ${from}`;
  return `SELECT count(*) AS count FROM (SELECT ${from} LIMIT ${atMost}) x`;
}

function once(counter: Counter): Counter {
  const counted = new Map<number | undefined, Promise<readonly number[]>>();
  return (ctx, atMost) => {
    const known = counted.get(atMost) ?? counter(ctx, atMost);
    counted.set(atMost, known);
    return known;
  };
}
