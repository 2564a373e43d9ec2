/** `changes`: where it starts, what it refuses, what it leaves out. What it costs and survives is in feed-hub*.test.ts. */
import { describe, expect, test } from 'vitest';
import {
  follower,
  followingBy,
  haveAll,
  hubsOf,
  told,
  type Follower,
} from '../../../e2e/kit/changes.ts';
import { DATABASES } from '../../../e2e/kit/database.ts';
import { addWorkflows } from '../../../e2e/kit/feed.ts';
import { until } from '../../../e2e/kit/until.ts';
import { otherViewer, seedArtifacts } from '../../../e2e/kit/world.ts';
import type { LiveCtx } from '../../context.ts';
import { CursorExpired, Invalid } from '../../errors.ts';
import { newEpoch } from '../../events/feed/epoch.ts';
import { removeOldChanges } from '../../events/feed/retention.ts';
import { newId } from '../../keys.ts';
import { LOCAL_VIEWER } from '../../policy.ts';
import { eventCursor } from '../../runs/event-pages.ts';
import { statement } from '../../sql.ts';
import { changesCursor, followChanges, type FollowChanges } from './changes.ts';

const CHANGES = statement<{ n: number }>('test.changes', 'SELECT count(*) AS n FROM change');
const QUIET = statement<{ quiet: boolean }>(
  'test.quiet',
  'SELECT pg_snapshot_xmin(pg_current_snapshot()) > max(xid) AS quiet FROM change',
);

describe.each(DATABASES)('$name', ({ open }) => {
  const { database, hubOn } = hubsOf(open);

  /** A viewer at a hub, all of whose followers end with `end`. */
  function viewer(parts: Partial<LiveCtx> = {}) {
    const hub = hubOn();
    const followers: Follower[] = [];
    const ctx = followingBy(database(), hub, parts);
    return {
      hub,
      ctx,
      follow: async (args: FollowChanges = {}, more: Partial<LiveCtx> = {}) => {
        const one = await follower({ ...ctx, ...more }, args);
        followers.push(one);
        return one;
      },
      commit: async (count = 1) => {
        const ids = await addWorkflows(database().pool, count);
        hub.announce();
        return ids;
      },
      end: () => Promise.all(followers.map((one) => one.stop())),
    };
  }

  test('it starts now: nothing before, and whatever is committed once it has begun', async () => {
    const { ctx, commit, hub } = viewer();
    await commit();
    const source = await followChanges(ctx, {});
    const ids = await commit(2); // Before anybody has asked for the first item.
    expect((await source.next()).value?.id).toBe(ids[0]);
    expect((await source.next()).value?.id).toBe(ids[1]);
    const waiting = source.next();
    await until('it waits', () => hub.counts().behind === 0 && hub.counts().followers === 1);
    await source.return?.();
    expect(await waiting).toMatchObject({ done: true });
    expect(hub.counts().followers).toBe(0);
  });

  test('it goes on after any cursor that it gave, and after the one of changesCursor', async () => {
    const { ctx, follow, commit, end } = viewer();
    const start = await changesCursor(ctx);
    const first = await follow();
    const ids = [...(await commit(3)), ...(await commit(2))];
    await until('all came', haveAll([first], 5));
    expect(told(first)).toEqual(ids);
    for (const [at, after] of [start, ...first.items.map(({ cursor }) => cursor)].entries()) {
      const again = await follow({ after });
      const [more] = await commit();
      ids.push(more!);
      await until('the rest came', haveAll([again], ids.length - at));
      expect(told(again)).toEqual(ids.slice(at));
    }
    await end();
  });

  test('a reader that tells its last id goes on there, whatever its `after` says', async () => {
    const { ctx, follow, commit, end } = viewer();
    const start = await changesCursor(ctx);
    const first = await follow();
    await commit(2);
    await until('both came', haveAll([first], 2));
    const resumeAfter = first.items[0]!.cursor;
    const again = await follow({ after: start }, { resumeAfter });
    await until('the rest came', haveAll([again], 1));
    expect(told(again)).toEqual([first.items[1]!.id]);
    await end();
  });

  test('of the types asked for, and of the own workspace only', async () => {
    const { follow, commit, end, hub } = viewer();
    const other = await otherViewer(database());
    const [all, artifacts, none, others] = await Promise.all([
      follow(),
      follow({ types: ['artifact'] }),
      follow({ types: [] }),
      follow({}, { viewer: other }),
    ]);
    const [artifact] = await seedArtifacts(database(), [{ name: 'mine' }]);
    const [theirs] = await seedArtifacts(database(), [{ name: 'theirs' }], other);
    const [workflow] = await commit();
    await until('mine came', haveAll([all], 2));
    await until('theirs came', haveAll([others], 1));
    await until('the artifact came', haveAll([artifacts], 1));
    await until('all wait', () => hub.counts().behind === 0);
    expect([told(all), told(artifacts), told(none), told(others)]).toEqual([
      [artifact, workflow],
      [artifact],
      [],
      [theirs],
    ]);
    await end();
  });

  test('a viewer without a role is told nothing', async () => {
    const { follow, commit, end, hub } = viewer();
    const [stranger, owner] = await Promise.all([
      follow({}, { viewer: { ...LOCAL_VIEWER, roles: [] } }),
      follow(),
    ]);
    await commit();
    await until('the owner has it', haveAll([owner], 1));
    await until('both wait', () => hub.counts().behind === 0);
    expect(told(stranger)).toEqual([]);
    await end();
  });

  test('a damaged cursor, one of a run, or none at all is INVALID at once', async () => {
    const { ctx } = viewer();
    const cursor = await changesCursor(ctx);
    const ofRun = eventCursor({ runId: newId(), seq: 1, eventId: newId() });
    for (const after of [ofRun, '', 'x', `${cursor}A`, cursor.slice(1), 'A'.repeat(40_000)]) {
      await expect(followChanges(ctx, { after })).rejects.toThrow(Invalid);
    }
  });

  test('a cursor older than what is kept, or of another epoch, is CURSOR_EXPIRED at once', async () => {
    const { ctx, commit } = viewer();
    const old = await changesCursor(ctx);
    await commit(2);
    // An older transaction of the whole server is waited for by a cursor, and other tests have some.
    await until('none is older', async () => (await database().sql.query(QUIET))[0]!.quiet);
    const kept = await changesCursor(ctx);
    const later = new Date(Date.now() + 3_600_000);
    // Such a one holds this back, too.
    await until('what is old is removed', async () => {
      await database().sql.transaction((tx) => removeOldChanges(tx, later, 10_000));
      const { n } = (await database().sql.query(CHANGES))[0]!;
      return n === 1;
    });
    await expect(followChanges(ctx, { after: old })).rejects.toThrow(CursorExpired);
    await (await followChanges(ctx, { after: kept })).return?.();
    await newEpoch(database().sql);
    await expect(followChanges(ctx, { after: kept })).rejects.toThrow(CursorExpired);
  });

  test('one who leaves before, during or after the first item leaves nothing behind', async () => {
    const { ctx, commit, hub } = viewer();
    await (await followChanges(ctx, {})).return?.();
    const aborted = new AbortController();
    const source = await followChanges({ ...ctx, signal: aborted.signal }, {});
    const first = source.next();
    const ids = await commit();
    expect((await first).value?.id).toBe(ids[0]);
    const next = source.next();
    aborted.abort();
    expect(await next).toMatchObject({ done: true });
    expect(hub.counts()).toMatchObject({ followers: 0, behind: 0 });
  });
});
