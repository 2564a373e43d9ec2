/** What can be told of a run beyond its rows: progress, timeline, critical path, costs, comparison. */
import type { ObjectRef } from '@pothos/core';
import { compareRuns, type RunComparison, type StepComparison } from '../resolvers/runs/compare.ts';
import { costsOfRuns, type CostRow } from '../resolvers/runs/costs.ts';
import {
  CURRENT_STEPS_MAX,
  PROGRESS_COLUMNS,
  progressOfRuns,
  type RunProgress,
} from '../resolvers/runs/progress.ts';
import { existingRun } from '../resolvers/runs/queries.ts';
import {
  criticalPathsOfRuns,
  SPANS_MAX,
  timelinesOfRuns,
  type CriticalPath,
  type CriticalStep,
  type RunTimeline,
  type TimelineSpan,
} from '../resolvers/runs/timeline.ts';
import { builder, type Types } from './builder.ts';
import { RunStatusRef, StepStatusRef } from './enums.ts';
import { Run, StepRun } from './runs.ts';

const Progress: ObjectRef<Types, RunProgress> = builder
  .objectRef<RunProgress>('RunProgress')
  .implement({
    fields: (t) => ({
      status: t.expose('status', { type: RunStatusRef }),
      statusName: t.exposeString('statusName', { nullable: true }),
      percent: t.exposeFloat('percent', {
        description: '0 to 100: steps that are done, and the told part of those that run.',
      }),
      stepsTotal: t.exposeInt('stepsTotal'),
      stepsDone: t.exposeInt('stepsDone'),
      stepsFailed: t.exposeInt('stepsFailed'),
      stepsRunning: t.exposeInt('stepsRunning'),
      currentSteps: t.field({
        type: [StepRun],
        description: `Queued, running or retrying; at most ${CURRENT_STEPS_MAX}.`,
        resolve: (progress) => [...progress.currentSteps],
      }),
    }),
  });

const Span = builder.objectRef<TimelineSpan>('TimelineSpan').implement({
  description: 'One attempt of a step, as a bar.',
  fields: (t) => ({
    stepKey: t.exposeString('stepKey'),
    name: t.exposeString('name'),
    attempt: t.exposeInt('attempt'),
    status: t.expose('status', { type: StepStatusRef }),
    worker: t.exposeString('worker', { nullable: true }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    offsetMs: t.exposeFloat('offsetMs', { description: "After the run's start." }),
    durationMs: t.exposeFloat('durationMs', { nullable: true }),
  }),
});

const Timeline = builder.objectRef<RunTimeline>('RunTimeline').implement({
  fields: (t) => ({
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    spans: t.field({
      type: [Span],
      description: `By start; at most ${SPANS_MAX}.`,
      resolve: (timeline) => [...timeline.spans],
    }),
    truncated: t.exposeBoolean('truncated', { description: 'Whether there are more spans.' }),
  }),
});

const PathStep = builder.objectRef<CriticalStep>('CriticalStep').implement({
  fields: (t) => ({
    step: t.expose('step', { type: StepRun }),
    waitMs: t.exposeFloat('waitMs', {
      description: 'From the end of the step before it to its start.',
    }),
  }),
});

const Path = builder.objectRef<CriticalPath>('CriticalPath').implement({
  description: "The chain of steps that a run's length came from.",
  fields: (t) => ({
    durationMs: t.exposeFloat('durationMs', { nullable: true }),
    steps: t.field({ type: [PathStep], resolve: (path) => [...path.steps] }),
  }),
});

const Cost = builder.objectRef<CostRow>('Cost').implement({
  description: 'A sum over COST_RECORDED events.',
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'Such as `tokens` or `compute`.' }),
    unit: t.exposeString('unit'),
    amount: t.exposeFloat('amount'),
    stepKey: t.exposeString('stepKey', {
      nullable: true,
      description: 'Null for the run itself, and unless `byStep`.',
    }),
  }),
});

