/**
 * Statements on Neo4j under the rules of all our stores: a name that leads each text, values by parameter, a deadline
 * that holds even where the server says nothing, a bounded number of tries, telemetry by name.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import neo4j, { type ManagedTransaction, type Session } from 'neo4j-driver';
import { Unavailable } from '../../../resolvers/errors.ts';
import { codeOf, isGone, isPassing, unavailable } from './failures.ts';
import { openPlans, type Plans } from './plans.ts';
import { openSessions, within } from './sessions.ts';

/** One Cypher text. `Row` is what a record of it holds: integers as numbers, as all of ours stay below 2^53. */
export interface Cypher<Row> {
  /** `domain.purpose`. */
  readonly name: string;
  readonly text: string;
  /** Never set; carries the type. */
  readonly row?: Row;
}

/**
 * A text under its name. Its parameters go as one map, `$ids` as `$p.ids`: Neo4j plans a text anew for each combination
 * of its parameters' types and sizes (null or a list, of one, ten or a hundred), for half a second of CPU each time, and
 * does not look into maps.
 */
export function cypher<Row>(name: string, text: string): Cypher<Row> {
  return { name, text: `/* ${name} */ ${text.replaceAll(/\$(\w+)/g, '$$p.$1')}` };
}

/** A whole number, as a parameter. */
export const whole = (value: number) => neo4j.int(value);

/** One statement, each try counted. */
export interface Neo4jCall {
  readonly store: 'neo4j';
  readonly name: string;
  readonly run_ms: number;
  readonly rows: number;
  /** Null when it succeeded; else Neo4j's code, or UNAVAILABLE past the deadline. */
  readonly error: string | null;
}

export type Parameters = Readonly<Record<string, unknown>>;
/** Runs a statement within a transaction. */
export type Run = <Row>(statement: Cypher<Row>, parameters: Parameters) => Promise<Row[]>;

export interface Neo4jClient {
  /** One statement in a READ transaction of its own. `limit_ms`: in place of the client's deadline. */
  read<Row>(statement: Cypher<Row>, parameters: Parameters, limit_ms?: number): Promise<Row[]>;
  /** A WRITE transaction; rolled back when `work` throws. It may be tried again, whole. */
  write<T>(work: (run: Run) => Promise<T>, limit_ms?: number): Promise<T>;
  /** For reads that must be in time: Plans.has, of all texts that were not planned since the server was last away. */
  readonly planned: Plans['has'];
  /** Makes constraints and indexes, once; `again` where the store may have been emptied since. */
  prepare(again?: 'again'): Promise<void>;
  /**
   * A read of what is there once `first` answers what is asked for: two statements of one READ transaction, on one
   * server. Null, and only the first was sent, where `goesOn` says no to its row. Within `limit_ms`.
   */
  readAfter<First, Row>(
    first: Cypher<First>,
    goesOn: (row: First | undefined) => boolean,
    read: { readonly statement: Cypher<Row>; readonly parameters: Parameters },
    limit_ms: number,
  ): Promise<Row[] | null>;
  close(): Promise<void>;
}

/** What sends the statements of reads. */
export type Reader = Pick<Neo4jClient, 'read'>;

export interface ClientSettings {
  readonly url: string;
  readonly timeout_ms: number;
  readonly connections_max: number;
  readonly called?: (call: Neo4jCall) => void;
  /** Set for who only looks: neither constraints nor indexes are made. */
  readonly leavesSchema?: true;
}

const TRIES_MAX = 5;
const RETRY_ms = 20;
/** To make indexes of a store that is full already. */
const PREPARE_TIMEOUT_ms = 60_000;
/** To plan a text, on the busiest machine. */
const PLAN_TIMEOUT_ms = 60_000;

const SCHEMA = [
  cypher(
    'graph.nodeIds',
    'CREATE CONSTRAINT polyphony_node IF NOT EXISTS FOR (n:Node) REQUIRE n.id IS UNIQUE',
  ),
  cypher(
    'graph.relationIds',
    'CREATE CONSTRAINT polyphony_relation IF NOT EXISTS FOR ()-[r:REL]-() REQUIRE r.id IS UNIQUE',
  ),
  cypher(
    'graph.workspaces',
    'CREATE INDEX polyphony_workspace IF NOT EXISTS FOR (n:Node) ON (n.workspaceId)',
  ),
  cypher(
    'lineage.artifactIds',
    'CREATE CONSTRAINT polyphony_artifact IF NOT EXISTS FOR (a:Artifact) REQUIRE a.id IS UNIQUE',
  ),
  cypher(
    'lineage.stepIds',
    'CREATE CONSTRAINT polyphony_step IF NOT EXISTS FOR (s:Step) REQUIRE s.id IS UNIQUE',
  ),
  cypher('lineage.runs', 'CREATE INDEX polyphony_run IF NOT EXISTS FOR (s:Step) ON (s.runId)'),
  cypher(
    'lineage.runIds',
    'CREATE CONSTRAINT polyphony_run_id IF NOT EXISTS FOR (r:Run) REQUIRE r.id IS UNIQUE',
  ),
  cypher(
    'projection.names',
    'CREATE CONSTRAINT polyphony_projection IF NOT EXISTS FOR (p:Projection) REQUIRE p.name IS UNIQUE',
  ),
];

