/** Look-ups by key that several fields share: handed whole levels at a time, remembered for one execution. */
import DataLoader from 'dataloader';
import type { Ctx } from './context.ts';
import { selectList, type Entity } from './entity.ts';
import { canonicalId } from './keys.ts';
import { authorize } from './policy.ts';
import { statement } from './sql.ts';

/** Keys in, rows in the same order out; null where there is none. */
export type Load<Key, Row> = (ctx: Ctx, keys: readonly Key[]) => Promise<readonly (Row | null)[]>;

type Loaders = Map<unknown, { clearAll(): unknown }>;
const executions = new WeakMap<Ctx, Loaders>();

/** Keys of one statement; more are split. */
const KEYS_MAX = 1_000;

/** A look-up shared by all fields of one execution. Null for a null key, and where there is no row. */
export type Loader<Row> = (ctx: Ctx, keys: readonly (string | null)[]) => Promise<(Row | null)[]>;

/** Makes a look-up: one statement for the keys that one level of an execution asks for, none for null keys alone. */
export function loaderOf<Row>(load: Load<string, Row>): Loader<Row> {
  return async (ctx, keys) => {
    const loaders = executions.get(ctx) ?? new Map();
    executions.set(ctx, loaders);
    let loader = loaders.get(load) as DataLoader<string, Row | null> | undefined;
    if (!loader) {
      loader = new DataLoader<string, Row | null>((missing) => load(ctx, missing), {
        maxBatchSize: KEYS_MAX,
      });
      loaders.set(load, loader);
    }
    return Promise.all(keys.map(async (key) => (key === null ? null : loader.load(key))));
  };
}

/** Forgets what was read, after a command of the same execution has changed it. */
export function forgetLoaded(ctx: Ctx): void {
  for (const loader of executions.get(ctx)?.values() ?? []) loader.clearAll();
}

/**
 * Rows of an entity by their ids, within the viewer's workspace; null for what is not there, is of another
 * workspace, or is no uuid. One statement for all that one level of an execution asks for.
 */
export function loaderById<Row extends { readonly id: string }>(entity: Entity<Row>): Loader<Row> {
  const byIds = statement<Row>(
    `${entity.plural}.byIds`,
    `SELECT ${selectList(entity, 'x')} FROM ${entity.table} x
    WHERE x.id = ANY($1::uuid[]) AND ${entity.within('x', '$2::uuid')}`,
  );
  const load = loaderOf<Row>(async (ctx, ids) => {
    authorize(ctx.viewer, entity.read, ctx.viewer);
    const known = ids.filter((id) => canonicalId(id) === id);
    const rows =
      known.length > 0 ? await ctx.sql.query(byIds, [known, ctx.viewer.workspaceId]) : [];
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
  return (ctx, ids) =>
    load(
      ctx,
      ids.map((id) => id?.toLowerCase() ?? null),
    );
}
