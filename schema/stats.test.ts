import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { otherViewer, seedArtifacts } from '../e2e/kit/world.ts';
import { newId } from '../resolvers/keys.ts';
import { LOCAL_VIEWER, type Viewer } from '../resolvers/policy.ts';
import { runStatsOfWorkflowStats, workflowStats } from '../resolvers/runs/stats.ts';
import { statement } from '../resolvers/sql.ts';

const NOW = new Date('2026-03-10T12:00:00.000Z');
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);

interface SeedWorkflow {
  kind: string;
  createdAt: Date;
  /** Of its artifacts; each lies in the first run. */
  qualities: (number | null)[];
  runs: { status: string; createdAt: Date; seconds?: number }[];
}

async function seed(
  database: TestDatabase,
  { kind, createdAt, qualities, runs }: SeedWorkflow,
  viewer: Viewer = LOCAL_VIEWER,
): Promise<void> {
  const [workflowId, versionId] = [newId(), newId()];
  const ids = runs.map((run) => newId(run.createdAt.getTime()));
  await database.sql.query(
    statement(
      'test.workflow',
      `WITH workflow AS (
        INSERT INTO workflow (id, workspace_id, identity, name, kind, created_at)
        VALUES ($1::uuid, $2, 'key:' || $1::uuid, $3, $3, $4)
      ), version AS (
        INSERT INTO workflow_version (id, workflow_id, number, hash, step_count, edge_count)
        VALUES ($5, $1, 1, 'hash', 0, 0)
      )
      INSERT INTO run (id, workspace_id, workflow_id, workflow_version_id, status, created_at, started_at, finished_at)
      SELECT id, $2, $1, $5, status::run_status, at, at, at + seconds * interval '1 second'
      FROM unnest($6::uuid[], $7::text[], $8::timestamptz[], $9::int[]) AS given(id, status, at, seconds)`,
    ),
    [
      workflowId,
      viewer.workspaceId,
      kind,
      createdAt,
      versionId,
      ids,
      runs.map(({ status }) => status),
      runs.map((run) => run.createdAt),
      runs.map(({ seconds }) => seconds ?? null),
    ],
  );
  await seedArtifacts(
    database,
    qualities.map((quality, index) => ({ runId: ids[0]!, name: `a${index}`, quality })),
    viewer,
  );
}

