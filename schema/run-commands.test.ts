import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { commandsOver, DIAMOND, event, START, type RunAnswer } from '../e2e/kit/commands.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { newId } from '../resolvers/keys.ts';

describe.each(DATABASES)('commands of runs ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let commands: ReturnType<typeof commandsOver>;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    commands = commandsOver(graph);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  test('a workflow is registered once; another graph under its key is its next version', async () => {
    const first = await commands.register(DIAMOND);
    expect(first).toMatchObject({
      workflow: { name: 'Diamond', identity: 'key:diamond', version: 1 },
      version: { number: 1, stepCount: 4, edgeCount: 4 },
    });
    expect(await commands.register(DIAMOND)).toEqual(first);
    const next = await commands.register({ ...DIAMOND, steps: [{ key: 'a' }] });
    expect(next).toMatchObject({
      workflow: { id: first['workflow']!['id'] },
      version: { number: 2 },
    });
  });

  test('a graph is refused with every problem and its path', async () => {
    const refused = await commands.register({
      name: '',
      kind: 'te\u0000st',
      steps: [
        { key: 'a', parents: ['b'] },
        { key: 'b', parents: ['a'] },
        { key: 'b', settings: [1] },
      ],
    });
    expect(refused).toMatchObject({ __typename: 'Invalid' });
    const { issues } = refused as unknown as { issues: { path: string }[] };
    expect(issues.map(({ path }) => path)).toEqual([
      'input.name',
      'input.kind',
      'input.steps[2].key',
      'input.steps[0].parents',
      'input.steps[2].settings',
    ]);
  });

  test('a stale expectedVersion of a workflow is a conflict that tells the current one', async () => {
    const input = { ...DIAMOND, key: 'moving', steps: [{ key: 'x' }] };
    expect(await commands.register({ ...input, expectedVersion: 1 })).toMatchObject({
      actual: 'not there',
    });
    await commands.register(input);
    expect(await commands.register({ ...input, expectedVersion: 7 })).toMatchObject({
      __typename: 'Conflict',
      expected: 'version 7',
      actual: 'at version 1',
    });
    expect(await commands.register({ ...input, expectedVersion: 1 })).toMatchObject({
      __typename: 'RegisteredWorkflow',
    });
  });

  test('a run is queued with all of its steps pending', async () => {
    const run = await commands.start({ tags: ['nightly'], metadata: { night: 7 } });
    expect(run).toMatchObject({ status: 'QUEUED', version: 1, tags: ['nightly'], stepsTotal: 1 });
    expect(run.metadata).toEqual({ night: 7 });
    expect(run.events.nodes).toEqual([
      { seq: 1, type: 'RUN_QUEUED', actor: 'user:local', payload: expect.anything() },
    ]);
  });

  test('starting twice with a key makes one run; the key with another input is a conflict', async () => {
    const first = await commands.start({ idempotencyKey: 'k1', metadata: { a: 1, b: 2 } });
    const again = await commands.start({ idempotencyKey: 'k1', metadata: { b: 2, a: 1 } });
    expect(again.id).toBe(first.id);
    expect(await commands.start({ idempotencyKey: 'k1' })).toMatchObject({
      __typename: 'Conflict',
    });
    expect((await commands.start({ idempotencyKey: 'k2' })).id).not.toBe(first.id);
  });

  test('ten at the same time with one key make one run', async () => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, () => commands.start({ idempotencyKey: 'at once' })),
    );
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
  });

  test('a key is free again after 24 hours, and not before', async () => {
    const { workflow } = (await commands.register(DIAMOND)) as unknown as {
      workflow: { id: string };
    };
    const at = (ms: number) => ({ now: () => new Date(1_900_000_000_000 + ms) });
    const input = { workflowId: workflow.id, idempotencyKey: 'daily' };
    const run = async (ms: number) =>
      (await graph.data<{ startRun: RunAnswer }>(START, { input }, at(ms))).startRun.id;
    const first = await run(0);
    expect(await run(24 * 3_600_000 - 1)).toBe(first);
    expect(await run(24 * 3_600_000)).not.toBe(first);
  });

  test('what a run needs is named when it is missing', async () => {
    const both = await graph.data<{ startRun: RunAnswer }>(START, { input: {} });
    expect(both.startRun.issues).toEqual([
      { path: 'input', message: 'give either workflowId or workflowVersionId' },
    ]);
    const unknown = await graph.data<{ startRun: RunAnswer }>(START, {
      input: { workflowId: newId() },
    });
    expect(unknown.startRun).toMatchObject({ __typename: 'NotFound' });
    const damaged = await graph.data<{ startRun: RunAnswer }>(START, {
      input: { workflowVersionId: 'UnVuOm5vdC1hLXV1aWQ' },
    });
    expect(damaged.startRun.issues?.[0]?.path).toBe('input.workflowVersionId');
  });

  test("a worker's batch is answered per event, and a repeat as the first time", async () => {
    const run = await commands.start();
    const events = [
      event('RUN_STARTED'),
      event('STEP_STARTED', 'a'),
      event('STEP_SUCCEEDED', 'a', { outputs: [{ name: 'out', kind: 'txt' }] }),
    ];
    const first = await commands.append(run.id, events);
    expect(first).toMatchObject({ status: 'RUNNING', version: 4, run: { stepsDone: 1 } });
    expect(first.events.map(({ seq, repeated }) => [seq, repeated])).toEqual([
      [2, false],
      [3, false],
      [4, false],
    ]);
    const repeat = await commands.append(run.id, events, first.fence);
    expect(repeat.events.map(({ seq, repeated }) => [seq, repeated])).toEqual([
      [2, true],
      [3, true],
      [4, true],
    ]);
  });

  test('a bad event names its place in the input and nothing of the call is stored', async () => {
    const run = await commands.start();
    const bad = await commands.append(run.id, [
      event('RUN_STARTED'),
      event('STEP_PROGRESS', 'a', { progress: 2 }),
    ]);
    expect(bad).toMatchObject({ __typename: 'Invalid' });
    expect(bad.issues?.[0]?.path).toBe('input.events[1].payload.progress');
    const { run: after } = await graph.data<{ run: { version: number } }>(
      'query ($id: ID!) { run(id: $id) { version } }',
      { id: run.id },
    );
    expect(after.version).toBe(1);
  });

  test('a worker hears of a cancel by its heartbeat, and not with another fence', async () => {
    const run = await commands.start();
    const { fence } = await commands.append(run.id, [event('RUN_STARTED')]);
    const beat = (with_: string) =>
      graph.data(
        `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename ... on Heartbeat { status } } }`,
        { input: { runId: run.id, fence: with_ } },
      );
    expect(await beat(fence)).toEqual({
      heartbeat: { __typename: 'Heartbeat', status: 'RUNNING' },
    });
    await commands.mutate('cancelRun', 'RunCommandInput', { runId: run.id });
    expect(await beat(fence)).toEqual({
      heartbeat: { __typename: 'Heartbeat', status: 'CANCELING' },
    });
    expect(await beat(newId())).toEqual({ heartbeat: { __typename: 'Conflict' } });
  });

  test('a run that no worker has taken is canceled at once, a taken one when its worker says so', async () => {
    const queued = await commands.start();
    const canceled = await commands.mutate('cancelRun', 'RunCommandInput', {
      runId: queued.id,
      reason: 'not needed',
    });
    expect(canceled).toMatchObject({ status: 'CANCELED', statusName: 'not needed', version: 3 });
    expect(canceled.events.nodes.map(({ type, actor }) => [type, actor])).toEqual([
      ['RUN_QUEUED', 'user:local'],
      ['RUN_CANCEL_REQUESTED', 'user:local'],
      ['RUN_CANCELED', 'gateway'],
    ]);
    const taken = await commands.start();
    await commands.append(taken.id, [event('RUN_STARTED')]);
    expect(
      await commands.mutate('cancelRun', 'RunCommandInput', { runId: taken.uuid }),
    ).toMatchObject({
      status: 'CANCELING',
    });
  });

  test('illegal moves and stale versions are conflicts with the current state', async () => {
    const run = await commands.start();
    const paused = await commands.mutate('pauseRun', 'RunCommandInput', { runId: run.id });
    expect(paused).toMatchObject({ __typename: 'Conflict' });
    await commands.append(run.id, [event('RUN_STARTED')]);
    expect(
      await commands.mutate('pauseRun', 'RunCommandInput', { runId: run.id, expectedVersion: 1 }),
    ).toMatchObject({ __typename: 'Conflict' });
    expect(
      await commands.mutate('pauseRun', 'RunCommandInput', { runId: run.id, expectedVersion: 2 }),
    ).toMatchObject({ status: 'PAUSED', version: 3 });
    expect(await commands.mutate('resumeRun', 'RunCommandInput', { runId: run.id })).toMatchObject({
      status: 'RUNNING',
    });
    expect(await commands.mutate('resumeRun', 'RunCommandInput', { runId: newId() })).toMatchObject(
      {
        code: 'NOT_FOUND',
      },
    );
  });

  test('a command sent twice with a key happens once', async () => {
    const run = await commands.start();
    await commands.append(run.id, [event('RUN_STARTED')]);
    const input = { runId: run.id, idempotencyKey: 'pause once' };
    await commands.mutate('pauseRun', 'RunCommandInput', input);
    await commands.mutate('resumeRun', 'RunCommandInput', { runId: run.id });
    expect(await commands.mutate('pauseRun', 'RunCommandInput', input)).toMatchObject({
      status: 'RUNNING',
    });
  });

  test('a null inside an input is part of it: there it may mean to delete', async () => {
    const run = await commands.start({ metadata: { drop: 1 } });
    const update = (metadata: object) =>
      commands.mutate('updateRunMetadata', 'UpdateRunMetadataInput', {
        runId: run.id,
        idempotencyKey: 'labels',
        metadata,
      });
    expect(await update({})).toMatchObject({ metadata: { drop: 1 } });
    expect(await update({ drop: null })).toMatchObject({ __typename: 'Conflict' });
    expect(await update({})).toMatchObject({ __typename: 'Run' });
  });

  test('a reason or a tag that is refused is named as the caller wrote it', async () => {
    const run = await commands.start();
    const long = 'x'.repeat(257);
    const input = { runId: run.id, reason: long };
    expect(await commands.mutate('cancelRun', 'RunCommandInput', input)).toMatchObject({
      issues: [{ path: 'input.reason' }],
    });
    expect(await commands.start({ tags: ['a', ''] })).toMatchObject({
      issues: [{ path: 'input.tags[1]' }],
    });
  });

  test('labels merge: a value replaces, null deletes, a tag comes once', async () => {
    const run = await commands.start({ tags: ['a'], metadata: { keep: 1, change: 1, drop: 1 } });
    const metadata = { change: 2, drop: null, add: { deep: [1] } };
    await commands.mutate('updateRunMetadata', 'UpdateRunMetadataInput', {
      runId: run.id,
      metadata,
    });
    const labelled = await commands.mutate('addRunTags', 'AddRunTagsInput', {
      runId: run.id,
      tags: ['a', 'b', 'b'],
    });
    expect(labelled.metadata).toEqual({ keep: 1, change: 2, add: { deep: [1] } });
    expect(labelled.tags).toEqual(['a', 'b']);
    const bad = await commands.mutate('addRunTags', 'AddRunTagsInput', {
      runId: run.id,
      tags: ['', 'x'],
    });
    expect(bad.issues?.map(({ path }) => path)).toEqual(['input.tags[0]']);
    const worse = await commands.mutate('updateRunMetadata', 'UpdateRunMetadataInput', {
      runId: run.id,
      metadata: { a: 'nul \u0000' },
    });
    expect(worse.issues?.map(({ path }) => path)).toEqual(['input.metadata.a']);
  });
});
