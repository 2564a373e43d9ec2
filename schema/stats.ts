/** Statistics: what the stats of every entity share, and those of runs and workflows. */
import type { ObjectRef } from '@pothos/core';
import { RUN, WORKFLOW } from '../resolvers/runs/entities.ts';
import { workflowsById } from '../resolvers/runs/loaders.ts';
import {
  RUN_STATS,
  runStats,
  runStatsOfWorkflowStats,
  WORKFLOW_STATS,
  workflowStats,
} from '../resolvers/runs/stats.ts';
import {
  aggregatesOf,
  STATS_ROWS_MAX,
  STATS_WINDOW_MAX,
  type Aggregates,
  type Counts,
  type StatsRow,
} from '../resolvers/stats.ts';
import { builder, type Types } from './builder.ts';
import { RunStatusRef } from './enums.ts';
import { filterInput } from './list.ts';
import { Workflow } from './workflows.ts';

export const BucketRef = builder.enumType('TimeBucket', {
  description: 'In UTC; a week starts on Monday.',
  values: ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const,
});

export const AggregateRef: ObjectRef<Types, Aggregates> = builder
  .objectRef<Aggregates>('Aggregate')
  .implement({
    description: 'Of the values that are there; all but `count` are null when there is none.',
    fields: (t) => ({
      count: t.exposeInt('count'),
      sum: t.exposeFloat('sum', { nullable: true }),
      avg: t.exposeFloat('avg', { nullable: true }),
      min: t.exposeFloat('min', { nullable: true }),
      max: t.exposeFloat('max', { nullable: true }),
      p50: t.exposeFloat('p50', { nullable: true }),
      p95: t.exposeFloat('p95', { nullable: true }),
      p99: t.exposeFloat('p99', { nullable: true }),
    }),
  });

const RunCounts = builder.objectRef<Counts>('RunCounts').implement({
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'Runs.' }),
    failures: t.int({
      description: 'Of them FAILED, TIMED_OUT or CRASHED.',
      resolve: (counts) => counts['failures'] ?? 0,
    }),
  }),
});

const RunGroup = builder.enumType('RunGroup', {
  values: Object.keys(RUN_STATS.groups) as (keyof typeof RUN_STATS.groups)[],
});
const WorkflowGroup = builder.enumType('WorkflowGroup', {
  values: Object.keys(WORKFLOW_STATS.groups) as (keyof typeof WORKFLOW_STATS.groups)[],
});

const RunStat = builder.objectRef<StatsRow>('RunStat').implement({
  description: 'Runs of one group and bucket. What was not grouped by is null.',
  fields: (t) => ({
    status: t.field({
      type: RunStatusRef,
      nullable: true,
      resolve: ({ groups }) => groups['STATUS'] as never,
    }),
    kind: t.string({ nullable: true, resolve: ({ groups }) => groups['KIND'] ?? null }),
    workflow: t.batch({
      type: Workflow,
      nullable: true,
      batch: async (rows, _args, ctx) => {
        const ids = rows.map(({ groups }) => groups['WORKFLOW'] ?? '');
        return workflowsById(ctx, ids);
      },
    }),
    start: t.expose('start', { type: 'DateTime', nullable: true, description: 'Of the bucket.' }),
    count: t.int({ resolve: ({ counts }) => counts.count }),
    failures: t.int({
      description: 'FAILED, TIMED_OUT or CRASHED.',
      resolve: ({ counts }) => counts['failures'] ?? 0,
    }),
    windowed: t.expose('windowed', {
      type: RunCounts,
      nullable: true,
      description: 'Summed over the window that ends with this bucket; null without a window.',
    }),
    durationMs: t.batch({
      type: AggregateRef,
      nullable: true,
      description: 'Of runs that have ended. Costs a statement of its own.',
      batch: (rows, _args, ctx) => aggregatesOf(ctx, rows, 'durationMs'),
    }),
  }),
});

const WorkflowStat = builder.objectRef<StatsRow>('WorkflowStat').implement({
  description:
    'Workflows of one group and bucket, and their runs. What was not grouped by is null.',
  fields: (t) => ({
    kind: t.string({ nullable: true, resolve: ({ groups }) => groups['KIND'] ?? null }),
    start: t.expose('start', { type: 'DateTime', nullable: true, description: 'Of the bucket.' }),
    count: t.int({ description: 'Workflows.', resolve: ({ counts }) => counts.count }),
    runs: t.int({ resolve: ({ counts }) => counts['runs'] ?? 0 }),
    failures: t.int({
      description: 'Runs that are FAILED, TIMED_OUT or CRASHED.',
      resolve: ({ counts }) => counts['failures'] ?? 0,
    }),
    quality: t.batch({
      type: AggregateRef,
      nullable: true,
      description: "Of the workflows' qualities. Costs a statement of its own.",
      batch: (rows, _args, ctx) => aggregatesOf(ctx, rows, 'quality'),
    }),
    runsOverTime: t.batch({
      type: [RunStat],
      nullable: true,
      description: 'Their runs by the time they were created. One statement for all groups.',
      args: {
        bucket: t.arg({ type: BucketRef, required: true, defaultValue: 'DAY' }),
        window: t.arg.int({ description: WINDOW }),
      },
      batch: (rows, args, ctx) => runStatsOfWorkflowStats(ctx, rows, args),
    }),
  }),
});

/** Of every `window` argument. */
const WINDOW = `Sums over so many buckets, the own one and those before it: 1 to ${STATS_WINDOW_MAX}.`;

builder.queryFields((t) => ({
  runStats: t.field({
    type: [RunStat],
    nullable: true,
    description: `Runs counted by group and time; at most ${STATS_ROWS_MAX} rows, those that have any.`,
    args: {
      filter: t.arg({ type: filterInput(RUN) }),
      groupBy: t.arg({ type: [RunGroup] }),
      bucket: t.arg({ type: BucketRef }),
      window: t.arg.int({ description: WINDOW }),
    },
    resolve: (_root, args, ctx) => runStats(ctx, args),
  }),
  workflowStats: t.field({
    type: [WorkflowStat],
    nullable: true,
    description: `Workflows and their runs counted by group and time; at most ${STATS_ROWS_MAX} rows.`,
    args: {
      filter: t.arg({ type: filterInput(WORKFLOW) }),
      groupBy: t.arg({ type: [WorkflowGroup] }),
      bucket: t.arg({ type: BucketRef }),
    },
    resolve: (_root, args, ctx) => workflowStats(ctx, args),
  }),
}));
