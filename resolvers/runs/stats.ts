/** Statistics of runs, and of workflows with their runs. */
import type { Ctx } from '../context.ts';
import { columnOf } from '../entity.ts';
import { Invalid } from '../errors.ts';
import { groupBy } from '../group.ts';
import { statsOf, type Bucket, type Stats, type StatsArgs, type StatsRow } from '../stats.ts';
import { RUN, WORKFLOW } from './entities.ts';

/** Ended, and not as it should. */
const FAILURES = `('FAILED', 'TIMED_OUT', 'CRASHED')`;
const OF_WORKFLOW = 'JOIN workflow ON workflow.id = x.workflow_id';

/** Of runs, by the time they were created. */
export const RUN_STATS = {
  entity: RUN,
  groups: {
    STATUS: { sql: 'x.status' },
    WORKFLOW: { sql: 'x.workflow_id' },
    KIND: { sql: 'workflow.kind', join: OF_WORKFLOW },
  },
  time: 'x.created_at',
  counts: { failures: `count(*) FILTER (WHERE x.status IN ${FAILURES})` },
  measures: { durationMs: columnOf(RUN, 'durationMs') },
} satisfies Stats;

/** Of workflows, by the time they were created; their runs are counted over all time. */
export const WORKFLOW_STATS = {
  entity: WORKFLOW,
  groups: { KIND: { sql: 'x.kind' } },
  time: 'x.created_at',
  counts: { runs: 'coalesce(sum(had.runs), 0)', failures: 'coalesce(sum(had.failures), 0)' },
  countsJoin: `CROSS JOIN LATERAL (SELECT count(*) AS runs,
    count(*) FILTER (WHERE run.status IN ${FAILURES}) AS failures FROM run WHERE run.workflow_id = x.id) had`,
  measures: { quality: columnOf(WORKFLOW, 'quality') },
} satisfies Stats;

/** Refuses: as statsOf. One statement. */
export function runStats(ctx: Ctx, args: StatsArgs): Promise<StatsRow[]> {
  return statsOf(ctx, RUN_STATS, args);
}

/** Refuses: as statsOf. One statement. */
export function workflowStats(ctx: Ctx, args: StatsArgs): Promise<StatsRow[]> {
  return statsOf(ctx, WORKFLOW_STATS, args);
}

/**
 * The runs of each row's workflows over time. One statement for all rows of an answer. Refuses: as statsOf; Invalid
 * when the workflows are in buckets themselves.
 */
export async function runStatsOfWorkflowStats(
  ctx: Ctx,
  rows: readonly StatsRow[],
  args: { readonly bucket: Bucket; readonly window?: number | null | undefined },
): Promise<StatsRow[][]> {
  const answers = new Set(rows.map(({ asked }) => asked)); // A level may hold rows of several.
  const runs = await Promise.all(
    [...answers].map(async (asked) => {
      const { bucket, groupBy: groups, filter } = asked.args;
      if (bucket) throw new Invalid('bucket', 'runs over time are of workflows without buckets');
      const within = filter ? { workflow: filter } : null;
      const stats = await runStats(ctx, { ...args, groupBy: groups, filter: within });
      return [asked, groupBy(stats, groupsKey)] as const;
    }),
  );
  const byAnswer = new Map(runs);
  return rows.map((row) => byAnswer.get(row.asked)?.get(groupsKey(row)) ?? []);
}

function groupsKey({ groups }: StatsRow): string {
  return JSON.stringify(groups);
}
