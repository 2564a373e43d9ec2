/** Which store answers lineage: run by graph.test.ts, on its server. */
import { beforeAll, expect, test } from 'vitest';
import { bringGraph, sayProjected } from '../e2e/kit/bring-graph.ts';
import type { TestDatabase } from '../e2e/kit/database.ts';
import { until } from '../e2e/kit/until.ts';
import { copyLineage } from '../e2e/kit/lineage-copy.ts';
import type { RoutedGraph } from '../e2e/kit/routed-graph.ts';
import { seedArtifacts, seedDerivations } from '../e2e/kit/world.ts';
import { artifactLineage } from '../resolvers/artifacts/lineage.ts';
import { openFeed } from '../resolvers/events/feed/feed.ts';
import type { Position } from '../resolvers/events/feed/position.ts';
import { SHAPE } from '../resolvers/graph/projection.ts';
import { newId } from '../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import type { GraphNeo4j } from './stores/graph-neo4j.ts';

export interface Routed {
  readonly database: TestDatabase;
  readonly store: GraphNeo4j;
  /** A gateway's graph over both. */
  readonly opened: (settings: object) => Promise<RoutedGraph>;
  /** Resolves once reads are answered so. */
  readonly reading: (gateway: RoutedGraph, wanted: string) => Promise<void>;
}

/** Promises of the router for lineage. */
export function routedLineageContract(routed: () => Routed): void {
  beforeAll(async () => {
    // The first of each is planned, which takes a second or more.
    const bounds = { depth: 3, artifacts: 10, levelEdges: 10, edges: 10 };
    for (const way of ['UPSTREAM', 'DOWNSTREAM'] as const) {
      await routed().store.graph.lineage(LOCAL_VIEWER.workspaceId, [newId()], way, bounds);
    }
  });

  test('lineage is read from Neo4j, but not where that was projected in another shape, with a token or without', async () => {
    const { database, store, opened, reading } = routed();
    const [raw, model] = await seedArtifacts(database, [{ name: 'raw' }, { name: 'model' }]);
    await seedDerivations(database, [[raw!, model!]]);
    // Nothing of lineage is brought, as by a gateway that did not project it.
    const position = await bringGraph(database, store, LOCAL_VIEWER.workspaceId);
    // Looks are a second apart: what is read with a token comes before the next.
    const gateway = await opened({ NEO4J_BREAKER_OPEN_MS: 1_000 });
    const read = async (token?: Position) => {
      const { answer, explained } = await gateway.asked(
        (ctx) => artifactLineage(ctx, model!, 'UPSTREAM', { depth: 3, first: 10 }),
        token,
      );
      return [answer.edges.length, explained.graph[0]!.store, explained.graph[0]!.reason];
    };
    try {
      for (const shape of [SHAPE - 1, SHAPE + 1]) {
        await sayProjected(store.client, position);
        await reading(gateway, 'neo4j');
        await until('it is planned', async () => (await read())[2] === null);
        expect(await read(position)).toEqual([0, 'neo4j', null]); // So it would be answered.
        await sayProjected(store.client, position, true, shape);
        expect(await read(position)).toEqual([1, 'postgres', 'token']);
        await reading(gateway, 'shape');
        expect(await read()).toEqual([1, 'postgres', 'shape']);
      }
      await copyLineage(database, store.client, '');
      await sayProjected(store.client, position);
      await reading(gateway, 'neo4j');
      await until(
        'it is planned anew for what there is now',
        async () => (await read())[2] === null,
      );
      expect(await read(position)).toEqual([1, 'neo4j', null]);
    } finally {
      await gateway.parts.close();
    }
  });

  test('with a token lineage is that of now: from SQL until Neo4j has it, then from there', async () => {
    const { database, store, opened, reading } = routed();
    const [raw] = await seedArtifacts(database, [{ name: 'raw' }]);
    const last = await copyLineage(database, store.client, '');
    await bringGraph(database, store, LOCAL_VIEWER.workspaceId);
    const gateway = await opened({});
    const read = async (token?: Position) => {
      const { answer, explained } = await gateway.asked(
        (ctx) => artifactLineage(ctx, raw!, 'DOWNSTREAM', { depth: 3, first: 10 }),
        token,
      );
      return [answer.edges.length, explained.graph[0]!.store];
    };
    try {
      await reading(gateway, 'neo4j');
      await until('it is planned', async () => (await read())[1] === 'neo4j');
      const [model] = await seedArtifacts(database, [{ name: 'model' }]);
      await seedDerivations(database, [[raw!, model!]]);
      const token = await openFeed(database.sql).first();
      expect(await read()).toEqual([0, 'neo4j']);
      expect(await read(token)).toEqual([1, 'postgres']);
      await copyLineage(database, store.client, last);
      await sayProjected(store.client, token);
      expect(await read(token)).toEqual([1, 'neo4j']);
    } finally {
      await gateway.parts.close();
    }
  });
}
