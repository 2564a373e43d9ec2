/** One connection to one Redis, and the topics it listens to: again after each reconnect, before anybody is told. */
import type { Redis } from 'ioredis';

export interface ListenerHooks {
  readonly heard: (topic: string, message: string) => void;
  /** It is connected (again), and every topic is listened to: what was published before may have been missed. */
  readonly back: () => void;
  readonly away: (error: Error) => void;
  /** In a cluster: a topic is another node's now. */
  readonly moved: () => void;
}

/** What listens: one connection, or in a cluster one to each master. */
export interface Listener {
  /** True while every topic is listened to. */
  readonly ready: boolean;
  /** Resolves when the server has confirmed. When it rejects the topic stays wanted until `remove`. */
  add(topic: string): Promise<void>;
  remove(topic: string): void;
  close(): Promise<void>;
}

/** Takes over the connection. Asks for an answer every `ping_ms`, so that one that hangs is noticed. */
export function openListener(redis: Redis, ping_ms: number, hooks: ListenerHooks): Listener {
  const wanted = new Set<string>();
  let ready = false;
  const ping = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => undefined); // Its time-out closes the connection.
  }, ping_ms).unref();

  /** One command a topic: in a cluster those of one may lie in several slots. */
  const listenAgain = async () => {
    try {
      await Promise.all([...wanted].map((topic) => redis.ssubscribe(topic)));
      ready = true;
      hooks.back();
    } catch (error) {
      hooks.away(error as Error);
      // A server that is there and refuses is asked again as if the connection were new.
      if (redis.status === 'ready') setTimeout(retry, ping_ms).unref();
    }
  };
  const retry = () => {
    if (redis.status === 'ready' && !ready) void listenAgain();
  };
  redis.on('ready', () => void listenAgain());
  redis.on('close', () => {
    ready = false;
    hooks.away(new Error('the connection was lost'));
  });
  redis.on('error', hooks.away);
  redis.on('moved', hooks.moved);
  redis.on('smessage', hooks.heard);

  return {
    get ready() {
      return ready;
    },
    async add(topic) {
      wanted.add(topic);
      await redis.ssubscribe(topic);
    },
    remove(topic) {
      wanted.delete(topic);
      if (redis.status === 'ready') redis.sunsubscribe(topic).catch(() => undefined);
    },
    async close() {
      clearInterval(ping);
      redis.removeAllListeners('close');
      await endOf(redis);
    },
  };
}

/** States in which a connection ends by itself once told to; in the others it only stops to try again. */
const OPEN: readonly string[] = ['connecting', 'connect', 'ready'];
const END_max_ms = 5_000;

/** Ends a connection, whatever its state. */
export async function endOf(redis: Ending): Promise<void> {
  const open = OPEN.includes(redis.status);
  const ended = new Promise<void>((done) => {
    const late = setTimeout(done, END_max_ms).unref();
    redis.once('end', () => {
      clearTimeout(late);
      done();
    });
  });
  redis.disconnect();
  if (open) await ended;
}

interface Ending {
  readonly status: string;
  once(event: 'end', ended: () => void): unknown;
  disconnect(): void;
}
