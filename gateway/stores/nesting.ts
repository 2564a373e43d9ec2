/**
 * Finds the statement that waits for its own transaction: `db` or `ctx.sql` used where `tx` was meant. Embedded it
 * waits until its deadline, on a server it needs a second connection, which at worst is held by others that wait
 * likewise. Costs every promise of the process a little on Node 20 (async hooks), so tests have it, gateways not.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { PrismaClient } from '../../prisma/generated/client.ts';

export interface NestingGuard {
  /** Runs the work of a transaction. */
  inside<T>(work: () => T): T;
  /** Throws when called from the work of a transaction. */
  check(): void;
}

/** A guard for one store. */
export function openNestingGuard(): NestingGuard {
  const depth = new AsyncLocalStorage<true>();
  return {
    inside: (work) => depth.run(true, work),
    check() {
      if (depth.getStore()) {
        throw new Error(
          'a statement outside the transaction it is in: use what the transaction gave',
        );
      }
    },
  };
}

/** Has the guard know the work of Prisma's interactive transactions. */
export function guardTransactions(db: PrismaClient, guard: NestingGuard): PrismaClient {
  const begin = db.$transaction.bind(db) as (work: unknown, options?: unknown) => Promise<unknown>;
  const $transaction = (work: unknown, options?: unknown) =>
    begin(
      typeof work === 'function' ? (tx: unknown) => guard.inside(() => work(tx) as unknown) : work,
      options,
    );
  return new Proxy(db, {
    get: (target, key, receiver) =>
      key === '$transaction' ? $transaction : (Reflect.get(target, key, receiver) as unknown),
  });
}
