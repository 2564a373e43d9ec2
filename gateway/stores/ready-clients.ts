/**
 * Connections that were just used stay with us for a moment: to take one from the pool and to give it back costs as
 * much as a small statement.
 */
import type { Pool, PoolClient } from 'pg';
import type { WatchedClient } from './watched-client.ts';

/** A client that the pool has given us, until it gets it back. */
export interface Held {
  readonly client: PoolClient;
  readonly watched: WatchedClient;
  /** Gives it back to the pool; true when it is of no more use. */
  giveBack: (ends: boolean) => void;
  lost: boolean;
}

export interface ReadyClients {
  /** The one used last. */
  take(): Held | undefined;
  keep(held: Held): void;
  /** It is of no more use. */
  lose(held: Held): void;
  /** Gives all back. */
  empty(): void;
}

/** A connection that nobody wanted for so long, at most twice that, goes back to the pool. */
const READY_ms = 1_000;

/** To the pool they are lent; whoever looks at it is told that they are idle. */
export function readyClients(pool: Pool): ReadyClients {
  const ready: Held[] = [];
  /** Those that were there at the last look and not used since. */
  let unused = new Set<Held>();
  let sweeping: NodeJS.Timeout | undefined;
  const its: object = Object.getPrototypeOf(pool) as object;
  Object.defineProperty(pool, 'idleCount', {
    get: () => (Reflect.get(its, 'idleCount', pool) as number) + ready.length,
  });

  function sweep(): void {
    sweeping = undefined;
    for (const held of ready.splice(0)) {
      if (unused.has(held)) held.giveBack(false);
      else ready.push(held);
    }
    unused = new Set(ready);
    sweepLater();
  }

  function sweepLater(): void {
    if (ready.length > 0) sweeping ??= setTimeout(sweep, READY_ms).unref();
  }

  return {
    take() {
      const held = ready.pop();
      if (held) unused.delete(held);
      return held;
    },
    keep(held) {
      ready.push(held);
      sweepLater();
    },
    lose(held) {
      held.lost = true;
      const at = ready.indexOf(held);
      if (at < 0) return; // Whoever has it hears by its next statement.
      ready.splice(at, 1);
      held.giveBack(true);
    },
    empty() {
      clearTimeout(sweeping);
      for (const held of ready.splice(0)) held.giveBack(false);
    },
  };
}
