/** How far runs are. */
import type { RunStatus } from '../../prisma/generated/enums.ts';
import type { Ctx } from '../context.ts';
import { selectList } from '../entity.ts';
import { distinctIds, groupBy } from '../group.ts';
import { statement } from '../sql.ts';
import { STEP_RUN } from './entities.ts';
import type { RunRow, StepRunRow } from './rows.ts';

/** Current steps told of one run. */
export const CURRENT_STEPS_MAX = 100;

export interface RunProgress {
  readonly status: RunStatus;
  readonly statusName: string | null;
  /** 0 to 100: steps that are done, and the told part of those that run. */
  readonly percent: number;
  readonly stepsTotal: number;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  readonly stepsRunning: number;
  /** Queued, running or retrying, in the order of the workflow; at most CURRENT_STEPS_MAX. */
  readonly currentSteps: readonly StepRunRow[];
}

const CURRENT_STEPS = statement<StepRunRow & { readonly told: number }>(
  'stepRuns.current',
  `SELECT current.* FROM unnest($1::uuid[]) AS wanted(run_id) CROSS JOIN LATERAL (
    SELECT ${selectList(STEP_RUN, 'x')}, sum(x.progress) OVER () AS told FROM step_run x
    WHERE x.run_id = wanted.run_id AND x.status IN ('QUEUED', 'RUNNING', 'RETRYING')
    ORDER BY x.position LIMIT ${CURRENT_STEPS_MAX}) current`,
);

/** What a run's progress is told from. */
export const PROGRESS_COLUMNS = [
  'id',
  'status',
  'statusName',
  'stepsTotal',
  'stepsDone',
  'stepsFailed',
  'stepsRunning',
  'finishedAt',
] as const satisfies (keyof RunRow)[];

type Progressing = Pick<RunRow, (typeof PROGRESS_COLUMNS)[number]>;

/** The progress of each run. One statement, none when all of them have ended. */
export async function progressOfRuns(
  ctx: Ctx,
  runs: readonly Progressing[],
): Promise<readonly RunProgress[]> {
  const live = distinctIds(runs.filter((run) => run.finishedAt === null));
  const rows = live.length > 0 ? await ctx.sql.query(CURRENT_STEPS, [live]) : [];
  const current = groupBy(rows, ({ runId }) => runId);
  return runs.map((run) => {
    const currentSteps = current.get(run.id) ?? [];
    return {
      status: run.status,
      statusName: run.statusName,
      percent: percentOf(run, currentSteps[0]?.told ?? 0),
      stepsTotal: run.stepsTotal,
      stepsDone: run.stepsDone,
      stepsFailed: run.stepsFailed,
      stepsRunning: run.stepsRunning,
      currentSteps,
    };
  });
}

function percentOf(run: Progressing, told: number): number {
  if (run.status === 'SUCCEEDED') return 100;
  return run.stepsTotal === 0 ? 0 : (100 * (run.stepsDone + told)) / run.stepsTotal;
}
