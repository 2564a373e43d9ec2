import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsOver, event } from '../e2e/kit/commands.ts';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';

const START_MS = Date.UTC(2026, 2, 1);

describe.each(DATABASES)('reports of runs ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let runId: string;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    runId = await diamond(1);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  /** a 0–10, then b 10–15 and c 12–40 (failing first at 20, again from 25), d runs from 40. In seconds, times `pace`. */
  async function diamond(pace: number): Promise<string> {
    const commands = commandsOver(graph);
    const run = await commands.start();
    const at = (seconds: number, ...what: [string, string | null, object?]) => ({
      ...event(...what),
      occurredAt: new Date(START_MS + seconds * pace * 1_000).toISOString(),
    });
    const cost = (kind: string, amount: number, step: string | null) =>
      at(41, 'COST_RECORDED', step, { kind, amount, unit: kind === 'tokens' ? 'token' : 'EUR' });
    const appended = await commands.append(run.id, [
      at(0, 'RUN_STARTED', null),
      at(0, 'STEP_STARTED', 'a', { worker: 'w1' }),
      at(10, 'STEP_SUCCEEDED', 'a'),
      at(10, 'STEP_STARTED', 'b'),
      at(12, 'STEP_STARTED', 'c'),
      at(15, 'STEP_SUCCEEDED', 'b'),
      at(20, 'STEP_RETRYING', 'c', { reason: 'TIMEOUT' }),
      at(25, 'STEP_STARTED', 'c'),
      at(40, 'STEP_SUCCEEDED', 'c'),
      at(40, 'STEP_STARTED', 'd'),
      at(41, 'STEP_PROGRESS', 'd', { progress: 0.5, message: 'half' }),
      cost('tokens', 100, 'a'),
      cost('tokens', 20.5, 'b'),
      cost('compute', 0.25, 'a'),
      cost('compute', 1, null),
    ]);
    expect(appended.__typename).toBe('AppendedEvents');
    return run.id;
  }

  test('progress counts what is done and the told part of what runs', async () => {
    expect(
      await graph.data(
        `query ($runId: ID!) { runProgress(runId: $runId) { status percent stepsTotal stepsDone stepsRunning
          currentSteps { stepKey progress message attempt } } }`,
        { runId },
      ),
    ).toEqual({
      runProgress: {
        status: 'RUNNING',
        percent: 87.5,
        stepsTotal: 4,
        stepsDone: 3,
        stepsRunning: 1,
        currentSteps: [{ stepKey: 'd', progress: 0.5, message: 'half', attempt: 1 }],
      },
    });
  });

  test('the timeline has a bar per attempt, by start', async () => {
    const { runTimeline } = await graph.data<{
      runTimeline: { truncated: boolean; spans: Record<string, unknown>[] };
    }>(
      `query ($runId: ID!) { runTimeline(runId: $runId) { startedAt finishedAt truncated
        spans { stepKey attempt status offsetMs durationMs worker } } }`,
      { runId },
    );
    expect(runTimeline).toMatchObject({
      startedAt: '2026-03-01T00:00:00.000Z',
      finishedAt: null,
      truncated: false,
    });
    expect(
      runTimeline.spans.map((span) => [
        span['stepKey'],
        span['attempt'],
        span['offsetMs'],
        span['durationMs'],
      ]),
    ).toEqual([
      ['a', 1, 0, 10_000],
      ['b', 1, 10_000, 5_000],
      ['c', 1, 12_000, 8_000],
      ['c', 2, 25_000, 15_000],
      ['d', 1, 40_000, null],
    ]);
    expect(runTimeline.spans[0]).toMatchObject({ worker: 'w1', status: 'SUCCEEDED' });
  });

  test('attempts are a list of their step', async () => {
    const { run } = await graph.data<{ run: object }>(
      `query ($runId: ID!) { run(id: $runId) { steps(filter: { name: { eq: "c" } }) { nodes {
        attempt attempts { totalCount nodes { attempt status failureReason } } } } } }`,
      { runId },
    );
    expect(run).toEqual({
      steps: {
        nodes: [
          {
            attempt: 2,
            attempts: {
              totalCount: 2,
              nodes: [
                { attempt: 1, status: 'FAILED', failureReason: 'TIMEOUT' },
                { attempt: 2, status: 'SUCCEEDED', failureReason: null },
              ],
            },
          },
        ],
      },
    });
  });

  test('the critical path is the chain that the length came from', async () => {
    expect(
      await graph.data(
        'query ($runId: ID!) { criticalPath(runId: $runId) { durationMs steps { waitMs step { stepKey } } } }',
        { runId },
      ),
    ).toEqual({
      criticalPath: {
        durationMs: 40_000,
        steps: [
          { step: { stepKey: 'a' }, waitMs: 0 },
          { step: { stepKey: 'c' }, waitMs: expect.any(Number) },
        ],
      },
    });
  });

  test('costs are summed by kind, and by step when asked', async () => {
    expect(
      await graph.data(
        'query ($runId: ID!) { runCost(runId: $runId) { kind unit amount stepKey } }',
        { runId },
      ),
    ).toEqual({
      runCost: [
        { kind: 'compute', unit: 'EUR', amount: 1.25, stepKey: null },
        { kind: 'tokens', unit: 'token', amount: 120.5, stepKey: null },
      ],
    });
    const { runCost } = await graph.data<{
      runCost: { kind: string; stepKey: string | null; amount: number }[];
    }>('query ($runId: ID!) { runCost(runId: $runId, byStep: true) { kind amount stepKey } }', {
      runId,
    });
    expect(runCost.map(({ kind, stepKey, amount }) => [kind, stepKey, amount])).toEqual([
      ['compute', 'a', 0.25],
      ['compute', null, 1],
      ['tokens', 'a', 100],
      ['tokens', 'b', 20.5],
    ]);
  });

  test('two runs are compared step by step', async () => {
    const right = await diamond(2);
    const { compareRuns } = await graph.data<{
      compareRuns: { steps: { stepKey: string; durationChangeMs: number | null }[] };
    }>(
      `query ($left: ID!, $right: ID!) { compareRuns(left: $left, right: $right) {
        sameVersion left { id } right { id } steps { stepKey durationChangeMs left { status } right { status } } } }`,
      { left: runId, right },
    );
    expect(compareRuns).toMatchObject({
      sameVersion: true,
      left: { id: runId },
      right: { id: right },
    });
    expect(compareRuns.steps.map((step) => [step.stepKey, step.durationChangeMs])).toEqual([
      ['a', 10_000],
      ['b', 5_000],
      ['c', expect.any(Number)],
      ['d', null],
    ]);
  });

  test('a run that appears many times in a level is told the same each time', async () => {
    const report =
      'progress { currentSteps { stepKey } } timeline { spans { stepKey } } cost { amount } criticalPath { durationMs }';
    const { run } = await graph.data<{
      run: { steps: { nodes: { run: object }[] } } & Record<string, unknown>;
    }>(
      `query ($runId: ID!) { run(id: $runId) { ${report} steps { nodes { run { ${report} } } } } }`,
      {
        runId,
      },
    );
    const { steps, ...once } = run;
    expect(steps.nodes.map((step) => step.run)).toEqual([once, once, once, once]);
  });

  test('the graph has levels; the reports of many runs are a statement each', async () => {
    database.statements();
    const { runs } = await graph.data<{
      runs: { nodes: { workflowVersion: { graph: object } }[] };
    }>(
      `{ runs { nodes { progress { percent } timeline { truncated } cost { kind } criticalPath { durationMs }
        workflowVersion { graph { depth width nodes { key level } edges { fromKey toKey } } } } } }`,
    );
    expect(database.statements().toSorted()).toEqual(
      [
        'runs.list',
        'stepRuns.current',
        'attempts.timeline',
        'runEvents.costs',
        'stepRuns.ended',
        'edges.byVersions',
        'workflowVersions.byIds',
        'steps.byVersions',
        'edges.graph',
      ].toSorted(),
    );
    expect(runs.nodes[0]!.workflowVersion.graph).toEqual({
      depth: 3,
      width: 2,
      nodes: [
        { key: 'a', level: 0 },
        { key: 'b', level: 1 },
        { key: 'c', level: 1 },
        { key: 'd', level: 2 },
      ],
      edges: [
        { fromKey: 'a', toKey: 'b' },
        { fromKey: 'a', toKey: 'c' },
        { fromKey: 'b', toKey: 'd' },
        { fromKey: 'c', toKey: 'd' },
      ],
    });
  });
});
