/** A client of a pool under the rules of pool.ts: what happens to the statements on one connection. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import { Unavailable } from '../../resolvers/errors.ts';
import type { StopSignal } from '../../resolvers/stop.ts';
import { cancelStatement } from './cancel.ts';
import { codeOf } from './failures.ts';
import type { PoolRules } from './pool.ts';
import { preparedOn, type PreparedStatements } from './prepared.ts';
import { TextQuery } from './text-query.ts';

/** What sql.ts adds to a query's configuration, for `watchPool` alone. pg ignores it. */
export interface WatchedQuery extends QueryConfig {
  readonly label?: string;
  /** The connection may keep it prepared. */
  readonly mayPrepare?: boolean;
  /** Its rows are wanted as arrays of texts. */
  readonly asTexts?: boolean;
  /** Of these: it answers one row, whose first value is the number of rows that it stands for. */
  readonly isPacked?: boolean;
  /** The statement is cancelled when it aborts. */
  readonly signal?: StopSignal | undefined;
}

/** A cancelled statement that has not ended by then costs its connection. */
const CANCEL_GRACE_ms = 2_000;

interface Watch {
  readonly pool: Pool;
  readonly client: PoolClient;
  readonly rules: PoolRules;
  readonly query: (config: unknown, values?: unknown, done?: unknown) => unknown;
  readonly prepared: PreparedStatements;
  wait_ms: number;
  /** Settles when the statement that was given up on has ended on the connection. */
  ending: Promise<void> | undefined;
}

export interface WatchedClient {
  /** Told before it is lent: its next statement reports the wait. */
  waited(ms: number): void;
  /** Settles when the statement that was given up on has ended on the connection; undefined when there is none. */
  ending(): Promise<void> | undefined;
  /** Has what it no longer keeps prepared dropped. To be called when it is given back. */
  readonly dropOld: () => void;
  /** Ends the connection without a word. */
  readonly cut: () => void;
}

/** Wraps the client's `query`. */
export function watchClient(pool: Pool, client: PoolClient, rules: PoolRules): WatchedClient {
  const query = client.query.bind(client) as Watch['query'];
  const prepared = preparedOn(rules.prepared_max, query);
  const watch: Watch = { pool, client, rules, query, prepared, wait_ms: 0, ending: undefined };
  client.query = ((config: unknown, values?: unknown, callback?: Callback<QueryResult>) => {
    if (typeof (config as { submit?: unknown }).submit === 'function') return query(config, values);
    const done = typeof values === 'function' ? (values as Callback<QueryResult>) : callback;
    const given = done === values ? undefined : values;
    if (done) return run(watch, config, given, done);
    return new Promise<QueryResult>((resolve, reject) => {
      run(watch, config, given, (error, result) => (error ? reject(error) : resolve(result!)));
    });
  }) as PoolClient['query'];
  return {
    waited(ms) {
      watch.wait_ms = ms;
    },
    ending: () => watch.ending,
    dropOld: () => prepared.dropOld(),
    cut: () => client.connection.stream.destroy(),
  };
}

/** How pg calls back. */
export type Callback<T> = (error: Error | undefined, result: T | undefined) => void;

/** A promise for those who call back. */
export async function deliver<T>(promise: Promise<T>, callback: Callback<T>): Promise<void> {
  let result: T;
  try {
    result = await promise;
  } catch (error) {
    callback(error as Error, undefined);
    return;
  }
  callback(undefined, result);
}

function run(watch: Watch, given: unknown, values: unknown, done: Callback<QueryResult>): void {
  if (watch.ending) {
    // Such as ROLLBACK after a statement past its deadline.
    void watch.ending.then(() => run(watch, given, values, done));
    return;
  }
  const config = (typeof given === 'string' ? { text: given } : given) as WatchedQuery;
  const { rules, wait_ms } = watch;
  watch.wait_ms = 0;
  const began_ms = performance.now();
  untilDeadline(watch, config, values, (error, result) => {
    rules.called?.({
      store: 'postgres',
      name: config.label ?? nameOf(config.text),
      wait_ms,
      run_ms: performance.now() - began_ms,
      rows: result ? rowsOf(config, result) : 0,
      error: error ? (codeOf(error) ?? 'UNKNOWN') : null,
    });
    done(error, result);
  });
}

/** Runs it; fails with Unavailable at the deadline or the signal, and sees to it that the statement ends. */
function untilDeadline(
  watch: Watch,
  config: WatchedQuery,
  values: unknown,
  done: Callback<QueryResult>,
): void {
  const { signal } = config;
  const timeout_ms = watch.rules.statement_timeout_ms;
  if (signal?.aborted) return done(new Unavailable('postgres', 'the caller left'), undefined);
  /** Set once it is given up on: told when it has ended. */
  let over: (() => void) | undefined;
  const giveUp = (why: string) => {
    forget();
    const ended = new Promise<boolean>((resolve) => {
      over = () => resolve(true);
    });
    watch.ending = end(watch, ended);
    done(new Unavailable('postgres', why), undefined);
  };
  const late = () => giveUp(`no answer within ${timeout_ms} ms`);
  const left = () => giveUp('the caller left');
  const timer = timeout_ms > 0 ? setTimeout(late, timeout_ms) : undefined;
  const forget = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', left);
  };
  signal?.addEventListener('abort', left);
  send(watch, config, values, (error, result) => {
    if (over) return over();
    forget();
    done(error ?? undefined, result);
  });
}

function send(
  watch: Watch,
  config: WatchedQuery,
  values: unknown,
  done: (error: Error | null | undefined, result?: QueryResult) => void,
): void {
  const named = config.mayPrepare ? watch.prepared.nameFor(config.label ?? '', config.text) : null;
  const whole = named === null || named === undefined ? config : { ...config, name: named };
  if (config.asTexts) watch.query(new TextQuery(whole, done as TextQuery['callback']));
  else watch.query(whole, values, done);
}

/** Cancels until the statement has ended; a connection that does not answer is cut. */
async function end(watch: Watch, ended: Promise<boolean>): Promise<void> {
  const cut = setTimeout(() => watch.client.connection.stream.destroy(), CANCEL_GRACE_ms);
  // A cancel can come before the statement has begun and is lost then: repeat it.
  for (let pause_ms = 20, over = false; !over; pause_ms *= 2) {
    await cancelStatement(watch.pool, watch.client);
    over = await Promise.race([ended, sleep(pause_ms, false)]);
  }
  clearTimeout(cut);
  watch.ending = undefined;
}

/** The name in the leading comment; what Prisma wrote has none and is named by verb and table. */
function nameOf(text: string): string {
  const named = /^\s*\/\* ([\w.]+) \*\//.exec(text)?.[1];
  if (named) return named;
  const verb = /^\s*([A-Za-z]+)/.exec(text)?.[1]?.toLowerCase() ?? 'unknown';
  const table = /(?:FROM|INTO|UPDATE) "?public"?\."?(\w+)/.exec(text)?.[1];
  return table ? `prisma.${verb}.${table}` : `transaction.${verb}`;
}

function rowsOf({ isPacked }: WatchedQuery, result: QueryResult | QueryResult[]): number {
  if (Array.isArray(result)) return result.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  if (isPacked) return Number((result.rows[0] as unknown[] | undefined)?.[0] ?? 0);
  return result.rowCount ?? result.rows.length;
}
