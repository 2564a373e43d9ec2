import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { newId } from '../resolvers/keys.ts';

const REGISTER = `mutation ($input: RegisterWorkflowInput!) { registerWorkflow(input: $input) {
  __typename
  ... on RegisteredWorkflow { workflow { id uuid name identity version } version { id number hash stepCount edgeCount } }
  ... on Invalid { message issues { path message } }
  ... on Conflict { expected actual }
} }`;
const RUN = `
  __typename
  ... on Run { id uuid status statusName version tags metadata stepsTotal stepsDone retryOf { id }
    steps { nodes { stepKey status } } events { nodes { seq type actor payload } } }
  ... on Refusal { code message }
  ... on Invalid { issues { path message } }
  ... on Conflict { expected actual }`;
const START = `mutation ($input: StartRunInput!) { startRun(input: $input) { ${RUN} } }`;
const APPEND = `mutation ($input: AppendRunEventsInput!) { appendRunEvents(input: $input) {
  __typename
  ... on AppendedEvents { status version fence events { eventId seq repeated } run { status stepsDone } }
  ... on Refusal { code message }
  ... on Invalid { issues { path message } }
} }`;

interface RunAnswer {
  __typename: string;
  id: string;
  uuid: string;
  status: string;
  statusName: string | null;
  version: number;
  tags: string[];
  metadata: object;
  stepsTotal: number;
  stepsDone: number;
  retryOf: { id: string } | null;
  steps: { nodes: { stepKey: string; status: string }[] };
  events: { nodes: { seq: number; type: string; actor: string; payload: object }[] };
  code?: string;
  message?: string;
  issues?: { path: string; message: string }[];
}

const DIAMOND = {
  key: 'diamond',
  name: 'Diamond',
  kind: 'test',
  steps: [
    { key: 'a' },
    { key: 'b', parents: ['a'] },
    { key: 'c', parents: ['a'] },
    { key: 'd', parents: ['b', 'c'] },
  ],
};

