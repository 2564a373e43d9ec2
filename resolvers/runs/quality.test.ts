import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { dice } from '../../e2e/kit/random-world.ts';
import { contextOver, seedArtifacts, seedRun } from '../../e2e/kit/world.ts';
import { dynamicStatement, statement } from '../sql.ts';
import { workflowsById } from './loaders.ts';
import { qualitiesOfWorkflows } from './quality.ts';

const SEED = 5;

/** What is kept, beside what it should be; only where they differ. */
const WRONG = statement(
  'test.wrong',
  `SELECT * FROM (
    SELECT run_id, sum(quality::decimal(24,12)) AS total, count(*)::int AS judged
    FROM artifact WHERE quality IS NOT NULL AND run_id IS NOT NULL GROUP BY run_id) should
  FULL JOIN run_quality kept USING (run_id)
  WHERE (coalesce(should.total, 0), coalesce(should.judged, 0)) IS DISTINCT FROM
    (coalesce(kept.total, 0), coalesce(kept.judged, 0))`,
);

describe.each(DATABASES)('quality of workflows ($name)', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  const quality = async (runId: string) => {
    const [run] = await database.sql.query(
      statement<{ workflowId: string }>(
        'test.workflowOf',
        'SELECT workflow_id AS "workflowId" FROM run WHERE id = $1',
      ),
      [runId],
    );
    const [row] = await workflowsById(contextOver(database), [run!.workflowId]);
    return (await qualitiesOfWorkflows(contextOver(database), [row!]))[0];
  };
  const change = (text: string, ...values: unknown[]) =>
    database.sql.query(dynamicStatement('test.change', text), values);

  test('is the mean of the artifacts of its runs, null before the first is judged', async () => {
    const runId = await seedRun(database, []);
    expect(await quality(runId)).toBeNull();
    const ids = await seedArtifacts(database, [
      { runId, name: 'a', quality: 0.1 },
      { runId, name: 'b', quality: 0.2 },
      { runId, name: 'c' },
    ]);
    expect(await quality(runId)).toBe(0.15);
    await change('UPDATE artifact SET quality = 0.6 WHERE id = $1', ids[2]);
    expect(await quality(runId)).toBe(0.3);
    await change('UPDATE artifact SET quality = NULL WHERE id = ANY($1::uuid[])', ids);
    expect(await quality(runId)).toBeNull();
  });

  test(`what is kept is what the artifacts say, after 200 random changes (seed ${SEED})`, async () => {
    const random = dice(SEED);
    const runs = [await seedRun(database, []), await seedRun(database, []), null];
    const any = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
    const judgement = () => (random() < 0.3 ? null : random());
    const made: string[] = [];
    for (let step = 0; step < 200; step += 1) {
      const some = made.filter(() => random() < 0.2);
      const dies = random();
      if (dies < 0.4) {
        made.push(
          ...(await seedArtifacts(database, [
            { runId: any(runs), name: `${step} a`, quality: judgement() },
            { runId: any(runs), name: `${step} b`, quality: judgement() },
          ])),
        );
      } else if (dies < 0.8) {
        await change(
          'UPDATE artifact SET quality = $2, uri = $3 WHERE id = ANY($1::uuid[])',
          some,
          judgement(),
          `${step}`,
        );
      } else await change('DELETE FROM artifact WHERE id = ANY($1::uuid[])', some.slice(0, 2));
    }
    expect(await database.sql.query(WRONG)).toEqual([]);
    const judged = await database.sql.query(
      statement('test.judged', 'SELECT 1 FROM run_quality WHERE judged > 0'),
    );
    expect(judged.length).toBeGreaterThanOrEqual(2);
  });

  test('goes with its run', async () => {
    const runId = await seedRun(database, []);
    await seedArtifacts(database, [{ runId, name: 'a', quality: 1 }]);
    await change('DELETE FROM run WHERE id = $1', runId);
    expect(await database.sql.query(WRONG)).toEqual([]);
  });

  test('artifacts of many runs judged at once from both ends do not dead-lock', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => seedRun(database, [])));
    const ids = await seedArtifacts(
      database,
      runs.flatMap((runId) => [0, 1, 2, 3].map((at) => ({ runId, name: `a${at}` }))),
    );
    const lanes = [0, 1, 2, 3].map((lane) => ids.filter((_, index) => index % 4 === lane));
    await Promise.all(
      lanes.map(async (lane, index) => {
        const order = index % 2 === 0 ? lane : lane.toReversed();
        for (let round = 0; round < 25; round += 1) {
          await change(
            `UPDATE artifact SET quality = $2 FROM unnest($1::uuid[]) WITH ORDINALITY AS given(id, place)
            WHERE artifact.id = given.id`,
            order,
            round / 25,
          );
        }
      }),
    );
    expect(await database.sql.query(WRONG)).toEqual([]);
  });
});
