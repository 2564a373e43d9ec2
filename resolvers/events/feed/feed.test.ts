import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addWorkflows, drain, idsOf } from '../../../e2e/kit/feed.ts';
import { otherViewer, seedRun } from '../../../e2e/kit/world.ts';
import { CursorExpired } from '../../errors.ts';
import { newId } from '../../keys.ts';
import { LOCAL_VIEWER } from '../../policy.ts';
import { statement } from '../../sql.ts';
import { feedLag } from './feed-lag.ts';
import { FEED_PAGE_MAX, openFeed, type Feed } from './feed.ts';
import {
  advance,
  formatPosition,
  parsePosition,
  parseSnapshot,
  type Position,
} from './position.ts';

const FOLLOWED = ['workflow', 'artifact', 'run', 'graph_node', 'graph_relation', 'document'];

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let feed: Feed;
  beforeAll(async () => {
    database = await open();
    feed = openFeed(database.sql);
  });
  afterAll(() => database.close());

  /** What plain SQL leaves in the feed. */
  async function changesOf(text: string, values: unknown[] = []) {
    const before = await feed.first();
    await database.pool.query(text, values);
    return (await drain(feed, before)).changes;
  }

  test('plain SQL is followed: an insert, each update and the delete of a row are changes, its version rising', async () => {
    const start = await feed.first();
    const [id, other] = await addWorkflows(database.pool, 2);
    await database.pool.query(`UPDATE workflow SET name = 'once', version = 70 WHERE id = $1`, [
      id,
    ]);
    await database.pool.query(`UPDATE workflow SET name = name || '!'`);
    await database.pool.query('DELETE FROM workflow');
    const { changes } = await drain(feed, start);
    const versions = (of: unknown) =>
      changes.filter((change) => change.id === of).map(({ version, gone }) => [version, gone]);
    expect(versions(id)).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ]);
    expect(versions(other)).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(['workflow']));
    expect(changes[0]).toMatchObject({
      workspaceId: LOCAL_VIEWER.workspaceId,
      fromSeq: null,
      toSeq: null,
    });
  });

  test('an artifact is followed in the same way', async () => {
    const id = newId();
    const insert = `INSERT INTO artifact (id, workspace_id, name, kind) VALUES ($1, $2, 'a', 'b')`;
    const of = { kind: 'artifact', id };
    expect(await changesOf(insert, [id, LOCAL_VIEWER.workspaceId])).toMatchObject([
      { ...of, version: 1 },
    ]);
    expect(await changesOf(`UPDATE artifact SET kind = 'c'`)).toMatchObject([
      { ...of, version: 2 },
    ]);
    expect(await changesOf('DELETE FROM artifact')).toMatchObject([
      { ...of, version: 3, gone: true },
    ]);
  });

  test('a statement that appends events is one change for each run that it touched; the end of a run is one too', async () => {
    const [first, second] = [await seedRun(database, ['a']), await seedRun(database, ['a'])];
    const append = `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
      SELECT run.id, seq, gen_random_uuid(), 'STEP_PROGRESS', now(), 'worker'
      FROM unnest($1::uuid[]) AS run (id), generate_series(2, 4) AS seq`;
    const of = { kind: 'run', version: 4, gone: false, fromSeq: 2, toSeq: 4 };
    const changes = await changesOf(append, [[first, second]]);
    expect(changes).toHaveLength(2);
    expect(changes).toEqual(
      expect.arrayContaining([expect.objectContaining({ ...of, id: first })]),
    );
    expect(changes).toEqual(
      expect.arrayContaining([expect.objectContaining({ ...of, id: second })]),
    );
    await database.pool.query('UPDATE run SET version = 4');
    const ends = await changesOf('DELETE FROM run WHERE id = $1', [first]);
    expect(ends).toMatchObject([{ id: first, version: 5, gone: true, fromSeq: null, toSeq: null }]);
  });

  test('a statement that changes no row leaves nothing in the feed', async () => {
    expect(await changesOf(`UPDATE workflow SET name = 'nobody' WHERE false`)).toEqual([]);
  });

  test.each([...FOLLOWED, 'run_event', 'workspace'])(
    'TRUNCATE of %s is refused: followers would not see it',
    async (table) => {
      await expect(database.pool.query(`TRUNCATE ${table} CASCADE`)).rejects.toThrow(/is followed/);
    },
  );

  test('a followed row keeps its id and its workspace: followers would never hear that it left', async () => {
    const { workspaceId } = await otherViewer(database);
    await addWorkflows(database.pool, 1);
    await seedRun(database, ['a']);
    for (const table of ['workflow', 'run']) {
      const set = (what: string) => database.pool.query(`UPDATE ${table} SET ${what}`);
      await expect(set('id = gen_random_uuid()')).rejects.toThrow(/never change/);
      await expect(set(`workspace_id = '${workspaceId}'`)).rejects.toThrow(/never change/);
      await expect(set('id = id, workspace_id = workspace_id')).resolves.toBeDefined();
    }
  });

  test.each([1, 2, 3, 5, 6])(
    'five changes of one commit come once each in pages of %i',
    async (limit) => {
      const start = await feed.first();
      const ids = await addWorkflows(database.pool, 5);
      const { changes, next } = await drain(feed, start, limit);
      expect(idsOf(changes)).toEqual(ids);
      expect(await drain(feed, next)).toMatchObject({ changes: [], pages: 1 });
    },
  );

  test('a reader may go on after any change of a page, by text, in another process', async () => {
    const start = await feed.first();
    const ids = [
      ...(await addWorkflows(database.pool, 3)),
      ...(await addWorkflows(database.pool, 2)),
    ];
    const page = await feed.page(start, 5);
    for (const [i, change] of page.changes.entries()) {
      const after = advance(start, parseSnapshot(page.snapshot), change, true);
      const { changes } = await drain(
        openFeed(database.sql),
        parsePosition(formatPosition(after)),
        2,
      );
      expect(idsOf(changes)).toEqual(ids.slice(i + 1));
    }
  });

  test('a page gives what was asked for and passes the rest, reading no more than its limit', async () => {
    const start = await feed.first();
    const { workspaceId } = await otherViewer(database);
    await addWorkflows(database.pool, 6);
    const [id] = await addWorkflows(database.pool, 1, workspaceId);
    await addWorkflows(database.pool, 2);
    const seen = await drain(feed, start, 3, { workspaceId });
    expect(idsOf(seen.changes)).toEqual([id]);
    expect(seen.pages).toBe(4); // Nine rows, three at a time, and one look that finds no more.
    expect((await drain(feed, start, 3, { kinds: ['run'] })).changes).toEqual([]);
    expect(
      idsOf((await drain(feed, start, 9, { workspaceId, kinds: ['workflow'] })).changes),
    ).toEqual([id]);
    expect((await drain(feed, seen.next)).changes).toEqual([]);
  });

  test(`a page of ${FEED_PAGE_MAX} is read, of one more or of none it is a mistake`, async () => {
    const start = await feed.first();
    expect((await feed.page(start, FEED_PAGE_MAX)).changes).toEqual([]);
    await expect(feed.page(start, FEED_PAGE_MAX + 1)).rejects.toThrow(/limit/);
    await expect(feed.page(start, 0)).rejects.toThrow(/limit/);
  });

  test('a position of another epoch, or one that the server has not reached, is expired', async () => {
    const start = await feed.first();
    const expired = (position: Position) =>
      expect(feed.page(position, 1)).rejects.toThrow(CursorExpired);
    await expired({ ...start, epoch: start.epoch - 1 });
    await expired({ ...start, from: `${2n ** 62n}:${2n ** 62n}:` });
    expect((await feed.page(start, 1)).changes).toEqual([]);
  });

  test('the feed is not read in a transaction that has written: it would give what may be rolled back', async () => {
    await addWorkflows(database.pool, 1);
    const start = await feed.first();
    const written = (read: (inside: Feed) => Promise<unknown>) =>
      database.sql.transaction(async (tx) => {
        await tx.query(statement('test.touch', 'UPDATE workflow SET name = name'));
        await read(openFeed(tx));
      });
    await expect(written((inside) => inside.page(start, 10))).rejects.toThrow(/has written/);
    await expect(written((inside) => inside.first())).rejects.toThrow(/has written/);
    expect((await feed.page(start, 10)).changes).toEqual([]);
  });

  test('the lag is the age of the oldest change that a follower has not read', async () => {
    const changeAt = async (age_ms: number) => {
      const ids = await addWorkflows(database.pool, 1);
      const text = `UPDATE change SET recorded_at = now() - $2 * interval '1 ms' WHERE id = $1`;
      await database.pool.query(text, [ids[0], age_ms]);
    };
    await database.pool.query('DELETE FROM change');
    const start = await feed.first();
    expect(await feedLag(database.sql, start)).toMatchObject({ newestAge_ms: null, lag_ms: 0 });
    await changeAt(7_200_000);
    const { next } = await feed.page(start, 1); // As if more of that commit could come.
    await changeAt(3_600_000);
    const lag = await feedLag(database.sql, start);
    expect(lag.lag_ms).toBeGreaterThanOrEqual(7_200_000);
    expect(lag.newestAge_ms).toBeGreaterThanOrEqual(3_600_000);
    expect(lag.newestAge_ms).toBeLessThan(7_200_000);
    expect((await feedLag(database.sql, next)).lag_ms).toBeLessThan(7_200_000);
    expect((await feedLag(database.sql, next)).lag_ms).toBeGreaterThanOrEqual(3_600_000);
    const end = (await drain(feed, next)).next;
    expect((await feedLag(database.sql, end)).lag_ms).toBe(0);
  });
});
