/** One reader of the feed for all who follow it: what it costs. */
import { describe, expect, test, vi } from 'vitest';
import {
  follower,
  followingBy,
  haveAll,
  hubsOf,
  SOON_ms,
  told,
  type Follower,
} from '../../../e2e/kit/changes.ts';
import { DATABASES } from '../../../e2e/kit/database.ts';
import { addWorkflows } from '../../../e2e/kit/feed.ts';
import { until } from '../../../e2e/kit/until.ts';
import { openLocalBus } from '../../../gateway/stores/bus-local.ts';
import { parsePosition } from '../../events/feed/position.ts';
import type { Sql } from '../../sql.ts';
import { followChanges } from './changes.ts';
import { openFeedHub } from './feed-hub.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  const { database, bus, hubOn, atHead, reads } = hubsOf(open);

  test('a hundred commits cost fifty followers at the head a hundred reads', async () => {
    const hub = hubOn();
    const all = await atHead(hub, 50);
    reads();
    const ids: string[] = [];
    for (let commit = 1; commit <= 100; commit += 1) {
      ids.push(...(await addWorkflows(database().pool, 1)));
      hub.announce();
      await until('everybody has it', haveAll(all, commit));
    }
    expect(reads()).toBe(100);
    for (const one of all) expect(told(one)).toEqual(ids);
  });

  test('who reads by itself is woken, and is no follower', async () => {
    const hub = hubOn();
    const leave = await hub.listen();
    const { signal } = new AbortController();
    const before = hub.wakes();
    const woken = hub.woken(before, signal);
    hub.announce();
    await woken;
    expect(hub.wakes()).toBeGreaterThan(before);
    await hub.woken(before, signal); // It was woken since: no wait.
    expect(hub.counts()).toMatchObject({ followers: 0, behind: 0 });
    expect(hub.head()).toBeNull();
    const ended = new AbortController();
    const waiting = hub.woken(Number.POSITIVE_INFINITY, ended.signal);
    ended.abort();
    await waiting;
    leave();
  });

  test('commits in quick succession are read together', async () => {
    const hub = hubOn();
    const all = await atHead(hub, 3);
    reads();
    for (let commit = 0; commit < 200; commit += 1) {
      await addWorkflows(database().pool, 1);
      hub.announce();
    }
    await until('everybody has all', haveAll(all, 200));
    expect(reads()).toBeLessThan(200);
    for (const one of all) expect(new Set(told(one)).size).toBe(200);
  });

  test('a look that finds nothing is one read however many follow', async () => {
    const hub = hubOn();
    await atHead(hub, 20);
    reads();
    for (let look = 1; look <= 5; look += 1) {
      const before = hub.counts().reads;
      hub.announce();
      await until('they looked', () => hub.counts().reads > before && hub.counts().behind === 0);
    }
    expect(reads()).toBe(5);
  });

  test('a slow follower reads pages of its own, holds up nobody, and joins again', async () => {
    const hub = hubOn();
    const slow = await followChanges(followingBy(database(), hub), {});
    const first = slow.next();
    const [quick] = await atHead(hub, 1);
    await addWorkflows(database().pool, 1);
    hub.announce();
    await first;
    const ids = await addWorkflows(database().pool, 1_200);
    hub.announce();
    await until('the quick one has all', haveAll([quick!], 1_201));

    const pages = hub.counts().reads;
    const taken: string[] = [];
    while (taken.length < 1_200) taken.push((await slow.next()).value!.id);
    expect(taken).toEqual(ids);
    expect(hub.counts().reads - pages).toBeLessThanOrEqual(3);

    const last = slow.next();
    await until('both wait', () => hub.counts().behind === 0);
    reads();
    const [id] = await addWorkflows(database().pool, 1);
    hub.announce();
    expect((await last).value?.id).toBe(id);
    await until('the quick one too', haveAll([quick!], 1_202));
    expect(reads()).toBe(1);
    await slow.return?.();
  });

  test('a commit of one gateway wakes the followers of another, and costs each one read', async () => {
    const [here, there] = [hubOn(), hubOn()];
    const [near, far] = [await atHead(here, 1), await atHead(there, 1)].flat();
    reads();
    const ids = await addWorkflows(database().pool, 1);
    here.announce();
    await until('both have it', haveAll([near!, far!], 1));
    expect([told(near!), told(far!)]).toEqual([ids, ids]);
    await until('both wait', () => here.counts().behind + there.counts().behind === 0);
    expect(reads()).toBe(2);
  });

  test('without followers nothing is read, and the bus has no topic', async () => {
    const [idle, busy] = [hubOn(SOON_ms), hubOn(SOON_ms)];
    expect(bus().counts().topics).toBe(0);
    await (await follower(followingBy(database(), idle))).stop();
    await until('it has left the bus', () => bus().counts().topics === 0);
    const before = idle.counts().reads;
    const [one] = await atHead(busy, 1);
    for (let commit = 1; commit <= 5; commit += 1) {
      await addWorkflows(database().pool, 1);
      idle.announce();
      await until('another has it', haveAll([one!], commit));
    }
    expect(idle.counts()).toEqual({ followers: 0, behind: 0, reads: before });
    expect(idle.head()).toBeNull();
    await one!.stop();
    await until('nobody listens', () => bus().counts().topics === 0);
  });

  test('of the pages read, sixteen are kept', async () => {
    const hub = hubOn();
    const [one] = await atHead(hub, 1);
    await addWorkflows(database().pool, 20);
    hub.announce();
    await until('it has all', haveAll([one!], 20));
    for (let at = 0; at < 17; at += 1) await hub.page(positionOf(one!, at));
    reads();
    for (let at = 1; at < 17; at += 1) await hub.page(positionOf(one!, at));
    expect(reads()).toBe(0);
    await hub.page(positionOf(one!, 0));
    expect(reads()).toBe(1);
  });
});

test('a hub that is closed leaves no timer, whatever is told to it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const hub = openFeedHub({} as Sql, openLocalBus(), { look_ms: 10 });
    const leave = await hub.follow();
    hub.announce();
    hub.announce();
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await hub.close();
    leave();
    hub.announce();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

const positionOf = ({ items }: Follower, at: number) => parsePosition(items[at]!.cursor);
