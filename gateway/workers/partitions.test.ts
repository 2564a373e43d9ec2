import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { seedRun } from '../../e2e/kit/world.ts';
import { dropEmptyPartitions, makePartitions } from './partitions.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const OPTIONS = { ahead_max: 2, lockTimeout_ms: 2_000 };

describe.each(DATABASES)('$name', ({ name, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.pool.query('/* test.fresh */ DELETE FROM run');
    await dropEmptyPartitions(database.sql, new Date('2100-01-01T00:00:00Z'), OPTIONS);
  });

  /** A run that began at that time, with one event, and the table that the event is in. */
  async function runAt(time: string): Promise<{ id: string; table: string }> {
    const id = await seedRun(database, ['a'], { createdAt: new Date(time) });
    await database.pool.query(
      `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
      VALUES ($1, 1, gen_random_uuid(), 'RUN_QUEUED', now(), 'worker')`,
      [id],
    );
    const { rows } = await database.pool.query(
      'SELECT tableoid::regclass::text AS table FROM run_event WHERE run_id = $1',
      [id],
    );
    return { id, table: (rows as { table: string }[])[0]?.table ?? 'none' };
  }

  test('the current month and those ahead get a partition, once', async () => {
    expect(await makePartitions(database.sql, NOW, OPTIONS)).toEqual({
      made: ['run_event_2026_11', 'run_event_2026_12', 'run_event_2027_01'],
      left: [],
    });
    expect(await makePartitions(database.sql, NOW, OPTIONS)).toEqual({ made: [], left: [] });
    const nextMonth = new Date('2026-12-01T00:00:00Z');
    expect((await makePartitions(database.sql, nextMonth, OPTIONS)).made).toEqual([
      'run_event_2027_02',
    ]);
  });

  test('the log of a run is in the month in which its id was made, to the millisecond; the rest elsewhere', async () => {
    await makePartitions(database.sql, NOW, OPTIONS);
    const tables = {
      '2026-10-31T23:59:59.999Z': 'run_event_rest',
      '2026-11-01T00:00:00.000Z': 'run_event_2026_11',
      '2026-11-30T23:59:59.999Z': 'run_event_2026_11',
      '2026-12-01T00:00:00.000Z': 'run_event_2026_12',
      '2027-01-31T23:59:59.999Z': 'run_event_2027_01',
      '2027-02-01T00:00:00.000Z': 'run_event_rest',
    };
    for (const [time, table] of Object.entries(tables)) {
      expect((await runAt(time)).table, time).toBe(table);
    }
  });

  test('what holds for the log holds in a partition: its keys, its run, its changes', async () => {
    await makePartitions(database.sql, NOW, OPTIONS);
    const { id } = await runAt(NOW.toISOString());
    const insert = (run: string, seq: number) =>
      database.pool.query(
        `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
        VALUES ($1, $2, gen_random_uuid(), 'RUN_STARTED', now(), 'worker')`,
        [run, seq],
      );
    await expect(insert(id, 1)).rejects.toMatchObject({ code: '23505' });
    await expect(insert(id, 0)).rejects.toMatchObject({ code: '23514' });
    await expect(
      insert(
        id.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
        1,
      ),
    ).rejects.toMatchObject({ code: '23503' });
    await database.pool.query('DELETE FROM change');
    await insert(id, 2);
    expect((await database.pool.query('SELECT id, to_seq FROM change')).rows).toMatchObject([
      { id },
    ]);
    await database.pool.query('DELETE FROM run');
    expect((await database.pool.query('SELECT FROM run_event')).rowCount).toBe(0);
  });

  test('a month of which runs are elsewhere already stays there; the others are made', async () => {
    const { table } = await runAt('2026-12-10T00:00:00Z');
    expect(table).toBe('run_event_rest');
    expect(await makePartitions(database.sql, NOW, OPTIONS)).toEqual({
      made: ['run_event_2026_11', 'run_event_2027_01'],
      left: ['run_event_2026_12'],
    });
  });

  test('a month that is over is dropped when it is empty; one with a run, and the current one, stay', async () => {
    await makePartitions(database.sql, NOW, OPTIONS);
    await runAt('2026-11-05T00:00:00Z');
    const drop = (time: string) => dropEmptyPartitions(database.sql, new Date(time), OPTIONS);
    expect(await drop('2026-12-31T23:59:59Z')).toEqual([]);
    expect(await drop('2027-01-01T00:00:00Z')).toEqual(['run_event_2026_12']);
    await database.pool.query('DELETE FROM run');
    expect(await drop('2026-11-30T23:59:59Z')).toEqual([]);
    expect(await drop('2027-01-01T00:00:00Z')).toEqual(['run_event_2026_11']);
    expect((await runAt('2026-11-05T00:00:00Z')).table).toBe('run_event_rest');
  });

  if (name === 'postgres') {
    test('an append that stays open makes it give up in time: other appends go on, and the next try makes the rest', async () => {
      const { id } = await runAt(NOW.toISOString());
      const client = await database.pool.connect();
      await client.query('BEGIN');
      await client.query('UPDATE run SET version = version WHERE id = $1', [id]);
      const later = new Date('2027-02-10T00:00:00Z');
      const tried = await Promise.allSettled([
        makePartitions(database.sql, later, { ...OPTIONS, lockTimeout_ms: 100 }),
        runAt(NOW.toISOString()),
      ]);
      expect(tried).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled' }]);
      await client.query('COMMIT');
      client.release();
      expect((await makePartitions(database.sql, later, OPTIONS)).made).toHaveLength(3);
    });
  }

  if (name === 'postgres') {
    test('a month to which a run comes while it is being dropped stays, with the run', async () => {
      await makePartitions(database.sql, NOW, OPTIONS);
      const client = await database.pool.connect();
      await client.query('BEGIN');
      const id = await seedRun(database, ['a'], { createdAt: NOW });
      await client.query(
        `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
        VALUES ($1, 1, gen_random_uuid(), 'RUN_QUEUED', now(), 'worker')`,
        [id],
      );
      const later = new Date('2026-12-01T00:00:00Z');
      const dropping = dropEmptyPartitions(database.sql, later, { lockTimeout_ms: 30_000 });
      await vi.waitFor(async () => {
        const { rowCount } = await client.query(
          `SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))`,
        );
        expect(rowCount).toBe(1);
      });
      await client.query('COMMIT');
      client.release();
      expect(await dropping).toEqual([]);
      const { rows } = await database.pool.query('SELECT run_id AS id FROM run_event');
      expect(rows).toEqual([{ id }]);
    });
  }

  if (name === 'postgres') {
    test('two gateways at once make each partition once', async () => {
      const both = await Promise.all([
        makePartitions(database.sql, NOW, OPTIONS),
        makePartitions(database.sql, NOW, OPTIONS),
      ]);
      expect(both.flatMap(({ made }) => made).toSorted()).toEqual([
        'run_event_2026_11',
        'run_event_2026_12',
        'run_event_2027_01',
      ]);
    });
  }
});
