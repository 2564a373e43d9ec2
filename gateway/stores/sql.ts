/** resolvers/sql.ts over `pg`: the same for a server and for the embedded store. pool.ts has deadlines and telemetry. */
import { setMaxListeners } from 'node:events';
import { types as pgTypes, type Pool, type PoolClient } from 'pg';
import { Unavailable } from '../../resolvers/errors.ts';
import type { Sql, Statement, TransactionOptions, Tx } from '../../resolvers/sql.ts';
import type { StopSignal } from '../../resolvers/stop.ts';
import { connectionLost, unavailable } from './failures.ts';
import { LookUps } from './look-ups.ts';
import type { NestingGuard } from './nesting.ts';
import type { WatchedQuery } from './watched-client.ts';

/** By all that is made over one pool. */
export interface SharedBySql {
  /** Throws where a transaction waits for itself. */
  readonly guard?: NestingGuard | undefined;
  readonly committed?: Committed | undefined;
  /** Where there are none, what is made gathers only for itself. */
  readonly lookUps?: LookUps;
}

/** Told of each transaction that may have written, once it is committed for sure. `heads`: runs it appended to. */
export type Committed = (heads: ReadonlyMap<string, number>) => void;

/**
 * Sql on a pool. What it throws is Unavailable, or the driver's error with its SQLSTATE as `code`. `signal`: when it
 * aborts, what runs is cancelled and what comes after is refused.
 */
export function sqlOver(pool: Pool, shared: SharedBySql = {}, signal?: StopSignal): Sql {
  const { guard, committed, lookUps = lookUpsOver(pool) } = shared;
  if (signal instanceof AbortSignal) setMaxListeners(0, signal); // Each statement listens while it runs; Node warns of more than 10.
  return {
    query: (statement, values) => runAlone(pool, statement, values, signal),
    lookUp(lookUp, scope, keys) {
      guard?.check();
      return lookUps.ask(lookUp, scope, keys, signal);
    },
    async transaction(work, options = {}) {
      const client = await pool.connect();
      const guarded: typeof work = (tx) => (guard ? guard.inside(() => work(tx)) : work(tx));
      const heads = new Map<string, number>();
      const result = await inTransaction(client, guarded, heads, options, signal);
      if (!options.readOnly) committed?.(heads);
      return result;
    },
  };
}

/** Look-ups that run on a pool: all who are to be answered together share one. */
export function lookUpsOver(pool: Pool): LookUps {
  return new LookUps((statement, values, signal) => runAlone(pool, statement, values, signal));
}

/** Begins, works, commits; gives the client back, rolled back when anything failed. */
async function inTransaction<T>(
  client: PoolClient,
  work: (tx: Tx) => Promise<T>,
  heads: Map<string, number>,
  options: TransactionOptions,
  signal: StopSignal | undefined,
): Promise<T> {
  const tx: Tx = {
    query: (statement, values) => run(client, statement, values, signal),
    transaction: () => Promise.reject(new Error('a transaction inside a transaction')),
    appended: (runId, seq) => void heads.set(runId, seq),
  };
  try {
    await client.query(beginOf(options));
    const result = await work(tx);
    await commit(client);
    client.release();
    return result;
  } catch (error) {
    const rolledBack = rollBack(client);
    // A statement past its deadline is still being ended: its caller does not wait for that.
    if (!(error instanceof Unavailable)) await rolledBack;
    throw unavailable(error) ?? error;
  }
}

/** One round trip: embedded, each costs everybody. */
function beginOf({ isolation, readOnly, lockTimeout_ms }: TransactionOptions): string {
  const begin = `BEGIN${isolation ? ` ISOLATION LEVEL ${isolation}` : ''}${readOnly ? ' READ ONLY' : ''}`;
  if (lockTimeout_ms === undefined) return begin;
  return `${begin}; SET LOCAL lock_timeout = ${Math.trunc(lockTimeout_ms)}`;
}

async function commit(client: PoolClient): Promise<void> {
  try {
    const { command } = await client.query('COMMIT');
    // Postgres answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if (command !== 'COMMIT') throw new Error('rolled back: a statement failed and nobody minded');
  } catch (error) {
    if (!(error instanceof Unavailable) && !connectionLost(error)) throw error;
    throw new Unavailable('postgres', 'no answer to COMMIT: it may have happened', {
      cause: error,
    });
  }
}

/** Never rejects. A client that cannot be rolled back is thrown away, and Postgres rolls back. */
async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch {
    client.release(true);
  }
}

/** int8 as number: ours stay below 2^53, and a number costs neither a string nor a BigInt. */
const { builtins, getTypeParser } = pgTypes;
const TYPES = {
  getTypeParser: ((oid: Parameters<typeof getTypeParser>[0], format?: 'text' | 'binary') =>
    oid === builtins.INT8 && format !== 'binary'
      ? Number
      : getTypeParser(oid, format)) as typeof getTypeParser,
};

async function run<Row>(
  target: Pick<PoolClient, 'query'>,
  { name, text, prepared, unpack }: Statement<Row>,
  values: readonly unknown[] = [],
  signal: StopSignal | undefined,
): Promise<Row[]> {
  const query: WatchedQuery = {
    label: name,
    text,
    values: values as unknown[],
    mayPrepare: prepared,
    types: TYPES,
    signal,
    asTexts: unpack !== undefined,
    isPacked: unpack?.isPacked ?? false,
  };
  try {
    const { rows } = (await target.query(query)) as { rows: unknown[] };
    return unpack ? unpack.rowsOf(rows as string[][]) : (rows as Row[]);
  } catch (error) {
    throw unavailable(error) ?? traced(error);
  }
}

/** An error of the driver begins where its answer was read; what is wanted is where the statement was asked for. */
function traced(error: unknown): unknown {
  if (error instanceof Error) Error.captureStackTrace(error);
  return error;
}

/** On a connection of its own, given back at once. */
async function runAlone<Row>(
  pool: Pool,
  statement: Statement<Row>,
  values: readonly unknown[] | undefined,
  signal: StopSignal | undefined,
): Promise<Row[]> {
  const client = await pool.connect();
  let failed: unknown;
  try {
    return await run(client, statement, values, signal);
  } catch (error) {
    failed = error instanceof Unavailable ? error.cause : error; // The driver's tells whether it was lost.
    throw error;
  } finally {
    client.release(failed as Error | undefined);
  }
}