/** Of the indexes among them, and of the constraints, which have one each. */
export const SCHEMA_NAMES = SCHEMA.map(({ text }) => /polyphony_\w+/.exec(text)![0]);

/** Connects when first needed. */
export function neo4jClient(settings: ClientSettings): Neo4jClient {
  const { timeout_ms } = settings;
  const sessions = openSessions(settings);
  let prepared: Promise<void> | undefined;

  const tried = <T>(
    limit_ms: number,
    mode: 'READ' | 'WRITE',
    work: (session: Session, left_ms: number) => Promise<T>,
  ): Promise<T> =>
    repeated(limit_ms, (left_ms) => sessions.use(mode, left_ms, (opened) => work(opened, left_ms)));

  /** A parameter is a map for the plan too, or it would be another's. */
  const plans = openPlans(async ({ name, text }) => {
    await prepare();
    const explained = { name: `${name}.plan`, text: `EXPLAIN ${text}` };
    await tried(PLAN_TIMEOUT_ms, 'READ', (opened, timeout) =>
      runOn(opened, settings, { timeout })(explained, {}),
    );
  });

  /** Of reads that fail: the server may be another now, or plan for too long what it has thrown away. */
  const readTried = <T>(
    { text }: Cypher<unknown>,
    limit_ms: number,
    work: (session: Session, left_ms: number) => Promise<T>,
  ): Promise<T> =>
    tried(limit_ms, 'READ', work).catch((error: unknown) => {
      if (error instanceof Unavailable) plans.forget(isGone(error) ? null : text);
      throw error;
    });

  async function makeSchema(): Promise<void> {
    if (settings.leavesSchema) return;
    for (const one of SCHEMA) {
      await sessions.use('WRITE', PREPARE_TIMEOUT_ms, (opened) => runOn(opened, settings)(one, {}));
    }
  }

  function prepare(again?: 'again'): Promise<void> {
    if (again) prepared = undefined;
    prepared ??= makeSchema().catch((error: unknown) => {
      prepared = undefined;
      throw unavailable(error) ?? error;
    });
    return within(timeout_ms, prepared, () => undefined);
  }

  return {
    prepare,
    planned: (...args) => plans.has(...args),
    async read<Row>(statement: Cypher<Row>, parameters: Parameters, limit_ms = timeout_ms) {
      await prepare();
      return readTried(statement, limit_ms, (opened, timeout) =>
        runOn(opened, settings, { timeout })(statement, parameters),
      );
    },
    async write(work, limit_ms = timeout_ms) {
      await prepare();
      return tried(limit_ms, 'WRITE', (opened, timeout) =>
        opened.executeWrite((tx) => work(runOn(tx, settings)), { timeout }),
      );
    },
    async readAfter(first, goesOn, { statement, parameters }, limit_ms) {
      await prepare();
      const work = async (run: Run) => {
        const [row] = await run(first, {});
        return goesOn(row) ? run(statement, parameters) : null;
      };
      return readTried(statement, limit_ms, (opened, timeout) =>
        opened.executeRead((tx) => work(runOn(tx, settings)), { timeout }),
      );
    },
    close: () => sessions.close(),
  };
}

/** The answer of an attempt; of those that failed and may go well in a moment there are a few more, within the limit. */
async function repeated<T>(limit_ms: number, attempt: (left_ms: number) => Promise<T>): Promise<T> {
  const deadline_ms = performance.now() + limit_ms;
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt(Math.max(1, Math.ceil(deadline_ms - performance.now())));
    } catch (error) {
      const pause_ms = RETRY_ms * 2 ** tries * (0.5 + Math.random());
      const late = performance.now() + pause_ms >= deadline_ms;
      if (tries >= TRIES_MAX || late || !isPassing(error)) throw unavailable(error) ?? error;
      await sleep(pause_ms);
    }
  }
}

/** On a session, each statement is a transaction of its own, and one exchange with the server. */
function runOn(
  on: Session | ManagedTransaction,
  { called }: ClientSettings,
  config?: { readonly timeout: number },
): Run {
  return async <Row>({ name, text }: Cypher<Row>, parameters: Parameters) => {
    const began_ms = performance.now();
    const tell = (rows: number, error: string | null) =>
      called?.({ store: 'neo4j', name, run_ms: performance.now() - began_ms, rows, error });
    try {
      const { records } = await on.run(text, { p: parameters }, config);
      tell(records.length, null);
      return records.map((record) => record.toObject() as Row);
    } catch (error) {
      tell(0, codeOf(error));
      throw error;
    }
  };
}
