/**
 * Statistics of an entity: rows that match a filter, counted by groups and by time buckets, with a window that runs
 * over the buckets. One statement whatever is asked; the aggregates of a measure are one more, when asked.
 */
import type { Ctx } from './context.ts';
import type { AnyEntity, Column } from './entity.ts';
import { Invalid, Limited } from './errors.ts';
import { compileFilter, params, type Filter, type Params } from './filter.ts';
import { authorize } from './policy.ts';
import { dynamicStatement } from './sql.ts';

/** Rows of one answer: groups times buckets. */
export const STATS_ROWS_MAX = 1_000;
/** Buckets of one window. */
export const STATS_WINDOW_MAX = 366;

export type Bucket = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH';

/** What can be asked of an entity, as SQL of its row `x`. */
export interface Stats {
  readonly entity: AnyEntity;
  readonly groups: Readonly<Record<string, { readonly sql: string; readonly join?: string }>>;
  /** The time that buckets are of. */
  readonly time: string;
  /** What is counted beside the rows: aggregates, and a join that they need. */
  readonly counts: Readonly<Record<string, string>>;
  readonly countsJoin?: string;
  /** What aggregates are made of. */
  readonly measures: Readonly<Record<string, Column>>;
}

export interface StatsArgs {
  readonly filter?: Filter | null | undefined;
  readonly groupBy?: readonly string[] | null | undefined;
  readonly bucket?: Bucket | null | undefined;
  /** Buckets that `windowed` sums: the row's own and those before it. */
  readonly window?: number | null | undefined;
}

export interface Counts {
  readonly [name: string]: number;
  /** Rows of the entity. */
  readonly count: number;
}

export interface StatsRow {
  /** The value of each group asked for; null where the row has none. */
  readonly groups: Readonly<Record<string, string | null>>;
  /** When the bucket starts, in UTC; null without buckets. */
  readonly start: Date | null;
  readonly counts: Counts;
  /** `counts` summed over the window; null without one. */
  readonly windowed: Counts | null;
  /** Shared by all rows of one answer, so that what is asked of each is one statement for all. */
  readonly asked: Asked;
}

export interface Asked {
  readonly stats: Stats;
  readonly args: StatsArgs;
  readonly aggregates: Map<string, Promise<ReadonlyMap<string, Aggregates>>>;
}

