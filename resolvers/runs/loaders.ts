/** Workflows, versions, runs and step runs by key, each one statement for a level. */
import { canonicalId } from '../keys.ts';
import { loaderById, loaderOf } from '../loaders.ts';
import { authorize } from '../policy.ts';
import { selectedOf } from '../selected.ts';
import { RUN, STEP_RUN, WORKFLOW, WORKFLOW_VERSION } from './entities.ts';
import type { StepRunRow } from './rows.ts';

export const workflowsById = loaderById(WORKFLOW);
export const versionsById = loaderById(WORKFLOW_VERSION);
export const runsById = loaderById(RUN);

/** The key of a step run within its type: `<run's uuid>:<step key>`. */
export function stepRunKey(step: { readonly runId: string; readonly stepKey: string }): string {
  return `${step.runId}:${step.stepKey}`;
}

/** Step runs by stepRunKey, within the viewer's workspace; null where there is none. */
export const stepRunsByKey = loaderOf<StepRunRow>(async (ctx, keys, columns) => {
  authorize(ctx.viewer, STEP_RUN.read, ctx.viewer);
  const pairs = keys
    .map((key) => ({ runId: canonicalId(key.slice(0, 36)), stepKey: key.slice(37) }))
    .filter(({ runId, stepKey }) => runId !== null && !stepKey.includes('\0'));
  const selected = selectedOf<StepRunRow>(STEP_RUN, columns, ['runId', 'stepKey']);
  const byKeys = selected.constant(
    'stepRuns.byKeys',
    pairs.length,
    () => `SELECT ${selected.listOf('x')}
    FROM unnest($1::uuid[], $2::text[]) AS wanted(run_id, step_key)
    JOIN step_run x ON x.run_id = wanted.run_id AND x.step_key = wanted.step_key
    WHERE ${STEP_RUN.within('x', '$3::uuid')}`,
  );
  const rows = await ctx.sql.query(byKeys, [
    pairs.map(({ runId }) => runId),
    pairs.map(({ stepKey }) => stepKey),
    ctx.viewer.workspaceId,
  ]);
  const found = new Map(rows.map((row) => [stepRunKey(row), row]));
  return keys.map((key) => found.get(key) ?? null);
});
