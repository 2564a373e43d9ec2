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
    const ofTwo = {
      graphFor: (ctx: Ctx): GraphReads => ({
        ...graphOverSql(ctx),
        network: (space, roots, walk, bounds) => {
          asked.push(bounds);
          return graphOverSql(ctx).network(space, roots, walk, { ...bounds, nodes: 2 });
        },
      }),
    };
    const query = `{ entities(filter: { key: { eq: "CDG" } }) { nodes { id } } }`;
    const { entities } = await graph.data<{ entities: { nodes: { id: string }[] } }>(query);
    const within = `query ($id: ID!) { entities(within: { roots: [$id], depth: 3 }) { totalCount cut { by at } } }`;
    const { id } = entities.nodes[0]!;
    expect(await graph.data(within, { id }, ofTwo)).toEqual({
      entities: { totalCount: 2, cut: { by: 'NODES', at: 2 } },
    });
    expect(asked).toEqual([{ depth: 3, nodes: WITHIN_NODES_MAX, nodesOnly: true }]);
  });

  test('a network is looked through for relations, and for what is beyond, where that is shown', async () => {
    const asked: unknown[] = [];
    const told = {
      graphFor: (ctx: Ctx): GraphReads => ({
        ...graphOverSql(ctx),
        network: (...args) => {
          asked.push(args[3].nodesOnly);
          return graphOverSql(ctx).network(...args);
        },
      }),
    };
    const roots = 'network(roots: []) ';
    for (const shown of ['nodes { depth }', 'nodes { depth } cut { by }', 'relations { id }']) {
      await graph.data(`{ ${roots}{ ${shown} } }`, {}, told);
    }
    await graph.data(
      `{ ${roots}{ ...Of } } fragment Of on EntityNetwork { relations { id } }`,
      {},
      told,
    );
    expect(asked).toEqual([true, false, false, false]);
  });
});
