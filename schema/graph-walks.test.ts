import { afterAll, beforeAll, describe } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { writeGraph } from '../resolvers/graph/write.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import { graphBudgetsContract, type CountedFields } from './graph-budgets.contract.ts';
import { graphFieldsContract } from './graph-walks.contract.ts';

describe.each(DATABASES)('walks ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let underTest: CountedFields;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    const { workspaceId } = LOCAL_VIEWER;
    underTest = {
      ...graph,
      statements: () => database.statements().toSorted(),
      write: (writes) => database.sql.transaction((tx) => writeGraph(tx, workspaceId, writes)),
    };
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  graphFieldsContract(() => underTest);
  graphBudgetsContract(() => underTest);
});
