import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { faultySql } from '../../../e2e/kit/faulty-sql.ts';
import { addRuns, addVersion, call, event, type Version } from '../../../e2e/kit/log-world.ts';
import { statement } from '../../sql.ts';
import { openRunLog } from './append.ts';
import { readEvents } from '../read.ts';

// Embedded there is one session: nobody else can hold a run.
const servers = DATABASES.filter(({ name }) => name === 'postgres');

describe.each(servers)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, []);
  });
  afterAll(() => database.close());

  /** Holds the run's row until told. */
  async function hold(run: string): Promise<() => Promise<void>> {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM run WHERE id = $1 FOR UPDATE', [run]);
    return async () => {
      await client.query('COMMIT');
      client.release();
    };
  }
  const waiting = statement<{ count: number }>(
    'test.waiting',
    `SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  async function untilWaits(): Promise<void> {
    for (;;) {
      const [row] = await database.sql.query(waiting);
      if (row!.count > 0) return;
    }
  }
  const line = (n: number) => event('LOG_APPENDED', { payload: { lines: [`${n}`] } });

  test('only those runs wait, their later calls behind them, and all come in order', async () => {
    const skips: number[] = [];
    const log = openRunLog(database.sql, { onFlush: ({ skipped }) => void skips.push(skipped) });
    const [locked, free] = (await addRuns(database.sql, version, 2)) as [string, string];
    const release = await hold(locked);
    const answers: number[] = [];
    const late = [1, 2, 3].map(async (n) => {
      const { events } = await log.append(call(locked, [line(n)], { actor: 'gateway' }));
      answers.push(events[0]!.seq);
    });
    await untilWaits(); // Skipped twice, now alone.
    late.push(
      log
        .append(call(locked, [line(4)], { actor: 'gateway' }))
        .then(({ events }) => void answers.push(events[0]!.seq)),
    );
    for (let n = 0; n < 20; n += 1) await log.append(call(free, [line(n)], { actor: 'gateway' }));
    expect(answers).toEqual([]);
    expect(skips.filter((count) => count > 0)).toEqual([3, 3]);
    await release();
    await Promise.all(late);
    expect(answers).toEqual([2, 3, 4, 5]);
    const events = await readEvents(database.sql, locked, 1, 10);
    expect(events.map(({ payload }) => payload)).toEqual(
      [1, 2, 3, 4].map((n) => ({ lines: [`${n}`] })),
    );
    await log.close();
  });

  test('a run that stays locked past the wait is UNAVAILABLE, and may be tried again', async () => {
    let begun = 0;
    const sql = faultySql(database.sql, (when) => void (begun += Number(when === 'begin')));
    const log = openRunLog(sql, { lockWait_ms: 50 });
    const [run] = (await addRuns(database.sql, version, 1)) as [string];
    const release = await hold(run);
    const given = call(run, [line(1)], { actor: 'gateway' });
    await expect(log.append(given)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'postgres is unavailable: a lock was not free in time',
    });
    expect(begun).toBe(3); // Skipped twice, then alone; not tried again.
    await release();
    expect((await log.append(given)).events).toMatchObject([{ seq: 2, repeated: false }]);
    await log.close();
  });

  test('what another gateway stores just before the lock is known after it', async () => {
    const other = openRunLog(database.sql);
    const [run] = (await addRuns(database.sql, version, 1)) as [string];
    const given = call(run, [line(1)], { actor: 'gateway' });
    let reached: () => void;
    let goOn: () => void;
    const atLock = new Promise<void>((done) => (reached = done));
    const stored = new Promise<void>((done) => (goOn = done));
    const log = openRunLog(
      faultySql(database.sql, async (_when, text) => {
        if (text?.name !== 'log.lock') return;
        reached();
        await stored;
      }),
    );
    const answer = log.append(given);
    await atLock;
    const first = await other.append(given);
    goOn!();
    const { events } = await answer;
    expect(first).toMatchObject({ events: [{ seq: 2, repeated: false }] });
    expect(events).toMatchObject([{ seq: 2, repeated: true }]);
    await log.close();
    await other.close();
  });

  test('a run freed while its flush is being divided is not overtaken by its later call', async () => {
    const [locked, bad] = (await addRuns(database.sql, version, 2)) as [string, string];
    await database.pool.query(
      `ALTER TABLE run_event ADD CONSTRAINT poison CHECK (payload->'poison' IS NULL)`,
    );
    const release = await hold(locked);
    let begun = 0;
    const log = openRunLog(
      faultySql(database.sql, async (when) => {
        if (when === 'begin' && (begun += 1) === 3) await release(); // Its first half was skipped.
      }),
    );
    const given = (n: number) => log.append(call(locked, [line(n)], { actor: 'gateway' }));
    const poison = event('LOG_APPENDED', { payload: { lines: [], poison: 1 } });
    const [first, refused, second] = await Promise.allSettled([
      given(1),
      log.append(call(bad, [poison], { actor: 'gateway' })),
      given(2),
    ]);
    expect(begun).toBeGreaterThan(3);
    expect(refused).toMatchObject({ reason: { code: '23514' } });
    expect([first, second]).toMatchObject([{ value: { version: 2 } }, { value: { version: 3 } }]);
    await log.close();
  });

  test('more locked runs than may wait at once are all answered', async () => {
    const log = openRunLog(database.sql, { alone_max: 2 });
    const runs = await addRuns(database.sql, version, 6);
    const releases = await Promise.all(runs.map(hold));
    const answers = runs.map((run) => log.append(call(run, [line(1)], { actor: 'gateway' })));
    await untilWaits();
    for (const release of releases) await release();
    expect((await Promise.all(answers)).map((each) => each.version)).toEqual([2, 2, 2, 2, 2, 2]);
    await log.close();
  });

  test('closing answers what is queued, also behind a lock, and refuses what comes later', async () => {
    const log = openRunLog(database.sql);
    const [run] = (await addRuns(database.sql, version, 1)) as [string];
    const release = await hold(run);
    const answer = log.append(call(run, [line(1)], { actor: 'gateway' }));
    await untilWaits();
    const closed = log.close();
    await expect(log.append(call(run, [line(2)], { actor: 'gateway' }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    await release();
    await closed;
    expect(await answer).toMatchObject({ version: 2 });
  });
});
