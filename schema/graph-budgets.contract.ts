/** Walks and lists of both stores cost as many statements for a hundred parents as for one. */
import { beforeAll, describe, expect, test } from 'vitest';
import { globalId } from '../resolvers/keys.ts';
import type { FieldsUnderTest } from './graph-walks.contract.ts';

/** With the statements since it was last asked, of all stores, in the order of their names. */
export interface CountedFields extends FieldsUnderTest {
  statements(): string[];
}

const PARENTS = [1, 10, 100];

/** By what it shows: fields of `cities`, so many as there are parents, and what all of it costs. */
const LISTS: Readonly<Record<string, readonly [fields: string, statements: readonly string[]]>> = {
  neighbours: [
    'neighbours(first: 5) { edges { node { name } relation { kind from { name } to { key } } } }',
    ['graph.neighbours'],
  ],
  'neighbours that match a condition on rows': [
    'neighbours(filter: { outgoing: { some: { kind: { eq: "road" } } } }) { nodes { key } cut { at } }',
    ['graph.neighbours', 'entities.matching'],
  ],
  degrees: ['degree { out in }', ['graph.degrees']],
  'relations and their ends': [
    'outgoing { nodes { to { name } } }',
    ['entityRelations.byFrom', 'entities.byIds'],
  ],
  'three levels across the stores': [
    `neighbours(direction: OUT, first: 3, filter: { incoming: { some: {} } }) { edges {
      relation { createdAt }
      node { createdAt degree { out } outgoing(first: 2) { nodes { kind to { name incoming { nodes { kind } } } } } }
    } }`,
    [
      'graph.neighbours',
      'entities.matching',
      'entities.byIds',
      'entityRelations.byIds',
      'graph.degrees',
      'entityRelations.byFrom',
      'entities.byIds',
      'entityRelations.byTo',
    ],
  ],
  'neighbours of neighbours': [
    'neighbours(first: 2) { nodes { neighbours(first: 2) { nodes { key } } } }',
    ['graph.neighbours', 'graph.neighbours'],
  ],
};

/** By the field: what is asked of so many roots. */
const WALKS: Readonly<Record<string, readonly [field: string, statements: readonly string[]]>> = {
  network: [
    'network(roots: $ids, depth: 2) { nodes { entity { name } } relations { from { key } to { key } } cut { by } }',
    ['graph.network'],
  ],
  'a network with what the graph does not tell': [
    'network(roots: $ids, depth: 2) { nodes { entity { createdAt } } relations { createdAt } }',
    ['graph.network', 'entities.byIds', 'entityRelations.byIds'],
  ],
  subgraph: [
    'subgraph(ids: $ids) { nodes { entity { name } } relations { from { key } } }',
    ['graph.nodes', 'graph.relationsAmong'],
  ],
  'entities within a network': [
    'entities(within: { roots: $ids, depth: 2 }, filter: { name: { contains: "1" } }, first: 100) { nodes { name } cut { by } }',
    ['graph.network', 'entities.list'],
  ],
};

/** Declares the suite. */
export function graphBudgetsContract(underTest: () => CountedFields): void {
  let ids: string[];
  beforeAll(async () => {
    const nodes = Array.from({ length: 120 }, (_, at) => ({ kind: 'city', key: `c${at}` }));
    const relations = nodes.flatMap((from, at) =>
      [1, 7, 30].map((step) => ({ kind: 'road', from, to: nodes[(at + step) % nodes.length]! })),
    );
    const written = await underTest().write({ nodes, relations });
    ids = written.nodes.map(({ id }) => globalId('Entity', id));
  });

  /** What is sent for one, for ten and for a hundred of them. */
  async function sent(query: string, variables: (count: number) => object): Promise<string[][]> {
    const counts: string[][] = [];
    for (const count of PARENTS) {
      underTest().statements();
      await underTest().data(query, variables(count));
      counts.push(underTest().statements());
    }
    return counts;
  }

  describe('as many statements for a hundred as for one', () => {
    test.each(Object.entries(LISTS))('%s', async (_what, [fields, statements]) => {
      const query = `query ($first: Int!) {
        entities(filter: { kind: { eq: "city" } }, first: $first) { nodes { ${fields} } } }`;
      const expected = ['entities.list', ...statements].toSorted();
      for (const names of await sent(query, (first) => ({ first })))
        expect(names).toEqual(expected);
    });

    test.each(Object.entries(WALKS))('%s', async (_what, [field, statements]) => {
      const query = `query ($ids: [ID!]!) { ${field} }`;
      const expected = statements.toSorted();
      for (const names of await sent(query, (count) => ({ ids: ids.slice(0, count) }))) {
        expect(names).toEqual(expected);
      }
    });
  });
}
