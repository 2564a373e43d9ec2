/**
 * What an operation did, for its developer: `extensions.explain` of an answer to `X-Explain: 1`. The fields whose
 * values were made, level by level, each with how many objects it was made for at once, and the statements that the
 * stores were sent.
 */
import type { Fallback, GraphTold } from '../../resolvers/graph/told.ts';
import type { Sql, Tx } from '../../resolvers/sql.ts';
import type { Trace } from './levels/asked.ts';

export interface Explained {
  readonly ms: number;
  readonly fields: readonly ExplainedField[];
  /** Of commands only those that go through `ctx.sql`; Prisma's are in the log at level debug. */
  readonly calls: readonly ExplainedCall[];
  /** Reads of the graph; their statements are in `calls`. Empty where there is no Neo4j. */
  readonly graph: readonly ExplainedRead[];
}

interface ExplainedRead {
  /** `network`. */
  readonly read: string;
  /** Nodes, or pairs, it was asked for at once. */
  readonly roots: number;
  readonly begun_ms: number;
  /** Which one answered; null where none did. */
  store: 'neo4j' | 'postgres' | null;
  /** Why not Neo4j; null where it did. resolvers/graph/told.ts has them. */
  reason: Fallback | null;
  ms: number | null;
}

interface ExplainedField {
  /** 0 for a root field; one more than the field it hangs on, of those that are listed. */
  readonly level: number;
  /** Keys of the answer, without places in lists: `runs.nodes.steps`. */
  readonly path: string;
  /** `Run.steps`. */
  readonly field: string;
  /** `batch`: one call for all parents; `resolver`: one for each of them. */
  readonly kind: 'batch' | 'resolver' | 'property';
  readonly parents: number;
  /** From the beginning of the operation. */
  readonly begun_ms: number;
  /** Null where its values never came. */
  ms: number | null;
}

interface ExplainedCall {
  readonly store: 'postgres' | 'neo4j';
  readonly statement: string;
  /** Values sent with it. */
  readonly values: number;
  readonly begun_ms: number;
  /** Null where it failed. */
  rows: number | null;
  ms: number | null;
}

export interface Explanation {
  readonly trace: Trace;
  /** The same, but each statement is listed. */
  explained(sql: Sql): Sql;
  /** Lists reads of the graph, and what Neo4j was sent for them. */
  readonly graphTold: GraphTold;
  /** So far. */
  shown(): Explained;
}

/** Entries of each list; more are left out. */
const LISTED_MAX = 1_000;

const NO_ROWS = { rows: null, ms: null };
const NOT_YET = { store: null, reason: null, ms: null };

/** Begins to listen, by this clock of milliseconds. */
export function openExplanation(now_ms: () => number = () => performance.now()): Explanation {
  const from_ms = now_ms();
  const since = (began_ms = from_ms) => Math.round((now_ms() - began_ms) * 1_000) / 1_000;
  const fields: ExplainedField[] = [];
  const calls: ExplainedCall[] = [];
  const graph: ExplainedRead[] = [];
  const add = <Entry>(list: Entry[], entry: Entry): Entry => {
    if (list.length < LISTED_MAX) list.push(entry);
    return entry;
  };

  const begin = (store: ExplainedCall['store'], statement: string, values: number) =>
    add<ExplainedCall>(calls, { store, statement, values, begun_ms: since(), ...NO_ROWS });
  const listed = async <Row>(name: string, values: number, run: () => Promise<Row[]>) => {
    const began_ms = now_ms();
    const call = begin('postgres', name, values);
    try {
      const rows = await run();
      call.rows = rows.length;
      return rows;
    } finally {
      call.ms = since(began_ms);
    }
  };
  const query =
    (sql: Sql): Sql['query'] =>
    (statement, values = []) =>
      listed(statement.name, values.length, () => sql.query(statement, values));

  return {
    trace({ path, ...made }) {
      const began_ms = now_ms();
      const place = path.join('.');
      const field = add(fields, { ...made, path: place, begun_ms: since(), ms: null });
      return () => {
        field.ms = since(began_ms);
      };
    },
    // Its look-ups are its own statements: those that it shares with others would not be told.
    explained: (sql) => ({
      query: query(sql),
      transaction: (work, options) =>
        sql.transaction((tx) => {
          const told: Tx = {
            query: query(tx),
            transaction: (inner, more) => tx.transaction(inner, more),
            appended: (runId, seq) => tx.appended(runId, seq),
          };
          return work(told);
        }, options),
    }),
    graphTold: {
      read(read, roots) {
        const began_ms = now_ms();
        const entry = add(graph, { read, roots, begun_ms: since(), ...NOT_YET });
        return (store, reason) => Object.assign(entry, { store, reason, ms: since(began_ms) });
      },
      call(statement, values) {
        const began_ms = now_ms();
        const call = begin('neo4j', statement, values);
        return (rows) => Object.assign(call, { rows, ms: since(began_ms) });
      },
    },
    shown: () => ({ ms: since(), fields, calls, graph }),
  };
}
