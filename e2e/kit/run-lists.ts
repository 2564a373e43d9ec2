/** Live lists of runs over a database of its own: what writes runs, what follows them, and what a fresh query says. */
import { openLocalBus } from '../../gateway/stores/bus-local.ts';
import { graphOverSql } from '../../gateway/stores/graph-sql.ts';
import type { LiveCtx } from '../../resolvers/context.ts';
import { openRunLog } from '../../resolvers/events/append/append.ts';
import type { Filter } from '../../resolvers/filter.ts';
import { openLive, type Live } from '../../resolvers/live/live.ts';
import {
  followRuns,
  type FollowRuns,
  type RunsUpdate,
} from '../../resolvers/live/lists/run-list.ts';
import { runs } from '../../resolvers/runs/queries.ts';
import type { RunRow } from '../../resolvers/runs/rows.ts';
import { runStats } from '../../resolvers/runs/stats.ts';
import type { Sql } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';
import { addRuns, addVersion, call, event, type Version } from './log-world.ts';
import { until } from './until.ts';
import { contextOver } from './world.ts';

export interface ListWorld {
  readonly live: Live;
  readonly version: Version;
  readonly ctx: LiveCtx;
  /** Queues runs of a workflow, that of `version` unless told; their ids, oldest first. */
  queue(count: number, version?: Version): Promise<string[]>;
  /** Appends one event of that type, as the worker or user who may. */
  move(
    runId: string,
    type: 'RUN_STARTED' | 'RUN_SUCCEEDED' | 'RUN_FAILED' | 'LOG_APPENDED',
  ): Promise<void>;
  follow(asked: FollowRuns, parts?: Partial<LiveCtx>): ListFollower;
  /** As a client that comes again: it has what `before` held, and its cursor. */
  resume(before: ListFollower, asked: FollowRuns): ListFollower;
  /** What a client would be told now that asks anew. */
  fresh(asked: { readonly filter?: Filter; readonly first?: number }): Promise<Held>;
  close(): Promise<void>;
}

/** A list as a client holds it. */
export interface Held {
  /** `id version`, newest run first. */
  readonly runs: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface ListFollower {
  readonly items: RunsUpdate[];
  readonly errors: unknown[];
  held(): Held;
  /** The runs behind `held`. */
  list(): ReadonlyMap<string, RunRow>;
  cursor(): string;
  stopped(): boolean;
  stop(): Promise<void>;
}

/** `sql` is what is followed by. `look_ms`: how often the feed is looked at when nobody tells; writes through this world tell at once. */
export async function openListWorld(
  database: TestDatabase,
  look_ms = 100,
  sql: Sql = database.sql,
): Promise<ListWorld> {
  const live = openLive(sql, openLocalBus(), {
    heads_ms: look_ms,
    graph: graphOverSql({ sql }),
    onError: () => undefined,
  });
  const log = openRunLog(database.sql);
  const ctx: LiveCtx = { ...contextOver(database), live, resumeAfter: null };
  const version = await addVersion(database.sql, ['only']);
  const fences = new Map<string, string | null>();
  const followers: ListFollower[] = [];
  const started = (one: ListFollower) => {
    followers.push(one);
    return one;
  };

  return {
    live,
    version,
    ctx,
    async queue(count, of = version) {
      const ids = await addRuns(database.sql, of, count);
      live.feed.announce();
      return ids;
    },
    async move(runId, type) {
      const fence = fences.get(runId) ?? null;
      const payload = type === 'LOG_APPENDED' ? { lines: ['a'] } : {};
      const answer = await log.append(call(runId, [event(type, { payload })], { fence }));
      fences.set(runId, answer.fence);
      live.feed.announce();
    },
    follow(asked, parts = {}) {
      return started(follower({ ...ctx, ...parts }, asked));
    },
    resume(before, asked) {
      return started(follower(ctx, { ...asked, after: before.cursor() }, before));
    },
    async fresh({ filter, first }) {
      const [{ nodes }, rows] = await Promise.all([
        runs(ctx, { filter, first }),
        runStats(ctx, { filter, groupBy: ['STATUS'] }),
      ]);
      const counts = rows.map(({ groups, counts: { count } }) => [groups['STATUS'], count]);
      return { runs: nodes.map(shown), counts: Object.fromEntries(counts) as Held['counts'] };
    },
    async close() {
      await Promise.all(followers.map((one) => one.stop()));
      await log.close();
      await live.close();
    },
  };
}

/** Follows until it is stopped, and holds the list as PROTOCOL.md tells a client to. */
function follower(ctx: LiveCtx, asked: FollowRuns, before?: ListFollower): ListFollower {
  const items: RunsUpdate[] = [];
  const errors: unknown[] = [];
  let held = new Map(before?.list());
  const stop = new AbortController();
  const reading = (async () => {
    const source = await followRuns({ ...ctx, signal: stop.signal }, asked);
    for await (const item of source) {
      held = foldList(held, item);
      items.push(item);
    }
  })().catch((error: unknown) => void errors.push(error));
  return {
    items,
    errors,
    held() {
      const last = items.at(-1);
      return last || !before ? heldOf(held, last) : before.held();
    },
    list: () => held,
    cursor: () => items.at(-1)?.cursor ?? before?.cursor() ?? '',
    stopped: () => stop.signal.aborted,
    async stop() {
      stop.abort();
      await reading;
    },
  };
}

/** Takes out what left and puts in what came, no more. */
export function foldList(held: Map<string, RunRow>, item: RunsUpdate): Map<string, RunRow> {
  const now = item.type === 'SNAPSHOT' ? new Map<string, RunRow>() : new Map(held);
  for (const id of item.removed) now.delete(id);
  for (const run of item.runs) now.set(run.id, run);
  return now;
}

/** The list of a client that folded all items up to this one. */
export function heldOf(held: ReadonlyMap<string, RunRow>, last: RunsUpdate | undefined): Held {
  const newest = [...held.values()].toSorted(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1),
  );
  const counts = Object.fromEntries(
    (last?.counts ?? []).map(({ status, count }) => [status, count]),
  );
  return { runs: newest.map(shown), counts };
}

function shown({ id, version }: Pick<RunRow, 'id' | 'version'>): string {
  return `${id} ${version}`;
}

/** Waits until every follower holds what a fresh query says. Throws with the difference when that never comes. */
export async function untilSame(
  world: ListWorld,
  asked: { readonly filter?: Filter; readonly first?: number },
  ...followers: readonly ListFollower[]
): Promise<void> {
  await until(`${JSON.stringify(asked)} is as asked anew`, async () => {
    const fresh = JSON.stringify(sorted(await world.fresh(asked)));
    const failed = followers.find(({ errors }) => errors.length > 0);
    if (failed) throw new Error('a follower ended', { cause: failed.errors[0] });
    return followers.every((one) => JSON.stringify(sorted(one.held())) === fresh);
  });
}

function sorted({ runs: list, counts }: Held): object {
  return [list, Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1))];
}
