/** The schema of the servers on yoga: Pothos, and a DataLoader for each list. */
import SchemaBuilder from '@pothos/core';
import DataLoader from 'dataloader';
import {
  byParent,
  type ArtifactRow,
  type Child,
  type Rows,
  type RunRow,
  type StepRow,
  type WorkflowRow,
} from './rows.ts';

/** Of one request. */
export interface Context {
  readonly rows: Rows;
  readonly runsOf: ListLoader<WorkflowRow, RunRow>;
  readonly stepsOf: ListLoader<RunRow, StepRow>;
  readonly artifactsOf: ListLoader<StepRow, ArtifactRow>;
}

/** A loader for each page size that is asked for. */
type ListLoader<Parent, Row> = (first: number) => DataLoader<Parent, readonly Row[]>;

export function contextOf(rows: Rows): Context {
  return {
    rows,
    runsOf: listLoader((workflows, first) =>
      rows.runsOf(
        workflows.map(({ uuid }) => uuid),
        first,
      ),
    ),
    stepsOf: listLoader((runs, first) =>
      rows.stepsOf(
        runs.map(({ uuid }) => uuid),
        first,
      ),
    ),
    artifactsOf: listLoader((steps, first) => rows.artifactsOf(steps, first)),
  };
}

function listLoader<Parent, Row>(
  load: (parents: readonly Parent[], first: number) => Promise<Child<Row>[]>,
): ListLoader<Parent, Row> {
  const loaders = new Map<number, DataLoader<Parent, readonly Row[]>>();
  return (first) => {
    let loader = loaders.get(first);
    if (!loader) {
      loader = new DataLoader(async (parents) =>
        byParent(await load(parents, first), parents.length),
      );
      loaders.set(first, loader);
    }
    return loader;
  };
}

const builder = new SchemaBuilder<{
  Context: Context;
  Scalars: { DateTime: { Input: Date; Output: Date } };
  DefaultFieldNullability: false;
}>({ defaultFieldNullability: false });

builder.scalarType('DateTime', {
  serialize: (value) => value.toISOString(),
  parseValue: (value) => new Date(String(value)),
});

const RunStatus = builder.enumType('RunStatus', {
  values: 'QUEUED RUNNING PAUSED CANCELING SUCCEEDED FAILED CANCELED TIMED_OUT CRASHED'.split(' '),
});
const StepStatus = builder.enumType('StepStatus', {
  values: 'PENDING QUEUED RUNNING RETRYING SUCCEEDED FAILED SKIPPED CACHED CANCELED'.split(' '),
});

/** A type with `nodes` alone, as the operations ask. */
function listOf<Row extends object>(name: string, node: ReturnType<typeof builder.objectRef<Row>>) {
  return builder.objectRef<{ readonly nodes: readonly Row[] }>(name).implement({
    fields: (t) => ({ nodes: t.expose('nodes', { type: [node] }) }),
  });
}

const Artifact = builder.objectRef<ArtifactRow>('Artifact');
const Step = builder.objectRef<StepRow>('Step');
const Run = builder.objectRef<RunRow & { readonly tags?: readonly string[] }>('Run');
const Workflow = builder.objectRef<WorkflowRow>('Workflow');
const Artifacts = listOf('Artifacts', Artifact);
const Steps = listOf('Steps', Step);
const Runs = listOf('Runs', Run);
const Workflows = listOf('Workflows', Workflow);

Artifact.implement({
  fields: (t) => ({
    uuid: t.exposeID('uuid'),
    name: t.exposeString('name'),
    kind: t.exposeString('kind'),
    sizeBytes: t.exposeString('sizeBytes'),
    quality: t.exposeFloat('quality', { nullable: true }),
  }),
});

Step.implement({
  fields: (t) => ({
    stepKey: t.exposeString('stepKey'),
    name: t.exposeString('name'),
    status: t.expose('status', { type: StepStatus }),
    position: t.exposeInt('position'),
    attempt: t.exposeInt('attempt'),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    durationMs: t.exposeFloat('durationMs', { nullable: true }),
    artifacts: t.field({
      type: Artifacts,
      args: { first: t.arg.int({ required: true }) },
      resolve: async (step, { first }, context) => ({
        nodes: await context.artifactsOf(first).load(step),
      }),
    }),
  }),
});

Run.implement({
  fields: (t) => ({
    uuid: t.exposeID('uuid'),
    status: t.expose('status', { type: RunStatus }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    durationMs: t.exposeFloat('durationMs', { nullable: true }),
    stepsTotal: t.exposeInt('stepsTotal'),
    stepsDone: t.exposeInt('stepsDone'),
    tags: t.exposeStringList('tags', { nullable: true }),
    steps: t.field({
      type: Steps,
      args: { first: t.arg.int({ required: true }) },
      resolve: async (run, { first }, context) => ({
        nodes: await context.stepsOf(first).load(run),
      }),
    }),
  }),
});

Workflow.implement({
  fields: (t) => ({
    uuid: t.exposeID('uuid'),
    name: t.exposeString('name'),
    kind: t.exposeString('kind'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    runs: t.field({
      type: Runs,
      args: { first: t.arg.int({ required: true }) },
      resolve: async (workflow, { first }, context) => ({
        nodes: await context.runsOf(first).load(workflow),
      }),
    }),
  }),
});

builder.queryType({
  fields: (t) => ({
    workflows: t.field({
      type: Workflows,
      args: { first: t.arg.int({ required: true }) },
      resolve: async (_root, { first }, { rows }) => ({ nodes: await rows.workflows(first) }),
    }),
    run: t.field({
      type: Run,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, { rows }) => rows.run(id),
    }),
  }),
});

export const schema = builder.toSchema();
