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
import { Unavailable } from '../errors.ts';
import type { Sql } from '../sql.ts';
import { openRunLog } from './append/append.ts';
import { watchForCrashes } from './crash-watch.ts';
import type { NewEvent, RunLog } from './log.ts';
import { readEvents } from './read.ts';

const GRACE_MS = 60_000;
const EVERY_MS = 10_000;

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  let log: RunLog;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, ['align']);
    log = openRunLog(database.sql);
  });
  afterAll(async () => {
    await log.close();
    await database.close();
  });

  /** A watch that has listened for long: its clock is the test's, the ages of rows are set. */
  async function watching(sql: Sql = database.sql) {
    const clock = { now_ms: 0 };
    // Its own timer never comes: the test asks.
    const watch = watchForCrashes(log, sql, {
      grace_ms: GRACE_MS,
      every_ms: EVERY_MS,
      clock: () => clock.now_ms,
    });
    return {
      watch,
      clock,
      /** As if `ms` had gone by, and nobody had been heard meanwhile. */
      age: async (ms: number, ...ids: string[]) => {
        const back = `- $2 * interval '1 ms' WHERE`;
        await database.pool.query(`UPDATE run SET updated_at = updated_at ${back} id = ANY($1)`, [
          ids,
          ms,
        ]);
        await database.pool.query(
          `UPDATE run_heartbeat SET beat_at = beat_at ${back} run_id = ANY($1)`,
          [ids, ms],
        );
      },
    };
  }
  async function started(): Promise<{ id: string; fence: string }> {
    const [id] = (await addRuns(database.sql, version, 1)) as [string];
    const { fence } = await log.append(
      call(id, [event('RUN_STARTED'), event('STEP_STARTED', { stepKey: 'align' })]),
    );
    return { id, fence: fence! };
  }
  const say = (id: string, type: NewEvent['type']) =>
    log.append(call(id, [event(type)], { actor: 'user:ada' }));
  const row = async (id: string) =>
    (await database.pool.query('SELECT * FROM run WHERE id = $1', [id])).rows[0];
  const typesOf = async (id: string) =>
    (await readEvents(database.sql, id, 0, 100)).map(({ type }) => type);

  /** Since when a watch has listened is told by the database's clock: the tests put that back, too. */
  function longListening(sql: Sql, since: Date): Sql {
    return {
      ...sql,
      query: async (text, values) =>
        text.name === 'log.now' ? ([{ now: since }] as never) : sql.query(text, values),
    };
  }
  const ago = (ms: number) => new Date(Date.now() - ms);

  test('a run of which nothing was heard for the grace ends CRASHED, its open steps with it', async () => {
    const { watch, age } = await watching(longListening(database.sql, ago(10 * GRACE_MS)));
    const silent = await started();
    const beating = await started();
    const appending = await started();
    await log.beat({ runId: beating.id, workspaceId: WORKSPACE, fence: beating.fence });
    await age(GRACE_MS - 5_000, silent.id);
    expect(await watch.check()).toBe(0); // Not yet.
    await age(10_000, silent.id);
    await database.pool.query(
      `UPDATE run SET updated_at = now() - interval '1 day' WHERE id = $1`,
      [beating.id],
    );
    expect(await watch.check()).toBe(1);
    expect(await row(silent.id)).toMatchObject({
      status: 'CRASHED',
      failure_reason: 'WORKER_LOST',
      steps_running: 0,
      steps_failed: 1,
    });
    expect((await row(beating.id)).status).toBe('RUNNING');
    expect((await row(appending.id)).status).toBe('RUNNING');
    expect(await watch.check()).toBe(0);
    const events = await readEvents(database.sql, silent.id, 3, 10);
    expect(events).toMatchObject([
      { type: 'RUN_CRASHED', actor: 'gateway', payload: { reason: 'WORKER_LOST' } },
    ]);
    await watch.stop();
  });

  test('a run whose cancel nobody hears ends CANCELED; one that no worker ever had, at once', async () => {
    const { watch, age } = await watching(longListening(database.sql, ago(10 * GRACE_MS)));
    const silent = await started();
    await say(silent.id, 'RUN_CANCEL_REQUESTED');
    const [never] = (await addRuns(database.sql, version, 1)) as [string];
    await say(never, 'RUN_CANCEL_REQUESTED');
    expect(await watch.check()).toBe(1);
    expect((await row(never)).status).toBe('CANCELED');
    expect((await row(silent.id)).status).toBe('CANCELING');
    await age(GRACE_MS + 1, silent.id);
    expect(await watch.check()).toBe(1);
    expect(await row(silent.id)).toMatchObject({
      status: 'CANCELED',
      failure_reason: null,
      status_name: 'Worker lost',
    });
    await watch.stop();
  });

  test('a paused run may be silent; once resumed its worker has a full grace', async () => {
    const { watch, age } = await watching(longListening(database.sql, ago(10 * GRACE_MS)));
    const run = await started();
    await say(run.id, 'RUN_PAUSED');
    await age(5 * GRACE_MS, run.id);
    expect(await watch.check()).toBe(0);
    await say(run.id, 'RUN_RESUMED');
    expect(await watch.check()).toBe(0);
    await age(GRACE_MS + 1, run.id);
    expect(await watch.check()).toBe(1);
    await watch.stop();
  });

  test('after its start, a check that failed, or a sleep of its own, every run gets a full grace', async () => {
    let asked = 0;
    let away = false;
    let since = ago(0);
    const { watch, clock, age } = await watching({
      ...database.sql,
      query: async (text, values) => {
        if (away) throw new Unavailable('postgres', 'away');
        if (text.name !== 'log.now') return database.sql.query(text, values);
        asked += 1;
        return [{ now: since }] as never;
      },
    });
    const run = await started();
    await age(10 * GRACE_MS, run.id);
    expect(await watch.check()).toBe(0); // It has just begun to listen.
    clock.now_ms += 2 * EVERY_MS;
    expect(await watch.check()).toBe(0);
    expect(asked).toBe(1); // Listening all the time.

    clock.now_ms += 2 * EVERY_MS + 1; // It slept.
    expect(await watch.check()).toBe(0);
    expect(asked).toBe(2);

    away = true;
    await expect(watch.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    away = false;
    expect(await watch.check()).toBe(0);
    expect(asked).toBe(3);

    since = ago(GRACE_MS + 1_000); // Now it has listened for longer than the grace.
    clock.now_ms += 2 * EVERY_MS + 1;
    expect(await watch.check()).toBe(1);
    expect((await row(run.id)).status).toBe('CRASHED');
    await watch.stop();
  });

  test('two gateways that see the same silence end the run once', async () => {
    const sql = longListening(database.sql, ago(10 * GRACE_MS));
    const [one, two] = [await watching(sql), await watching(sql)];
    const run = await started();
    await one.age(GRACE_MS + 1, run.id);
    const ended = await Promise.all([one.watch.check(), two.watch.check()]);
    expect(ended[0] + ended[1]).toBe(1);
    expect((await typesOf(run.id)).filter((type) => type === 'RUN_CRASHED')).toHaveLength(1);
    await Promise.all([one.watch.stop(), two.watch.stop()]);
  });

  test('a worker that is heard between the look and the end keeps its run', async () => {
    const run = await started();
    const sql = longListening(database.sql, ago(10 * GRACE_MS));
    const { watch, age } = await watching({
      ...sql,
      query: async (text, values) => {
        const rows = await sql.query(text, values);
        if (text.name === 'log.silent' && rows.length > 0) {
          await log.append(
            call(run.id, [event('STEP_SUCCEEDED', { stepKey: 'align' })], { fence: run.fence }),
          );
        }
        return rows;
      },
    });
    await age(GRACE_MS + 1, run.id);
    expect(await watch.check()).toBe(0);
    expect(await typesOf(run.id)).toEqual([
      'RUN_QUEUED',
      'RUN_STARTED',
      'STEP_STARTED',
      'STEP_SUCCEEDED',
    ]);
    await watch.stop();
  });

  test('it looks by itself, goes on after a failure, and stops', async () => {
    const errors: unknown[] = [];
    let looks = 0;
    let looked: () => void = () => undefined;
    const twice = new Promise<void>((done) => (looked = done));
    const watch = watchForCrashes(
      log,
      {
        ...database.sql,
        query: () => {
          looks += 1;
          if (looks === 2) looked();
          return Promise.reject(new Unavailable('postgres', 'away'));
        },
      },
      { grace_ms: GRACE_MS, every_ms: 1, onError: (error) => errors.push(error) },
    );
    await twice;
    await watch.stop();
    const { length } = errors;
    expect(length).toBe(looks);
    await new Promise((done) => setImmediate(done));
    expect(errors).toHaveLength(length);
  });
});
