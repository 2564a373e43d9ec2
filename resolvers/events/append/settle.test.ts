import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { databaseError, faultySql, type Fault } from '../../../e2e/kit/faulty-sql.ts';
import { addRuns, addVersion, call, event, type Version } from '../../../e2e/kit/log-world.ts';
import { Unavailable } from '../../errors.ts';
import { openRunLog, type FlushSeen } from './append.ts';
import { readEvents } from '../read.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, ['align']);
    await database.pool.query(
      `ALTER TABLE run_event ADD CONSTRAINT poison CHECK (payload->'poison' IS NULL)`,
    );
  });
  afterAll(() => database.close());

  /** A log whose database fails as `fault` says, and the flushes it made. */
  function logWith(fault: Fault, retry_max_ms = 5_000) {
    const flushes: FlushSeen[] = [];
    const sql = faultySql(database.sql, fault);
    const log = openRunLog(sql, { retry_max_ms, onFlush: (flush) => flushes.push(flush) });
    return { log, flushes };
  }
  const stored = (runId: string) => readEvents(database.sql, runId, 0, 1_000);

  test('what only SQL refuses fails alone: the other calls of its flush are stored, in order', async () => {
    const { log, flushes } = logWith(() => undefined);
    const runs = await addRuns(database.sql, version, 20);
    const start = (run: string, payload = {}) =>
      log.append(call(run, [event('RUN_STARTED', { payload })]));
    const answers = await Promise.allSettled(
      runs.flatMap((run, at) => [
        start(run, at === 7 ? { poison: 1 } : {}),
        log.append(call(run, [event('RUN_PAUSED')], { actor: 'user:local' })),
      ]),
    );
    expect(flushes).toHaveLength(1);
    const refused = answers
      .map(({ status }) => status)
      .flatMap((status, at) => (status === 'rejected' ? [at] : []));
    // The pause of run 7 is refused by the rules: its run was never started.
    expect(refused).toEqual([14, 15]);
    expect(answers[14]).toMatchObject({ reason: { code: '23514' } });
    expect(answers[15]).toMatchObject({ reason: { code: 'CONFLICT' } });
    expect((await stored(runs[7]!)).map(({ type }) => type)).toEqual(['RUN_QUEUED']);
    for (const run of runs.filter((_, at) => at !== 7)) {
      expect((await stored(run)).map(({ type }) => type)).toEqual([
        'RUN_QUEUED',
        'RUN_STARTED',
        'RUN_PAUSED',
      ]);
    }
    await log.close();
  });

  test.each(['40P01', '40001'])(
    '%s is tried again, and the caller hears nothing of it',
    async (code) => {
      let failures = 3;
      const { log } = logWith((when, statement) => {
        if (when === 'statement' && statement!.name.startsWith('log.write') && failures-- > 0) {
          throw databaseError(code);
        }
      });
      const [run] = await addRuns(database.sql, version, 1);
      expect(await log.append(call(run!, [event('RUN_STARTED')]))).toMatchObject({ version: 2 });
      expect(failures).toBe(-1);
      expect(await stored(run!)).toHaveLength(2);
      await log.close();
    },
  );

  test('a lost answer to COMMIT is cleared up: stored once, answered as if nothing had happened', async () => {
    let lost = 2;
    const { log } = logWith((when) => {
      if (when === 'afterCommit' && lost-- > 0) throw new Unavailable('postgres', 'no answer');
    });
    const [run] = await addRuns(database.sql, version, 1);
    const started = await log.append(
      call(run!, [event('RUN_STARTED'), event('LOG_APPENDED', { payload: { lines: [] } })]),
    );
    expect(lost).toBe(-1);
    expect(started.events.map(({ seq, repeated }) => [seq, repeated])).toEqual([
      [2, false],
      [3, false],
    ]);
    expect(await stored(run!)).toHaveLength(3);
    const { rows } = await database.pool.query('SELECT fence FROM run WHERE id = $1', [run]);
    expect(started.fence).toBe(rows[0].fence);
    await log.close();
  });

  test('a connection lost before COMMIT is tried again on another', async () => {
    let lost = 2;
    const { log } = logWith((when) => {
      if (when === 'beforeCommit' && lost-- > 0) throw new Unavailable('postgres', 'away');
    });
    const [run] = await addRuns(database.sql, version, 1);
    const { events } = await log.append(call(run!, [event('RUN_STARTED')]));
    expect(lost).toBe(-1);
    expect(events).toMatchObject([{ seq: 2, repeated: false }]);
    expect(await stored(run!)).toHaveLength(2);
    await log.close();
  });

  test('a repeat that meets a lost answer is still a repeat', async () => {
    let lost = 0;
    const { log } = logWith((when) => {
      if (when === 'afterCommit' && lost-- > 0) throw new Unavailable('postgres', 'away');
    });
    const [run] = await addRuns(database.sql, version, 1);
    const given = call(run!, [event('RUN_STARTED')]);
    await log.append(given);
    lost = 1;
    expect((await log.append(given)).events).toMatchObject([{ seq: 2, repeated: true }]);
    expect(lost).toBe(-1);
    await log.close();
  });

  test('while the database is away calls become Unavailable, and are taken again afterwards', async () => {
    let away = true;
    let tries = 0;
    const { log } = logWith((when) => {
      if (when !== 'begin') return;
      tries += 1;
      if (away) throw new Unavailable('postgres', 'away');
    }, 50);
    const runs = await addRuns(database.sql, version, 3);
    const given = runs.map((run) => call(run, [event('RUN_STARTED')]));
    const answers = await Promise.allSettled(given.map((each) => log.append(each)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    }
    expect(tries).toBeGreaterThan(1);
    away = false;
    const again = await Promise.all(given.map((each) => log.append(each)));
    expect(again.map(({ version: at }) => at)).toEqual([2, 2, 2]);
    await log.close();
  });

  test('an error of our own fails the calls of its half at once, and is not tried again', async () => {
    let tries = 0;
    const { log } = logWith((when) => {
      if (when !== 'beforeCommit') return;
      tries += 1;
      throw new TypeError('ours');
    });
    const runs = await addRuns(database.sql, version, 2);
    const answers = await Promise.allSettled(
      runs.map((run) => log.append(call(run, [event('RUN_STARTED')]))),
    );
    expect(answers).toMatchObject([
      { reason: { message: 'ours' } },
      { reason: { message: 'ours' } },
    ]);
    expect(tries).toBe(3); // Together, then each alone.
    await log.close();
  });
});
