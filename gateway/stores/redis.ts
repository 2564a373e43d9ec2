/**
 * Connections to Redis, as REDIS_URL names it: one server, or with `?cluster=on` a cluster of which it and each
 * `&node=host:port` is a node. They fail at once instead of queueing, and come back by themselves.
 */
import { Redis, type RedisOptions } from 'ioredis';

export interface RedisTarget {
  readonly cluster: boolean;
  /** The server; of a cluster, nodes to begin with. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Credentials, encryption, and the number of the database. */
  readonly options: Pick<RedisOptions, 'username' | 'password' | 'db'> & { readonly tls?: object };
}

const PORT = 6_379;
/** Between tries to connect, at most; twice as long each time, give or take half. */
const RETRY_max_ms = 1_000;
const RETRY_min_ms = 50;

/** What a REDIS_URL says. The URL has been checked. */
export function redisTarget(text: string): RedisTarget {
  const url = new URL(text);
  const cluster = url.searchParams.get('cluster') === 'on';
  const more = url.searchParams.getAll('node').map((node) => new URL(`redis://${node}`));
  const username = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  const db = Number(url.pathname.slice(1));
  return {
    cluster,
    nodes: [url, ...more].map((node) => ({
      host: node.hostname.replace(/^\[|\]$/g, ''), // IPv6 without its brackets.
      port: Number(node.port || PORT),
    })),
    options: {
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
      ...(db && !cluster ? { db } : {}),
    },
  };
}

/**
 * How a connection behaves: what it cannot send now is refused; one that owes an answer for `timeout_ms` is given up
 * and made anew. What was subscribed is left to who subscribed.
 */
export function connectionOptions(
  { options }: RedisTarget,
  connectionName: string,
  timeout_ms: number,
) {
  return {
    ...options,
    connectionName,
    connectTimeout: timeout_ms,
    disconnectTimeout: timeout_ms,
    socketTimeout: timeout_ms,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true, // Redis 7.0 does not know it.
    retryStrategy: retryDelay_ms,
  } satisfies RedisOptions;
}

/** A connection to one server, already on its way. */
export function connectRedis(
  target: RedisTarget,
  connectionName: string,
  timeout_ms: number,
  node: RedisTarget['nodes'][number] = target.nodes[0]!,
): Redis {
  return new Redis({ ...connectionOptions(target, connectionName, timeout_ms), ...node });
}

/** Before the given try to connect, from 1. */
export function retryDelay_ms(tries: number): number {
  return Math.min(RETRY_max_ms, RETRY_min_ms * 2 ** Math.min(tries, 10)) * (0.5 + Math.random());
}
