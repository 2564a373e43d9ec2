/** What reads and set-based writes need of Postgres; gateway/stores implements it over `pg`, in both modes. */

/**
 * One SQL text. Its name leads the text as a comment, so that logs, metrics, tests and pg_stat_activity say which
 * it is. `Row` is the shape of what it answers: int8 as number (all of ours stay below 2^53), timestamptz as
 * Date, jsonb parsed.
 */
export interface Statement<Row> {
  /** `domain.purpose`, as in `runs.byIds`. */
  readonly name: string;
  readonly text: string;
  /**
   * Whether a connection may keep it prepared, of which it does with those that it meets again and again. False where
   * the plan should know the values.
   */
  readonly prepared: boolean;
  /** Set where the rows are made from texts, in the order of the columns. */
  readonly unpack?: Unpack<Row>;
  /** Never set; carries the type. */
  readonly row?: Row;
}

export interface Unpack<Row> {
  /** Whether all rows come as one: how many there are, then a JSON array per column (null where there is no row). */
  readonly isPacked: boolean;
  readonly rowsOf: (texts: readonly (readonly (string | null)[])[]) => Row[];
}

/** A text that comes again: prepared by the connections that meet it. */
export function statement<Row>(name: string, text: string): Statement<Row> {
  return { name, text: `/* ${name} */ ${text}`, prepared: true };
}

/** A text that is planned anew each time, such as a filter's. Values still go by `$1 …`, never into the text. */
export function dynamicStatement<Row>(name: string, text: string): Statement<Row> {
  return { name, text: `/* ${name} */ ${text}`, prepared: false };
}

/** How rows are found by keys. The same text must mean the same to whoever asks, but for `scope`. */
export interface LookUp<Row> {
  /** For so many keys. Callers of one text and scope may be answered by one statement. */
  statementFor(keys: number): Statement<Row>;
  /** For the statement's `$1 …`. `scope`: all that decides, beside the key, which row is found, such as a workspace. */
  valuesOf(keys: readonly string[], scope: string): readonly unknown[];
  keyOf(row: Row): string;
}

/**
 * Queries on the primary. A call past its deadline, or without a free connection in time, throws Unavailable; its
 * statement is cancelled.
 */
export interface Sql {
  query<Row>(statement: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * Rows by their keys, without an entry for a key that has none. What several callers ask for at one time is one
   * statement, begun after all of them asked; its rows are theirs together, so nobody writes to them. Throws as `query`.
   * Absent where a caller's statements are its own: within a transaction, and where they are listed for it.
   */
  readonly lookUp?: <Row>(
    lookUp: LookUp<Row>,
    scope: string,
    keys: readonly string[],
  ) => Promise<ReadonlyMap<string, Row>>;
  /**
   * One transaction on one connection, READ COMMITTED unless told; rolled back when `work` throws. `work` must
   * await nothing but its own statements: embedded, everybody else waits meanwhile.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

/** Within a transaction. */
export interface Tx extends Sql {
  /** Has followers told, once this has committed, that a run's log now goes up to `seq`. */
  appended(runId: string, seq: number): void;
}

export interface TransactionOptions {
  readonly isolation?: 'REPEATABLE READ' | 'SERIALIZABLE';
  readonly readOnly?: boolean;
  /** SET LOCAL lock_timeout, in milliseconds. */
  readonly lockTimeout_ms?: number;
}
