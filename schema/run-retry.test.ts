import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsOver, DIAMOND, event, type RunAnswer } from '../e2e/kit/commands.ts';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';

describe.each(DATABASES)('retrying runs ($name)', ({ open }) => {
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

  /** a and b are done, c failed, d never ran. */
  async function failedRun(): Promise<string> {
    const { version } = (await commands.register({ ...DIAMOND, key: 'retried' })) as unknown as {
      version: { id: string };
    };
    const run = await commands.start({
      workflowId: null,
      workflowVersionId: version.id,
      tags: ['t'],
    });
    const done = (key: string) => [event('STEP_STARTED', key), event('STEP_SUCCEEDED', key)];
    await commands.append(run.id, [
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
    const retry = await commands.mutate('retryRun', 'RetryRunInput', { runId });
    expect(retry).toMatchObject({ status: 'QUEUED', retryOf: { id: runId }, tags: ['t'] });
    expect(cached(retry)).toEqual(['a', 'b']);
    expect(retry.stepsDone).toBe(2);
    expect(
      cached(await commands.mutate('retryRun', 'RetryRunInput', { runId, mode: 'ALL' })),
    ).toEqual([]);
  });

  test('from a step does it and all that waits for it again', async () => {
    const runId = await failedRun();
    const fromB = await commands.mutate('retryRun', 'RetryRunInput', { runId, fromStep: 'b' });
    expect(cached(fromB)).toEqual(['a']);
    const unknown = await commands.mutate('retryRun', 'RetryRunInput', { runId, fromStep: 'z' });
    expect(unknown.issues?.[0]?.path).toBe('input.fromStep');
  });

  test('of a run that has not ended is a conflict', async () => {
    const run = await commands.start();
    expect(await commands.mutate('retryRun', 'RetryRunInput', { runId: run.id })).toMatchObject({
      __typename: 'Conflict',
    });
  });
});
