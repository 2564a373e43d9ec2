import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import {
  addRuns,
  addVersion,
  call,
  event,
  WORKSPACE,
  type Version,
} from '../../e2e/kit/log-world.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { newId } from '../keys.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import { openRunLog } from './append/append.ts';
import { heartbeat } from './heartbeat.ts';
import type { RunLog } from './log.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  let log: RunLog;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, []);
    log = openRunLog(database.sql);
  });
  afterAll(async () => {
    await log.close();
    await database.close();
  });

  async function started(count: number) {
    const ids = await addRuns(database.sql, version, count);
    return Promise.all(
      ids.map(async (id) => ({
        id,
        fence: (await log.append(call(id, [event('RUN_STARTED')]))).fence!,
      })),
    );
  }
  const beat = (runId: string, fence: string) => log.beat({ runId, workspaceId: WORKSPACE, fence });
  const beatAt = async (run: string) =>
    (await database.pool.query('SELECT beat_at FROM run_heartbeat WHERE run_id = $1', [run]))
      .rows[0]?.beat_at;
  const refusal = (beaten: Promise<unknown>) =>
    beaten.then(
      () => 'heard',
      (error: { code: string }) => error.code,
    );

  test('a beat is noted by the database and answered with the status; the run stays as it is', async () => {
    const [run] = await started(1);
    const before = await database.pool.query('SELECT * FROM run WHERE id = $1', [run!.id]);
    const ctx = contextOver(database, { log });
    expect(await heartbeat(ctx, run!.id.toUpperCase(), run!.fence)).toBe('RUNNING');
    expect(await beatAt(run!.id)).toBeInstanceOf(Date);
    const after = await database.pool.query('SELECT * FROM run WHERE id = $1', [run!.id]);
    expect(after.rows).toEqual(before.rows);
  });

  test('a worker hears of a pause and of a cancel, and of the end, which no beat outlives', async () => {
    const [run] = await started(1);
    const say = (type: 'RUN_PAUSED' | 'RUN_CANCEL_REQUESTED') =>
      log.append(call(run!.id, [event(type)], { actor: 'user:ada' }));
    await say('RUN_PAUSED');
    expect(await beat(run!.id, run!.fence)).toBe('PAUSED');
    await say('RUN_CANCEL_REQUESTED');
    expect(await beat(run!.id, run!.fence)).toBe('CANCELING');
    await log.append(call(run!.id, [event('RUN_CANCELED')], { actor: 'gateway' }));
    await database.pool.query('DELETE FROM run_heartbeat WHERE run_id = $1', [run!.id]);
    expect(await beat(run!.id, run!.fence)).toBe('CANCELED');
    expect(await beatAt(run!.id)).toBeUndefined();
  });

  test('only the holder of the fence is heard', async () => {
    const [run] = await started(1);
    const [queued] = await addRuns(database.sql, version, 1);
    expect(await refusal(beat(run!.id, newId()))).toBe('CONFLICT');
    expect(await refusal(beat(queued!, newId()))).toBe('CONFLICT');
    expect(await refusal(beat(newId(), run!.fence))).toBe('NOT_FOUND');
    expect(await refusal(beat('no id', run!.fence))).toBe('INVALID');
    expect(await beatAt(run!.id)).toBeUndefined();
    const elsewhere = { ...LOCAL_VIEWER, workspaceId: newId() };
    const ctx = contextOver(database, { log, viewer: elsewhere });
    expect(await refusal(heartbeat(ctx, run!.id, run!.fence))).toBe('NOT_FOUND');
    const nobody = contextOver(database, { log, viewer: { ...LOCAL_VIEWER, roles: [] } });
    expect(() => heartbeat(nobody, run!.id, run!.fence)).toThrow('you may not run.append');
  });

  test('beats of one moment are one statement, each answered for itself', async () => {
    const runs = await started(30);
    database.statements();
    const answers = await Promise.all([
      ...runs.map((run) => refusal(beat(run.id, run.fence))),
      refusal(beat(runs[0]!.id, runs[0]!.fence)), // Twice.
      refusal(beat(runs[1]!.id, newId())),
      refusal(beat(newId(), newId())),
    ]);
    expect(answers).toEqual([...runs.map(() => 'heard'), 'heard', 'CONFLICT', 'NOT_FOUND']);
    expect(database.statements()).toEqual(['log.beat']);
  });

  test('two gateways that beat for the same runs, in any order, do not disturb each other', async () => {
    const runs = await started(60);
    const other = openRunLog(database.sql);
    for (let round = 0; round < 10; round += 1) {
      const order = round % 2 ? runs : runs.toReversed();
      const theirs = order.map((run) =>
        other.beat({ runId: run.id, workspaceId: WORKSPACE, fence: run.fence }),
      );
      const ours = order.toReversed().map((run) => beat(run.id, run.fence));
      expect(new Set(await Promise.all([...ours, ...theirs]))).toEqual(new Set(['RUNNING']));
    }
    await other.close();
  });
});
