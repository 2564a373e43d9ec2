/** Look-ups by key that several fields share: handed whole levels at a time, remembered for one execution. */
import DataLoader from 'dataloader';
import type { Ctx } from './context.ts';
import type { AnyEntity, Entity } from './entity.ts';
import { canonicalId } from './keys.ts';
import { authorize } from './policy.ts';
import { selectedOf, type Columns } from './selected.ts';

/** Keys in, rows in the same order out; null where there is none. */
export type Load<Key, Row> = (
  ctx: Ctx,
  keys: readonly Key[],
  columns: Columns | null,
) => Promise<readonly (Row | null)[]>;

type AnyLoader = DataLoader<string, unknown>;
/** By what loads, then by the columns that are wanted. */
type Loaders = Map<unknown, Map<Columns | null, AnyLoader>>;

/**
 * On the context itself: what a WeakMap holds for it outlives it until the whole heap is looked through, which made
 * small answers a third dearer.
 */
const LOADERS = Symbol('loaders');
type Loading = Ctx & { [LOADERS]?: Loaders };

/** Keys of one statement; more are split. */
const KEYS_MAX = 1_000;

/**
 * A look-up shared by all fields of one execution. Null for a null key, and where there is no row. `columns`: what is
 * read of the rows, null or left out for all; the rows hold nothing else, whatever their type says.
 */
export type Loader<Row> = (
  ctx: Ctx,
  keys: readonly (string | null)[],
  columns?: Columns | null,
) => Promise<(Row | null)[]>;

/**
 * Makes a look-up: one statement for the keys that one level of an execution asks for with the same columns, none for
 * null keys alone.
 */
export function loaderOf<Row>(load: Load<string, Row>): Loader<Row> {
  return async (ctx, keys, columns = null) => {
    const loader = loaderFor(ctx, load, columns);
    const asked = new Map<string, Promise<Row | null>>();
    for (const key of keys) if (key !== null && !asked.has(key)) asked.set(key, loader.load(key));
    const rows = await Promise.all(asked.values());
    const found = new Map([...asked.keys()].map((key, at) => [key, rows[at]!]));
    return keys.map((key) => (key === null ? null : found.get(key)!));
  };
}

function loaderFor<Row>(
  ctx: Ctx,
  load: Load<string, Row>,
  columns: Columns | null,
): DataLoader<string, Row | null> {
  const loaders = ((ctx as Loading)[LOADERS] ??= new Map());
  let byColumns = loaders.get(load);
  if (!byColumns) loaders.set(load, (byColumns = new Map()));
  let loader = byColumns.get(columns);
  if (!loader) {
    const options = { maxBatchSize: KEYS_MAX };
    loader = new DataLoader((missing) => load(ctx, missing, columns), options);
    byColumns.set(columns, loader);
  }
  return loader as DataLoader<string, Row | null>;
}

/** Forgets what was read, after a command of the same execution has changed it. */
export function forgetLoaded(ctx: Ctx): void {
  for (const byColumns of (ctx as Loading)[LOADERS]?.values() ?? []) {
    for (const loader of byColumns.values()) loader.clearAll();
  }
}

/**
 * Rows of an entity by their ids, within the viewer's workspace; null for what is not there, is of another
 * workspace, or is no uuid. One statement for all that one level of an execution asks for.
 */
export function loaderById<Row extends { readonly id: string }>(entity: Entity<Row>): Loader<Row> {
  const load = loaderOf<Row>(async (ctx, ids, columns) => {
    const known = ids.filter((id) => canonicalId(id) === id);
    const rows = await rowsOf<Row>(ctx, entity, known, columns);
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
  return (ctx, ids, columns) =>
    load(
      ctx,
      ids.map((id) => id?.toLowerCase() ?? null),
      columns,
    );
}

async function rowsOf<Row>(
  ctx: Ctx,
  entity: AnyEntity,
  ids: readonly string[],
  columns: Columns | null,
): Promise<Row[]> {
  authorize(ctx.viewer, entity.read, ctx.viewer);
  if (ids.length === 0) return [];
  const selected = selectedOf<Row>(entity, columns, ['id']);
  const byIds = selected.constant(
    `${entity.plural}.byIds`,
    ids.length,
    () => `SELECT ${selected.listOf('x')} FROM ${entity.table} x
    WHERE x.id = ANY($1::uuid[]) AND ${entity.within('x', '$2::uuid')}`,
  );
  return ctx.sql.query(byIds, [ids, ctx.viewer.workspaceId]);
}
