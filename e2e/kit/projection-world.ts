/** A database, and a Neo4j that projectors keep, emptied between tests. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { aNode, aRelation } from '../../gateway/stores/graph.contract.ts';
import { graphOverSql } from '../../gateway/stores/graph-sql.ts';
import type { GraphBatch, GraphNode, GraphRelation } from '../../resolvers/graph/port.ts';
import { DATABASES, type TestDatabase } from './database.ts';
import {
  aProjector,
  bareNeo4j,
  rowLines,
  storedLines,
  type BareNeo4j,
  type ProjectorOptions,
  type TestProjector,
} from './projection.ts';
import { otherViewer } from './world.ts';

export interface ProjectionWorld {
  readonly database: TestDatabase;
  readonly bare: BareNeo4j;
  /** A workspace of the test. */
  here(): string;
  /** As commands do, in that workspace. */
  write(batch: GraphBatch): Promise<void>;
  /** As people do. */
  sql(text: string, values?: unknown[]): Promise<unknown>;
  /** A projector that has not stepped yet; closed after the test. */
  open(options?: ProjectorOptions): Promise<TestProjector>;
  /** One whose store is complete, and at the head. */
  ready(options?: ProjectorOptions): Promise<TestProjector>;
  /** a → b → c → d, and d to itself. */
  aSquare(): Promise<Square>;
  /** All rows are stored, and nothing else. */
  expectEqual(): Promise<void>;
}

export interface Square extends Readonly<Record<'a' | 'b' | 'c' | 'd', GraphNode>> {
  readonly nodes: readonly GraphNode[];
  readonly relations: readonly GraphRelation[];
}

/** To be called where tests are declared. A server where there is one, else the embedded store. */
export function projectionWorld(url: () => string): ProjectionWorld {
  let database: TestDatabase;
  let bare: BareNeo4j;
  let here: string;
  const opened: TestProjector[] = [];
  beforeAll(async () => {
    database = await DATABASES.at(-1)!.open();
    bare = bareNeo4j(url());
  });
  beforeEach(async () => {
    here = (await otherViewer(database)).workspaceId;
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    await database.pool.query('/* test.clear */ DELETE FROM graph_node');
    await bare.empty();
  });
  afterAll(async () => {
    await bare.close();
    await database.close();
  });

  const write = (batch: GraphBatch) => graphOverSql(database).write(here, batch);
  const open = async (options?: ProjectorOptions) => {
    const projector = await aProjector(database, url(), options);
    opened.push(projector);
    return projector;
  };
  return {
    get database() {
      return database;
    },
    get bare() {
      return bare;
    },
    here: () => here,
    write,
    sql: (text, values = []) => database.pool.query(`/* test.write */ ${text}`, values),
    open,
    async ready(options) {
      const projector = await open(options);
      await projector.catchUp();
      projector.calls();
      return projector;
    },
    async aSquare() {
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) =>
        aNode({ name, properties: { name, n: 1.5 } }),
      ) as [GraphNode, GraphNode, GraphNode, GraphNode];
      const nodes = [a, b, c, d];
      const relations = [aRelation(a, b), aRelation(b, c), aRelation(c, d), aRelation(d, d)];
      await write({ nodes, relations });
      return { nodes, relations, a, b, c, d };
    },
    async expectEqual() {
      expect(await storedLines(bare)).toEqual(await rowLines(database));
    },
  };
}
