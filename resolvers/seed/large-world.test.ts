import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { newId } from '../keys.ts';
import { statement } from '../sql.ts';
import { largeRun, LARGE_WORKFLOWS } from './large-world-plan.ts';
import { seedLargeWorld, type LargeWorld } from './large-world.ts';
import { tell } from './story.ts';

const NOW = new Date('2026-06-01T12:00:00Z');
const DAY_MS = 86_400_000;
const nobody = (): void => undefined;

test('each 200 runs have ten steps each on average, and no step comes before its parents', () => {
  for (const { steps } of LARGE_WORKFLOWS) {
    for (const [position, { parents }] of steps.entries()) {
      const before = steps.slice(0, position).map(({ key }) => key);
      for (const parent of parents) expect(before).toContain(parent);
    }
  }
  for (const from of [0, 200, 9_800]) {
    const runs = Array.from({ length: 200 }, (_, index) => largeRun(from + index));
    const steps = runs.map(({ workflow }) => workflow.steps.length);
    expect(steps.reduce((sum, length) => sum + length)).toBe(2_000);
    expect(largeRun(from)).toEqual(runs[0]);
  }
});

test('runs are of the last 90 days, in order of time, end before now, and in each way', () => {
  const endings = new Set<string>();
  for (let seed = 0; seed < 2_000; seed += 1) {
    const { story, workflow } = largeRun(seed);
    const told = tell(story, workflow, { runId: newId(), seed, now: NOW });
    expect(NOW.getTime() - told.queuedAt.getTime()).toBeLessThan(90.2 * DAY_MS);
    const events = told.chapters.flatMap((chapter) => chapter.events);
    const times = [told.queuedAt, ...events.map(({ occurredAt }) => occurredAt), NOW].map(Number);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    endings.add(story.ending);
  }
  expect(endings).toEqual(
    new Set(['QUEUED', 'SUCCEEDED', 'FAILED', 'CANCELED', 'TIMED_OUT', 'CRASHED']),
  );
});

/** Runs whose row and log do not agree. */
const UNTRUE = statement(
  'test.untrue',
  `SELECT run.id FROM run JOIN LATERAL (
     SELECT count(*) AS events, max(seq) AS last, max(occurred_at) AS last_at FROM run_event WHERE run_id = run.id
   ) log ON true
   WHERE run.version <> log.last OR log.last <> log.events
      OR coalesce(run.finished_at, run.created_at) <> log.last_at
      OR run.steps_total <> (SELECT count(*) FROM step_run WHERE run_id = run.id)`,
);

describe.each(DATABASES)('$name', ({ open }) => {
  let base: TestDatabase;
  let world: LargeWorld;
  beforeAll(async () => {
    base = await open();
    world = await seedLargeWorld(contextOver(base), { runs: 200, told: nobody });
  });
  afterAll(() => base.close());

  test('there are ten step runs and ten artifacts per run, exactly', async () => {
    expect(world).toEqual({ workflows: 40, runs: 200, stepRuns: 2_000, artifacts: 2_000 });
    expect(await base.db.run.count()).toBe(200);
    expect(await base.db.stepRun.count()).toBe(2_000);
    expect(await base.db.artifact.count()).toBe(2_000);
    expect(await base.db.artifact.count({ where: { runId: null } })).toBeLessThan(400);
  });

  test('most went well, some did not, checks say good and bad, and rows agree with logs', async () => {
    const statuses = await base.db.run.groupBy({ by: ['status'], _count: true });
    const counts = new Map(statuses.map(({ status, _count }) => [status, _count]));
    expect(counts.get('SUCCEEDED')).toBeGreaterThan(150);
    expect(counts.get('FAILED')).toBeGreaterThan(5);
    expect(await base.db.check.groupBy({ by: ['outcome'] })).toHaveLength(3);
    expect(await base.sql.query(UNTRUE)).toEqual([]);
  });

  test('again it adds nothing; larger, it goes on; broken off, it goes on where it was', async () => {
    const seed = (runs: number, told: (done: number) => void = nobody) =>
      seedLargeWorld(contextOver(base), { runs, told });
    const ids = () => base.db.run.findMany({ select: { id: true }, orderBy: { id: 'asc' } });
    const before = await ids();
    expect(await seed(200)).toEqual(world);
    expect(await seed(100)).toEqual(world);
    expect(await ids()).toEqual(before);

    const told: number[] = [];
    const stopped = seed(600, (done) => {
      told.push(done);
      if (told.length === 1) throw new Error('broken off');
    });
    await expect(stopped).rejects.toThrow('broken off');
    expect(await base.db.run.count()).toBe(400);
    const counts = { runs: 600, stepRuns: 6_000, artifacts: 6_000 };
    expect(await seed(600)).toEqual({ workflows: 40, ...counts });
    expect(await base.db.run.count()).toBe(600);
    expect(await base.db.artifact.count()).toBe(6_000);
    expect(await base.sql.query(UNTRUE)).toEqual([]);
  });
});
