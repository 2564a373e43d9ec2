/** What a step waits for and what waits for it, in the graph of a version and in a run of it. */
import { STEP_RUN } from '../resolvers/runs/entities.ts';
import { stepRunKey, stepRunsByKey } from '../resolvers/runs/loaders.ts';
import {
  STEP_WALK_LIMITS,
  stepsByKeys,
  walkStepRuns,
  walkSteps,
  type ReachedStep,
  type StepWalk,
  type StepWalkCut,
} from '../resolvers/runs/step-walk.ts';
import type { ArgBuilder } from '@pothos/core';
import { builder, type Types } from './builder.ts';
import { columnsShown } from './columns.ts';
import { StepRun } from './runs.ts';
import { Step, WorkflowVersion } from './workflows.ts';

const Cut = builder.enumType('StepWalkCut', {
  description: 'The bound that kept something out.',
  values: ['DEPTH', 'FIRST'] as const satisfies StepWalkCut[],
});

const CUT = 'Null when nothing was left out.';
const NEAREST_FIRST = 'Nearest first, within a depth in the order of the definition.';
const AWAY = 'Edges away, by the shortest way: from 1.';

/** Reached, and where. */
type Of<Root> = ReachedStep & { readonly root: Root };

const ReachedStepRef = builder
  .objectRef<Of<{ readonly workflowVersionId: string }>>('ReachedStep')
  .implement({
    fields: (t) => ({
      depth: t.exposeInt('depth', { description: AWAY }),
      step: t.batch({
        type: Step,
        nullable: true,
        batch: (reached, _args, ctx) =>
          stepsByKeys(
            ctx,
            reached.map(({ root, stepKey }) => ({
              versionId: root.workflowVersionId,
              key: stepKey,
            })),
          ),
      }),
    }),
  });

const StepWalkRef = builder
  .objectRef<Walked<{ readonly workflowVersionId: string }>>('StepWalk')
  .implement({
    fields: (t) => ({
      steps: t.expose('steps', { type: [ReachedStepRef], description: NEAREST_FIRST }),
      cut: t.expose('cut', { type: Cut, nullable: true, description: CUT }),
    }),
  });

const ReachedStepRunRef = builder
  .objectRef<Of<{ readonly runId: string }>>('ReachedStepRun')
  .implement({
    fields: (t) => ({
      depth: t.exposeInt('depth', { description: AWAY }),
      step: t.batch({
        type: StepRun,
        nullable: true,
        batch: (reached, _args, ctx, shown) =>
          stepRunsByKey(
            ctx,
            reached.map(({ root, stepKey }) => stepRunKey({ runId: root.runId, stepKey })),
            columnsShown(shown, STEP_RUN),
          ),
      }),
    }),
  });

const StepRunWalkRef = builder
  .objectRef<Walked<{ readonly runId: string }>>('StepRunWalk')
  .implement({
    fields: (t) => ({
      steps: t.expose('steps', { type: [ReachedStepRunRef], description: NEAREST_FIRST }),
      cut: t.expose('cut', { type: Cut, nullable: true, description: CUT }),
    }),
  });

interface Walked<Root> {
  readonly steps: Of<Root>[];
  readonly cut: StepWalkCut | null;
}

/** Walks, with the step that each began at. */
async function from<Root>(
  roots: readonly Root[],
  walks: Promise<readonly StepWalk[]>,
): Promise<Walked<Root>[]> {
  return (await walks).map(({ steps, cut }, at) => ({
    cut,
    steps: steps.map((step) => ({ ...step, root: roots[at]! })),
  }));
}

const FIRST = 100;

function boundsArgs(arg: ArgBuilder<Types>) {
  return {
    depth: arg.int({
      required: true,
      defaultValue: 10,
      description: `Edges away: 1 to ${STEP_WALK_LIMITS.depth_max}.`,
    }),
    first: arg.int({
      required: true,
      defaultValue: FIRST,
      extensions: { fallback: FIRST },
      description: `Steps at most, the nearest: 1 to ${STEP_WALK_LIMITS.first_max}.`,
    }),
  };
}

builder.objectFields(Step, (t) => ({
  upstream: t.batch({
    type: StepWalkRef,
    nullable: true,
    description: 'Steps that it waits for, also by way of others.',
    args: boundsArgs(t.arg),
    batch: (steps, bounds, ctx) => from(steps, walkSteps(ctx, steps, 'UPSTREAM', bounds)),
  }),
  downstream: t.batch({
    type: StepWalkRef,
    nullable: true,
    description: 'Steps that wait for it, also by way of others.',
    args: boundsArgs(t.arg),
    batch: (steps, bounds, ctx) => from(steps, walkSteps(ctx, steps, 'DOWNSTREAM', bounds)),
  }),
}));

builder.objectFields(StepRun, (t) => ({
  upstream: t.batch({
    type: StepRunWalkRef,
    nullable: true,
    description: 'Steps of its run that it waits for, also by way of others.',
    args: boundsArgs(t.arg),
    needs: ['runId', 'stepKey'],
    batch: (steps, bounds, ctx) => from(steps, walkStepRuns(ctx, steps, 'UPSTREAM', bounds)),
  }),
  downstream: t.batch({
    type: StepRunWalkRef,
    nullable: true,
    description: 'Steps of its run that wait for it, also by way of others.',
    args: boundsArgs(t.arg),
    needs: ['runId', 'stepKey'],
    batch: (steps, bounds, ctx) => from(steps, walkStepRuns(ctx, steps, 'DOWNSTREAM', bounds)),
  }),
}));

builder.objectField(WorkflowVersion, 'step', (t) =>
  t.batch({
    type: Step,
    nullable: true,
    description: 'One step of its graph; null when there is none of this key.',
    args: { key: t.arg.string({ required: true }) },
    needs: ['id'],
    batch: (versions, { key }, ctx) =>
      stepsByKeys(
        ctx,
        versions.map(({ id }) => ({ versionId: id, key })),
      ),
  }),
);
