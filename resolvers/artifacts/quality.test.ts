import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CheckOutcome, type EventType } from '../../prisma/generated/enums.ts';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../../e2e/kit/graph.ts';
import { contextOver, seedArtifacts, seedRun } from '../../e2e/kit/world.ts';
import type { Ctx } from '../context.ts';
import type { JsonObject } from '../events/log.ts';
import { readEvents } from '../events/read.ts';
import { newId } from '../keys.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import { statement, type Sql } from '../sql.ts';
import { recordCheck } from './commands.ts';
import { artifactsById } from './loaders.ts';
import { checksOfArtifacts } from './queries.ts';

describe.each(DATABASES)('quality of artifacts ($name)', ({ name: store, open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let ctx: Ctx;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    ctx = graph.ctx();
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const artifactNow = async (id: string) => (await artifactsById(contextOver(database), [id]))[0]!;
  const checksOf = async (id: string) =>
    (await checksOfArtifacts(ctx, [{ id }], { first: 100 }))[0]!;
  /** Of a run, so that workers and people may judge it. */
  async function newModel(): Promise<{ id: string; tell: Tell }> {
    const runId = await seedRun(database, ['make']);
    const [id] = await seedArtifacts(database, [{ runId, stepKey: 'make', name: 'model' }]);
    const event = { stepKey: 'make', occurredAt: new Date(2020, 0, 1) }; // Clocks of workers do not count.
    const tell: Tell = (type, payload) =>
      ctx.log.append({
        runId,
        workspaceId: LOCAL_VIEWER.workspaceId,
        actor: 'worker',
        events: [{ ...event, eventId: newId(), type, payload }],
      });
    return { id: id!, tell };
  }

  test('quality is the mean of the newest score of each check, and each check raises the version', async () => {
    const { id } = await newModel();
    const judge = (name: string, outcome: CheckOutcome, score?: number) =>
      recordCheck(ctx, { artifactId: id, name, outcome, score });
    await judge('schema', 'FAILED');
    expect((await artifactNow(id)).quality).toBe(0);
    await judge('schema', 'PASSED');
    await judge('drift', 'WARNED');
    expect((await artifactNow(id)).quality).toBe(0.75);
    await judge('drift', 'WARNED', 0.25);
    expect(await artifactNow(id)).toMatchObject({ quality: 0.625, version: 5 });
  });

  test('a check outside a run is five statements', async () => {
    const [id] = await seedArtifacts(database, [{ name: 'upload' }]);
    database.statements();
    await recordCheck(ctx, { artifactId: id!, name: 'schema', outcome: 'PASSED' });
    expect(database.statements()).toEqual([
      'artifacts.find',
      'artifacts.lock',
      'artifacts.newestScores',
      'artifacts.recordCheck',
      'checks.byIds',
    ]);
  });

  test('of twenty callers at once none is lost', async () => {
    const { id } = await newModel();
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        recordCheck(ctx, {
          artifactId: id,
          name: `check ${at}`,
          outcome: 'PASSED',
          score: at / 32,
        }),
      ),
    );
    expect((await checksOf(id)).nodes).toHaveLength(20);
    expect(await artifactNow(id)).toMatchObject({ quality: 190 / 32 / 20, version: 21 });
  });

  test('people and workers who judge and change one artifact at once lose nothing', async () => {
    const { id, tell } = await newModel();
    await Promise.all(
      Array.from({ length: 12 }, (_, at) => [
        recordCheck(ctx, {
          artifactId: id,
          name: `theirs ${at}`,
          outcome: 'PASSED',
          score: at / 32,
        }),
        tell('CHECK_EVALUATED', {
          artifact: 'model',
          check: `ours ${at}`,
          outcome: 'FAILED',
          score: at / 64,
        }),
        tell('ARTIFACT_PRODUCED', { artifact: { name: 'model', sizeBytes: at } }),
      ]).flat(),
    );
    expect((await checksOf(id)).nodes).toHaveLength(24);
    expect((await artifactNow(id)).quality).toBeCloseTo((66 / 32 + 66 / 64) / 24, 12);
  });

  test('told by a worker or recorded by a person, the same checks make the same quality', async () => {
    const check = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      outcome: fc.constantFrom(...Object.values(CheckOutcome)),
      score: fc.option(fc.integer({ min: 0, max: 64 }).map((part) => part / 64)),
      byWorker: fc.boolean(),
    });
    const untold = { PASSED: 1, WARNED: 0.5, FAILED: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(check, { minLength: 1, maxLength: 8 }), async (checks) => {
        const { id, tell } = await newModel();
        const newest = new Map<string, number>();
        for (const { name, outcome, score, byWorker } of checks) {
          newest.set(name, score ?? untold[outcome]);
          if (!byWorker) await recordCheck(ctx, { artifactId: id, name, outcome, score });
          else {
            const told = score === null ? {} : { score };
            await tell('CHECK_EVALUATED', { artifact: 'model', check: name, outcome, ...told });
          }
        }
        const scores = [...newest.values()];
        const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
        expect((await artifactNow(id)).quality).toBeCloseTo(mean, 12);
      }),
      { numRuns: 30 },
    );
  }, 300_000);

  test('a judgement by a person is an event of the run, so its followers hear of it', async () => {
    const { id } = await newModel();
    const before = await artifactNow(id);
    const check = await recordCheck(ctx, { artifactId: id, name: 'review', outcome: 'PASSED' });
    const after = await artifactNow(id);
    expect(after.changedSeq).toBeGreaterThan(before.changedSeq ?? 0);
    expect(check).toMatchObject({ changedSeq: after.changedSeq, score: 1, outcome: 'PASSED' });
    const [event] = await readEvents(database.sql, after.runId!, after.changedSeq! - 1, 1);
    expect(event).toMatchObject({ type: 'CHECK_EVALUATED', actor: `user:${LOCAL_VIEWER.id}` });
  });

  test('an artifact that is made again keeps the quality that a person gave it', async () => {
    const { id, tell } = await newModel();
    await recordCheck(ctx, { artifactId: id, name: 'review', outcome: 'WARNED' });
    await tell('ARTIFACT_PRODUCED', { artifact: { name: 'model', sizeBytes: 7 } });
    expect(await artifactNow(id)).toMatchObject({ quality: 0.5, sizeBytes: 7 });
  });

  test.runIf(store === 'postgres')(
    'a worker that judges while a person does waits, and counts what the person said',
    async () => {
      const { id, tell } = await newModel();
      const paused = pausedBefore(database.sql, 'log.write');
      const person = contextOver(database, { sql: paused.sql });
      const recorded = recordCheck(person, {
        artifactId: id,
        name: 'by person',
        outcome: 'PASSED',
      });
      await paused.reached;
      const told = tell('CHECK_EVALUATED', {
        artifact: 'model',
        check: 'by worker',
        outcome: 'FAILED',
      });
      await vi.waitFor(async () => {
        const [row] = await database.sql.query(WAITING);
        expect(row?.count).toBe(1);
      });
      paused.goOn();
      await Promise.all([recorded, told]);
      expect((await artifactNow(id)).quality).toBe(0.5);
    },
  );
});

type Tell = (type: EventType, payload: JsonObject) => Promise<unknown>;

const WAITING = statement<{ count: number }>(
  'test.waiting',
  `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
);

/** Stops a transaction before the statement of that name. */
function pausedBefore(sql: Sql, name: string) {
  let goOn = () => {};
  let arrive = () => {};
  const going = new Promise<void>((resolve) => (goOn = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const pausing: Sql = {
    ...sql,
    transaction: (work, options) =>
      sql.transaction(
        (tx) =>
          work({
            ...tx,
            query: async (asked, values) => {
              if (asked.name.startsWith(name)) {
                arrive();
                await going;
              }
              return tx.query(asked, values);
            },
          }),
        options,
      ),
  };
  return { sql: pausing, reached, goOn: () => goOn() };
}
