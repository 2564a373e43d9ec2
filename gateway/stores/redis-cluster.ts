/**
 * The bus on a Redis cluster: a topic is a slot, which belongs to one master. Publishing goes by the cluster's client;
 * listening by one connection to each master, which are opened, left and given topics as slots move.
 */
import { Cluster, Command, type Redis } from 'ioredis';
import { connectionOptions, retryDelay_ms, type RedisTarget } from './redis.ts';
import { openListener, type Listener, type ListenerHooks } from './redis-listener.ts';

/**
 * A client that publishes, with a connection to each master; `ready` is called when one of them is. What it cannot
 * send at once it refuses, and a redirection is a message lost: so order holds.
 */
export function connectCluster(
  target: RedisTarget,
  name: string,
  timeout_ms: number,
  ready: () => void,
): Cluster {
  const redisOptions = connectionOptions(target, name, timeout_ms);
  const cluster = new Cluster([...target.nodes], {
    enableOfflineQueue: false,
    maxRedirections: 0,
    slotsRefreshTimeout: timeout_ms,
    slotsRefreshInterval: timeout_ms,
    clusterRetryStrategy: retryDelay_ms,
    redisOptions,
  });
  // A node that is gone leaves the pool, and comes again with a look at the slots.
  const connectMasters = () => {
    if (cluster.status !== 'ready') return; // Before that it asks a node of its own whether all is well.
    for (const node of cluster.nodes('master')) {
      if (node.status !== 'wait') continue;
      node.once('ready', ready);
      node.connect().catch(() => undefined);
    }
  };
  cluster.on('ready', connectMasters);
  cluster.on('refresh', connectMasters);
  return cluster;
}

/** True while every master of the cluster can be sent to. */
export function clusterReady(cluster: Cluster): boolean {
  const masters = new Set(cluster.slots.map((keys) => keys?.[0]).filter((key) => key));
  const nodes = cluster.nodes('master');
  return (
    cluster.status === 'ready' &&
    nodes.length >= masters.size &&
    nodes.every(({ status }) => status === 'ready')
  );
}

/** Listens on all masters that `cluster` knows of. `connect` opens a connection to one of them. */
export function openClusterListener(
  cluster: Cluster,
  connect: (node: { readonly host: string; readonly port: number }) => Redis,
  ping_ms: number,
  hooks: ListenerHooks,
): Listener {
  const masters = new Map<string, Listener>();
  /** Topic → master that listens to it; null while nobody knows whose it is. */
  const places = new Map<string, string | null>();
  const masterOf = (topic: string) =>
    cluster.slots[new Command('ssubscribe', [topic]).getSlot()]?.[0] ?? null;
  const moved = () => cluster.refreshSlotsCache();

  function open(key: string): Listener {
    const colon = key.lastIndexOf(':');
    const node = { host: key.slice(0, colon), port: Number(key.slice(colon + 1)) };
    return openListener(connect(node), ping_ms, { ...hooks, moved });
  }

  /** Follows the slots: after each look at them, and when a node said that one has moved. */
  function place(): void {
    const known = new Set(
      cluster.slots.map((keys) => keys?.[0]).filter((key) => key !== undefined),
    );
    for (const key of known) if (!masters.has(key)) masters.set(key, open(key));
    const moves = [...places].filter(([topic, key]) => masterOf(topic) !== key);
    const adding = moves.map(async ([topic, key]) => {
      const to = masterOf(topic);
      places.set(topic, to);
      if (key !== null) masters.get(key)?.remove(topic);
      if (to !== null) await masters.get(to)?.add(topic);
    });
    for (const [key, listener] of masters) {
      if (known.has(key)) continue;
      masters.delete(key);
      void listener.close();
    }
    // A master that cannot be asked now listens when it is back, and tells then.
    void Promise.allSettled(adding).then(() => (moves.length > 0 ? hooks.back() : undefined));
  }
  cluster.on('refresh', place);

  return {
    get ready() {
      return masters.size > 0 && [...masters.values()].every(({ ready }) => ready);
    },
    async add(topic) {
      const key = masterOf(topic);
      places.set(topic, key);
      const listener = key === null ? undefined : masters.get(key);
      if (!listener) throw new Error('the cluster does not say whose topic this is');
      await listener.add(topic);
    },
    remove(topic) {
      const key = places.get(topic);
      places.delete(topic);
      if (key) masters.get(key)?.remove(topic);
    },
    async close() {
      cluster.off('refresh', place);
      await Promise.all([...masters.values()].map((listener) => listener.close()));
    },
  };
}
