/** What runs cost, as their COST_RECORDED events tell. */
import type { Ctx } from '../context.ts';
import { distinctIds, groupBy } from '../group.ts';
import { statement } from '../sql.ts';

export interface CostRow {
  /** Such as `tokens`, `compute`, `storage`. */
  readonly kind: string;
  readonly unit: string;
  readonly amount: number;
  /** Null for the run itself, or when steps are not told apart. */
  readonly stepKey: string | null;
}

/** Sums told of one run. */
export const COSTS_MAX = 10_000;

const COSTS = statement<CostRow & { readonly runId: string }>(
  'runEvents.costs',
  `SELECT costs.* FROM unnest($1::uuid[]) AS wanted(run_id) CROSS JOIN LATERAL (
    SELECT x.run_id AS "runId", x.payload->>'kind' AS kind, x.payload->>'unit' AS unit,
      sum((x.payload->>'amount')::numeric)::float8 AS amount, CASE WHEN $2 THEN x.step_key END AS "stepKey"
    FROM run_event x WHERE x.run_id = wanted.run_id AND x.type = 'COST_RECORDED'
    GROUP BY 1, 2, 3, 5 ORDER BY 2, 3, 5 LIMIT ${COSTS_MAX}) costs`,
);

/** The costs of each run, summed by kind and unit, and by step when `byStep`. One statement over their logs. */
export async function costsOfRuns(
  ctx: Ctx,
  runs: readonly { readonly id: string }[],
  { byStep }: { readonly byStep: boolean },
): Promise<readonly (readonly CostRow[])[]> {
  const rows = await ctx.sql.query(COSTS, [distinctIds(runs), byStep]);
  const costs = groupBy(rows, ({ runId }) => runId);
  return runs.map(({ id }) => costs.get(id) ?? []);
}
