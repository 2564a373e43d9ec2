import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { graphOverSql } from '../gateway/stores/graph-sql.ts';
import type { Ctx } from '../resolvers/context.ts';
import type { GraphReads } from '../resolvers/graph/port.ts';
import { WITHIN_NODES_MAX } from '../resolvers/graph/queries.ts';
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

  test('a condition of the graph that meets more than a list looks for says so', async () => {
    const asked: unknown[] = [];
    const ofTwo = (by: 'NODES' | 'RELATIONS') => ({
      graphFor: (ctx: Ctx): GraphReads => ({
        ...graphOverSql(ctx),
        network: async (...[space, roots, walk, bounds]) => {
          asked.push(bounds);
          const found = await graphOverSql(ctx).network(space, roots, walk, { depth: 1, nodes: 2 });
          return { ...found, cut: { by, at: bounds.nodes } };
        },
      }),
    });
    const query = `{ entities(filter: { key: { eq: "CDG" } }) { nodes { id } } }`;
    const { entities } = await graph.data<{ entities: { nodes: { id: string }[] } }>(query);
    const within = `query ($id: ID!) { entities(within: { roots: [$id], depth: 3 }) { totalCount cut { by at } } }`;
    const { id } = entities.nodes[0]!;
    expect(await graph.data(within, { id }, ofTwo('NODES'))).toEqual({
      entities: { totalCount: 2, cut: { by: 'NODES', at: WITHIN_NODES_MAX } },
    });
    expect(await graph.data(within, { id }, ofTwo('RELATIONS'))).toMatchObject({
      entities: { cut: null }, // Which are not asked for.
    });
    expect(asked[0]).toEqual({ depth: 3, nodes: WITHIN_NODES_MAX, relations: 1 });
  });
});
