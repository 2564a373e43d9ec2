/** Workflows, versions, runs and step runs by key, each one statement for a level. */
import { STEP_KEY_BYTES_MAX } from '../events/append/check.ts';
import { canonicalId } from '../keys.ts';
import { loaderById, loaderByKey } from '../loaders.ts';
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
export const stepRunsByKey = loaderByKey<StepRunRow>({
  entity: STEP_RUN,
  name: 'stepRuns.byKeys',
  keys: ['runId', 'stepKey'],
  keyOf: stepRunKey,
  mayBe: (key) => canonicalId(runIdOf(key)) === runIdOf(key) && mayBeStepKey(stepKeyOf(key)),
  rows: `FROM unnest($1::uuid[], $2::text[]) AS wanted(run_id, step_key)
    JOIN step_run x ON x.run_id = wanted.run_id AND x.step_key = wanted.step_key
    WHERE ${STEP_RUN.within('x', '$3::uuid')}`,
  valuesOf: (keys) => [keys.map(runIdOf), keys.map(stepKeyOf)],
});

/** A longer one is a client's, of megabytes perhaps: all who look up in the same turn would wait for it. */
function mayBeStepKey(key: string): boolean {
  return key.length <= STEP_KEY_BYTES_MAX && !key.includes('\0');
}

/** Of a stepRunKey. */
function runIdOf(key: string): string {
  return key.slice(0, 36);
}

function stepKeyOf(key: string): string {
  return key.slice(37);
}
