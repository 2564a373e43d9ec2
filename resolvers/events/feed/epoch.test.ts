import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addWorkflows, drain, idsOf } from '../../../e2e/kit/feed.ts';
import { CursorExpired, Unavailable } from '../../errors.ts';
import { ensureEpoch, newEpoch } from './epoch.ts';
import { openFeed } from './feed.ts';

const NOON = new Date('2026-11-21T12:00:00Z');
const noon = () => NOON;

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(() => database.pool.query('/* test.fresh */ DELETE FROM feed_state'));

  const changesKept = async () =>
    Number((await database.pool.query('SELECT count(*) FROM change')).rows[0].count);

  test('the first epoch is the time of the first start, and goes on as long as nothing happened', async () => {
    expect(await ensureEpoch(database.sql, noon)).toEqual({
      epoch: NOON.getTime(),
      begun: 'first start',
    });
    await addWorkflows(database.pool, 2);
    expect(await ensureEpoch(database.sql)).toEqual({ epoch: NOON.getTime(), begun: null });
    expect(await changesKept()).toBe(2);
  });

  test.each([
    ['another server, database or table', `UPDATE feed_state SET origin = '7/16384/16400'`],
    ['another timeline of the server', `UPDATE feed_state SET timeline = '0000000F'`],
    [
      'transaction ids went back',
      `INSERT INTO change (xid, workspace_id, kind, id, version)
      VALUES ('99000000000', gen_random_uuid(), 'workflow', gen_random_uuid(), 1)`,
    ],
  ])(
    '%s: a new epoch begins, and nothing of the one before comes back',
    async (reason, happens) => {
      await ensureEpoch(database.sql, noon);
      const feed = openFeed(database.sql);
      const before = await feed.first();
      await addWorkflows(database.pool, 3);
      await database.pool.query(happens);

      const next = await ensureEpoch(database.sql, noon);
      expect(next).toEqual({ epoch: NOON.getTime() + 1, begun: reason });
      expect(await changesKept()).toBe(0);
      await expect(feed.page(before, 10)).rejects.toThrow(CursorExpired);
      const start = await feed.first();
      const ids = await addWorkflows(database.pool, 1);
      expect(idsOf((await drain(feed, start)).changes)).toEqual(ids);
      expect((await ensureEpoch(database.sql)).begun).toBeNull();
    },
  );

  test('the newest id that was given is none that the server is still to give', async () => {
    await ensureEpoch(database.sql);
    await addWorkflows(database.pool, 1); // Its change has the highest id of all.
    expect((await ensureEpoch(database.sql)).begun).toBeNull();
    const next = `/* test.next */ INSERT INTO change (xid, workspace_id, kind, id, version)
      SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1)::text::xid8, workspace_id, kind, id, 2
      FROM change LIMIT 1`;
    await vi.waitFor(async () => {
      await database.pool.query(next); // Another database's transaction may take that id in between: again.
      expect((await ensureEpoch(database.sql)).begun).toBe('transaction ids went back');
    });
  });

  test('a feed that is open sees by itself that the server under it changed', async () => {
    const feed = openFeed(database.sql, noon);
    const before = await feed.first();
    await addWorkflows(database.pool, 1);
    await database.pool.query(`UPDATE feed_state SET timeline = '0000000F'`);
    await expect(feed.page(before, 10)).rejects.toThrow(CursorExpired);
    await database.pool.query(`UPDATE feed_state SET timeline = '0000000F'`);
    const after = await feed.first();
    expect(after.epoch).toBe(before.epoch + 2);
    expect((await feed.page(after, 10)).changes).toEqual([]);
  });

  test('the same dump restored twice gives two epochs, also by a clock that is behind', async () => {
    const restore = () =>
      database.pool.query(
        `UPDATE feed_state SET origin = 'of the dump', epoch = 7, removed_xid = '900'`,
      );
    await ensureEpoch(database.sql, noon);
    await restore();
    const first = await ensureEpoch(database.sql, noon);
    await restore();
    const second = await ensureEpoch(database.sql, () => new Date(NOON.getTime() + 1));
    expect(second.epoch).toBeGreaterThan(first.epoch);
    await restore();
    expect((await ensureEpoch(database.sql, () => new Date(1))).epoch).toBe(8);
  });

  test('what a restored retention had removed expires nothing in the new epoch', async () => {
    await ensureEpoch(database.sql);
    await database.pool.query(
      `UPDATE feed_state SET origin = 'of the dump', removed_xid = '99000000000'`,
    );
    const feed = openFeed(database.sql);
    const start = await feed.first();
    await addWorkflows(database.pool, 1);
    expect((await feed.page(start, 10)).changes).toHaveLength(1);
  });

  test('a new epoch can be asked for: a folder that was copied back looks like a crash', async () => {
    const feed = openFeed(database.sql, noon);
    const before = await feed.first();
    await addWorkflows(database.pool, 1);
    const { epoch } = await newEpoch(database.sql, noon);
    expect(epoch).toBe(before.epoch + 1);
    expect(await changesKept()).toBe(0);
    await expect(feed.page(before, 10)).rejects.toThrow(CursorExpired);
    expect((await feed.first()).epoch).toBe(epoch);
  });

  test('a rebuild that reads before there is an epoch is told to come again: none begins inside it', async () => {
    const reading = database.sql.transaction((tx) => openFeed(database.sql).first(tx), {
      isolation: 'REPEATABLE READ',
    });
    await expect(reading).rejects.toThrow(Unavailable);
    expect((await ensureEpoch(database.sql)).begun).toBe('first start');
  });

  test('gateways that start at once agree on one epoch', async () => {
    const first = await Promise.all(Array.from({ length: 6 }, () => ensureEpoch(database.sql)));
    expect(new Set(first.map(({ epoch }) => epoch)).size).toBe(1);
    expect(first.filter(({ begun }) => begun)).toHaveLength(1);
    await database.pool.query(`UPDATE feed_state SET origin = 'of the dump'`);
    const next = await Promise.all(Array.from({ length: 6 }, () => ensureEpoch(database.sql)));
    expect(new Set(next.map(({ epoch }) => epoch)).size).toBe(1);
    expect(next.filter(({ begun }) => begun)).toHaveLength(1);
  });
});
