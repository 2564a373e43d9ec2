/** Clients of the live list of runs that come again with a cursor: what they are told, and when they start over. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { openListWorld, untilSame, type ListWorld } from '../../../e2e/kit/run-lists.ts';
import { until } from '../../../e2e/kit/until.ts';
import { otherViewer, seedRun } from '../../../e2e/kit/world.ts';
import { newEpoch } from '../../events/feed/epoch.ts';
import { removeOldChanges } from '../../events/feed/retention.ts';
import type { Filter } from '../../filter.ts';
import { runs } from '../../runs/queries.ts';
import type { Sql } from '../../sql.ts';
import { followRuns, type FollowRuns } from './run-list.ts';

const RUNNING = { status: { eq: 'RUNNING' } };

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let world: ListWorld;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    world = await openListWorld(database);
  });
  afterEach(() => world.close());

  const own = (filter: Filter = {}) => ({
    filter: { ...filter, workflowId: { eq: world.version.workflowId } },
  });
  async function running(count: number): Promise<string[]> {
    const ids = await world.queue(count);
    for (const id of ids) await world.move(id, 'RUN_STARTED');
    return ids;
  }
  /** One that has the list and left. */
  async function left(asked: FollowRuns & { filter: Filter; first?: number }) {
    const follower = world.follow(asked);
    await until('the snapshot', () => follower.items.length > 0);
    await untilSame(world, asked, follower);
    await follower.stop();
    return follower;
  }

  test('what changed, left, came in, was pushed out or moved up comes as one change', async () => {
    const ids = await running(6);
    const asked = { ...own(RUNNING), first: 3 };
    const before = await left(asked);
    expect(before.held().runs).toHaveLength(3);
    await world.move(ids[4]!, 'LOG_APPENDED');
    await world.move(ids[5]!, 'RUN_SUCCEEDED');
    const after = world.resume(before, asked);
    await untilSame(world, asked, after);
    expect(after.items[0]).toMatchObject({ type: 'CHANGE', reason: null, removed: [ids[5]] });
    expect(after.items[0]?.runs.map(({ id }) => id)).toEqual([ids[4], ids[2]]);
    await after.stop();

    const newer = await running(2); // Two go out below that have not changed themselves.
    const again = world.resume(after, asked);
    await untilSame(world, asked, again);
    expect(again.items[0]).toMatchObject({ type: 'CHANGE', reason: null });
    expect(new Set(again.items[0]?.removed)).toEqual(new Set([ids[2], ids[3]]));
    expect(new Set(again.list().keys())).toEqual(new Set([ids[4], ...newer]));
  });

  test('who missed nothing is told nothing before the next change', async () => {
    const [run = ''] = await running(1);
    const before = await left(own(RUNNING));
    const after = world.resume(before, own(RUNNING));
    const joined = world.follow(own(RUNNING));
    await until('another one is here', () => joined.items.length > 0);
    await world.move(run, 'LOG_APPENDED');
    await until('the change', () => after.items.length > 0);
    expect(after.items[0]).toMatchObject({ type: 'CHANGE', runs: [{ id: run, version: 3 }] });
  });

  test('who missed only what lies behind the list is told the counters', async () => {
    const ids = await running(3);
    const asked = { ...own(RUNNING), first: 1 };
    const before = await left(asked);
    await world.move(ids[0]!, 'RUN_FAILED');
    const after = world.resume(before, asked);
    await until('the counters', () => after.items.length > 0);
    const counts = [{ status: 'RUNNING', count: 2 }];
    expect(after.items[0]).toMatchObject({ type: 'CHANGE', runs: [], removed: [], counts });
  });

  test('after a new epoch everybody starts over, told why: who comes again and who is here', async () => {
    await running(2);
    const before = await left(own());
    const here = world.follow(own());
    await until('the snapshot', () => here.items.length === 1);
    await newEpoch(database.sql);
    const after = world.resume(before, own());
    await until('both start over', () => after.items.length + here.items.length === 3);
    for (const item of [after.items[0], here.items[1]]) {
      expect(item).toMatchObject({ type: 'SNAPSHOT', reason: expect.stringMatching(/new epoch/) });
    }
    await running(1);
    await untilSame(world, own(), after, here);
  });

  test('who comes again while others write without a rest is told what changed, too', async () => {
    const [run = '', busy = ''] = await running(2);
    let writes = 0;
    const query: Sql['query'] = async (statement, values) => {
      if (statement.name === 'feed.page') {
        writes += 1;
        await world.move(busy, 'LOG_APPENDED');
      }
      return database.sql.query(statement, values);
    };
    const before = await left(own(RUNNING));
    await world.move(run, 'RUN_SUCCEEDED');
    const after = await openListWorld(database, 100, { ...database.sql, query });
    const again = after.resume(before, own(RUNNING));
    await until('it is told', () => again.items.length > 0);
    await after.close();
    expect(writes).toBeGreaterThan(0);
    expect(again.items[0]).toMatchObject({ type: 'CHANGE', reason: null, removed: [run] });
  });

  test('a cursor that is older than what is kept is a snapshot with a reason, no refusal', async () => {
    await running(1);
    const before = await left(own());
    await running(2);
    const later = new Date(Date.now() + 60_000);
    await until('all but the newest are removed', async () => {
      await database.sql.transaction((tx) => removeOldChanges(tx, later, 10_000));
      const { rows } = await database.pool.query('/* test */ SELECT FROM change');
      return rows.length === 1; // Transactions of others on the server hold it up.
    });
    const after = world.resume(before, own());
    await untilSame(world, own(), after);
    expect(after.items[0]).toMatchObject({
      type: 'SNAPSHOT',
      reason: expect.stringMatching(/no longer kept/),
    });
  });

  test('more than 500 changed runs are a snapshot with a reason, 500 are a change', async () => {
    const [run = ''] = await running(1);
    const before = await left(own(RUNNING));
    await world.queue(499); // They change, and do not match.
    await world.move(run, 'LOG_APPENDED');
    const many = world.resume(before, own(RUNNING));
    await untilSame(world, own(RUNNING), many);
    expect(many.items[0]).toMatchObject({ type: 'CHANGE', runs: [{ id: run }] });
    await world.queue(1);
    const tooMany = world.resume(before, own(RUNNING));
    await untilSame(world, own(RUNNING), tooMany);
    expect(tooMany.items[0]).toMatchObject({
      type: 'SNAPSHOT',
      reason: expect.stringMatching(/too much/),
    });
  });

  test('a filter through a workflow goes on by change, unless a workflow changed', async () => {
    const [run = ''] = await running(1);
    const asked = own({ workflow: { name: { eq: 'test' } } });
    const before = await left(asked);
    await world.move(run, 'LOG_APPENDED');
    const after = world.resume(before, asked);
    await untilSame(world, asked, after);
    expect(after.items[0]).toMatchObject({ type: 'CHANGE', runs: [{ id: run }] });
    await database.pool.query(`/* test */ UPDATE workflow SET name = 'other' WHERE id = $1`, [
      world.version.workflowId,
    ]);
    const again = world.resume(before, asked);
    await untilSame(world, asked, again);
    expect(again.held().runs).toEqual([]);
    expect(again.items[0]).toMatchObject({
      type: 'SNAPSHOT',
      reason: expect.stringMatching(/workflow/),
    });
  });

  test('a filter through other runs starts over, told why, when its list is another', async () => {
    const [run = ''] = await running(2);
    const asked = own({ workflow: { runs: { none: { status: { eq: 'FAILED' } } } } });
    const before = await left(asked);
    await world.move(run, 'RUN_FAILED');
    const after = world.resume(before, asked);
    await until('the snapshot', () => after.items.length > 0);
    expect(after.items[0]).toMatchObject({
      type: 'SNAPSHOT',
      runs: [],
      reason: expect.stringMatching(/without a change of their own/),
    });
  });

  test('a cursor of another filter, size or workspace, or a damaged one, is refused as the query refuses', async () => {
    const asked = { ...own(RUNNING), first: 3 };
    const { cursor } = (await left(asked)).items[0]!;
    const stranger = await otherViewer(database);
    const bent = cursor.slice(0, -2) + (cursor.endsWith('AA') ? 'BB' : 'AA');
    const position = Buffer.from('[1,2,3]').toString('base64url');
    const refused = [
      followRuns(world.ctx, { ...asked, first: 4, after: cursor }),
      followRuns(world.ctx, { ...own({ status: { eq: 'FAILED' } }), first: 3, after: cursor }),
      followRuns({ ...world.ctx, viewer: stranger }, { ...asked, after: cursor }),
      followRuns(world.ctx, { ...asked, after: bent }),
      followRuns(world.ctx, { ...asked, after: position }),
      followRuns({ ...world.ctx, resumeAfter: bent }, { ...asked, after: cursor }),
    ];
    for (const one of refused) {
      await expect(one).rejects.toMatchObject({
        code: 'INVALID',
        message: expect.stringMatching(/^after: is not a cursor of this list/),
      });
    }
    const reordered = { first: 3, filter: { workflowId: asked.filter.workflowId, ...RUNNING } };
    const same = await followRuns(world.ctx, { ...reordered, after: cursor });
    await same.return?.();
  });

  test('changes of another workspace are not told to who comes again', async () => {
    const [run = ''] = await running(1);
    const before = await left(own());
    const stranger = await otherViewer(database);
    const theirs = await seedRun(database, ['only'], { viewer: stranger });
    await database.pool.query(
      `/* test */ INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
      VALUES ($1, 1, $1, 'RUN_QUEUED', now(), 'gateway')`,
      [theirs],
    );
    await world.move(run, 'LOG_APPENDED');
    const after = world.resume(before, own());
    await untilSame(world, own(), after);
    expect(after.items[0]).toMatchObject({ type: 'CHANGE', runs: [{ id: run }], removed: [] });
  });

  test('what the query refuses is refused in the same words, before any item', async () => {
    const wrong: FollowRuns[] = [
      { first: 101 },
      { first: -1 },
      { filter: { id: { eq: 'none' } } },
      { filter: { error: { contains: '\u0000' } } },
      { filter: { and: Array.from({ length: 101 }, () => RUNNING) } },
    ];
    for (const asked of wrong) {
      const said = await runs(world.ctx, asked).catch((error: Error) => error);
      expect(said).toBeInstanceOf(Error);
      await expect(followRuns(world.ctx, asked)).rejects.toThrow((said as Error).message);
    }
  });
});