describe.each(DATABASES)('commands of runs ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  async function register(input: object): Promise<Record<string, never>> {
    const { registerWorkflow } = await graph.data<{ registerWorkflow: Record<string, never> }>(
      REGISTER,
      { input },
    );
    return registerWorkflow;
  }
  async function mutate(field: string, type: string, input: object): Promise<RunAnswer> {
    const source = `mutation ($input: ${type}!) { ${field}(input: $input) { ${RUN} } }`;
    return (await graph.data<Record<string, RunAnswer>>(source, { input }))[field]!;
  }
  async function start(input: object = {}): Promise<RunAnswer> {
    const { workflow } = (await register(DIAMOND)) as unknown as { workflow: { id: string } };
    const { startRun } = await graph.data<{ startRun: RunAnswer }>(START, {
      input: { workflowId: workflow.id, ...input },
    });
    return startRun;
  }
  const event = (type: string, stepKey: string | null = null, payload: object = {}) => ({
    eventId: newId(),
    type,
    stepKey,
    occurredAt: new Date().toISOString(),
    payload,
  });
  async function append(runId: string, events: object[], fence: string | null = null) {
    const { appendRunEvents } = await graph.data<{
      appendRunEvents: {
        __typename: string;
        fence: string;
        status: string;
        version: number;
        events: { seq: number; repeated: boolean }[];
        code?: string;
        issues?: { path: string }[];
      };
    }>(APPEND, { input: { runId, events, fence } });
    return appendRunEvents;
  }

  test('a workflow is registered once; another graph under its key is its next version', async () => {
    const first = await register(DIAMOND);
    expect(first).toMatchObject({
      workflow: { name: 'Diamond', identity: 'key:diamond', version: 1 },
      version: { number: 1, stepCount: 4, edgeCount: 4 },
    });
    expect(await register(DIAMOND)).toEqual(first);
    const next = await register({ ...DIAMOND, steps: [{ key: 'a' }] });
    expect(next).toMatchObject({
      workflow: { id: first['workflow']!['id'] },
      version: { number: 2 },
    });
  });

  test('a graph is refused with every problem and its path', async () => {
    const refused = await register({
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
    expect(await register({ ...input, expectedVersion: 1 })).toMatchObject({ actual: 'not there' });
    await register(input);
    expect(await register({ ...input, expectedVersion: 7 })).toMatchObject({
      __typename: 'Conflict',
      expected: 'version 7',
      actual: 'at version 1',
    });
    expect(await register({ ...input, expectedVersion: 1 })).toMatchObject({
      __typename: 'RegisteredWorkflow',
    });
  });

  test('a run is queued with all of its steps pending', async () => {
    const run = await start({ tags: ['nightly'], metadata: { night: 7 } });
    expect(run).toMatchObject({ status: 'QUEUED', version: 1, tags: ['nightly'], stepsTotal: 1 });
    expect(run.metadata).toEqual({ night: 7 });
    expect(run.events.nodes).toEqual([
      { seq: 1, type: 'RUN_QUEUED', actor: 'user:local', payload: expect.anything() },
    ]);
  });

  test('starting twice with a key makes one run; the key with another input is a conflict', async () => {
    const first = await start({ idempotencyKey: 'k1', metadata: { a: 1, b: 2 } });
    const again = await start({ idempotencyKey: 'k1', metadata: { b: 2, a: 1 } });
    expect(again.id).toBe(first.id);
    expect(await start({ idempotencyKey: 'k1' })).toMatchObject({ __typename: 'Conflict' });
    expect((await start({ idempotencyKey: 'k2' })).id).not.toBe(first.id);
  });

  test('ten at the same time with one key make one run', async () => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, () => start({ idempotencyKey: 'at once' })),
    );
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
  });

  test('a key is free again after 24 hours, and not before', async () => {
    const { workflow } = (await register(DIAMOND)) as unknown as { workflow: { id: string } };
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
    const run = await start();
    const events = [
      event('RUN_STARTED'),
      event('STEP_STARTED', 'a'),
      event('STEP_SUCCEEDED', 'a', { outputs: [{ name: 'out', kind: 'txt' }] }),
    ];
    const first = await append(run.id, events);
    expect(first).toMatchObject({ status: 'RUNNING', version: 4, run: { stepsDone: 1 } });
    expect(first.events.map(({ seq, repeated }) => [seq, repeated])).toEqual([
      [2, false],
      [3, false],
      [4, false],
    ]);
    const repeat = await append(run.id, events, first.fence);
    expect(repeat.events.map(({ seq, repeated }) => [seq, repeated])).toEqual([
      [2, true],
      [3, true],
      [4, true],
    ]);
  });

  test('a bad event names its place in the input and nothing of the call is stored', async () => {
    const run = await start();
    const bad = await append(run.id, [
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
    const run = await start();
    const { fence } = await append(run.id, [event('RUN_STARTED')]);
    const beat = (with_: string) =>
      graph.data(
        `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename ... on Heartbeat { status } } }`,
        { input: { runId: run.id, fence: with_ } },
      );
    expect(await beat(fence)).toEqual({
      heartbeat: { __typename: 'Heartbeat', status: 'RUNNING' },
    });
    await mutate('cancelRun', 'RunCommandInput', { runId: run.id });
    expect(await beat(fence)).toEqual({
      heartbeat: { __typename: 'Heartbeat', status: 'CANCELING' },
    });
    expect(await beat(newId())).toEqual({ heartbeat: { __typename: 'Conflict' } });
  });

  test('a run that no worker has taken is canceled at once, a taken one when its worker says so', async () => {
    const queued = await start();
    const canceled = await mutate('cancelRun', 'RunCommandInput', {
      runId: queued.id,
      reason: 'not needed',
    });
    expect(canceled).toMatchObject({ status: 'CANCELED', statusName: 'not needed', version: 3 });
    expect(canceled.events.nodes.map(({ type, actor }) => [type, actor])).toEqual([
      ['RUN_QUEUED', 'user:local'],
      ['RUN_CANCEL_REQUESTED', 'user:local'],
      ['RUN_CANCELED', 'gateway'],
    ]);
    const taken = await start();
    await append(taken.id, [event('RUN_STARTED')]);
    expect(await mutate('cancelRun', 'RunCommandInput', { runId: taken.uuid })).toMatchObject({
      status: 'CANCELING',
    });
  });

  test('illegal moves and stale versions are conflicts with the current state', async () => {
    const run = await start();
    const paused = await mutate('pauseRun', 'RunCommandInput', { runId: run.id });
    expect(paused).toMatchObject({ __typename: 'Conflict' });
    await append(run.id, [event('RUN_STARTED')]);
    expect(
      await mutate('pauseRun', 'RunCommandInput', { runId: run.id, expectedVersion: 1 }),
    ).toMatchObject({ __typename: 'Conflict' });
    expect(
      await mutate('pauseRun', 'RunCommandInput', { runId: run.id, expectedVersion: 2 }),
    ).toMatchObject({ status: 'PAUSED', version: 3 });
    expect(await mutate('resumeRun', 'RunCommandInput', { runId: run.id })).toMatchObject({
      status: 'RUNNING',
    });
    expect(await mutate('resumeRun', 'RunCommandInput', { runId: newId() })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('a command sent twice with a key happens once', async () => {
    const run = await start();
    await append(run.id, [event('RUN_STARTED')]);
    const input = { runId: run.id, idempotencyKey: 'pause once' };
    await mutate('pauseRun', 'RunCommandInput', input);
    await mutate('resumeRun', 'RunCommandInput', { runId: run.id });
    expect(await mutate('pauseRun', 'RunCommandInput', input)).toMatchObject({ status: 'RUNNING' });
  });

  test('labels merge: a value replaces, null deletes, a tag comes once', async () => {
    const run = await start({ tags: ['a'], metadata: { keep: 1, change: 1, drop: 1 } });
    const metadata = { change: 2, drop: null, add: { deep: [1] } };
    await mutate('updateRunMetadata', 'UpdateRunMetadataInput', { runId: run.id, metadata });
    const labelled = await mutate('addRunTags', 'AddRunTagsInput', {
      runId: run.id,
      tags: ['a', 'b', 'b'],
    });
    expect(labelled.metadata).toEqual({ keep: 1, change: 2, add: { deep: [1] } });
    expect(labelled.tags).toEqual(['a', 'b']);
    const bad = await mutate('addRunTags', 'AddRunTagsInput', { runId: run.id, tags: ['', 'x'] });
    expect(bad.issues?.map(({ path }) => path)).toEqual(['input.tags[0]']);
    const worse = await mutate('updateRunMetadata', 'UpdateRunMetadataInput', {
      runId: run.id,
      metadata: { a: 'nul \u0000' },
    });
    expect(worse.issues?.map(({ path }) => path)).toEqual(['input.metadata.a']);
  });

  describe('retry', () => {
    /** a and b are done, c failed, d never ran. */
    async function failedRun(): Promise<string> {
      const { version } = (await register({ ...DIAMOND, key: 'retried' })) as unknown as {
        version: { id: string };
      };
      const run = await start({ workflowId: null, workflowVersionId: version.id, tags: ['t'] });
      const done = (key: string) => [event('STEP_STARTED', key), event('STEP_SUCCEEDED', key)];
      await append(run.id, [
        event('RUN_STARTED'),
        ...done('a'),
        ...done('b'),
        event('STEP_STARTED', 'c'),
        event('STEP_FAILED', 'c', { reason: 'ERROR', error: 'boom' }),
        event('RUN_FAILED', null, { reason: 'ERROR' }),
      ]);
      return run.id;
    }
    const cached = (run: RunAnswer) =>
      run.steps.nodes.filter(({ status }) => status === 'CACHED').map(({ stepKey }) => stepKey);

    test('keeps what is done, and makes a new run that names the old one', async () => {
      const runId = await failedRun();
      const retry = await mutate('retryRun', 'RetryRunInput', { runId });
      expect(retry).toMatchObject({ status: 'QUEUED', retryOf: { id: runId }, tags: ['t'] });
      expect(cached(retry)).toEqual(['a', 'b']);
      expect(retry.stepsDone).toBe(2);
      expect(cached(await mutate('retryRun', 'RetryRunInput', { runId, mode: 'ALL' }))).toEqual([]);
    });

    test('from a step does it and all that waits for it again', async () => {
      const runId = await failedRun();
      const fromB = await mutate('retryRun', 'RetryRunInput', { runId, fromStep: 'b' });
      expect(cached(fromB)).toEqual(['a']);
      const unknown = await mutate('retryRun', 'RetryRunInput', { runId, fromStep: 'z' });
      expect(unknown.issues?.[0]?.path).toBe('input.fromStep');
    });

    test('of a run that has not ended is a conflict', async () => {
      const run = await start();
      expect(await mutate('retryRun', 'RetryRunInput', { runId: run.id })).toMatchObject({
        __typename: 'Conflict',
      });
    });
  });
});
