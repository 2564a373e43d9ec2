/** Checks: quality judgements on artifacts. */
import type { ObjectRef } from '@pothos/core';
import { recordCheck } from '../resolvers/artifacts/commands.ts';
import { ARTIFACT, CHECK } from '../resolvers/artifacts/entities.ts';
import { artifactsById, checksById } from '../resolvers/artifacts/loaders.ts';
import { checksOfArtifacts } from '../resolvers/artifacts/queries.ts';
import type { CheckRow } from '../resolvers/artifacts/rows.ts';
import { Artifact } from './artifacts.ts';
import { builder, type Types } from './builder.ts';
import { byKey, showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { CheckOutcomeRef } from './enums.ts';
import { REFUSALS } from './errors.ts';
import { IDEMPOTENCY_KEY } from './inputs.ts';
import { listArgs } from './list.ts';
import { nodeType } from './node.ts';

const Check: ObjectRef<Types, CheckRow> = nodeType<CheckRow>(
  'Check',
  {
    description:
      'A quality judgement on an artifact. Never changed: of one name the newest counts.',
    entity: CHECK,
    keys: ['id'],
    key: (row) => row.id,
    load: checksById,
  },
  (t) => ({
    name: t.exposeString('name'),
    outcome: t.expose('outcome', { type: CheckOutcomeRef }),
    score: t.exposeFloat('score', {
      description: '0 to 1; where none was given PASSED is 1, WARNED 0.5, FAILED 0.',
    }),
    details: t.expose('details', { type: 'JSON' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    artifact: t.batch({
      type: Artifact,
      nullable: true,
      ...byKey(ARTIFACT, artifactsById, 'artifactId'),
    }),
  }),
);

const CheckConnection = connectionType('Check', Check);

builder.objectFields(Artifact, (t) => ({
  checks: t.batch({
    type: CheckConnection,
    nullable: true,
    args: listArgs(t.arg, CHECK),
    needs: ['id'],
    batch: (rows, args, ctx, shown) => checksOfArtifacts(ctx, rows, showing(shown, CHECK, args)),
  }),
}));

const RecordCheckInput = builder.inputType('RecordCheckInput', {
  fields: (t) => ({
    artifactId: t.id({ required: true }),
    name: t.string({ required: true }),
    outcome: t.field({ type: CheckOutcomeRef, required: true }),
    score: t.float({ description: '0 to 1; else PASSED is 1, WARNED 0.5, FAILED 0.' }),
    details: t.field({ type: 'JSON', description: 'An object.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

builder.mutationFields((t) => ({
  recordCheck: t.field({
    type: Check,
    description: "Judges any artifact and makes its quality anew. A worker tells its run's log.",
    args: { input: t.arg({ type: RecordCheckInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => recordCheck(ctx, input),
  }),
}));
