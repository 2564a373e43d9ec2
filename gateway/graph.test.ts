/** Which store answers: real servers, one of them away, behind, or not what it should be. */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bringGraph, sayProjected } from '../e2e/kit/bring-graph.ts';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { ownNeo4jOrNull, type Neo4jServer } from '../e2e/kit/neo4j-server.ts';
import { openRoutedGraph, type RoutedGraph } from '../e2e/kit/routed-graph.ts';
import { until } from '../e2e/kit/until.ts';
import type { Ctx } from '../resolvers/context.ts';
import { Invalid, Limited } from '../resolvers/errors.ts';
import { openFeed } from '../resolvers/events/feed/feed.ts';
import { ROOTS_MAX, type GraphReads } from '../resolvers/graph/port.ts';
import { SHAPE } from '../resolvers/graph/projection.ts';
import { newId } from '../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import { parseConfig } from './config.ts';
import type { Explained } from './execution/explain.ts';
import { routedLineageContract } from './graph-lineage.contract.ts';
import { sharedReadsContract } from './graph-sharing.contract.ts';
import { openGraphParts, type GraphParts } from './graph.ts';
import { graphOverSql } from './stores/graph-sql.ts';
import { aNode, aRelation, OUT } from './stores/graph.contract.ts';
import { openGraphNeo4j, type GraphNeo4j } from './stores/graph-neo4j.ts';
import { openMetrics } from './telemetry/metrics.ts';

/** The first of each statement of Neo4j is planned for a second or more. */
vi.setConfig({ testTimeout: 240_000 });

const neo4j = await ownNeo4jOrNull();
afterAll(() => neo4j?.stop());

const SETTINGS = {
  NEO4J_TIMEOUT_MS: 2_000,
  NEO4J_CONNECTIONS_MAX: 7, // Four of them for reads.
  NEO4J_BREAKER_FAILURES: 3,
  NEO4J_BREAKER_OPEN_MS: 200,
  NEO4J_STALE_MAX_MS: 60_000,
  NEO4J_CONSISTENCY_WAIT_MS: 30,
};
const SPACE = LOCAL_VIEWER.workspaceId;

