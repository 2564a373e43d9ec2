/** Runs, their steps and attempts. */
import type { ObjectRef } from '@pothos/core';
import { ATTEMPT, RUN, STEP_RUN, WORKFLOW, WORKFLOW_VERSION } from '../resolvers/runs/entities.ts';
import {
  runsById,
  stepRunKey,
  stepRunsByKey,
  versionsById,
  workflowsById,
} from '../resolvers/runs/loaders.ts';
import {
  attemptsOfSteps,
  retriesOfRuns,
  run,
  runs,
  runsOfWorkflows,
  stepsOfRuns,
} from '../resolvers/runs/queries.ts';
import type { AttemptRow, RunRow, StepRunRow } from '../resolvers/runs/rows.ts';
import { builder, type Types } from './builder.ts';
import { byKey, columnsShown, showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { FailureReasonRef, RunStatusRef, StepStatusRef } from './enums.ts';
import { listArgs } from './list.ts';
import { nodeType } from './node.ts';
import { Workflow, WorkflowVersion } from './workflows.ts';

const Attempt = builder.objectRef<AttemptRow>('Attempt').implement({
  description: 'One try of a step.',
  fields: (t) => ({
    attempt: t.exposeInt('attempt', { description: 'From 1.' }),
    status: t.expose('status', { type: StepStatusRef }),
    worker: t.exposeString('worker', { nullable: true }),
    failureReason: t.expose('failureReason', { type: FailureReasonRef, nullable: true }),
    error: t.exposeString('error', { nullable: true }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    durationMs: t.exposeFloat('durationMs', { nullable: true }),
  }),
});

const AttemptConnection = connectionType('Attempt', Attempt);

export const StepRun: ObjectRef<Types, StepRunRow> = nodeType<StepRunRow>(
  'StepRun',
  {
    description: 'One step in one run.',
    entity: STEP_RUN,
    keys: ['runId', 'stepKey'],
    key: stepRunKey,
    load: stepRunsByKey,
  },
  (t) => ({
    stepKey: t.exposeString('stepKey'),
    name: t.exposeString('name'),
    position: t.exposeInt('position', { description: 'From 0, in the order of the definition.' }),
    status: t.expose('status', { type: StepStatusRef }),
    attempt: t.exposeInt('attempt', { description: 'Of the newest attempt; 0 before the first.' }),
    progress: t.exposeFloat('progress', {
      nullable: true,
      description: '0 to 1, as the worker tells it.',
    }),
    message: t.exposeString('message', { nullable: true }),
    failureReason: t.expose('failureReason', { type: FailureReasonRef, nullable: true }),
    error: t.exposeString('error', { nullable: true }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    durationMs: t.exposeFloat('durationMs', { nullable: true }),
    changedSeq: t.exposeInt('changedSeq', {
      description: 'Seq of the event that changed it last; orders live updates.',
    }),
    run: t.batch({
      type: Run,
      nullable: true,
      ...byKey(RUN, runsById, 'runId'),
    }),
    attempts: t.batch({
      type: AttemptConnection,
      nullable: true,
      args: listArgs(t.arg, ATTEMPT),
      needs: ['runId', 'stepKey'],
      batch: (steps, args, ctx, shown) =>
        attemptsOfSteps(ctx, steps, showing(shown, ATTEMPT, args)),
    }),
  }),
);

export const StepRunConnection = connectionType('StepRun', StepRun);

export const Run: ObjectRef<Types, RunRow> = nodeType<RunRow>(
  'Run',
  {
    description: 'One execution of a workflow version. It changes only through its log.',
    entity: RUN,
    keys: ['id'],
    key: (row) => row.id,
    load: runsById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    status: t.expose('status', { type: RunStatusRef }),
    statusName: t.exposeString('statusName', {
      nullable: true,
      description: 'Explains the status to people: Late, Waiting for a slot.',
    }),
    version: t.exposeInt('version', {
      description: 'Seq of its newest event; orders live updates.',
    }),
    failureReason: t.expose('failureReason', { type: FailureReasonRef, nullable: true }),
    error: t.exposeString('error', { nullable: true }),
    tags: t.exposeStringList('tags'),
    metadata: t.expose('metadata', { type: 'JSON' }),
    stepsTotal: t.exposeInt('stepsTotal'),
    stepsDone: t.exposeInt('stepsDone', { description: 'Succeeded, skipped or cached.' }),
    stepsFailed: t.exposeInt('stepsFailed'),
    stepsRunning: t.exposeInt('stepsRunning'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When its newest event was recorded, by our clock.',
    }),
    durationMs: t.exposeFloat('durationMs', { nullable: true }),
    workflow: t.batch({
      type: Workflow,
      nullable: true,
      ...byKey(WORKFLOW, workflowsById, 'workflowId'),
    }),
    workflowVersion: t.batch({
      type: WorkflowVersion,
      nullable: true,
      ...byKey(WORKFLOW_VERSION, versionsById, 'workflowVersionId'),
    }),
    retryOf: t.batch({
      type: Run,
      nullable: true,
      description: 'The run that this one tries again.',
      ...byKey(RUN, runsById, 'retryOf'),
    }),
    retries: t.batch({
      type: RunConnection,
      nullable: true,
      args: listArgs(t.arg, RUN),
      needs: ['id'],
      batch: (rows, args, ctx, shown) => retriesOfRuns(ctx, rows, showing(shown, RUN, args)),
    }),
    steps: t.batch({
      type: StepRunConnection,
      nullable: true,
      args: listArgs(t.arg, STEP_RUN),
      needs: ['id'],
      batch: (rows, args, ctx, shown) => stepsOfRuns(ctx, rows, showing(shown, STEP_RUN, args)),
    }),
  }),
);

export const RunConnection = connectionType('Run', Run);

builder.objectField(Workflow, 'runs', (t) =>
  t.batch({
    type: RunConnection,
    nullable: true,
    args: listArgs(t.arg, RUN),
    needs: ['id'],
    batch: (rows, args, ctx, shown) => runsOfWorkflows(ctx, rows, showing(shown, RUN, args)),
  }),
);

builder.queryFields((t) => ({
  run: t.batch({
    type: Run,
    nullable: true,
    description: 'Null when it is not there.',
    args: { id: t.arg.id({ required: true, description: 'Its id, or its UUID as logs show it.' }) },
    batch: async (_roots, { id }, ctx, shown) => [await run(ctx, id, columnsShown(shown, RUN))],
  }),
  runs: t.batch({
    type: RunConnection,
    nullable: true,
    args: listArgs(t.arg, RUN),
    batch: async (_roots, args, ctx, shown) => [await runs(ctx, showing(shown, RUN, args))],
  }),
}));
