/** Look-ups by key that several fields share: handed whole levels at a time, remembered for one execution. */
import DataLoader from 'dataloader';
import type { Ctx } from './context.ts';
import type { Entity } from './entity.ts';
import { canonicalId } from './keys.ts';
import { authorize } from './policy.ts';
import { selectedOf, type Columns } from './selected.ts';
import type { LookUp } from './sql.ts';

/** Keys in, each once, rows in the same order out; null where there is none. */
type Load<Row> = (
  ctx: Ctx,
  keys: readonly string[],
  columns: Columns | null,
) => Promise<readonly (Row | null)[]>;

/** What one execution has loaded by one function, with one list of columns. */
interface Loading {
  readonly load: unknown;
  readonly columns: Columns | null;
  readonly loader: DataLoader<string, unknown>;
}

/**
 * On the context itself: what a WeakMap holds for it outlives it until the whole heap is looked through, which made
 * small answers a third dearer. They are few, so a list finds one as fast as a map.
 */
const LOADERS = Symbol('loaders');
type LoadingCtx = Ctx & { [LOADERS]?: Loading[] };

/** Keys of one statement; more are split. Few keys share a statement with other executions (gateway/stores/look-ups.ts). */
const KEYS_MAX = 1_000;

/**
 * Rows by keys for all fields of one execution, in the order of the keys. Null for a null key, and where there is no
 * row. `columns`: what is read of the rows, null or left out for all; the rows hold nothing else, whatever their type
 * says. Other executions may be handed the same rows: nobody writes to them. Rejects with what the policy or the
 * statement threw.
 */
export type Loader<Row> = (
  ctx: Ctx,
  keys: readonly (string | null)[],
  columns?: Columns | null,
) => Promise<(Row | null)[]>;

/** Calls once for the keys that a level of an execution asks for with the same columns, never for null keys alone. */
function loaderOf<Row>(load: Load<Row>): Loader<Row> {
  return async (ctx, keys, columns = null) => {
    const loader = loaderFor(ctx, load, columns);
    if (keys.length === 1) return [keys[0] === null ? null : await loader.load(keys[0]!)];
    const asked = new Map<string, Promise<Row | null>>();
    for (const key of keys) if (key !== null && !asked.has(key)) asked.set(key, loader.load(key));
    const rows = await Promise.all(asked.values());
    const found = new Map([...asked.keys()].map((key, at) => [key, rows[at]!]));
    return keys.map((key) => (key === null ? null : found.get(key)!));
  };
}

function loaderFor<Row>(
  ctx: Ctx,
  load: Load<Row>,
  columns: Columns | null,
): DataLoader<string, Row | null> {
  const all = ((ctx as LoadingCtx)[LOADERS] ??= []);
  let loading = all.find((one) => one.load === load && one.columns === columns);
  if (!loading) {
    const loader = new DataLoader<string, Row | null>(
      (missing) => load(ctx, missing, columns),
      OPTIONS,
    );
    all.push((loading = { load, columns, loader }));
  }
  return loading.loader as DataLoader<string, Row | null>;
}

const OPTIONS = { maxBatchSize: KEYS_MAX };

/** Forgets what was read, after a command of the same execution has changed it. */
export function forgetLoaded(ctx: Ctx): void {
  for (const { loader } of (ctx as LoadingCtx)[LOADERS] ?? []) loader.clearAll();
}

/** What a loader reads: rows of an entity by keys, within the viewer's workspace. */
interface Keyed<Row> {
  readonly entity: Entity<Row>;
  /** Of the statement: `runs.byIds`. */
  readonly name: string;
  /** Columns that `keyOf` reads. */
  readonly keys: readonly (keyof Row & string)[];
  readonly keyOf: (row: Row) => string;
  /** Whether there can be a row of this key. */
  readonly mayBe: (key: string) => boolean;
  /** `FROM … WHERE …` of the rows `x`, by `valuesOf` and after them the workspace. */
  readonly rows: string;
  readonly valuesOf: (keys: readonly string[]) => readonly unknown[];
}

/**
 * Makes the loader of rows by their keys: null for what is not there, is of another workspace, or cannot be a key. One
 * statement for a level, none where no key can be one.
 */
export function loaderByKey<Row>({
  entity,
  name,
  keys,
  keyOf,
  mayBe,
  rows,
  valuesOf,
}: Keyed<Row>): Loader<Row> {
  const whole: object = entity;
  const lookUps = new WeakMap<object, LookUp<Row>>();
  const lookUpOf = (columns: Columns | null): LookUp<Row> => {
    const of = columns ?? whole;
    let lookUp = lookUps.get(of);
    if (!lookUp) {
      const selected = selectedOf<Row>(entity, columns, keys);
      lookUp = {
        statementFor: selected.constant(name, `SELECT ${selected.listOf('x')} ${rows}`),
        valuesOf: (wanted, workspaceId) => [...valuesOf(wanted), workspaceId],
        keyOf,
      };
      lookUps.set(of, lookUp);
    }
    return lookUp;
  };
  return loaderOf<Row>(async (ctx, wanted, columns) => {
    authorize(ctx.viewer, entity.read, ctx.viewer);
    const known = wanted.filter(mayBe);
    const found = await rowsOf(ctx, lookUpOf(columns), known);
    return wanted.map((key) => found.get(key) ?? null);
  });
}

async function rowsOf<Row>(
  { sql, viewer: { workspaceId } }: Ctx,
  lookUp: LookUp<Row>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Row>> {
  if (keys.length === 0) return new Map();
  if (sql.lookUp) return sql.lookUp(lookUp, workspaceId, keys);
  const statement = lookUp.statementFor(keys.length);
  const rows = await sql.query(statement, lookUp.valuesOf(keys, workspaceId));
  return new Map(rows.map((row) => [lookUp.keyOf(row), row]));
}

/** Makes the loader of an entity's rows by their ids, which are uuids in lower or upper case. */
export function loaderById<Row extends { readonly id: string }>(entity: Entity<Row>): Loader<Row> {
  const load = loaderByKey<Row>({
    entity,
    name: `${entity.plural}.byIds`,
    keys: ['id'],
    keyOf: ({ id }) => id,
    mayBe: (id) => canonicalId(id) === id,
    rows: `FROM ${entity.table} x
    WHERE x.id = ANY($1::uuid[]) AND ${entity.within('x', '$2::uuid')}`,
    valuesOf: (ids) => [ids],
  });
  return (ctx, ids, columns) =>
    load(
      ctx,
      ids.map((id) => id?.toLowerCase() ?? null),
      columns,
    );
}
