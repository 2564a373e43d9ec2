import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { addRuns, addVersion, call, event, type Version } from '../../e2e/kit/log-world.ts';
import { openRunLog } from './append.ts';
import type { RunLog } from './log.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  let log: RunLog;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, ['align', 'sort', 'call']);
    log = openRunLog(database.sql);
  });
  afterAll(async () => {
    await log.close();
    await database.close();
  });

  test('a run is queued, started, worked at and ended; every row tells of it', async () => {
    const [run] = await addRuns(database.sql, version, 1);
    const started = await log.append(call(run!, [event('RUN_STARTED')]));
    expect(started).toMatchObject({ status: 'RUNNING', version: 2, events: [{ seq: 2 }] });
    expect(started.fence).toMatch(/^[0-9a-f-]{36}$/);
    const { fence } = started;
    await log.append(
      call(
        run!,
        [
          event('STEP_STARTED', {
            stepKey: 'align',
            payload: { worker: 'w1', inputs: [{ name: 'reads.fq', sizeBytes: 5 }] },
          }),
          event('STEP_PROGRESS', { stepKey: 'align', payload: { progress: 0.5, message: 'half' } }),
          event('STEP_SUCCEEDED', {
            stepKey: 'align',
            payload: { outputs: [{ name: 'reads.bam', kind: 'bam', sizeBytes: 3_000_000_000 }] },
          }),
          event('STEP_STARTED', { stepKey: 'sort', payload: { inputs: [{ name: 'reads.bam' }] } }),
          event('CHECK_EVALUATED', {
            payload: { artifact: 'reads.bam', check: 'complete', outcome: 'WARNED' },
          }),
          event('METADATA_UPDATED', { payload: { metadata: { a: 1 }, addTags: ['x', 'y"z'] } }),
        ],
        { fence },
      ),
    );
    const { rows } = await database.pool.query('SELECT * FROM run WHERE id = $1', [run]);
    expect(rows[0]).toMatchObject({
      version: '8',
      steps_total: 3,
      steps_done: 1,
      steps_running: 1,
      tags: ['x', 'y"z'],
      metadata: { a: 1 },
    });
    const ended = await log.append(call(run!, [event('RUN_SUCCEEDED')], { fence }));
    expect(ended).toMatchObject({ status: 'SUCCEEDED', version: 9 });
  });
});
