/** What people and workers do to runs. */
import type { Appended } from '../resolvers/events/log.ts';
import { appendRunEvents, heartbeat } from '../resolvers/runs/append.ts';
import {
  addRunTags,
  cancelRun,
  pauseRun,
  resumeRun,
  startRun,
  updateRunMetadata,
} from '../resolvers/runs/commands.ts';
import { RUN } from '../resolvers/runs/entities.ts';
import { runsById } from '../resolvers/runs/loaders.ts';
import { retryRun, type RetryMode } from '../resolvers/runs/retry.ts';
import { builder } from './builder.ts';
import { byKey } from './columns.ts';
import { EventTypeRef, RunStatusRef } from './enums.ts';
import { REFUSALS } from './errors.ts';
import { IDEMPOTENCY_KEY } from './inputs.ts';
import { Run } from './runs.ts';

const EXPECTED_VERSION = 'CONFLICT unless the run is at this version.';

const StartRunInput = builder.inputType('StartRunInput', {
  fields: (t) => ({
    workflowId: t.id({
      description: 'Its newest version; or `workflowVersionId`. One of the two.',
    }),
    workflowVersionId: t.id(),
    tags: t.stringList(),
    metadata: t.field({ type: 'JSON', description: 'An object.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const RunCommandInput = builder.inputType('RunCommandInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    reason: t.string({ description: 'For people: the `statusName` from then on.' }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const RetryModeRef = builder.enumType('RetryMode', {
  values: {
    FROM_FAILURE: { description: 'Keeps steps that are done, and so is all that they wait for.' },
    ALL: { description: 'Keeps nothing.' },
  } satisfies Record<RetryMode, object>,
});

const RetryRunInput = builder.inputType('RetryRunInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    mode: t.field({ type: RetryModeRef, required: true, defaultValue: 'FROM_FAILURE' }),
    fromStep: t.string({
      description: 'This step and all that waits for it are done again, even if they were done.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const UpdateRunMetadataInput = builder.inputType('UpdateRunMetadataInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    metadata: t.field({
      type: 'JSON',
      required: true,
      description: 'Merged by top-level key: a value replaces, null deletes.',
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const AddRunTagsInput = builder.inputType('AddRunTagsInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    tags: t.stringList({ required: true }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const RunEventInput = builder.inputType('RunEventInput', {
  fields: (t) => ({
    eventId: t.field({
      type: 'UUID',
      required: true,
      description: 'Yours. The same id with the same body again is answered as the first time.',
    }),
    type: t.field({ type: EventTypeRef, required: true }),
    stepKey: t.string(),
    attempt: t.int({ description: 'From 1; else the current one of the step.' }),
    occurredAt: t.field({ type: 'DateTime', required: true, description: 'By your clock.' }),
    causationId: t.field({ type: 'UUID' }),
    correlationId: t.field({ type: 'UUID' }),
    schemaVersion: t.int({ description: 'Of the payload; else 1.' }),
    payload: t.field({ type: 'JSON', description: 'An object, of a shape by type.' }),
  }),
});

const AppendRunEventsInput = builder.inputType('AppendRunEventsInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    fence: t.field({
      type: 'UUID',
      description: 'As answered to the append whose RUN_STARTED won the run.',
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    events: t.field({ type: [RunEventInput], required: true }),
  }),
});

const AppendedEvent = builder.objectRef<Appended['events'][number]>('AppendedEvent').implement({
  fields: (t) => ({
    eventId: t.expose('eventId', { type: 'UUID' }),
    seq: t.exposeInt('seq'),
    repeated: t.exposeBoolean('repeated', { description: 'Stored by an earlier sending.' }),
  }),
});

const AppendedEvents = builder.objectRef<Appended>('AppendedEvents').implement({
  description: 'All events of the call are stored, for good.',
  fields: (t) => ({
    status: t.expose('status', { type: RunStatusRef }),
    version: t.exposeInt('version', { description: 'Of the run after the call.' }),
    fence: t.expose('fence', {
      type: 'UUID',
      nullable: true,
      description: 'To carry from then on, when this call won the run.',
    }),
    events: t.field({
      type: [AppendedEvent],
      description: 'In the order of the call.',
      resolve: (appended) => [...appended.events],
    }),
    run: t.batch({
      type: Run,
      nullable: true,
      ...byKey(RUN, runsById, 'runId'),
    }),
  }),
});

const HeartbeatInput = builder.inputType('HeartbeatInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    fence: t.field({ type: 'UUID', required: true }),
  }),
});

const Heartbeat = builder.objectRef<{ status: Appended['status'] }>('Heartbeat').implement({
  fields: (t) => ({
    status: t.expose('status', {
      type: RunStatusRef,
      description: 'So a worker hears of a pause or a cancel.',
    }),
  }),
});

builder.mutationFields((t) => ({
  startRun: t.field({
    type: Run,
    description: 'Queues a run for a worker to take.',
    args: { input: t.arg({ type: StartRunInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => startRun(ctx, input),
  }),
  appendRunEvents: t.field({
    type: AppendedEvents,
    description: "A worker's events of one run: all are stored or none.",
    args: { input: t.arg({ type: AppendRunEventsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => appendRunEvents(ctx, input),
  }),
  heartbeat: t.field({
    type: Heartbeat,
    description:
      'Says that the worker of a run is alive. A run whose worker goes silent ends CRASHED.',
    args: { input: t.arg({ type: HeartbeatInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => heartbeat(ctx, input),
  }),
  cancelRun: t.field({
    type: Run,
    description: 'Asks the worker to stop; a run that no worker has taken is canceled at once.',
    args: { input: t.arg({ type: RunCommandInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => cancelRun(ctx, input),
  }),
  pauseRun: t.field({
    type: Run,
    description: 'No step begins until it is resumed; those that run may end.',
    args: { input: t.arg({ type: RunCommandInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => pauseRun(ctx, input),
  }),
  resumeRun: t.field({
    type: Run,
    description: 'Lets a paused run go on.',
    args: { input: t.arg({ type: RunCommandInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => resumeRun(ctx, input),
  }),
  retryRun: t.field({
    type: Run,
    description: 'A new run of the same version, with `retryOf`; what is kept is CACHED in it.',
    args: { input: t.arg({ type: RetryRunInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => retryRun(ctx, input),
  }),
  updateRunMetadata: t.field({
    type: Run,
    args: { input: t.arg({ type: UpdateRunMetadataInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => updateRunMetadata(ctx, input),
  }),
  addRunTags: t.field({
    type: Run,
    args: { input: t.arg({ type: AddRunTagsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => addRunTags(ctx, input),
  }),
}));
