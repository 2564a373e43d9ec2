/** One reader of the feed for all who follow it: what reaches them through late commits, losses and failures. */
import { describe, expect, test } from 'vitest';
import {
  followingBy,
  haveAll,
  hubsOf,
  NEVER_ms,
  SOON_ms,
  told,
  type Follower,
} from '../../../e2e/kit/changes.ts';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addWorkflows } from '../../../e2e/kit/feed.ts';
import { until } from '../../../e2e/kit/until.ts';
import { CursorExpired, Unavailable } from '../../errors.ts';
import { newEpoch } from '../../events/feed/epoch.ts';
import { parsePosition } from '../../events/feed/position.ts';
import { removeOldChanges } from '../../events/feed/retention.ts';
import type { Bus } from '../../ports.ts';
import type { Sql } from '../../sql.ts';
import { followChanges } from './changes.ts';

describe.each(DATABASES)('$name', ({ name, open }) => {
  const { database, bus, hubOn, atHead } = hubsOf(open);

  test('a change that nobody announces is found by the look', async () => {
    const [one] = await atHead(hubOn(SOON_ms), 1);
    const ids = await addWorkflows(database().pool, 1);
    await until('it came', haveAll([one!], 1));
    expect(told(one!)).toEqual(ids);
  });

  test('a message that the bus lost is made up for by the look', async () => {
    let lost = 0;
    const lossy: Bus = { ...bus(), publish: () => void (lost += 1) };
    const [here, there] = [hubOn(NEVER_ms, database().sql, lossy), hubOn(SOON_ms)];
    const [far] = await atHead(there, 1);
    const ids = await addWorkflows(database().pool, 1);
    here.announce();
    await until('it came', haveAll([far!], 1));
    expect(lost).toBeGreaterThan(0);
    expect(told(far!)).toEqual(ids);
  });

  test('a gap of the bus makes all look at once, and listen to what could not be listened to', async () => {
    let missed = () => {};
    let away = true;
    const flaky: Bus = {
      ...bus(),
      listen: (topic, hear) =>
        away ? Promise.reject(new Unavailable('redis', 'away')) : bus().listen(topic, hear),
      onGap: (tell) => {
        missed = tell;
        return () => {};
      },
    };
    const hub = hubOn(NEVER_ms, database().sql, flaky);
    const [one] = await atHead(hub, 1);
    await addWorkflows(database().pool, 1);
    expect(bus().counts().topics).toBe(0);
    away = false;
    missed();
    await until('it came', haveAll([one!], 1));
    await until('it listens', () => bus().counts().topics === 16);
    await addWorkflows(database().pool, 1);
    hubOn().announce();
    await until('it heard', haveAll([one!], 2));
  });

  test.runIf(name === 'postgres')('a late commit comes, once, and holds up nobody', async () => {
    const hub = hubOn();
    const all = await atHead(hub, 3);
    const late = await database().pool.connect();
    await late.query('BEGIN');
    const lateIds = await addWorkflows(late, 2);
    const ids = await addWorkflows(database().pool, 1);
    hub.announce();
    await until('what is committed came', haveAll(all, 1));
    const [joiner] = await atHead(hub, 1, all[0]!.items[0]!.cursor);
    await late.query('COMMIT');
    late.release();
    hub.announce();
    await until('the late ones came', haveAll(all, 3));
    await until('to the joiner too', haveAll([joiner!], 2));
    for (const one of all) expect(told(one)).toEqual([...ids, ...lateIds]);
    expect(told(joiner!)).toEqual(lateIds);
  });

  test('a read that fails ends all who asked for it; with their cursors they go on', async () => {
    let away = false;
    const flaky: Sql = {
      ...database().sql,
      query: (statement, values) =>
        away && statement.name === 'feed.page'
          ? Promise.reject(new Unavailable('postgres', 'away'))
          : database().sql.query(statement, values),
    };
    const hub = hubOn(NEVER_ms, flaky);
    const all = await atHead(hub, 5);
    await addWorkflows(database().pool, 1);
    hub.announce();
    await until('the first came', haveAll(all, 1));
    const cursor = all[0]!.items[0]!.cursor;
    const ids = await addWorkflows(database().pool, 1);
    away = true;
    hub.announce();
    const errors = await Promise.all(all.map(({ ended }) => ended));
    expect(errors.map((error) => (error as Unavailable).code)).toEqual(
      errors.map(() => 'UNAVAILABLE'),
    );
    expect(hub.counts().followers).toBe(0);
    away = false;
    const again = await atHead(hub, 2, cursor);
    expect(again.map(told)).toEqual([ids, ids]);
  });

  test('a new epoch ends those who follow, and tells them', async () => {
    const hub = hubOn();
    const all = await atHead(hub, 2);
    await newEpoch(database().sql);
    hub.announce();
    const errors = await Promise.all(all.map(({ ended }) => ended));
    for (const error of errors) expect(error).toBeInstanceOf(CursorExpired);
  });

  test('a follower too slow for what is kept is told, and one at the head is not', async () => {
    const hub = hubOn();
    const slow = await followChanges(followingBy(database(), hub), {});
    const first = slow.next();
    const [quick] = await atHead(hub, 1);
    await addWorkflows(database().pool, 1);
    hub.announce();
    await first;
    await addWorkflows(database().pool, 600);
    await addWorkflows(database().pool, 600);
    hub.announce();
    await until('the quick one has all', haveAll([quick!], 1_201));
    // Pages of others are kept, so that what the slow one asks for may still be there: push them out.
    for (let page = 0; page < 16; page += 1) await hub.page(positionOf(quick!, page + 1_000));
    expect(await removeAll(database())).toBe(1_200);
    const taking = async () => {
      while (!(await slow.next()).done);
    };
    await expect(taking()).rejects.toThrow(CursorExpired);
    const ids = await addWorkflows(database().pool, 1);
    hub.announce();
    await until('it goes on', haveAll([quick!], 1_202));
    expect(told(quick!).at(-1)).toBe(ids[0]);
  });
});

const positionOf = ({ items }: Follower, at: number) => parsePosition(items[at]!.cursor);

/** All changes but the newest; how many. */
function removeAll({ sql }: TestDatabase): Promise<number> {
  const later = new Date(Date.now() + 3_600_000);
  return sql.transaction((tx) => removeOldChanges(tx, later, 10_000));
}