/** Of the values that are not null; all but `count` are null when there is none. */
export interface Aggregates {
  readonly count: number;
  readonly sum: number | null;
  readonly avg: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/**
 * A row per group and bucket that has any, by start, then group. Refuses: as compileFilter; Invalid (a group twice, a
 * window without buckets or out of bounds); Limited past STATS_ROWS_MAX. One statement.
 */
export async function statsOf(ctx: Ctx, stats: Stats, args: StatsArgs): Promise<StatsRow[]> {
  authorize(ctx.viewer, stats.entity.read, ctx.viewer);
  checkArgs(args);
  const counts = Object.entries({ count: 'count(*)', ...stats.counts });
  const into = params();
  const grouped = groupedSql(ctx, stats, args, into, {
    selects: counts.map(([name, sql]) => `(${sql})::int AS "${name}"`),
    join: stats.countsJoin ?? '',
  });
  const windows = counts.map(([name]) => `(sum(g."${name}") OVER w)::int AS "window_${name}"`);
  const text = args.window
    ? `SELECT g.*, ${windows.join(', ')} FROM (${grouped}) g WINDOW w AS (${overSql(args)})`
    : `SELECT g.* FROM (${grouped}) g`;
  const name = `${stats.entity.plural}.stats`;
  const rows = await ctx.sql.query(
    dynamicStatement<FlatRow>(
      name,
      `${text} ORDER BY ${['start', ...groupsOf(args)].map((key) => `g."${key}"`).join(', ')}
      LIMIT ${STATS_ROWS_MAX + 1}`,
    ),
    into.values,
  );
  if (rows.length > STATS_ROWS_MAX) {
    throw new Limited('groups times buckets', STATS_ROWS_MAX, rows.length);
  }
  const asked: Asked = { stats, args, aggregates: new Map() };
  const read = (row: FlatRow, prefix: string) =>
    Object.fromEntries(counts.map(([key]) => [key, row[prefix + key]])) as unknown as Counts;
  return rows.map((row) => ({
    ...keysOf(args, row),
    counts: read(row, ''),
    windowed: args.window ? read(row, 'window_') : null,
    asked,
  }));
}

/** The aggregates of a measure for each row. One statement for all rows of an answer. */
export async function aggregatesOf(
  ctx: Ctx,
  rows: readonly StatsRow[],
  measure: string,
): Promise<(Aggregates | null)[]> {
  const answers = rows.map(({ asked }) => {
    let answer = asked.aggregates.get(measure);
    if (!answer) asked.aggregates.set(measure, (answer = aggregate(ctx, asked, measure)));
    return answer;
  });
  return Promise.all(
    rows.map(async (row, index) => (await answers[index])?.get(rowKey(row)) ?? null),
  );
}

async function aggregate(
  ctx: Ctx,
  { stats, args }: Asked,
  measure: string,
): Promise<ReadonlyMap<string, Aggregates>> {
  const column = stats.measures[measure];
  if (!column) throw new Error(`${stats.entity.name} has no measure ${measure}`);
  const value = column.sql('x');
  const into = params();
  const percentiles = `percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY ${value})`;
  const text = groupedSql(ctx, stats, args, into, {
    selects: [
      `count(${value})::int AS count`,
      ...['sum', 'avg', 'min', 'max'].map((name) => `${name}(${value})::float8 AS ${name}`),
      `${percentiles} AS percentiles`,
    ],
    join: '',
  });
  const rows = await ctx.sql.query(
    dynamicStatement<FlatRow & Aggregates & { percentiles: number[] | null }>(
      `${stats.entity.plural}.aggregates`,
      text,
    ),
    into.values,
  );
  return new Map(
    rows.map((row) => {
      const [p50 = null, p95 = null, p99 = null] = row.percentiles ?? [];
      return [rowKey(keysOf(args, row)), { ...row, p50, p95, p99 }];
    }),
  );
}

type FlatRow = Readonly<Record<string, unknown>>;

/** SELECT of the keys and what else is wanted, grouped by the keys. */
function groupedSql(
  ctx: Ctx,
  { entity, groups, time }: Stats,
  args: StatsArgs,
  into: Params,
  wanted: { readonly selects: readonly string[]; readonly join: string },
): string {
  const keys = groupsOf(args).map((name) => ({ name, ...groups[name]! }));
  const start = args.bucket
    ? `date_trunc('${args.bucket.toLowerCase()}', ${time}, 'UTC')`
    : 'NULL::timestamptz';
  const columns = [`${start} AS start`, ...keys.map(({ name, sql }) => `${sql} AS "${name}"`)];
  const joins = [...new Set(keys.map(({ join }) => join ?? '')), wanted.join].join(' ');
  const where = [
    entity.within('x', into.add(ctx.viewer.workspaceId, 'uuid')),
    compileFilter(entity, args.filter, 'x', { params: into, now: ctx.now() }),
  ].join(' AND ');
  const grouping = columns.map((_, index) => index + 1).slice(args.bucket ? 0 : 1);
  return `SELECT ${[...columns, ...wanted.selects].join(', ')} FROM ${entity.table} x ${joins}
    WHERE ${where}${grouping.length > 0 ? ` GROUP BY ${grouping.join(', ')}` : ''}`;
}

const STEPS: Readonly<Record<Bucket, string>> = {
  HOUR: 'hours',
  DAY: 'days',
  WEEK: 'weeks',
  MONTH: 'months',
};

/** By time, not by row: a bucket without rows counts as one of the window's. */
function overSql(args: StatsArgs): string {
  const groups = groupsOf(args).map((name) => `g."${name}"`);
  const partition = groups.length > 0 ? `PARTITION BY ${groups.join(', ')} ` : '';
  const before = `INTERVAL '${(args.window ?? 1) - 1} ${STEPS[args.bucket ?? 'DAY']}'`;
  return `${partition}ORDER BY g.start RANGE BETWEEN ${before} PRECEDING AND CURRENT ROW`;
}

function checkArgs(args: StatsArgs): void {
  const groups = groupsOf(args);
  const twice = groups.find((name, index) => groups.indexOf(name) !== index);
  if (twice !== undefined) throw new Invalid('groupBy', `names ${twice} twice`);
  const window = args.window ?? null;
  if (window === null) return;
  if (!args.bucket) throw new Invalid('window', 'needs buckets to run over');
  if (!(Number.isInteger(window) && window >= 1 && window <= STATS_WINDOW_MAX)) {
    throw new Invalid('window', `must be 1 to ${STATS_WINDOW_MAX} buckets, got ${window}`);
  }
}

function groupsOf(args: StatsArgs): readonly string[] {
  return args.groupBy ?? [];
}

function keysOf(args: StatsArgs, row: FlatRow): Pick<StatsRow, 'groups' | 'start'> {
  return {
    groups: Object.fromEntries(groupsOf(args).map((name) => [name, row[name] as string | null])),
    start: row['start'] as Date | null,
  };
}

/** Names a row among those of its answer. */
export function rowKey({ groups, start }: Pick<StatsRow, 'groups' | 'start'>): string {
  return JSON.stringify([start, ...Object.values(groups)]);
}
