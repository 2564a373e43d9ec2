/** Fields that walk the graph, over Neo4j: the same answers as over SQL, by as few statements of both stores. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Neo4jCall } from '../gateway/stores/graph-neo4j/client.ts';
import { openGraphNeo4j, type GraphNeo4j } from '../gateway/stores/graph-neo4j.ts';
import { writeGraph } from '../resolvers/graph/write.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import { graphBudgetsContract, type CountedFields } from '../schema/graph-budgets.contract.ts';
import { graphFieldsContract } from '../schema/graph-walks.contract.ts';
import { openEmbedded, type TestDatabase } from './kit/database.ts';
import { openGraph, type TestGraph } from './kit/graph.ts';
import { copyGraph } from './kit/graph-copy.ts';
import { sharedNeo4jOrNull } from './kit/neo4j-server.ts';

const neo4j = await sharedNeo4jOrNull();

describe.skipIf(!neo4j)('neo4j', () => {
  let database: TestDatabase;
  let graph: TestGraph;
  let store: GraphNeo4j;
  let underTest: CountedFields;
  beforeAll(async () => {
    const calls: string[] = [];
    database = await openEmbedded();
    graph = openGraph(database);
    store = await openGraphNeo4j({
      url: neo4j!.url,
      timeout_ms: 55_000, // The first of each statement is planned for a second or more.
      connections_max: 10,
      called: ({ name }: Neo4jCall) => void calls.push(name),
    });
    const parts = { graphFor: () => store.graph };
    const { workspaceId } = LOCAL_VIEWER;
    underTest = {
      ask: (query, variables) => graph.ask(query, variables, parts),
      data: (query, variables) => graph.data(query, variables, parts),
      async write(writes) {
        const written = await database.sql.transaction((tx) => writeGraph(tx, workspaceId, writes));
        await copyGraph(database, workspaceId, store.graph);
        return written;
      },
      statements: () => [...database.statements(), ...calls.splice(0)].toSorted(),
    };
  });
  afterAll(async () => {
    await store.close();
    await graph.close();
    await database.close();
  });

  graphFieldsContract(() => underTest);
  graphBudgetsContract(() => underTest);
});
