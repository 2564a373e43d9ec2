/** Fields that lead to one row, found by a key that the parent has. */
import type { Ctx } from '../resolvers/context.ts';
import type { Loader } from '../resolvers/loaders.ts';

/** The `batch` of such a field: `batch: byKey(runsById, (artifact) => artifact.runId)`. Null for a null key. */
export function byKey<Parent, Row>(
  load: Loader<Row>,
  key: (parent: Parent) => string | null,
): (parents: readonly Parent[], args: object, ctx: Ctx) => Promise<(Row | null)[]> {
  return (parents, _args, ctx) => load(ctx, parents.map(key));
}
