import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { RunStatus } from '../../prisma/generated/enums.ts';
import { statement } from '../sql.ts';
import { seedSmallWorld, type SmallWorld } from './small-world.ts';

/** Runs whose row does not say what their log says. */
const UNTRUE = statement<{ id: string }>(
  'test.untrue',
  `SELECT run.id FROM run JOIN LATERAL (
     SELECT count(*) AS events, max(seq) AS last, min(occurred_at) AS first_at, max(occurred_at) AS last_at
     FROM run_event WHERE run_id = run.id) log ON true
   WHERE run.version <> log.last OR log.last <> log.events OR run.created_at <> log.first_at
      OR log.last_at > now() + interval '1 second'
      OR run.steps_total <> (SELECT count(*) FROM step_run WHERE run_id = run.id)`,
);

describe.each(DATABASES)('$name', ({ open }) => {
  let base: TestDatabase;
  let added: SmallWorld;
  beforeAll(async () => {
    base = await open();
    added = await seedSmallWorld(contextOver(base));
  });
  afterAll(() => base.close());

  test('no screen is empty: runs in every status, five kinds, checks good and bad, a retry', async () => {
    expect(added).toMatchObject({ workflows: 5, runs: await base.db.run.count() });
    expect(added.events).toBe(await base.db.runEvent.count());
    const statuses = await base.db.run.groupBy({ by: ['status'] });
    expect(statuses.map(({ status }) => status).toSorted()).toEqual(
      Object.values(RunStatus).toSorted(),
    );
    const kinds = await base.db.workflow.groupBy({ by: ['kind'] });
    expect(kinds).toHaveLength(5);
    const outcomes = await base.db.check.groupBy({ by: ['outcome'] });
    expect(outcomes).toHaveLength(3);
    expect(await base.db.artifact.count({ where: { quality: { gt: 0.8 } } })).toBeGreaterThan(20);
    const retry = await base.db.run.findFirstOrThrow({
      where: { retryOf: { not: null } },
      include: { retried: true, stepRuns: { where: { status: 'CACHED' } } },
    });
    expect(retry).toMatchObject({ status: 'SUCCEEDED', retried: { status: 'FAILED' } });
    expect(retry.stepRuns).toHaveLength(2);
    expect(await base.db.attempt.count({ where: { attempt: 2 } })).toBe(2);
  });

  test('what the workflows are about is a graph, in which a path leads from one topic to another', async () => {
    const ctx = contextOver(base);
    const nodes = await base.db.graphNode.findMany();
    expect(added).toMatchObject({
      entities: nodes.length,
      relations: await base.db.graphRelation.count(),
    });
    const [from, to] = ['genomics', 'astronomy'].map(
      (topic) => nodes.find(({ kind, key }) => kind === 'topic' && key === topic)!.id,
    );
    const [path] = await ctx
      .graphFor(ctx)
      .shortestPaths(
        ctx.viewer.workspaceId,
        [{ fromId: from!, toId: to! }],
        { direction: 'BOTH' },
        9,
      );
    const keys = path?.nodes.map(({ key }) => key);
    expect(keys?.slice(2)).toEqual(['alignment', 'mosaicking', 'sky-plates', 'astronomy']);
  });

  test('some workflows are of the last day, and what is going began a short while ago', async () => {
    const day_ms = 24 * 3_600_000;
    const since = new Date(Date.now() - day_ms);
    expect(await base.db.workflow.count({ where: { createdAt: { gt: since } } })).toBe(2);
    const live = await base.db.run.findMany({ where: { status: { in: ['RUNNING', 'PAUSED'] } } });
    for (const run of live) {
      expect(run.createdAt.getTime()).toBeGreaterThan(Date.now() - day_ms);
      expect(run.stepsRunning).toBeGreaterThan(0);
    }
  });

  test('each run is what its log says', async () => {
    expect(await base.sql.query(UNTRUE)).toEqual([]);
  });

  test('a second time adds nothing, at once and side by side', async () => {
    const nothing = { workflows: 0, runs: 0, events: 0, entities: 0, relations: 0 };
    const runs = await base.db.run.count();
    const again = () => seedSmallWorld(contextOver(base));
    expect(await Promise.all([again(), again()])).toEqual([nothing, nothing]);
    expect(await base.db.run.count()).toBe(runs);
  });
});
