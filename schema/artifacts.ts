/** Artifacts: what steps made or used, and what was registered without a run. */
import type { ObjectRef } from '@pothos/core';
import { registerArtifact } from '../resolvers/artifacts/commands.ts';
import { ARTIFACT } from '../resolvers/artifacts/entities.ts';
import { artifactsById } from '../resolvers/artifacts/loaders.ts';
import {
  artifact,
  artifacts,
  artifactsOfRuns,
  artifactsOfSteps,
  inputsOfSteps,
  usersOfArtifacts,
} from '../resolvers/artifacts/queries.ts';
import type { ArtifactRow } from '../resolvers/artifacts/rows.ts';
import { RUN, STEP_RUN } from '../resolvers/runs/entities.ts';
import { runsById, stepRunKey, stepRunsByKey } from '../resolvers/runs/loaders.ts';
import { builder, type Types } from './builder.ts';
import { byKey, columnsShown, showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { REFUSALS } from './errors.ts';
import { IDEMPOTENCY_KEY } from './inputs.ts';
import { listArgs } from './list.ts';
import { nodeType } from './node.ts';
import { Run, StepRun, StepRunConnection } from './runs.ts';

export const Artifact: ObjectRef<Types, ArtifactRow> = nodeType<ArtifactRow>(
  'Artifact',
  {
    description: 'What a step made or used, or what was registered without a run.',
    entity: ARTIFACT,
    keys: ['id'],
    key: (row) => row.id,
    load: artifactsById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    name: t.exposeString('name', { description: 'Unique in its run.' }),
    kind: t.exposeString('kind', { description: 'Such as `fastq`, `model` or `report`.' }),
    uri: t.exposeString('uri', { nullable: true }),
    sizeBytes: t.expose('sizeBytes', { type: 'BigInt' }),
    checksum: t.exposeString('checksum', { nullable: true }),
    quality: t.exposeFloat('quality', {
      nullable: true,
      description: '0 to 1: the mean of the newest score of each check; null before the first.',
    }),
    metadata: t.expose('metadata', { type: 'JSON' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    version: t.exposeInt('version', {
      description: 'Grows by 1 with each change; orders live updates.',
    }),
    stepKey: t.exposeString('stepKey', {
      nullable: true,
      description: 'Of the step that made it.',
    }),
    run: t.batch({
      type: Run,
      nullable: true,
      description: 'Where it was first seen; null when it was registered without a run.',
      ...byKey(RUN, runsById, 'runId'),
    }),
    producedBy: t.batch({
      type: StepRun,
      nullable: true,
      description: 'Null for what came from outside of its run.',
      needs: ['runId', 'stepKey'],
      batch: (rows, _args, ctx, shown) =>
        stepRunsByKey(ctx, rows.map(makerKey), columnsShown(shown, STEP_RUN)),
    }),
    usedBy: t.batch({
      type: StepRunConnection,
      nullable: true,
      description: 'Steps of any run; those of the newest runs first.',
      args: listArgs(t.arg, STEP_RUN),
      needs: ['id'],
      batch: (rows, args, ctx, shown) =>
        usersOfArtifacts(ctx, rows, showing(shown, STEP_RUN, args)),
    }),
  }),
);

const ArtifactConnection = connectionType('Artifact', Artifact);

builder.objectFields(Run, (t) => ({
  artifacts: t.batch({
    type: ArtifactConnection,
    nullable: true,
    description: 'What its steps made, and what they used that was first seen in it.',
    args: listArgs(t.arg, ARTIFACT),
    needs: ['id'],
    batch: (rows, args, ctx, shown) => artifactsOfRuns(ctx, rows, showing(shown, ARTIFACT, args)),
  }),
}));

builder.objectFields(StepRun, (t) => ({
  artifacts: t.batch({
    type: ArtifactConnection,
    nullable: true,
    description: 'What it made.',
    args: listArgs(t.arg, ARTIFACT),
    needs: ['runId', 'stepKey'],
    batch: (rows, args, ctx, shown) => artifactsOfSteps(ctx, rows, showing(shown, ARTIFACT, args)),
  }),
  inputs: t.batch({
    type: ArtifactConnection,
    nullable: true,
    description: 'What it used.',
    args: listArgs(t.arg, ARTIFACT),
    needs: ['runId', 'stepKey'],
    batch: (rows, args, ctx, shown) => inputsOfSteps(ctx, rows, showing(shown, ARTIFACT, args)),
  }),
}));

builder.queryFields((t) => ({
  artifact: t.batch({
    type: Artifact,
    nullable: true,
    description: 'Null when it is not there.',
    args: { id: t.arg.id({ required: true, description: 'Its id, or its UUID as logs show it.' }) },
    batch: async (_roots, { id }, ctx, shown) => [
      await artifact(ctx, id, columnsShown(shown, ARTIFACT)),
    ],
  }),
  artifacts: t.batch({
    type: ArtifactConnection,
    nullable: true,
    args: listArgs(t.arg, ARTIFACT),
    batch: async (_roots, args, ctx, shown) => [
      await artifacts(ctx, showing(shown, ARTIFACT, args)),
    ],
  }),
}));

const RegisterArtifactInput = builder.inputType('RegisterArtifactInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    kind: t.string({ required: true, description: 'Such as `dataset` or `model`.' }),
    uri: t.string(),
    sizeBytes: t.field({ type: 'BigInt', description: '0 to 2^53 - 1; else 0.' }),
    checksum: t.string(),
    metadata: t.field({ type: 'JSON', description: 'An object.' }),
    derivedFrom: t.idList({ description: 'The artifacts that it was made from: its lineage.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

builder.mutationFields((t) => ({
  registerArtifact: t.field({
    type: Artifact,
    description: 'Brings in what no run made: a dataset, an upload, something made elsewhere.',
    args: { input: t.arg({ type: RegisterArtifactInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => registerArtifact(ctx, input),
  }),
}));

function makerKey({ runId, stepKey }: Pick<ArtifactRow, 'runId' | 'stepKey'>): string | null {
  return runId === null || stepKey === null ? null : stepRunKey({ runId, stepKey });
}
