/** What the live list of runs costs, and who pays for a slow reader: nobody. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { openListWorld, type ListFollower, type ListWorld } from '../../../e2e/kit/run-lists.ts';
import { until } from '../../../e2e/kit/until.ts';
import { Unavailable } from '../../errors.ts';
import type { Sql } from '../../sql.ts';
import { followRuns, type RunsUpdate } from './run-list.ts';

/** No look comes by itself within a test. */
const NEVER_ms = 1_000_000;

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let world: ListWorld;
  let away = false;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    away = false;
    const sql: Sql = {
      ...database.sql,
      query: (statement, values) =>
        away
          ? Promise.reject(new Unavailable('postgres', 'away'))
          : database.sql.query(statement, values),
    };
    world = await openListWorld(database, NEVER_ms, sql);
  });
  afterEach(() => world.close());

  const own = () => ({ filter: { workflowId: { eq: world.version.workflowId } } });
  const all = (those: readonly ListFollower[], run: string, version: number) => () =>
    those.every((one) => one.list().get(run)?.version === version);
  const count = (names: readonly string[]) => (name: string) =>
    names.filter((one) => one === name).length;

  async function followersOf(size: number): Promise<ListFollower[]> {
    const those = Array.from({ length: size }, () => world.follow(own()));
    await until('all have the list', () => those.every(({ items }) => items.length > 0));
    return those;
  }

  test.each([1, 50])(
    '%i followers of a filter cost one page and one list per change',
    async (size) => {
      const [run = ''] = await world.queue(1);
      database.statements();
      const those = await followersOf(size);
      const joined = count(database.statements());
      expect(joined('runs.list')).toBe(1);
      expect(joined('runs.stats')).toBe(1);

      const changes = 10;
      await world.move(run, 'RUN_STARTED');
      for (let version = 3; version < 2 + changes; version += 1) {
        await world.move(run, 'LOG_APPENDED');
        await until('all have it', all(those, run, version));
      }
      const cost = count(database.statements());
      expect(cost('runs.list')).toBeGreaterThan(1);
      expect(cost('runs.list')).toBeLessThanOrEqual(changes);
      expect(cost('feed.page')).toBeLessThanOrEqual(2 * changes); // Announced once by the log's reader, once by the pace.
      expect(cost('runs.stats')).toBeLessThanOrEqual(changes);
      const [first, ...others] = those;
      for (const other of others) {
        expect(other.items).toHaveLength(first!.items.length);
        expect(other.items.every((item, at) => item === first!.items[at])).toBe(true);
      }
    },
  );

  test('counters are read once for many changes, and are right in the end', async () => {
    const ids = await world.queue(20);
    const [follower] = await followersOf(1);
    database.statements();
    const began_ms = performance.now();
    for (const id of ids) {
      await world.move(id, 'RUN_STARTED');
      await until('it came', all([follower!], id, 2));
    }
    await until('counters', () => follower!.held().counts['RUNNING'] === 20);
    const names = count(database.statements());
    const seconds = (performance.now() - began_ms) / 1_000;
    expect(names('runs.list')).toBe(20);
    expect(names('runs.stats')).toBeLessThanOrEqual(Math.min(19, 2 + seconds));
    expect(follower!.held().counts).toEqual({ RUNNING: 20 });
  });

  test('a run leaves a filter by time when its time is over, though nothing changes', async () => {
    let now = new Date('2026-05-04T03:30:00Z'); // The runs of this kit are of 03:02.
    await world.queue(1);
    const follower = world.follow(
      { filter: { ...own().filter, createdAt: { lastHours: 1 } } },
      { now: () => now },
    );
    await until('it is in', () => follower.held().runs.length === 1);
    now = new Date('2026-05-04T04:03:00Z');
    await until('it is out', () => follower.held().runs.length === 0);
    expect(follower.items.at(-1)).toMatchObject({ type: 'CHANGE', counts: [] });
  });

  test('a slow reader gets one item with the newest of all that changed, and then waits', async () => {
    const [run = '', ended = ''] = await world.queue(2);
    const slow = (await followRuns(world.ctx, own()))[Symbol.asyncIterator]();
    expect((await slow.next()).value).toMatchObject({ type: 'SNAPSHOT' });
    const [fast] = await followersOf(1);
    await world.move(run, 'RUN_STARTED');
    for (let version = 3; version <= 12; version += 1) {
      await world.move(run, 'LOG_APPENDED');
      await until('the fast one has it', all([fast!], run, version));
    }
    await database.pool.query('/* test */ DELETE FROM run WHERE id = $1', [ended]);
    world.live.feed.announce();
    await until('it is gone', () => fast!.list().size === 1);
    expect(fast!.items.length).toBeGreaterThan(10);

    const { value } = await slow.next();
    expect(value).toMatchObject({
      type: 'CHANGE',
      runs: [{ id: run, version: 12 }],
      removed: [ended],
    });
    const next = slow.next();
    const [newer = ''] = await world.queue(1);
    const later = (await next).value as RunsUpdate; // The run, or the counters, which follow behind.
    expect(later.runs.every(({ id }) => id === newer)).toBe(true);
    await slow.return?.();
  });

  test('with only slow readers nothing is read, and what changed comes when they ask', async () => {
    const [run = ''] = await world.queue(1);
    const slow = (await followRuns(world.ctx, own()))[Symbol.asyncIterator]();
    await slow.next();
    database.statements();
    await world.move(run, 'RUN_STARTED');
    await world.move(run, 'LOG_APPENDED');
    const names = count(database.statements());
    expect([names('feed.page'), names('runs.list')]).toEqual([0, 0]);
    expect((await slow.next()).value).toMatchObject({ runs: [{ id: run, version: 3 }] });
    await slow.return?.();
  });

  test('who leaves while it waits leaves nothing behind', async () => {
    const those = await followersOf(5);
    expect(world.live.counts().feedFollowers).toBe(1);
    await Promise.all(those.map((one) => one.stop()));
    expect(world.live.counts().feedFollowers).toBe(0);
    database.statements();
    await world.queue(1);
    expect(count(database.statements())('feed.page')).toBe(0);
  });

  test('a store that is away ends the followers with its name, and who comes later follows again', async () => {
    const [run = ''] = await world.queue(1);
    const those = await followersOf(3);
    const slow = (await followRuns(world.ctx, own()))[Symbol.asyncIterator]();
    await slow.next(); // It holds on to the list that fails.
    away = true;
    await world.move(run, 'RUN_STARTED');
    await until('all ended', () => those.every(({ errors }) => errors.length === 1));
    expect(those.map(({ errors }) => errors[0])).toEqual(
      those.map(() => expect.objectContaining({ code: 'UNAVAILABLE' })),
    );
    away = false;
    const again = world.resume(those[0]!, own());
    await until('its change', all([again], run, 2));
    expect(again.items[0]?.type).toBe('CHANGE');
    await expect(slow.next()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
