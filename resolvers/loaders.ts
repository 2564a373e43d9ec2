/** Look-ups by key that several fields share: handed whole levels at a time, remembered for one execution. */
import DataLoader from 'dataloader';
import type { Ctx } from './context.ts';

/** Keys in, rows in the same order out; null where there is none. */
export type Load<Key, Row> = (ctx: Ctx, keys: readonly Key[]) => Promise<readonly (Row | null)[]>;

type Loaders = Map<unknown, { clearAll(): unknown }>;
const executions = new WeakMap<Ctx, Loaders>();

/** Keys of one statement; more are split. */
const KEYS_MAX = 1_000;

/** Makes a look-up shared by all fields of one execution: one statement for the keys asked for in one level. */
export function loaderOf<Row>(
  load: Load<string, Row>,
): (ctx: Ctx, keys: readonly string[]) => Promise<(Row | null)[]> {
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
    const rows = await loader.loadMany(keys);
    return rows.map((row) => {
      if (row instanceof Error) throw row; // The statement failed: for all of them.
      return row;
    });
  };
}

/** Forgets what was read, after a command of the same execution has changed it. */
export function forgetLoaded(ctx: Ctx): void {
  for (const loader of executions.get(ctx)?.values() ?? []) loader.clearAll();
}
