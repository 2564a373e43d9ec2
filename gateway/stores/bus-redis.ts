/**
 * The Bus over Redis 7 or newer: sharded pub/sub, on one server or a cluster. One connection publishes, another
 * listens, with one subscription of Redis for a topic however many listen to it here. While Redis is away nothing
 * waits for it: messages are lost and counted, and whoever listens is told of the gap when it is back.
 */
import type { Cluster, Redis } from 'ioredis';
import { Unavailable } from '../../resolvers/errors.ts';
import type { Bus } from '../../resolvers/ports.ts';
import { connectRedis, redisTarget, type RedisTarget } from './redis.ts';
import { clusterReady, connectCluster, openClusterListener } from './redis-cluster.ts';
import { endOf, openListener, type Listener, type ListenerHooks } from './redis-listener.ts';

export interface RedisBusOptions {
  /** A server that owes an answer for so long counts as away. */
  readonly timeout_ms: number;
  /** Messages on their way at most; further ones are lost. */
  readonly pending_max: number;
  /** Once at the begin of each outage, with what was seen first of it. */
  readonly away: (error: Error) => void;
  /** Once at its end. */
  readonly back: () => void;
}

/** Resolves when it is connected, or seen to be away: then it connects when Redis is there. Never rejects. */
export async function openRedisBus(url: string, options: RedisBusOptions): Promise<Bus> {
  const missed = new Set<() => void>();
  const outages = openOutages(options, () => whole() && listener.ready);
  const hooks: ListenerHooks = {
    heard: (topic, message) => topics.heard(topic, message),
    back() {
      outages.look();
      missed.forEach((tell) => tell());
    },
    away: outages.away,
    moved: () => undefined,
  };
  const target = redisTarget(url);
  const { publisher, whole, listener } = connect(target, options.timeout_ms, hooks, () =>
    outages.look(),
  );
  publisher.on('error', outages.away);
  publisher.on('ready', () => outages.look());
  const topics = openTopics(listener);
  let pending = 0;
  let lost = 0;

  await outages.opened;
  return {
    publish(topic, message) {
      if (pending >= options.pending_max || publisher.status !== 'ready') {
        lost += 1;
        return;
      }
      pending += 1;
      const answered = (failed: boolean) => {
        pending -= 1;
        lost += Number(failed);
      };
      publisher.spublish(topic, message).then(
        () => answered(false),
        () => answered(true),
      );
    },
    listen: (topic, hear) => topics.listen(topic, hear),
    onGap(tell) {
      const mine = () => tell();
      missed.add(mine);
      return () => void missed.delete(mine);
    },
    counts: () => ({ topics: topics.size(), lost, connected: whole() && listener.ready }),
    async close() {
      outages.close();
      missed.clear();
      topics.close();
      await Promise.all([listener.close(), endOf(publisher)]);
    },
  };
}

/** Tells of each outage once, and of its end. */
function openOutages(options: RedisBusOptions, connected: () => boolean) {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((done) => (open = done));
  let isAway = false;
  let closed = false;
  const away = (error: Error) => {
    open();
    if (!isAway && !closed) options.away(error);
    isAway = true;
  };
  const late = setTimeout(() => away(new Error('no answer')), options.timeout_ms);
  return {
    /** Resolves when something is known. */
    opened: opened.finally(() => clearTimeout(late)),
    away,
    /** Something is connected: perhaps it is the last that was not. */
    look() {
      if (closed || !connected()) return;
      open();
      if (isAway) options.back();
      isAway = false;
    },
    close() {
      closed = true;
    },
  };
}

interface Topic {
  readonly hears: Set<(message: string) => void>;
  /** Settles when Redis has answered. */
  readonly listening: Promise<void>;
}

/** Who hears what: the first to listen subscribes, the last to end it leaves. */
function openTopics(listener: Listener) {
  const topics = new Map<string, Topic>();
  let closed = false;

  function join(name: string): Topic {
    const there = topics.get(name);
    if (there) return there;
    const topic = { hears: new Set<(message: string) => void>(), listening: listener.add(name) };
    topics.set(name, topic);
    return topic;
  }

  function leave(name: string, topic: Topic): void {
    if (topics.get(name) !== topic) return;
    topics.delete(name);
    listener.remove(name);
  }

  return {
    size: () => topics.size,
    heard(name: string, message: string): void {
      topics.get(name)?.hears.forEach((hear) => hear(message));
    },
    async listen(name: string, hear: (message: string) => void): Promise<() => void> {
      if (closed || !listener.ready) throw new Unavailable('redis', 'it is not connected');
      const topic = join(name);
      const mine = (message: string) => hear(message); // Its own, though two may listen by the same function.
      topic.hears.add(mine);
      try {
        await topic.listening;
      } catch (error) {
        leave(name, topic);
        throw new Unavailable('redis', 'it does not listen', { cause: error });
      }
      return () => {
        if (topic.hears.delete(mine) && topic.hears.size === 0) leave(name, topic);
      };
    },
    close(): void {
      closed = true;
      topics.clear();
    },
  };
}

interface Connections {
  readonly publisher: Redis | Cluster;
  /** True while it can publish on every topic. */
  readonly whole: () => boolean;
  readonly listener: Listener;
}

function connect(
  target: RedisTarget,
  timeout_ms: number,
  hooks: ListenerHooks,
  ready: () => void,
): Connections {
  const ping_ms = timeout_ms / 2;
  const listening = (node?: RedisTarget['nodes'][number]) =>
    connectRedis(target, 'polyphony-listens', timeout_ms, node);
  if (!target.cluster) {
    const publisher = connectRedis(target, 'polyphony-publishes', timeout_ms);
    const listener = openListener(listening(), ping_ms, hooks);
    return { publisher, whole: () => publisher.status === 'ready', listener };
  }
  const publisher = connectCluster(target, 'polyphony-publishes', timeout_ms, ready);
  const listener = openClusterListener(publisher, listening, ping_ms, hooks);
  return { publisher, whole: () => clusterReady(publisher), listener };
}