const StepPair = builder.objectRef<StepComparison>('StepComparison').implement({
  fields: (t) => ({
    stepKey: t.exposeString('stepKey'),
    left: t.expose('left', { type: StepRun, nullable: true }),
    right: t.expose('right', { type: StepRun, nullable: true }),
    durationChangeMs: t.exposeFloat('durationChangeMs', {
      nullable: true,
      description: 'Right minus left.',
    }),
  }),
});

const Comparison = builder.objectRef<RunComparison>('RunComparison').implement({
  fields: (t) => ({
    left: t.expose('left', { type: Run }),
    right: t.expose('right', { type: Run }),
    sameVersion: t.exposeBoolean('sameVersion'),
    durationChangeMs: t.exposeFloat('durationChangeMs', {
      nullable: true,
      description: 'Right minus left.',
    }),
    steps: t.field({ type: [StepPair], resolve: (comparison) => [...comparison.steps] }),
  }),
});

builder.objectFields(Run, (t) => ({
  progress: t.batch({
    type: Progress,
    nullable: true,
    needs: PROGRESS_COLUMNS,
    batch: (runs, _args, ctx) => progressOfRuns(ctx, runs),
  }),
  timeline: t.batch({
    type: Timeline,
    nullable: true,
    needs: ['id', 'createdAt', 'startedAt', 'finishedAt'],
    batch: (runs, _args, ctx) => timelinesOfRuns(ctx, runs),
  }),
  criticalPath: t.batch({
    type: Path,
    nullable: true,
    needs: ['id', 'stepsTotal', 'workflowVersionId'],
    batch: (runs, _args, ctx) => criticalPathsOfRuns(ctx, runs),
  }),
  cost: t.batch({
    type: [Cost],
    nullable: true,
    args: { byStep: t.arg.boolean({ required: true, defaultValue: false }) },
    needs: ['id'],
    batch: (runs, args, ctx) => costsOfRuns(ctx, runs, args),
  }),
}));

builder.queryFields((t) => ({
  runProgress: t.field({
    type: Progress,
    nullable: true,
    description: 'As `run { progress }`; NOT_FOUND when there is no such run.',
    args: { runId: t.arg.id({ required: true }) },
    resolve: async (_root, { runId }, ctx) =>
      (await progressOfRuns(ctx, [await existingRun(ctx, runId)]))[0],
  }),
  runTimeline: t.field({
    type: Timeline,
    nullable: true,
    description: 'As `run { timeline }`; NOT_FOUND when there is no such run.',
    args: { runId: t.arg.id({ required: true }) },
    resolve: async (_root, { runId }, ctx) =>
      (await timelinesOfRuns(ctx, [await existingRun(ctx, runId)]))[0],
  }),
  criticalPath: t.field({
    type: Path,
    nullable: true,
    description: 'As `run { criticalPath }`; NOT_FOUND when there is no such run.',
    args: { runId: t.arg.id({ required: true }) },
    resolve: async (_root, { runId }, ctx) =>
      (await criticalPathsOfRuns(ctx, [await existingRun(ctx, runId)]))[0],
  }),
  runCost: t.field({
    type: [Cost],
    nullable: true,
    description: 'As `run { cost }`; NOT_FOUND when there is no such run.',
    args: {
      runId: t.arg.id({ required: true }),
      byStep: t.arg.boolean({ required: true, defaultValue: false }),
    },
    resolve: async (_root, { runId, byStep }, ctx) =>
      (await costsOfRuns(ctx, [await existingRun(ctx, runId)], { byStep }))[0],
  }),
  compareRuns: t.field({
    type: Comparison,
    nullable: true,
    description: 'Two runs and every step of either. NOT_FOUND when one is not there.',
    args: { left: t.arg.id({ required: true }), right: t.arg.id({ required: true }) },
    resolve: (_root, args, ctx) => compareRuns(ctx, args),
  }),
}));