describe.each(DATABASES)('statistics ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  const ask = <Data>(source: string, variables: object = {}) =>
    graph.data<Data>(source, variables, { now: () => NOW });

  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    const failed = (hours: number) => ({
      status: 'FAILED',
      createdAt: hoursAgo(hours),
      seconds: 2,
    });
    const fine = (hours: number) => ({
      status: 'SUCCEEDED',
      createdAt: hoursAgo(hours),
      seconds: 4,
    });
    // Good and new: two of kind x, one of kind y.
    await seed(database, {
      kind: 'x',
      createdAt: hoursAgo(20),
      qualities: [0.9, 1, null],
      runs: [failed(0), fine(1), failed(24), fine(72)],
    });
    await seed(database, { kind: 'x', createdAt: hoursAgo(3), qualities: [0.85], runs: [fine(0)] });
    await seed(database, {
      kind: 'y',
      createdAt: hoursAgo(1),
      qualities: [0.81],
      runs: [failed(0)],
    });
    // Not asked for: too bad, exactly 0.8, never judged, too old, somebody else's.
    await seed(database, {
      kind: 'x',
      createdAt: hoursAgo(1),
      qualities: [0.2, 1],
      runs: [failed(0)],
    });
    await seed(database, {
      kind: 'x',
      createdAt: hoursAgo(1),
      qualities: [0.8],
      runs: [failed(0)],
    });
    await seed(database, {
      kind: 'x',
      createdAt: hoursAgo(1),
      qualities: [null],
      runs: [failed(0)],
    });
    await seed(database, { kind: 'x', createdAt: hoursAgo(25), qualities: [1], runs: [failed(0)] });
    await seed(
      database,
      { kind: 'x', createdAt: hoursAgo(1), qualities: [1], runs: [failed(0)] },
      await otherViewer(database),
    );
    database.statements();
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  test('good new workflows by kind, their failures, and a window over days: two statements', async () => {
    const answer = await ask<object>(`{
      workflowStats(filter: { quality: { gt: 0.8 }, createdAt: { lastHours: 24 } }, groupBy: [KIND]) {
        kind count runs failures
        runsOverTime(bucket: DAY, window: 3) { start count failures windowed { count failures } }
      }
    }`);
    const day = (date: string, count: number, failures: number, windowed: [number, number]) => ({
      start: `${date}T00:00:00.000Z`,
      count,
      failures,
      windowed: { count: windowed[0], failures: windowed[1] },
    });
    expect(answer).toEqual({
      workflowStats: [
        {
          kind: 'x',
          count: 2,
          runs: 5,
          failures: 2,
          runsOverTime: [
            day('2026-03-07', 1, 0, [1, 0]),
            day('2026-03-09', 1, 1, [2, 1]), // Three days hold the 7th, though the 8th has no row.
            day('2026-03-10', 3, 1, [4, 2]), // The 7th is out.
          ],
        },
        {
          kind: 'y',
          count: 1,
          runs: 1,
          failures: 1,
          runsOverTime: [day('2026-03-10', 1, 1, [1, 1])],
        },
      ],
    });
    expect(database.statements()).toEqual(['workflows.stats', 'runs.stats']);
  });

  test('two questions whose groups come in one level keep their own answers', async () => {
    const ctx = graph.ctx({ now: () => NOW });
    const asked = (quality: object) =>
      workflowStats(ctx, { filter: { kind: { eq: 'x' }, quality }, groupBy: ['KIND'] });
    const level = [...(await asked({ gt: 0.8 })), ...(await asked({ isNull: true }))];
    const [good, unjudged] = await runStatsOfWorkflowStats(ctx, level, { bucket: 'DAY' });
    expect(good?.map(({ counts }) => counts.count)).toEqual([1, 1, 4]);
    expect(unjudged?.map(({ counts }) => counts.count)).toEqual([1]);
    database.statements();
  });

  test('durations are aggregated only when asked for, in one statement for all groups', async () => {
    await ask('{ runStats(groupBy: [STATUS]) { status count } }');
    expect(database.statements()).toEqual(['runs.stats']);
    const answer = await ask<object>(
      '{ runStats(groupBy: [STATUS]) { status count durationMs { count sum avg min max p50 p95 p99 } } }',
    );
    const all = (count: number, ms: number) => ({
      count,
      sum: count * ms,
      avg: ms,
      min: ms,
      max: ms,
      p50: ms,
      p95: ms,
      p99: ms,
    });
    expect(answer).toEqual({
      runStats: [
        { status: 'SUCCEEDED', count: 3, durationMs: all(3, 4_000) },
        { status: 'FAILED', count: 7, durationMs: all(7, 2_000) },
      ],
    });
    expect(database.statements()).toEqual(['runs.stats', 'runs.aggregates']);
  });

  test('nothing grouped is one row, of zeros when nothing matches', async () => {
    expect(
      await ask(
        '{ runStats(filter: { tags: { has: "none" } }) { count failures kind start durationMs { count avg } } }',
      ),
    ).toEqual({
      runStats: [
        { count: 0, failures: 0, kind: null, start: null, durationMs: { count: 0, avg: null } },
      ],
    });
  });

  test('groups name workflows, which are one more statement for all of them', async () => {
    database.statements();
    const { runStats } = await ask<{ runStats: { workflow: { kind: string } }[] }>(
      '{ runStats(groupBy: [WORKFLOW]) { count workflow { kind } } }',
    );
    expect(runStats).toHaveLength(7);
    expect(runStats.every(({ workflow }) => workflow.kind !== '')).toBe(true);
    expect(database.statements()).toEqual(['runs.stats', 'workflows.byIds']);
  });

  test('a window needs buckets and has bounds', async () => {
    const asked = (args: string) =>
      graph.ask(`{ runStats(${args}) { count } }`, {}, { now: () => NOW });
    expect(codesOf(await asked('window: 2'))).toEqual(['INVALID']);
    expect(codesOf(await asked('bucket: DAY, window: 0'))).toEqual(['INVALID']);
    expect(codesOf(await asked('bucket: DAY, window: 367'))).toEqual(['INVALID']);
    expect(codesOf(await asked('bucket: DAY, window: 366'))).toEqual([]);
    expect(codesOf(await asked('groupBy: [KIND, KIND]'))).toEqual(['INVALID']);
  });

  test('more than a thousand rows are LIMITED, a thousand are not', async () => {
    const runs = (count: number) =>
      Array.from({ length: count }, (_, hour) => ({
        status: 'QUEUED',
        createdAt: new Date(Date.UTC(2020, 0, 1, hour)),
      }));
    await seed(database, {
      kind: 'many',
      createdAt: hoursAgo(900),
      qualities: [],
      runs: runs(1_000),
    });
    const asked = () =>
      graph.ask('{ runStats(filter: { status: { eq: QUEUED } }, bucket: HOUR) { count } }');
    const thousand = await asked();
    expect(thousand.data?.['runStats']).toHaveLength(1_000);
    await seed(database, {
      kind: 'many',
      createdAt: hoursAgo(900),
      qualities: [],
      runs: [{ status: 'QUEUED', createdAt: new Date(Date.UTC(2019, 0, 1)) }],
    });
    expect(codesOf(await asked())).toEqual(['LIMITED']);
  });
});
