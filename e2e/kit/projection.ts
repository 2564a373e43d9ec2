/** The graph's projection as tests see it: both stores whole, by a bare driver and by plain SQL. */
import neo4jDriver from 'neo4j-driver';
import { openGraphNeo4j, type GraphNeo4j } from '../../gateway/stores/graph-neo4j.ts';
import type { Neo4jCall } from '../../gateway/stores/graph-neo4j/client.ts';
import { projectionOver } from '../../gateway/stores/graph-neo4j/projection.ts';
import { openFeed } from '../../resolvers/events/feed/feed.ts';
import type { Held, Projection } from '../../resolvers/graph/projection.ts';
import type { Sql } from '../../resolvers/sql.ts';
import {
  openStepper,
  type Seen,
  type StepParts,
  type Stepper,
} from '../../resolvers/projectors/graph-step.ts';
import type { TestDatabase } from './database.ts';

/** Bare Cypher on a server, for what no code of ours does. */
export interface BareNeo4j {
  run<Row extends object>(text: string, parameters?: object): Promise<Row[]>;
  /** Everything gone; with `constraints` these too, as of a new server. */
  empty(also?: 'constraints'): Promise<void>;
  close(): Promise<void>;
}

export function bareNeo4j(url: string): BareNeo4j {
  const driver = neo4jDriver.driver(url, undefined, { disableLosslessIntegers: true });
  const run = async <Row extends object>(text: string, parameters: object = {}) => {
    const { records } = await driver.executeQuery(text, parameters);
    return records.map((record) => record.toObject() as Row);
  };
  return {
    run,
    async empty(also) {
      await run('/* test.empty */ MATCH (n) DETACH DELETE n');
      if (!also) return;
      const names = await run<{ name: string }>('SHOW CONSTRAINTS YIELD name');
      for (const { name } of names) await run(`DROP CONSTRAINT ${name}`);
    },
    close: () => driver.close(),
  };
}

/** All rows, as lines. */
export async function rowLines({ pool }: Pick<TestDatabase, 'pool'>): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `/* test.rowLines */
    SELECT concat_ws(' ', 'node', id, workspace_id, kind, key, name, properties, version) AS line FROM graph_node
    UNION ALL
    SELECT concat_ws(' ', 'relation', id, workspace_id, kind, from_id, to_id, properties, version) FROM graph_relation`,
  );
  return rows.map(({ line }) => line).toSorted();
}

/** All that is stored, as the same lines. */
export async function storedLines(neo4j: BareNeo4j): Promise<string[]> {
  const rows = await neo4j.run<{ line: unknown[] }>(
    `/* test.storedLines */
    MATCH (n:Node) RETURN ['node', n.id, n.workspaceId, n.kind, n.key, n.name, n.properties, n.version] AS line
    UNION ALL
    MATCH (a)-[r:REL]->(b)
    RETURN ['relation', r.id, r.workspaceId, r.kind, a.id, b.id, r.properties, r.version] AS line`,
  );
  return rows.map(({ line }) => line.join(' ')).toSorted();
}

export interface TestProjector {
  readonly store: GraphNeo4j;
  readonly parts: StepParts;
  readonly stepper: Stepper;
  /** Cypher that succeeded since the last call, by name. */
  calls(): string[];
  /** What its steps did, all of it. */
  readonly seen: readonly Seen[];
  /** Changes that its steps applied. */
  applied(): number;
  /** Steps until it is at the head. */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}

export interface ProjectorOptions {
  readonly now?: () => Date;
  readonly batch_max?: number;
  readonly sql?: Sql;
  readonly timeout_ms?: number;
  /** What it is given in place of the store. */
  readonly wrap?: (projection: Projection) => Projection;
}

/** A projector of one gateway that steps when told to. */
export async function aProjector(
  database: TestDatabase,
  url: string,
  {
    now = () => new Date(),
    batch_max,
    sql = database.sql,
    timeout_ms = 55_000,
    wrap = (projection) => projection,
  }: ProjectorOptions = {},
): Promise<TestProjector> {
  let names: string[] = [];
  const called = ({ name, error }: Neo4jCall) => {
    if (error === null) names.push(name);
  };
  const store = await openGraphNeo4j({
    url,
    timeout_ms,
    connections_max: 10,
    called,
  });
  const seen: Seen[] = [];
  const parts: StepParts = {
    sql,
    feed: openFeed(sql),
    projection: wrap(projectionOver(store.client, timeout_ms)),
    now,
    seen: (one) => void seen.push(one),
    ...(batch_max === undefined ? {} : { batch_max }),
  };
  const stepper = openStepper(parts);
  return {
    store,
    parts,
    stepper,
    seen,
    calls() {
      const before = names;
      names = [];
      return before;
    },
    applied: () => seen.reduce((sum, one) => sum + (one.what === 'applied' ? one.changes : 0), 0),
    async catchUp() {
      while ((await stepper.step()) !== 'idle');
    },
    close: () => store.close(),
  };
}

/** For rebuilds, without the lock: each write is a transaction of its own. To see that the lock is needed. */
export function withoutLock(projection: Projection): Projection {
  const alone = <T>(work: (held: Held) => Promise<T>) => projection.locked(work);
  return {
    ...projection,
    locked: async (work) =>
      work({
        state: await projection.state(),
        // Of a rebuild only how far it is: the position may be another's by now.
        move: ({ rebuild }) => alone((held) => held.move({ ...held.state!, rebuild })),
        nodes: (...args) => alone((held) => held.nodes(...args)),
        relations: (...args) => alone((held) => held.relations(...args)),
        writeNodes: (...args) => alone((held) => held.writeNodes(...args)),
        writeRelations: (...args) => alone((held) => held.writeRelations(...args)),
        removeNodes: (...args) => alone((held) => held.removeNodes(...args)),
        removeRelations: (...args) => alone((held) => held.removeRelations(...args)),
        sweep: (...args) => alone((held) => held.sweep(...args)),
        lineage: {
          ...projection.lineage,
          writeArtifacts: (...args) => alone((held) => held.lineage.writeArtifacts(...args)),
          seqs: (...args) => alone((held) => held.lineage.seqs(...args)),
          writeUses: (...args) => alone((held) => held.lineage.writeUses(...args)),
          forgetUses: (...args) => alone((held) => held.lineage.forgetUses(...args)),
          removeArtifacts: (...args) => alone((held) => held.lineage.removeArtifacts(...args)),
          removeRuns: (...args) => alone((held) => held.lineage.removeRuns(...args)),
          sweep: (...args) => alone((held) => held.lineage.sweep(...args)),
        },
      }),
  };
}

export interface Gate {
  readonly sql: Sql;
  /** Resolves when the statement was answered, which is kept back. */
  readonly reached: Promise<void>;
  open(): void;
}

/** `sql`, whose first answer to this statement comes when the gate is opened. */
export function gatedSql(sql: Sql, name: string): Gate {
  const reached = aMoment();
  const opened = aMoment();
  let isMet = false;
  return {
    sql: {
      ...sql,
      async query(statement, values) {
        const rows = await sql.query(statement, values);
        if (statement.name === name && !isMet) {
          isMet = true;
          reached.come();
          await opened.comes;
        }
        return rows;
      },
    },
    reached: reached.comes,
    open: () => opened.come(),
  };
}

function aMoment() {
  let come = () => {};
  const comes = new Promise<void>((resolve) => {
    come = resolve;
  });
  return { comes, come };
}
