/**
 * Which runs this gateway follows for its subscribers. The bus tells at once how far a log goes; since it may lose
 * messages, one statement each second (and after each gap of the bus) reads the heads of all followed runs. With the
 * bus away that is the live path, slower.
 */
import type { Bus } from '../ports.ts';
import { statement, type Sql } from '../sql.ts';
import type { GraphReads } from '../graph/port.ts';
import { openChannel, type Channel } from './run/channel.ts';
import { openFeedHub, type FeedHub } from './feed/feed-hub.ts';
import { openFollowedNetworks, type FollowedNetworks } from './graph/followed-networks.ts';
import { openRunLists, type RunLists } from './lists/followed-lists.ts';
import { openWatch } from './watch.ts';

export interface LiveOptions {
  /** Between two looks at the heads. */
  readonly heads_ms: number;
  /** The graph over the tables of the primary. */
  readonly graph: GraphReads;
  /** A look that failed, for the log line. It is repeated at its time. */
  readonly onError: (error: unknown) => void;
}

export interface LiveCounts {
  /** Runs followed now. */
  readonly runs: number;
  readonly followers: number;
  /** Heads that the look found before the bus told them: lost or late messages. */
  readonly headsRepairs: number;
  /** Times that a follower read the log because a message told of more than the next event. */
  readonly gapRepairs: number;
  /** Of the change feed: each subscription to `changes`, each followed list of runs and each network, however many follow that. */
  readonly feedFollowers: number;
  /** Of these, those that do not wait for news: they read, or are slow to take what they were given. */
  readonly feedBehind: number;
  /** Pages of the change feed read for them, together. */
  readonly feedReads: number;
}

export interface Live {
  /** The primary, for reads that followers share: none of them ends with one follower's leaving. */
  readonly sql: Sql;
  /**
   * Begins to listen to a run, whose head is known when this resolves; `leave` ends it. Runs that are not there have
   * head 0. The caller has seen to it that the viewer may read the run.
   */
  follow(runId: string): Promise<{ readonly channel: Channel; readonly leave: () => void }>;
  /** For followers of more than one run. */
  readonly feed: FeedHub;
  /** Followed by filter. */
  readonly lists: RunLists;
  /** Over the tables of the primary: what followers are shown is never behind what woke them. */
  readonly graph: GraphReads;
  /** Followed by roots. */
  readonly networks: FollowedNetworks;
  /** After each commit: tells all gateways how far the logs of these runs go, and that something changed. */
  announce(heads: ReadonlyMap<string, number>): void;
  /** Counts a read of the log that closed a gap. */
  repaired(): void;
  counts(): LiveCounts;
  close(): Promise<void>;
}

const HEADS = statement<{ id: string; version: number }>(
  'live.heads',
  'SELECT id, version FROM run WHERE id = ANY($1::uuid[])',
);

/** The live runs of one gateway, on the primary: a replica may be behind its own messages. */
export function openLive(sql: Sql, bus: Bus, { heads_ms, graph, onError }: LiveOptions): Live {
  const followed = openFollowed(sql, bus);
  const feed = openFeedHub(sql, bus, { look_ms: heads_ms });
  let headsRepairs = 0;
  let gapRepairs = 0;

  const look = async () => {
    const ids = [...followed.entries.keys()];
    if (ids.length === 0) return;
    const heads = await sql.query(HEADS, [ids]);
    for (const { id, version } of heads) {
      if (followed.entries.get(id)?.channel.advance(version)) headsRepairs += 1;
    }
    const there = new Set(heads.map(({ id }) => id));
    for (const id of ids) if (!there.has(id)) followed.end(id);
  };
  const watch = openWatch(look, heads_ms, onError);
  const stopGaps = bus.onGap(() => {
    followed.listenAgain();
    watch.now();
  });

  return {
    sql,
    feed,
    lists: openRunLists(feed),
    graph,
    networks: openFollowedNetworks(feed),
    follow: (runId) => followed.follow(runId),
    announce(heads) {
      for (const [runId, seq] of heads) {
        followed.entries.get(runId)?.channel.advance(seq);
        bus.publish(runTopic(runId), String(seq));
      }
      feed.announce();
    },
    repaired() {
      gapRepairs += 1;
    },
    counts: () => ({
      runs: followed.entries.size,
      followers: [...followed.entries.values()].reduce((sum, entry) => sum + entry.followers, 0),
      headsRepairs,
      gapRepairs,
      feedFollowers: feed.counts().followers,
      feedBehind: feed.counts().behind,
      feedReads: feed.counts().reads,
    }),
    async close() {
      stopGaps();
      await watch.close();
      await feed.close();
    },
  };
}

interface Followed {
  readonly channel: Channel;
  /** Resolves when the head is known. */
  ready: Promise<void>;
  followers: number;
  /** Null while the bus does not listen for it. */
  stop: (() => void) | null;
}

/** Runs that have followers here, each listened to once. */
function openFollowed(sql: Sql, bus: Bus) {
  const entries = new Map<string, Followed>();

  async function listen(entry: Followed): Promise<void> {
    const { channel } = entry;
    try {
      const topic = runTopic(channel.runId);
      const stop = await bus.listen(topic, (message) => void channel.advance(Number(message)));
      if (entry.followers === 0 || entry.stop) stop();
      else entry.stop = stop;
    } catch {
      // The bus is away, and tells of it itself: the look at the heads is the live path.
    }
  }

  async function begin(entry: Followed): Promise<void> {
    await listen(entry);
    const [row] = await sql.query(HEADS, [[entry.channel.runId]]); // After listening: nothing falls between.
    entry.channel.advance(row?.version ?? 0);
  }

  function join(runId: string): Followed {
    const there = entries.get(runId);
    if (there) {
      there.followers += 1;
      return there;
    }
    const channel = openChannel(sql, runId);
    const entry: Followed = { channel, ready: Promise.resolve(), followers: 1, stop: null };
    entries.set(runId, entry);
    entry.ready = begin(entry);
    return entry;
  }

  function leave(runId: string, entry: Followed): void {
    entry.followers -= 1;
    if (entry.followers > 0) return;
    if (entries.get(runId) === entry) entries.delete(runId);
    entry.stop?.();
  }

  return {
    entries,
    listenAgain() {
      for (const entry of entries.values()) if (!entry.stop) void listen(entry);
    },
    /** Of a run that is no longer there; who asks for it again is refused before it joins. */
    end(runId: string) {
      const entry = entries.get(runId);
      entries.delete(runId);
      entry?.channel.end();
    },
    async follow(runId: string): ReturnType<Live['follow']> {
      const entry = join(runId);
      let here = true;
      const once = () => {
        if (here) leave(runId, entry);
        here = false;
      };
      try {
        await entry.ready;
      } catch (error) {
        if (entries.get(runId) === entry) entries.delete(runId); // The next one tries again.
        once();
        throw error;
      }
      return { channel: entry.channel, leave: once };
    },
  };
}

function runTopic(runId: string): string {
  return `run:${runId}`;
}
