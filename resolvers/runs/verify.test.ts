import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { readSample } from '../../e2e/kit/samples.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { importRecording } from '../recordings/import.ts';
import { seedSmallWorld } from '../seed/small-world.ts';
import { dynamicStatement } from '../sql.ts';
import { strayRuns } from './verify.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let base: TestDatabase;
  let runId: string;
  beforeAll(async () => {
    base = await open();
    await seedSmallWorld(contextOver(base));
    ({ runId } = await importRecording(contextOver(base), await readSample('mosaic')));
  });
  afterAll(() => base.close());

  test('runs that changed through their logs are all found right, however they ended', async () => {
    const { looked, strays } = await strayRuns(base.sql, 10);
    expect(strays).toEqual([]);
    expect(looked).toBe(await base.db.run.count());
  });

  const BESIDE = [
    {
      change: 'UPDATE run SET version = version + 1 WHERE id = $1',
      fault: /^version is \d+, its log ends at \d+$/,
    },
    {
      change: `UPDATE run SET status = 'FAILED' WHERE id = $1`,
      fault: /^status is FAILED, its log says SUCCEEDED$/,
    },
    {
      change: 'UPDATE run SET steps_done = 0 WHERE id = $1',
      fault: /^counters of steps .* are .*; its steps say/,
    },
    {
      change: `UPDATE step_run SET status = 'SKIPPED' WHERE run_id = $1 AND position = 3`,
      fault: /^step .* is SKIPPED, its newest event is STEP_SUCCEEDED$/,
    },
    {
      change: 'UPDATE step_run SET changed_seq = 1000 WHERE run_id = $1 AND position = 3',
      fault: /^a step changed at 1000, after version/,
    },
    {
      change: 'DELETE FROM run_event WHERE run_id = $1 AND seq = 5',
      fault: /^its log has \d+ events up to \d+/,
    },
  ];

  test.each(BESIDE)('a change beside the log is found: $change', async ({ change, fault }) => {
    const undone = new Error('undone');
    const changing = base.sql.transaction(async (tx) => {
      await tx.query(dynamicStatement('test.beside', change), [runId]);
      const { strays } = await strayRuns(tx, 10);
      expect(strays).toEqual([{ id: runId, faults: [expect.stringMatching(fault)] }]);
      throw undone;
    });
    await expect(changing).rejects.toBe(undone);
  });
});
