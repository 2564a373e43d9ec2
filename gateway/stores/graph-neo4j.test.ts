import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbedded, type TestDatabase } from '../../e2e/kit/database.ts';
import { copyLineage } from '../../e2e/kit/lineage-copy.ts';
import { sharedNeo4jOrNull } from '../../e2e/kit/neo4j-server.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { Invalid } from '../../resolvers/errors.ts';
import { newId } from '../../resolvers/keys.ts';
import { neo4jClient, type Neo4jCall, type Neo4jClient } from './graph-neo4j/client.ts';
import { openGraphNeo4j, type GraphNeo4j } from './graph-neo4j.ts';
import { graphBoundsContract } from './graph-bounds.contract.ts';
import { graphChanceContract } from './graph-chance.contract.ts';
import { graphWalksContract } from './graph-walks.contract.ts';
import { graphWriteContract } from './graph-write.contract.ts';
import {
  among,
  aNode,
  aRelation,
  BOTH,
  graphReadContract,
  OUT,
  type GraphUnderTest,
} from './graph.contract.ts';
import { lineageChanceContract } from './lineage-chance.contract.ts';
import { lineageListsContract } from './lineage-lists.contract.ts';
import { lineageContract, type LineageUnderTest } from './lineage.contract.ts';

const neo4j = await sharedNeo4jOrNull();

describe.skipIf(!neo4j)('neo4j', () => {
  let store: GraphNeo4j;
  let underTest: GraphUnderTest;
  const calls: Neo4jCall[] = [];
  beforeAll(async () => {
    // The first of each statement is planned for a second or more.
    const called = (call: Neo4jCall) => void calls.push(call);
    store = await openGraphNeo4j({
      url: neo4j!.url,
      timeout_ms: 55_000,
      connections_max: 10,
      called,
    });
    underTest = { graph: store.graph, space: async () => newId(), keysMayMeet: true };
  });
  afterAll(() => store.close());

  graphReadContract(() => underTest);
  graphWalksContract(() => underTest);
  graphBoundsContract(() => underTest);
  graphWriteContract(() => underTest);
  graphChanceContract(() => underTest);

  test('every read is one statement, for one root, ten, and a hundred', async () => {
    const space = newId();
    const nodes = Array.from({ length: 100 }, () => aNode());
    const relations = nodes.map((node, at) => aRelation(node, nodes[(at + 1) % 100]!));
    await store.graph.write(space, { nodes, relations });
    for (const count of [1, 10, 100]) {
      const ids = nodes.slice(0, count).map(({ id }) => id);
      const pairs = ids.map((fromId) => ({ fromId, toId: nodes[99]!.id }));
      calls.length = 0;
      await store.graph.nodes(space, ids);
      await store.graph.neighbours(space, ids, BOTH, { first: 2 });
      await store.graph.network(space, ids, OUT, { depth: 32, nodes: 100 });
      await store.graph.shortestPaths(space, pairs, BOTH, 3);
      await store.graph.allPaths(space, pairs[0]!, BOTH, { depth: 3, limit: 10 });
      await store.graph.degrees(space, ids);
      await store.graph.topByDegree(space, OUT, count);
      await store.graph.relationsAmong(space, ids);
      expect(calls.map(({ name, error }) => [name, error])).toEqual(
        ['nodes', 'neighbours', 'network', 'shortestPaths', 'allPaths']
          .concat('degrees', 'topByDegree', 'relationsAmong')
          .map((name) => [`graph.${name}`, null]),
      );
    }
  });

  test('a dense graph is walked to its end, and its paths are found, without trying them all', async () => {
    const space = newId();
    const nodes = Array.from({ length: 40 }, () => aNode());
    await store.graph.write(space, { nodes });
    for (const half of [nodes.slice(0, 20), nodes.slice(20)]) {
      const relations = half.flatMap((from) =>
        nodes.filter((to) => to !== from).map((to) => aRelation(from, to)),
      );
      await store.graph.write(space, { relations });
    }
    const [a, b] = nodes;
    const network = await store.graph.network(space, [a!.id], OUT, { depth: 32, nodes: 100 });
    expect([network.nodes.length, network.relations.length, network.cut]).toEqual([
      40,
      1_560,
      null,
    ]);
    const pair = { fromId: a!.id, toId: b!.id };
    const { paths, cut } = await store.graph.allPaths(space, pair, OUT, { depth: 32, limit: 50 });
    const lengths = paths.map(({ relations }) => relations.length);
    expect(lengths).toEqual([1, ...Array<number>(38).fill(2), ...Array<number>(11).fill(3)]);
    expect(cut).toEqual({ by: 'PATHS', at: 50 });
  }, 240_000);

  test('what is newer wins, whichever of many writers comes last', async () => {
    const space = newId();
    const [from, to] = [aNode(), aNode()];
    const relation = aRelation(from, to);
    await store.graph.write(space, { nodes: [from, to], relations: [relation] });
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        store.graph.write(space, {
          nodes: [{ ...(at % 2 ? from : to), version: at, name: `name ${at}` }],
          relations: [{ ...relation, version: at, kind: `kind ${at}` }],
        }),
      ),
    );
    const written = await store.graph.nodes(space, [from.id, to.id]);
    expect(written.map((node) => node?.name)).toEqual(['name 39', 'name 38']);
    const [kept, ...more] = await among(store.graph, space, [from.id, to.id]);
    expect([kept?.kind, more]).toEqual(['kind 39', []]);
  });

  test('a key may be of two nodes for a moment, as when one is removed and another made under its name', async () => {
    const space = newId();
    const [older, newer] = [aNode({ key: 'BER' }), aNode({ key: 'BER' })];
    await store.graph.write(space, { nodes: [older] });
    await store.graph.write(space, { nodes: [newer] });
    await store.graph.write(space, { removedNodes: [older.id] });
    expect(await store.graph.nodes(space, [older.id, newer.id])).toEqual([null, newer]);
  });

  test('what is wrong with a url or a batch is told as it is, and never as an outage', async () => {
    const from = aNode();
    const batch = { nodes: [from], relations: [aRelation(from, aNode())] };
    await expect(store.graph.write(newId(), batch)).rejects.toThrow(Invalid);
    const elsewhere = await openGraphNeo4j({
      url: 'bolt://127.0.0.1:1',
      timeout_ms: 700,
      connections_max: 1,
    });
    await expect(elsewhere.graph.nodes(newId(), [newId()])).rejects.toThrow(
      'neo4j is unavailable: it cannot be reached',
    );
    await elsewhere.close();
  });
});

describe.skipIf(!neo4j)('lineage', () => {
  let database: TestDatabase;
  let client: Neo4jClient;
  let store: GraphNeo4j;
  let underTest: LineageUnderTest;
  beforeAll(async () => {
    const names: string[] = [];
    const called = ({ name }: { readonly name: string }) => void names.push(name);
    let settled = '';
    const settings = { url: neo4j!.url, timeout_ms: 55_000, connections_max: 4 };
    database = await openEmbedded({}, { called });
    client = neo4jClient(settings);
    store = await openGraphNeo4j({ ...settings, called });
    underTest = {
      database,
      ctx: contextOver(database, { graphFor: () => store.graph }),
      async settle() {
        settled = await copyLineage(database, client, settled);
        names.length = 0;
      },
      statements: () => names.splice(0),
    };
  });
  afterAll(async () => {
    await store.close();
    await client.close();
    await database.close();
  });

  lineageContract(() => underTest);
  lineageListsContract(() => underTest);
  lineageChanceContract(() => underTest);
});
