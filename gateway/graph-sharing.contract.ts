/** Reads of several operations by one statement of Neo4j: run by graph.test.ts, on its server. */
import { expect, test } from 'vitest';
import { bringGraph } from '../e2e/kit/bring-graph.ts';
import { until } from '../e2e/kit/until.ts';
import type { GraphNode } from '../resolvers/graph/port.ts';
import { newId } from '../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import type { Routed } from './graph-lineage.contract.ts';
import { OUT } from './stores/graph.contract.ts';

const SPACE = LOCAL_VIEWER.workspaceId;

/** `a` leads to `b`, and that to `c`. */
export function sharedReadsContract(
  shared: () => Routed & Readonly<Record<'a' | 'b' | 'c', GraphNode>>,
): void {
  test('a hundred operations that ask at once are some statements, and each gets what it asked for', async () => {
    const { a, b, c, database, store, opened, reading } = shared();
    await bringGraph(database, store, SPACE);
    const gateway = await opened({});
    const statements = async () => {
      const text = await gateway.metrics.print();
      return Number(/call_seconds_count\{.*"graph.neighbours".*\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const asked = [a.id, b.id, c.id, newId()];
    const besides = async (id: string) => {
      const [page] = await gateway.unexplained((ctx) =>
        ctx.graphFor(ctx).neighbours(SPACE, [id], OUT, { first: 5 }),
      );
      return page!.items.map(({ node }) => node.name);
    };
    try {
      await reading(gateway, 'neo4j');
      await until('it is planned', async () => {
        await besides(a.id);
        return (await statements()) > 0;
      });
      const before = await statements();
      const found = await Promise.all(
        Array.from({ length: 100 }, (_, at) => besides(asked[at % asked.length]!)),
      );
      const expected = [['b'], ['c'], [], []];
      expect(found).toEqual(found.map((_, at) => expected[at % asked.length]));
      expect((await statements()) - before).toBeLessThan(20);
    } finally {
      await gateway.parts.close();
    }
  });
}
