/**
 * Rules for every statement of a pool, Prisma's too: a deadline at which its caller is answered and it is really
 * cancelled, telemetry by name, a bound on prepared statements. watched-client.ts has what happens on a connection;
 * here is who gets one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { Unavailable } from '../../resolvers/errors.ts';
import { codeOf, connectionLost, unavailable } from './failures.ts';
import { readyClients, type Held } from './ready-clients.ts';
import { deliver, watchClient, type Callback } from './watched-client.ts';

/** One statement, or one failed wait for a connection (`name` is then pool.acquire). */
export interface StatementCall {
  readonly store: 'postgres';
  /** `domain.purpose`; of Prisma's: `prisma.insert.workspace`. A constant of the source. */
  readonly name: string;
  /** Until it had a connection; 0 for the second and later statements of a transaction. */
  readonly wait_ms: number;
  readonly run_ms: number;
  readonly rows: number;
  /** Null when it succeeded; else SQLSTATE, Node's code, or UNAVAILABLE past the deadline. */
  readonly error: string | null;
}

export interface PoolRules {
  /** Past it the caller gets Unavailable and the statement is cancelled. 0: never. */
  readonly statement_timeout_ms: number;
  /** Statements that a connection keeps prepared, the most recent. 0 suits a pooler in front of the server. */
  readonly prepared_max: number;
  readonly called?: (call: StatementCall) => void;
  /** Called before a connection is lent; throws to refuse. */
  readonly lend?: () => void;
}

export interface WatchedPool {
  /**
   * Refuses new callers, waits `grace_ms` at most for those who have a connection or wait for one, then ends. Whoever
   * still holds a connection loses it.
   */
  close(grace_ms: number): Promise<void>;
}

/** How long a connection may take to say goodbye. */
const GOODBYE_ms = 1_000;

/** Puts the pool, and all clients it will make, under the rules. */
export function watchPool(pool: Pool, rules: PoolRules): WatchedPool {
  const clients = new Map<object, Held>();
  const connect = pool.connect.bind(pool) as () => Promise<PoolClient>;
  const ready = readyClients(pool);
  let lent = 0; // Callers with a connection, or waiting for one.
  let closing: (() => void) | undefined;

  pool.on('connect', (client) => {
    const watched = watchClient(pool, client, rules);
    const held: Held = { client, watched, giveBack: () => undefined, lost: false };
    clients.set(client, held);
    client.on('error', () => ready.lose(held));
    client.on('end', () => ready.lose(held));
  });
  pool.on('remove', (client) => clients.delete(client));
  pool.on('error', () => undefined); // An idle connection that died: the pool makes another.

  function givenBack(): void {
    lent -= 1;
    if (lent === 0) closing?.();
  }

  function takeBack(held: Held): void {
    const ends = held.lost || held.client.getTransactionStatus() !== 'I';
    if (!ends) held.watched.dropOld();
    if (ends || closing || pool.waitingCount > 0) held.giveBack(ends);
    else ready.keep(held);
    givenBack();
  }

  function lend(): PoolClient | Promise<PoolClient> {
    rules.lend?.();
    if (closing) throw new Unavailable('postgres', 'the gateway is shutting down');
    lent += 1;
    const held = ready.take();
    if (!held) return fromPool();
    pool.emit('acquire', held.client);
    return hand(held, takeBack);
  }

  async function fromPool(): Promise<PoolClient> {
    const asked_ms = performance.now();
    try {
      const client = await connect();
      const held = clients.get(client)!;
      const release = client.release.bind(client);
      held.watched.waited(performance.now() - asked_ms);
      held.giveBack = (ends) => release(ends);
      return hand(held, takeBack);
    } catch (error) {
      givenBack();
      throw refused(rules, asked_ms, error);
    }
  }

  const lending = async () => lend();
  pool.connect = ((callback?: Callback<PoolClient>) =>
    callback ? void deliver(lending(), callback) : lending()) as Pool['connect'];

  return {
    async close(grace_ms) {
      const idle = new Promise<void>((resolve) => {
        closing = resolve;
      });
      ready.empty();
      if (lent > 0) await orAfter(grace_ms, idle);
      await orAfter(GOODBYE_ms, pool.end());
      for (const { watched } of clients.values()) watched.cut();
    },
  };
}

/**
 * Lends it. pg-pool throws a connection away whenever a statement on it failed, even by a unique key. Ours stays while
 * it is usable; it goes back only when nothing runs on it any more, and never inside a transaction.
 */
function hand(held: Held, takeBack: (held: Held) => void): PoolClient {
  const { client, watched } = held;
  let released = false;
  client.release = (error) => {
    if (released) throw new Error('a connection was given back twice');
    released = true;
    held.lost ||= error === true || (error !== undefined && connectionLost(error));
    if (watched.ending()) void whenEnded(held, takeBack);
    else takeBack(held);
  };
  return client;
}

async function whenEnded(held: Held, takeBack: (held: Held) => void): Promise<void> {
  await held.watched.ending();
  takeBack(held);
}

function refused(rules: PoolRules, asked_ms: number, error: unknown): Unavailable {
  const refusal = unavailable(error) ?? unreachable(error);
  rules.called?.({
    store: 'postgres',
    name: 'pool.acquire',
    wait_ms: performance.now() - asked_ms,
    run_ms: 0,
    rows: 0,
    error: codeOf(error) ?? refusal.code,
  });
  return refusal;
}

/** What a connection failed with, when nothing better is known: the store cannot be used. */
function unreachable(error: unknown): Unavailable {
  const why = error instanceof Error ? error.message : 'no connection';
  return new Unavailable('postgres', why, { cause: error });
}

/** Waits for it, so long at most. */
async function orAfter(most_ms: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const late = sleep(most_ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([promise, late]);
  timer.abort();
}
