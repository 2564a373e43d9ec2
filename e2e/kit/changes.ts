/** Followers of `changes` in tests, without a gateway around them. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import { openLocalBus } from '../../gateway/stores/bus-local.ts';
import type { LiveCtx } from '../../resolvers/context.ts';
import { followChanges, type FollowChanges } from '../../resolvers/live/feed/changes.ts';
import {
  openFeedHub,
  type FeedHub,
  type FollowedChange,
} from '../../resolvers/live/feed/feed-hub.ts';
import type { Bus } from '../../resolvers/ports.ts';
import type { Sql } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';
import { until } from './until.ts';
import { contextOver } from './world.ts';

export interface Follower {
  /** What it was given so far. */
  readonly items: FollowedChange[];
  /** The error that ended it. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** The context of a viewer who follows by this hub. */
export function followingBy(
  database: TestDatabase,
  feed: FeedHub,
  parts: Partial<LiveCtx> = {},
): LiveCtx {
  const live = { feed } as LiveCtx['live'];
  return { ...contextOver(database), live, resumeAfter: null, ...parts };
}

/** Follows and takes what comes as it comes. Rejects with what is refused before the first item. */
export async function follower(ctx: LiveCtx, args: FollowChanges = {}): Promise<Follower> {
  const source = await followChanges(ctx, args);
  const items: FollowedChange[] = [];
  const take = async () => {
    for await (const item of source) items.push(item);
    return null;
  };
  const ended = take().catch((error: unknown) => error);
  return {
    items,
    ended,
    async stop() {
      await source.return?.();
      await ended;
    },
  };
}

/** No look comes by itself within a test. */
export const NEVER_ms = 1_000_000;
/** A look comes soon. */
export const SOON_ms = 30;

/** Hubs and their followers, which end with each test, on a database and a bus of all. */
export function hubsOf(open: () => Promise<TestDatabase>) {
  let database: TestDatabase;
  let bus: Bus;
  const hubs: FeedHub[] = [];
  const followers: Follower[] = [];
  beforeAll(async () => {
    database = await open();
    bus = openLocalBus();
  });
  afterEach(async () => {
    await Promise.all(followers.splice(0).map((one) => one.stop()));
    await Promise.all(hubs.splice(0).map((hub) => hub.close()));
  });
  afterAll(() => database.close());

  return {
    database: () => database,
    bus: () => bus,
    hubOn: (look_ms = NEVER_ms, sql: Sql = database.sql, its: Bus = bus): FeedHub => {
      const hub = openFeedHub(sql, its, { look_ms });
      hubs.push(hub);
      return hub;
    },
    /** So many who wait at the head. */
    atHead: async (hub: FeedHub, count: number, after: string | null = null) => {
      const join = () => {
        const { signal } = new AbortController(); // Of its own, as each operation has one.
        return follower(followingBy(database, hub, { signal }), { after });
      };
      const joined = await Promise.all(Array.from({ length: count }, join));
      followers.push(...joined);
      await until('all wait', () => hub.counts().behind === 0);
      return joined;
    },
    /** Pages read since the last call. */
    reads: () => database.statements().filter((one) => one === 'feed.page').length,
  };
}

/** True once each of them was given so many. */
export const haveAll = (those: readonly Follower[], count: number) => () =>
  those.every(({ items }) => items.length >= count);

/** The ids that it was given, in order. */
export const told = ({ items }: Follower): string[] => items.map(({ id }) => id);
