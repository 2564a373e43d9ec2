/** Lists: filtered, ordered, in pages; of the whole workspace, or windows on the lists of many parents at once. */
import { connectionOf, once, type Connection } from './connection.ts';
import type { Ctx } from './context.ts';
import type { AnyEntity, Entity, OrderTerm } from './entity.ts';
import { Invalid, Limited } from './errors.ts';
import { compileFilter, params, type Filter, type Params } from './filter.ts';
import type { Instant } from './instant.ts';
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
import { selectedOf, type Columns, type Selected } from './selected.ts';
import { dynamicStatement, type Statement } from './sql.ts';
import { pageSql, windowSql, type Wanted } from './window.ts';

/** Rows that one level may ask for: parents times page size. */
export const LEVEL_ROWS_MAX = 100_000;

export interface ListArgs extends PageArgs {
  readonly filter?: Filter | null | undefined;
  readonly orderBy?: readonly OrderTerm[] | null | undefined;
  /** What is read of the rows; null or left out: all. The rows hold nothing else, whatever their type says. */
  readonly columns?: Columns | null | undefined;
  /** Of a root list: these rows alone, by their ids. */
  readonly among?: Among | undefined;
}

/** Rows that something else than a filter chose. */
export interface Among {
  readonly ids: readonly string[];
  /** How the caller named them: cursors are bound to that, not to the ids, which may change. */
  readonly said: unknown;
}

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
  /** Columns that `write` reads. */
  readonly columns: readonly string[];
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
  const list = readList<Row>(ctx, entity, args, bounds);
  const into = params();
  const scope = scopeOf(ctx, entity, args, into);
  const { selected } = list;
  const text = pageSql(list, selected.listOf('x'), scope, into);
  const page = selected.statement(`${entity.plural}.list`, text, {
    prepared: list.isPlain,
    rows_max: list.page.size + 1,
  });
  const rows = await readRows(ctx, list, page, into.values);
  const counter = once(async (asking, atMost) => {
    const counting = params();
    const within = scopeOf(asking, entity, args, counting);
    const from = `FROM ${entity.table} x WHERE ${within} AND ${list.where(counting)}`;
    const [row] = await asking.sql.query(
      dynamicStatement<{ count: number }>(`${entity.plural}.count`, countSql(from, atMost)),
      counting.values,
    );
    return [row?.count ?? 0];
  });
  return connectionOf(list, rows, counter, 0);
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
  const list = readList<Row & { parent: number }>(ctx, entity, args, bounds, { link, keys });
  const asked = keys.length * list.page.size;
  if (asked > LEVEL_ROWS_MAX)
    throw new Limited(`${entity.plural} of one level`, LEVEL_ROWS_MAX, asked);
  const into = params();
  const parents = parentsSql(link, keys, into);
  const { selected } = list;
  const page = selected.statement(
    `${entity.plural}.${link.name}`,
    `SELECT p.parent::int AS parent, child.* FROM ${parents}
    CROSS JOIN LATERAL (${windowSql(list, selected.listOf('x'), link.on('x', 'p'), into)}) child`,
    { prepared: list.isPlain, rows_max: keys.length * (list.page.size + 1) },
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
  return windows.map((window, index) => connectionOf(list, window, counter, index));
}

/** The condition of a root list without its filter. */
function scopeOf({ viewer }: Ctx, entity: AnyEntity, { among }: ListArgs, into: Params): string {
  const within = entity.within('x', into.add(viewer.workspaceId, 'uuid'));
  return among ? `${within} AND x.id = ANY(${into.add(among.ids, 'uuid[]')})` : within;
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
  readonly entity: AnyEntity;
  readonly cursors: Cursors;
  readonly selected: Selected<Row>;
  /** Neither filter nor cursor: every plan of it is good for all values. */
  readonly isPlain: boolean;
}

/** Of the lists of many parents. */
interface Parents {
  readonly link: Link;
  readonly keys: readonly (readonly unknown[])[];
}

function readList<Row extends object>(
  ctx: Ctx,
  entity: AnyEntity,
  args: ListArgs,
  bounds?: PageBounds,
  parents?: Parents,
): List<Row> {
  authorize(ctx.viewer, entity.read, ctx.viewer);
  const terms = readOrder(entity, args.orderBy);
  const page = readPage(args, bounds);
  const now = ctx.now();
  const condition = (filter: Filter | null | undefined) => (into: Params) =>
    compileFilter(entity, filter, 'x', { params: into, now });
  const cursors = parents?.link.cursors ?? cursorsOf(entity, terms, args);
  const position = (cursor: string | null, path: string) =>
    cursor === null ? null : cursors.read(cursor, path, parents?.keys ?? []);
  const always = args.columns?.cursors === false ? [] : cursors.columns;
  return {
    entity,
    terms,
    page,
    where: condition(args.filter),
    bounds: condition(walkBounds(entity, terms, args.filter ?? {})),
    cursors,
    after: position(page.after, 'after'),
    before: position(page.before, 'before'),
    selected: selectedOf(entity, args.columns, always, parents && 'parent'),
    isPlain: !args.filter && !args.among && page.after === null && page.before === null,
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
function cursorsOf(
  entity: AnyEntity,
  terms: readonly Term[],
  { filter, among }: ListArgs,
): Cursors {
  let bound: string | undefined;
  const binding = () => {
    const order = terms.map(({ field, direction }) => `${field} ${direction}`).join(',');
    const said = among ? ` ${JSON.stringify(among.said)}` : '';
    return (bound ??= `${entity.name} ${order} ${JSON.stringify(filter ?? {})}${said}`);
  };
  return {
    columns: terms.map(({ field }) => field),
    write: (row) =>
      writeCursor(
        binding(),
        terms.map(({ field, column }) => {
          const value = (row as Record<string, unknown>)[field];
          return column.type === 'time' && value !== null ? (value as Instant).getTime() : value;
        }),
      ),
    read: (cursor, path) => {
      const position = readCursor(binding(), cursor, path);
      return terms.map(({ column }, index) => {
        const value = position[index];
        return column.type === 'time' && value !== null ? new Date(value as number) : value;
      });
    },
  };
}

/** One part of the keys as Postgres writes an array: a level may have a thousand of them. */
function arrayText(keys: readonly (readonly unknown[])[], part: number): string {
  if (keys.length === 0) return '{}';
  const items = keys.map((key) => {
    const text = String(key[part]);
    return SPECIAL.test(text) ? text.replaceAll(/["\\]/g, String.raw`\$&`) : text;
  });
  return `{"${items.join('","')}"}`;
}

/** Looked for first: few have any. */
const SPECIAL = /["\\]/;

function parentsSql(link: Link, keys: readonly (readonly unknown[])[], into: Params): string {
  const parts = link.casts.map((cast, part) => into.add(arrayText(keys, part), `${cast}[]`));
  const names = link.casts.map((_, part) => `k${part}`);
  return `unnest(${parts.join(', ')}) WITH ORDINALITY AS p(${names.join(', ')}, parent)`;
}

function countSql(from: string, atMost: number | undefined): string {
  if (atMost === undefined) return `SELECT count(*) AS count ${from}`;
  return `SELECT count(*) AS count FROM (SELECT ${from} LIMIT ${atMost}) x`;
}
