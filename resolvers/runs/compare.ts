/** Two runs side by side. */
import type { Ctx } from '../context.ts';
import { selectList } from '../entity.ts';
import { statement } from '../sql.ts';
import { STEP_RUN } from './entities.ts';
import { existingRun } from './queries.ts';
import type { RunRow, StepRunRow } from './rows.ts';

/** A step of either run; null where the other does not have it. */
export interface StepComparison {
  readonly stepKey: string;
  readonly left: StepRunRow | null;
  readonly right: StepRunRow | null;
  /** Right minus left, in milliseconds; null unless both ended. */
  readonly durationChangeMs: number | null;
}

export interface RunComparison {
  readonly left: RunRow;
  readonly right: RunRow;
  readonly sameVersion: boolean;
  readonly durationChangeMs: number | null;
  readonly steps: readonly StepComparison[];
}

const STEPS = statement<StepRunRow>(
  'stepRuns.ofTwo',
  `SELECT ${selectList(STEP_RUN, 'x')} FROM step_run x WHERE x.run_id IN ($1, $2) ORDER BY x.position`,
);

/** Both runs and every step of either, in the order of the left one. Refuses: Invalid, NotFound. 2 statements. */
export async function compareRuns(
  ctx: Ctx,
  ids: { readonly left: string; readonly right: string },
): Promise<RunComparison> {
  const [left, right] = await Promise.all([
    existingRun(ctx, ids.left, 'left'),
    existingRun(ctx, ids.right, 'right'),
  ]);
  const rows = await ctx.sql.query(STEPS, [left.id, right.id]);
  const lefts = byKey(rows, left.id);
  const rights = byKey(rows, right.id);
  const keys = new Set([...lefts.keys(), ...rights.keys()]);
  return {
    left,
    right,
    sameVersion: left.workflowVersionId === right.workflowVersionId,
    durationChangeMs: change(left, right),
    steps: [...keys].map((stepKey) => {
      const pair = { left: lefts.get(stepKey) ?? null, right: rights.get(stepKey) ?? null };
      return { stepKey, ...pair, durationChangeMs: change(pair.left, pair.right) };
    }),
  };
}

function byKey(rows: readonly StepRunRow[], runId: string): ReadonlyMap<string, StepRunRow> {
  return new Map(rows.filter((row) => row.runId === runId).map((row) => [row.stepKey, row]));
}

type Timed = { readonly durationMs: number | null } | null;

function change(left: Timed, right: Timed): number | null {
  if (left?.durationMs == null || right?.durationMs == null) return null;
  return right.durationMs - left.durationMs;
}
