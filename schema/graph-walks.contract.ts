/** What fields that walk the graph answer, whichever store does the walking. Run by graph-walks.test.ts and by e2e/graph-fields.test.ts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { codesOf, type TestGraph } from '../e2e/kit/graph.ts';
import { ROUTES_COUNT, RARE, seedAirports, SPOKES } from '../e2e/kit/airports.ts';
import { globalId } from '../resolvers/keys.ts';
import type { GraphWrites, Written } from '../resolvers/graph/write.ts';

/** What the suite is given. */
export interface FieldsUnderTest {
  readonly ask: TestGraph['ask'];
  readonly data: TestGraph['data'];
  /** Writes rows, and has the store that walks know of them. */
  write(writes: GraphWrites): Promise<Written>;
}

interface Page {
  entity: {
    neighbours: {
      nodes: { key: string }[];
      cut: object | null;
      pageInfo: { hasNextPage: boolean; endCursor: string | null };
    };
  };
}
interface Keys {
  key: string;
}

/** Declares the suite. */
export function graphFieldsContract(underTest: () => FieldsUnderTest): void {
  let ids: ReadonlyMap<string, string>;
  const id = (key: string) => ids.get(key)!;
  beforeAll(async () => {
    ids = await seedAirports((writes) => underTest().write(writes));
  });

  const ask = async <Answer>(query: string, variables: object = {}) =>
    underTest().data<Answer>(query, variables);
  const codes = async (query: string, variables: object = {}) =>
    codesOf(await underTest().ask(query, variables));
  const neighbours = async (key: string, args: string) => {
    const { entity } = await ask<Page>(
      `query ($id: ID!) { entity(id: $id) { neighbours${args} {
        nodes { key } cut { by at } pageInfo { hasNextPage endCursor } } } }`,
      { id: id(key) },
    );
    return entity.neighbours;
  };
  const keysOf = (nodes: readonly Keys[]) => nodes.map(({ key }) => key).toSorted();

  describe('neighbours', () => {
    test('come in the directions and of the kinds that are walked', async () => {
      const keys = async (args: string) => keysOf((await neighbours('CDG', args)).nodes);
      expect(await keys('')).toEqual(['FR', 'JFK', 'LHR']);
      expect(await keys('(direction: OUT)')).toEqual(['JFK', 'LHR']);
      expect(await keys('(direction: IN)')).toEqual(['FR']);
      expect(await keys('(relationKinds: ["contains"])')).toEqual(['FR']);
      expect(await keys('(kinds: ["airport"])')).toEqual(['JFK', 'LHR']);
      expect(await keys('(relationKinds: ["no such"])')).toEqual([]);
      expect(await keys('(relationKinds: [])')).toEqual([]);
      expect(keysOf((await neighbours('JFK', '')).nodes)).toEqual(['AUS', 'CDG', 'JFK']);
    });

    test('come with the relation that leads there, and with its ends', async () => {
      const answer = await ask(
        `query ($id: ID!) { entity(id: $id) { neighbours(direction: IN) { edges {
          node { id name } relation { kind properties from { name } to { key } } } } } }`,
        { id: id('CDG') },
      );
      const node = { id: id('FR'), name: 'France' };
      const relation = { kind: 'contains', properties: {}, from: { name: 'France' } };
      expect(answer).toEqual({
        entity: {
          neighbours: { edges: [{ node, relation: { ...relation, to: { key: 'CDG' } } }] },
        },
      });
    });

    test('come in pages, each once', async () => {
      const seen: string[] = [];
      for (let after = ''; ;) {
        const { nodes, pageInfo } = await neighbours('hub', `(first: 50${after})`);
        seen.push(...nodes.map(({ key }) => key));
        if (!pageInfo.hasNextPage) break;
        after = `, after: "${pageInfo.endCursor}"`;
      }
      expect(seen).toHaveLength(SPOKES);
      expect(new Set(seen).size).toBe(SPOKES);
    });

    test('that match a filter come in pages that say how far they looked', async () => {
      const filter = 'filter: { properties: { contains: { rare: true } } }';
      const seen: string[] = [];
      const cuts: unknown[] = [];
      for (let after = ''; ;) {
        const { nodes, cut, pageInfo } = await neighbours('hub', `(first: 2, ${filter}${after})`);
        seen.push(...nodes.map(({ key }) => key));
        cuts.push(cut);
        if (!pageInfo.hasNextPage) break;
        after = `, after: "${pageInfo.endCursor}"`;
      }
      expect(seen).toHaveLength(SPOKES / RARE);
      expect(new Set(seen).size).toBe(SPOKES / RARE);
      expect(cuts).toContainEqual({ by: 'NEIGHBOURS', at: 10 });
      const all = await neighbours('hub', `(first: 100, filter: { key: { in: ["s1", "s129"] } })`);
      expect(all.nodes.length).toBeLessThanOrEqual(2);
      const relational = 'filter: { outgoing: { some: { to: { key: { eq: "AUS" } } } } }';
      expect(keysOf((await neighbours('CDG', `(${relational})`)).nodes)).toEqual(['JFK', 'LHR']);
    });

    test('are counted', async () => {
      const answer = await ask(
        `query ($id: ID!) { entity(id: $id) { degree { out in } of: degree(relationKinds: ["route"]) { out in } } }`,
        { id: id('JFK') },
      );
      expect(answer).toEqual({ entity: { degree: { out: 2, in: 2 }, of: { out: 2, in: 2 } } });
    });

    test('are refused beyond a page, and with a cursor of another list', async () => {
      const of = (args: string) =>
        codes(`query ($id: ID!) { entity(id: $id) { neighbours(${args}) { cut { at } } } }`, {
          id: id('CDG'),
        });
      expect(await of('first: 100')).toEqual([]);
      expect(await of('first: 101')).toEqual(['INVALID']);
      expect(await of('first: -1')).toEqual(['INVALID']);
      const { pageInfo } = await neighbours('CDG', '(first: 1)');
      expect(await of(`after: "${pageInfo.endCursor}"`)).toEqual([]);
      expect(await of(`after: "${pageInfo.endCursor}", direction: OUT`)).toEqual(['INVALID']);
    });
  });

  describe('entities within a network', () => {
    const within = 'within: { roots: [$id], direction: OUT, relationKinds: ["route"], depth: 1 }';
    const list = (args: string) =>
      `query ($id: ID!, $after: Cursor) { entities(${within}, after: $after, orderBy: [{ field: KEY }] ${args}) {
        totalCount nodes { key } cut { by } pageInfo { endCursor hasNextPage } } }`;
    interface List {
      entities: {
        totalCount: number;
        nodes: Keys[];
        cut: object | null;
      } & Page['entity']['neighbours'];
    }

    test('are those alone, filtered, ordered and in pages', async () => {
      const all = await ask<List>(list(''), { id: id('CDG') });
      expect(all.entities).toMatchObject({ totalCount: 3, cut: null });
      expect(all.entities.nodes).toEqual(['CDG', 'JFK', 'LHR'].map((key) => ({ key })));
      const some = await ask<List>(list(', filter: { key: { contains: "h" } }'), { id: id('CDG') });
      expect(some.entities).toMatchObject({ totalCount: 1, nodes: [{ key: 'LHR' }] });
      const first = await ask<List>(list(', first: 2'), { id: id('CDG') });
      const after = first.entities.pageInfo.endCursor;
      const second = await ask<List>(list(', first: 2'), { id: id('CDG'), after });
      expect(second.entities.nodes).toEqual([{ key: 'LHR' }]);
      expect(await codes(list(', first: 2'), { id: id('JFK'), after })).toEqual(['INVALID']);
    });
  });

  describe('networks', () => {
    const network = (args: string) =>
      `query ($roots: [ID!]!) { network(roots: $roots, direction: OUT, ${args}) {
        nodes { depth entity { key } } relations { kind from { key } to { key } } cut { by at } } }`;
    interface Network {
      network: {
        nodes: { depth: number; entity: Keys }[];
        relations: { from: Keys; to: Keys }[];
        cut: object | null;
      };
    }

    test('hold what is so far away, and say where they were cut', async () => {
      const near = await ask<Network>(network('depth: 1'), { roots: [id('CDG')] });
      expect(near.network.nodes.map(({ depth }) => depth)).toEqual([0, 1, 1]);
      expect(keysOf(near.network.nodes.map(({ entity }) => entity))).toEqual(['CDG', 'JFK', 'LHR']);
      expect(near.network.relations).toHaveLength(3); // With JFK to itself.
      expect(near.network.cut).toEqual({ by: 'DEPTH', at: 1 });
      const far = await ask<Network>(network('depth: 9, first: 9'), {
        roots: [id('FR'), id('FR')],
      });
      expect(far.network.nodes.map(({ depth }) => depth)).toEqual([0, 1, 2, 2, 3]);
      expect(far.network.cut).toBeNull();
      const few = await ask<Network>(network('depth: 9, first: 2'), { roots: [id('FR')] });
      expect(few.network.cut).toEqual({ by: 'NODES', at: 2 });
    });

    test('a component, and entities with what is between them', async () => {
      const answer = await ask<Record<string, { nodes: { entity: Keys }[]; relations: object[] }>>(
        `query ($id: ID!, $ids: [ID!]!) {
          connectedComponent(id: $id) { nodes { entity { key } } relations { id } cut { by } }
          subgraph(ids: $ids) { nodes { entity { key } } relations { kind } cut { by } }
          lone: connectedComponent(id: "${globalId('Entity', '00000000-0000-4000-8000-000000000000')}") { cut { by } }
        }`,
        { id: id('AUS'), ids: [id('LHR'), id('AUS'), id('SYD')] },
      );
      const { connectedComponent, subgraph, lone } = answer;
      expect(keysOf(connectedComponent!.nodes.map(({ entity }) => entity))).toEqual([
        'AUS',
        'CDG',
        'FR',
        'JFK',
        'LHR',
      ]);
      expect(connectedComponent!.relations).toHaveLength(ROUTES_COUNT + 1);
      expect(subgraph).toEqual({
        nodes: ['LHR', 'AUS', 'SYD'].map((key) => ({ entity: { key } })),
        relations: [{ kind: 'route' }],
        cut: null,
      });
      expect(lone).toBeNull();
    });

    test('the entities with the most relations lead', async () => {
      const answer = await ask(
        '{ topEntities(first: 1, direction: OUT) { degree entity { key } } }',
      );
      expect(answer).toEqual({ topEntities: [{ degree: SPOKES, entity: { key: 'hub' } }] });
    });
  });

  describe('paths', () => {
    const path = (args: string) =>
      `query ($from: ID!, $to: ID!) { shortestPath(from: $from, to: $to, ${args}) {
        path { length weight nodes { key } relations { from { key } to { key } } } cut { by at } } }`;
    const between = (from: string, to: string) => ({ from: id(from), to: id(to) });

    test('of fewest relations', async () => {
      const answer = await ask<{ shortestPath: { path: object; cut: object | null } }>(
        path('direction: OUT'),
        between('FR', 'JFK'),
      );
      expect(answer.shortestPath).toEqual({
        path: {
          length: 2,
          weight: null,
          nodes: ['FR', 'CDG', 'JFK'].map((key) => ({ key })),
          relations: [
            { from: { key: 'FR' }, to: { key: 'CDG' } },
            { from: { key: 'CDG' }, to: { key: 'JFK' } },
          ],
        },
        cut: null,
      });
      expect(await ask(path('direction: OUT, depth: 1'), between('FR', 'JFK'))).toEqual({
        shortestPath: { path: null, cut: { by: 'DEPTH', at: 1 } },
      });
      expect(await ask(path('direction: OUT'), between('FR', 'FR'))).toEqual({
        shortestPath: { path: null, cut: null },
      });
    });

    test('of the least weight', async () => {
      const answer = await ask(path('direction: OUT, weight: "dist"'), between('CDG', 'AUS'));
      expect(answer).toMatchObject({
        shortestPath: {
          path: { length: 2, weight: 5_116, nodes: ['CDG', 'LHR', 'AUS'].map((key) => ({ key })) },
          cut: null,
        },
      });
      for (const [from, to, weight] of [
        ['CDG', 'AUS', 'no such'],
        ['CDG', 'SYD', 'dist'],
        ['AUS', 'CDG', 'dist'],
        ['CDG', 'CDG', 'dist'],
        ['CDG', 'AUS', 'constructor'],
      ] as const) {
        const none = await ask(path(`direction: OUT, weight: "${weight}"`), between(from, to));
        expect(none).toEqual({ shortestPath: { path: null, cut: null } });
      }
      expect(await codes(path('weight: "dist", depth: 2'), between('CDG', 'AUS'))).toEqual([
        'INVALID',
      ]);
    });

    test('all of them', async () => {
      const answer = await ask<{ allPaths: { paths: { length: number }[]; cut: object | null } }>(
        `query ($from: ID!, $to: ID!) { allPaths(from: $from, to: $to, relationKinds: ["route"], first: 2) {
          paths { length nodes { key } } cut { by } }
          one: allPaths(from: $from, to: $to, first: 1) { cut { by at } } }`,
        between('CDG', 'AUS'),
      );
      expect(answer.allPaths.paths.map(({ length }) => length)).toEqual([2, 2]);
      expect(answer).toMatchObject({
        allPaths: { cut: null },
        one: { cut: { by: 'PATHS', at: 1 } },
      });
    });
  });
}