describe.skipIf(!neo4j)('neo4j with SQL behind it', () => {
  let database: TestDatabase;
  let store: GraphNeo4j;
  const [a, b, c] = [aNode({ name: 'a' }), aNode({ name: 'b' }), aNode({ name: 'c' })];
  const relations = [aRelation(a, b), aRelation(b, c)];
  const first = () => openFeed(database.sql).first();

  beforeAll(async () => {
    database = await DATABASES.at(-1)!.open();
    await graphOverSql(database).write(SPACE, { nodes: [a, b, c], relations });
    store = await openGraphNeo4j({ url: neo4j!.url, timeout_ms: 55_000, connections_max: 4 });
  });
  afterAll(async () => {
    await store.close();
    await database.close();
  });

  const opened = (settings: object = {}) =>
    openRoutedGraph(database, a.id, { NEO4J_URL: neo4j!.url, ...SETTINGS, ...settings });

  const reading = ({ reason }: RoutedGraph, wanted: string) =>
    until(`a read is answered by: ${wanted}`, async () => (await reason()) === wanted);

  test('until it is projected, whole, in our shape and this epoch, SQL answers and says why', async () => {
    await store.client.write(async (run) => {
      await run({ name: 'test.none', text: '/* test.none */ MATCH (p:Projection) DELETE p' }, {});
    });
    const gateway = await opened();
    try {
      await reading(gateway, 'absent');
      const position = await first();
      await sayProjected(store.client, position, false);
      await reading(gateway, 'incomplete');
      await sayProjected(store.client, position, true, SHAPE - 1);
      await reading(gateway, 'shape');
      await sayProjected(store.client, { ...position, epoch: position.epoch - 1 });
      await reading(gateway, 'epoch');
      expect(await gateway.parts.probes['neo4j']!()).toMatchObject({
        isRead: false,
        because: 'the projection is of another epoch of the change feed',
      });
      await bringGraph(database, store, SPACE);
      await reading(gateway, 'neo4j');
      expect(await gateway.parts.probes['neo4j']!()).toMatchObject({ isRead: true });
      const text = await gateway.metrics.print();
      for (const why of ['absent', 'incomplete', 'shape', 'epoch']) {
        expect(text).toMatch(
          new RegExp(`polyphony_graph_fallbacks_total\\{reason="${why}"\\} [1-9]`),
        );
      }
      expect(text).toContain('polyphony_graph_neo4j_read 1');
      expect(text).toContain('polyphony_store_breaker{store="neo4j",state="closed"} 1');
    } finally {
      await gateway.parts.close();
    }
  });

  test('each read is explained: which store, how many roots, which statement of it', async () => {
    await bringGraph(database, store, SPACE);
    const gateway = await opened();
    const ids = [a.id, b.id];
    const allOf = async (graph: GraphReads) => [
      await graph.nodes(SPACE, ids),
      await graph.neighbours(SPACE, ids, OUT, { first: 5 }),
      await graph.network(SPACE, ids, OUT, { depth: 2, nodes: 5 }),
      await graph.shortestPaths(SPACE, [{ fromId: a.id, toId: c.id }], OUT, 3),
      await graph.allPaths(SPACE, { fromId: a.id, toId: c.id }, OUT, { depth: 3, limit: 5 }),
      await graph.degrees(SPACE, ids),
      await graph.topByDegree(SPACE, OUT, 2),
      await graph.relationsAmong(SPACE, ids),
    ];
    const all = (ctx: Ctx) => allOf(ctx.graphFor(ctx));
    const said = ({ graph, calls }: Explained) => ({
      graph: graph.map(({ read, roots, store: by, reason }) => [read, roots, by, reason]),
      calls: calls.map(({ store: by, statement }) => [by, statement]),
    });
    const roots = { nodes: 2, neighbours: 2, network: 2, shortestPaths: 1, allPaths: 1 };
    const reads = Object.entries({ ...roots, degrees: 2, topByDegree: 0, relationsAmong: 2 });
    try {
      await reading(gateway, 'neo4j');
      const reasons = new Set<string | null>();
      await until('each is planned', async () => {
        const { graph } = (await gateway.asked(all)).explained;
        for (const { reason } of graph) reasons.add(reason);
        return graph.every(({ reason }) => reason === null);
      });
      expect(reasons).toEqual(new Set(['planning', null])); // None was begun and given up.
      expect(await gateway.metrics.print()).toContain('statement="graph.allPaths.plan"');
      const fromNeo4j = await gateway.asked(all);
      expect(said(fromNeo4j.explained)).toEqual({
        graph: reads.map(([read, count]) => [read, count, 'neo4j', null]),
        calls: reads.map(([read]) => ['neo4j', `graph.${read}`]),
      });
      await sayProjected(store.client, await first(), false);
      await reading(gateway, 'incomplete');
      const fromSql = await gateway.asked(all);
      expect(said(fromSql.explained)).toEqual({
        graph: reads.map(([read, count]) => [read, count, 'postgres', 'incomplete']),
        calls: reads.map(([read]) => ['postgres', `graph.${read}`]),
      });
      expect(fromSql.answer).toEqual(fromNeo4j.answer);
    } finally {
      await gateway.parts.close();
    }
  });

  test('what the caller did wrong is refused by the store that was asked, and not asked again', async () => {
    await bringGraph(database, store, SPACE);
    const gateway = await opened();
    try {
      await reading(gateway, 'neo4j');
      database.statements();
      const many = Array.from({ length: ROOTS_MAX + 1 }, newId);
      const read = (ids: string[], space = SPACE) =>
        gateway.asked((ctx) => ctx.graphFor(ctx).nodes(space, ids));
      await expect(read(many)).rejects.toThrow(Limited);
      await expect(read([], 'no uuid')).rejects.toThrow(Invalid);
      expect(database.statements().filter((name) => name.startsWith('graph.'))).toEqual([]);
    } finally {
      await gateway.parts.close();
    }
  });

  test('with a token what was written is seen: from SQL until Neo4j has it, then from there', async () => {
    await bringGraph(database, store, SPACE);
    const gateway = await opened();
    const written = aNode({ name: 'written' });
    const read = (ctx: Ctx) =>
      ctx
        .graphFor(ctx)
        .nodes(SPACE, [written.id])
        .then(([node]) => node?.name ?? null);
    try {
      await reading(gateway, 'neo4j');
      await graphOverSql(database).write(SPACE, { nodes: [written] });
      const token = await first();
      const without = await gateway.asked(read);
      expect([without.answer, without.explained.graph[0]!.store]).toEqual([null, 'neo4j']);
      const early = await gateway.asked(read, token);
      expect([early.answer, early.explained.graph[0]]).toMatchObject([
        'written',
        { store: 'postgres', reason: 'token' },
      ]);
      await bringGraph(database, store, SPACE);
      await until('Neo4j has it', async () => {
        const { answer, explained } = await gateway.asked(read, token);
        expect(answer).toBe('written');
        return explained.graph[0]!.store === 'neo4j';
      });
    } finally {
      await gateway.parts.close();
    }
  });

  test('while it is brought, a read with a token waits for it a moment', async () => {
    await bringGraph(database, store, SPACE);
    const gateway = await opened({ NEO4J_CONSISTENCY_WAIT_MS: 10_000, NEO4J_TIMEOUT_MS: 14_000 });
    const written = aNode({ name: 'soon' });
    try {
      await reading(gateway, 'neo4j');
      await graphOverSql(database).write(SPACE, { nodes: [written] });
      const reads = gateway.asked(
        (ctx) => ctx.graphFor(ctx).nodes(SPACE, [written.id]),
        await first(),
      );
      await bringGraph(database, store, SPACE);
      const { answer, explained } = await reads;
      expect([answer, explained.graph[0]!.store]).toMatchObject([[{ name: 'soon' }], 'neo4j']);
    } finally {
      await gateway.parts.close();
    }
  });

  test('a projection that stays behind is not read any more', async () => {
    await bringGraph(database, store, SPACE);
    const gateway = await opened({ NEO4J_STALE_MAX_MS: 400 });
    try {
      await reading(gateway, 'neo4j');
      await graphOverSql(database).write(SPACE, { nodes: [aNode()] });
      await reading(gateway, 'behind');
      await bringGraph(database, store, SPACE);
      await reading(gateway, 'neo4j');
    } finally {
      await gateway.parts.close();
    }
  });

  routedLineageContract(() => ({ database, store, opened, reading }));
  sharedReadsContract(() => ({ database, store, opened, reading, a, b, c }));

  describe.skipIf(!neo4j)('a server of our own that is harmed', () => {
    const server = () => neo4j as Neo4jServer;
    let gateway: RoutedGraph;
    beforeAll(async () => {
      await bringGraph(database, store, SPACE);
      gateway = await opened();
    });
    afterAll(() => gateway.parts.close());

    /** Reads without end, four at a time, through the harm; every answer is looked at. */
    async function throughout(harm: () => unknown, mend: () => unknown) {
      await reading(gateway, 'neo4j');
      const by: Record<string, number> = {};
      let slowest_ms = 0;
      const over = new AbortController();
      const reader = async () => {
        while (!over.signal.aborted) {
          const began_ms = performance.now();
          const why = await gateway.reason(); // Throws when the answer is not right.
          by[why] = (by[why] ?? 0) + 1;
          slowest_ms = Math.max(slowest_ms, performance.now() - began_ms);
        }
      };
      const readers = Promise.all(Array.from({ length: 4 }, reader));
      await until('Neo4j answers', () => (by['neo4j'] ?? 0) > 0);
      await harm();
      await until('reads met it', () => (by['away'] ?? 0) > 0);
      await until('it is left alone', () => (by['breaker'] ?? 0) > 0);
      over.abort();
      await readers;
      console.log(`answered by ${JSON.stringify(by)}; slowest ${Math.round(slowest_ms)} ms`);
      expect(slowest_ms).toBeLessThan(parseConfig({}).request_deadline_ms);
      await mend();
      await reading(gateway, 'neo4j');
    }

    test('paused in the middle of reads: every answer is right, in time, and it is read again by itself', async () => {
      await throughout(
        () => server().pause(),
        () => server().resume(),
      );
    });

    test('killed in the middle of reads: the same', async () => {
      await throughout(
        () => server().kill(),
        () => server().restart(),
      );
    });
  });
});

test('without NEO4J_URL the graph is that of SQL, and there is nothing to probe', async () => {
  const first = () => Promise.reject(new Error('not asked'));
  const log = pino({ level: 'silent' });
  const parts: GraphParts = await openGraphParts({ first }, parseConfig({}), log, openMetrics());
  expect([parts.graphFor, parts.probes, parts.uses]).toEqual([graphOverSql, {}, []]);
});
