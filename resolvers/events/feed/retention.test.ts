import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addWorkflows, drain, idsOf } from '../../../e2e/kit/feed.ts';
import { seedArtifacts, seedRun } from '../../../e2e/kit/world.ts';
import { CursorExpired } from '../../errors.ts';
import { LOCAL_VIEWER } from '../../policy.ts';
import { openFeed, type Feed } from './feed.ts';
import { feedLag } from './feed-lag.ts';
import { removeIdempotencyKeys, removeOldChanges, removeOldRuns } from './retention.ts';

const LIMIT = new Date('2026-11-14T12:00:00Z');
const OLDER = new Date(LIMIT.getTime() - 1);
const WAIT = { timeout: 30_000 };

describe.each(DATABASES)('$name', ({ name, open }) => {
  let database: TestDatabase;
  let feed: Feed;
  beforeAll(async () => {
    database = await open();
    feed = openFeed(database.sql);
  });
  afterAll(() => database.close());
  beforeEach(() =>
    database.pool.query('/* test.fresh */ DELETE FROM change; DELETE FROM feed_state'),
  );

  /** One workflow and its change, written at that time. */
  async function changeAt(time: Date): Promise<string> {
    const [id = ''] = await addWorkflows(database.pool, 1);
    await database.pool.query('UPDATE change SET recorded_at = $2 WHERE id = $1', [id, time]);
    await olderAreOver(id);
    return id;
  }

  /** Transactions of other databases on the server count as well: until none is open that is older than this. */
  const olderAreOver = (id: string) =>
    vi.waitFor(async () => {
      const text = `SELECT pg_snapshot_xmin(pg_current_snapshot()) > xid AS over FROM change WHERE id = $1`;
      expect((await database.pool.query(text, [id])).rows).toEqual([{ over: true }]);
    }, WAIT);

  const kept = async () =>
    idsOf((await database.pool.query('SELECT id FROM change ORDER BY xid, position')).rows);

  const remove = (batch_max = 100) => removeOldChanges(database.sql, LIMIT, batch_max);

  test('a change leaves once it is older than the limit, not at it', async () => {
    await feed.first();
    await changeAt(OLDER);
    const ids = [await changeAt(LIMIT), await changeAt(new Date())];
    expect(await remove()).toBe(1);
    expect(await kept()).toEqual(ids);
    expect(await remove()).toBe(0);
  });

  test('changes leave in their order: an old one behind a younger one waits for it', async () => {
    await feed.first();
    await changeAt(OLDER);
    const ids = [await changeAt(LIMIT), await changeAt(OLDER), await changeAt(new Date())];
    expect(await remove()).toBe(1);
    expect(await kept()).toEqual(ids);
  });

  test('the newest change stays however old it is: by it a later start sees that ids went back', async () => {
    await feed.first();
    await changeAt(OLDER);
    const newest = await changeAt(OLDER);
    expect(await remove()).toBe(1);
    expect(await kept()).toEqual([newest]);
  });

  test('a batch removes at most its size', async () => {
    await feed.first();
    for (let i = 0; i < 6; i += 1) await changeAt(OLDER);
    expect(await remove(2)).toBe(2);
    expect(await kept()).toHaveLength(4);
  });

  test('a position from before what was removed is expired, one after it reads on', async () => {
    const start = await feed.first();
    await changeAt(OLDER);
    const between = (await feed.page(start, 1)).next; // More of that commit might have come.
    const after = await feed.first();
    const next = await changeAt(LIMIT);
    await changeAt(new Date());
    expect(await remove()).toBe(1);
    await expect(feed.page(start, 10)).rejects.toThrow(CursorExpired);
    await expect(feed.page(between, 10)).rejects.toThrow(/no longer kept/);
    expect(idsOf((await feed.page(after, 1)).changes)).toEqual([next]);
  });

  test('nothing is removed before there is an epoch to record it in', async () => {
    await changeAt(OLDER);
    await changeAt(OLDER);
    expect(await remove()).toBe(0);
  });

  if (name === 'postgres') {
    test('an open transaction holds back what is younger, and metrics name its backend', async () => {
      const start = await feed.first();
      await changeAt(OLDER);
      const client = await database.pool.connect();
      await client.query('BEGIN');
      const [held = ''] = await addWorkflows(client, 1);
      const younger = await addWorkflows(database.pool, 2);
      await database.pool.query('UPDATE change SET recorded_at = $1', [OLDER]);
      expect(await remove()).toBe(1);
      expect(await kept()).toEqual(younger);
      await expect(feed.page(start, 10)).rejects.toThrow(CursorExpired);
      const follower = await feed.first();
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      await vi.waitFor(async () => {
        const { oldestTransaction } = await feedLag(database.sql);
        expect(oldestTransaction).toMatchObject({ pid: rows[0].pid, state: 'idle in transaction' });
      }, WAIT);

      await client.query('COMMIT');
      client.release();
      expect(idsOf((await drain(feed, follower)).changes)).toEqual([held]);
      await database.pool.query('UPDATE change SET recorded_at = $1', [OLDER]);
      await olderAreOver(younger[1] ?? '');
      expect(await remove()).toBe(2);
      expect(await kept()).toEqual(younger.slice(1));
    });
  }

  test('an idempotency key is kept at the limit and leaves one millisecond past it, the oldest first', async () => {
    const add = (key: string, time: Date) =>
      database.pool.query(
        `INSERT INTO idempotency_key (workspace_id, viewer_id, key, request_hash, result_id, created_at)
        VALUES ($1, 'local', $2, 'hash', gen_random_uuid(), $3)`,
        [LOCAL_VIEWER.workspaceId, key, time],
      );
    await add('at the limit', LIMIT);
    await add('older', OLDER);
    await add('oldest', new Date(OLDER.getTime() - 1));
    expect(await removeIdempotencyKeys(database.sql, LIMIT, 1)).toBe(1);
    const keys = async () => (await database.pool.query('SELECT key FROM idempotency_key')).rows;
    expect(await keys()).toEqual([{ key: 'at the limit' }, { key: 'older' }]);
    expect(await removeIdempotencyKeys(database.sql, LIMIT, 10)).toBe(1);
    expect(await keys()).toEqual([{ key: 'at the limit' }]);
  });

  describe('finished runs', () => {
    beforeEach(() => database.pool.query('/* test.fresh */ DELETE FROM run'));

    /** A run with three events, a step and an artifact. */
    async function run(status: string, ended: Date | null, changed = ended): Promise<string> {
      const id = await seedRun(database, ['a']);
      await seedArtifacts(database, [{ runId: id, stepKey: 'a', name: 'made' }]);
      await database.pool.query(
        `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
        SELECT $1, seq, gen_random_uuid(), 'STEP_PROGRESS', now(), 'worker' FROM generate_series(1, 3) AS seq`,
        [id],
      );
      await database.pool.query(
        'UPDATE run SET version = 3, status = $2, finished_at = $3, updated_at = $4 WHERE id = $1',
        [id, status, ended, changed ?? OLDER],
      );
      return id;
    }

    const runs = async () =>
      idsOf((await database.pool.query('SELECT id FROM run ORDER BY id')).rows);

    test('leave whole once they are older than the limit, not at it, and followers hear of all that left', async () => {
      const old = await run('SUCCEEDED', OLDER);
      const young = await run('FAILED', LIMIT);
      const start = await feed.first();
      expect(await removeOldRuns(database.sql, LIMIT, 10)).toBe(1);
      expect(await runs()).toEqual([young]);
      for (const table of ['run_event', 'step_run', 'artifact']) {
        const { rows } = await database.pool.query(`SELECT DISTINCT run_id AS id FROM ${table}`);
        expect(idsOf(rows), table).toEqual([young]);
      }
      const { changes } = await drain(feed, start);
      expect(changes.map(({ kind }) => kind).toSorted()).toEqual(['artifact', 'run']);
      expect(changes.every(({ gone }) => gone)).toBe(true);
      expect(changes.find(({ kind }) => kind === 'run')).toMatchObject({ id: old, version: 4 });
    });

    test('stay while they may still go on, and when they are old by their own clock alone', async () => {
      await run('RUNNING', null);
      await run('CANCELING', OLDER); // No move leads here; if one did, its log would not be whole yet.
      await run('SUCCEEDED', new Date('2019-05-01T00:00:00Z'), new Date());
      expect(await removeOldRuns(database.sql, LIMIT, 10)).toBe(0);
      expect(await runs()).toHaveLength(3);
    });

    test('leave in batches, the oldest first', async () => {
      const second = await run('CRASHED', OLDER);
      const first = await run('TIMED_OUT', new Date(OLDER.getTime() - 1));
      expect(await removeOldRuns(database.sql, LIMIT, 1)).toBe(1);
      expect(await runs()).toEqual([second]);
      expect(first).not.toBe(second);
    });

    if (name === 'postgres') {
      test('that somebody holds are left for the next time', async () => {
        const held = await run('SUCCEEDED', OLDER);
        const free = await run('SUCCEEDED', OLDER);
        const client = await database.pool.connect();
        await client.query('BEGIN');
        await client.query('SELECT FROM run WHERE id = $1 FOR NO KEY UPDATE', [held]);
        expect(await removeOldRuns(database.sql, LIMIT, 10)).toBe(1);
        expect(await runs()).toEqual([held]);
        await client.query('ROLLBACK');
        client.release();
        expect(await removeOldRuns(database.sql, LIMIT, 10)).toBe(1);
        expect(free).not.toBe(held);
      });
    }
  });
});
