/** What one operation may ask for: each bound at it and one past it, by query and by subscription. */
import {
  buildSchema,
  getIntrospectionQuery,
  getNamedType,
  GraphQLError,
  isObjectType,
  isScalarType,
  parse,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema as graph } from '../../schema/index.ts';
import { parseConfig } from '../config.ts';
import { prepare } from '../execution/levels/execute.ts';
import { operationCheck, type OperationLimits } from './operation.ts';

const ANY: OperationLimits = { depth: 99, fields: 99, aliases: 99, directives: 99, cost: 99 };

const schema = buildSchema(`
  type Query { item: Item items(first: Int, last: Int): [Item!]! }
  type Subscription { item: Item }
  type Item { id: ID item: Item items(first: Int): [Item!]! }
`);
for (const type of ['Query', 'Item']) {
  const { items } = (schema.getType(type) as GraphQLObjectType).getFields();
  Object.assign(items!.args[0]!, { extensions: { fallback: 5 } });
}

function refusal(
  text: string,
  limits: Partial<OperationLimits>,
  variables = {},
  of: GraphQLSchema = schema,
): object | null {
  const prepared = prepare(of, parse(text), null);
  const check = operationCheck({ ...ANY, ...limits });
  try {
    check(prepared, variables);
    check(prepared, variables); // Measured once, refused each time.
    return null;
  } catch (error) {
    expect(error).not.toBeInstanceOf(GraphQLError);
    const { code, message, limit, seen } = error as Record<string, unknown>;
    return { code, message, limit, seen };
  }
}

const CASES = [
  ['depth', '{ item { item { id } } }', 3, 'fields inside fields'],
  [
    'fields',
    '{ ...F item { id } } fragment F on Query { a: item { id } }',
    4,
    'fields of the operation',
  ],
  ['aliases', '{ a: item { b: id id } }', 2, 'aliases of the operation'],
  [
    'directives',
    '{ item @skip(if: false) { id @include(if: true) } }',
    2,
    'directives of the operation',
  ],
  ['cost', '{ items(first: 3) { items { id } } }', 18, 'objects that the operation may read'],
  ['cost', '{ items(last: 2) { id } }', 2, 'objects that the operation may read'],
  ['depth', 'subscription { item { item { id } } }', 3, 'fields inside fields'],
] as const;

test.each(CASES)(
  '%s of %s: %i is read, one more than the limit is LIMITED',
  (name, text, seen, words) => {
    expect(refusal(text, { [name]: seen })).toBeNull();
    expect(refusal(text, { [name]: seen - 1 })).toMatchObject({
      code: 'LIMITED',
      message: expect.stringContaining(words),
      limit: seen - 1,
      seen,
    });
  },
);

test('the size of a page counts as its variable says, and as its default where there is none', () => {
  const text = 'query($n: Int = 7) { items(first: $n) { id } }';
  expect(refusal(text, { cost: 7 }, { n: 7 })).toBeNull();
  expect(refusal(text, { cost: 7 }, { n: 8 })).toMatchObject({ seen: 8 });
  expect(refusal('{ items { id } }', { cost: 4 })).toMatchObject({ seen: 5 });
});

test('entities within a network cost the walk as well, however the network is given', () => {
  const text = `query($within: EntitiesWithinInput) { entities(first: 1, within: $within) { nodes { id } } }`;
  expect(refusal(text, { cost: 10_002 }, {}, graph)).toBeNull();
  expect(refusal(text, { cost: 10_001 }, {}, graph)).toMatchObject({
    code: 'LIMITED',
    seen: 10_002,
  });
});

test('the default of a variable counts where it is not given, and only there', () => {
  const prepared = prepare(schema, parse('query($n: Int = 90) { items(first: $n) { id } }'), null);
  const check = operationCheck({ ...ANY, cost: 80 });
  expect(() => check(prepared, { n: null })).not.toThrow(); // As good as left out of the field.
  expect(() => check(prepared, {})).toThrow('at most 80, got 90');
  expect(() => check(prepared, { n: 80 })).not.toThrow();
});

test.each([-100, 1.5, Infinity, -Infinity])(
  'a page size of %d, which is refused by who reads it, makes no operation cheap and none dear',
  (n) => {
    const text = 'query($n: Int) { items(first: $n) { items(first: 90) { id } } }';
    expect(refusal(text, { cost: 5 * 91 }, { n })).toBeNull();
    expect(refusal(text, { cost: 5 * 91 - 1 }, { n })).toMatchObject({ seen: 5 * 91 });
  },
);

test('variables that are not declared are not even read', () => {
  let read = 0;
  const other = { enumerable: true, get: () => (read += 1) };
  const variables = Object.defineProperties({ n: 7 }, { m: other, constructor: other });
  expect(refusal('query($n: Int) { items(first: $n) { id } }', { cost: 6 }, variables)).toEqual({
    code: 'LIMITED',
    message: 'objects that the operation may read may be at most 6, got 7',
    limit: 6,
    seen: 7,
  });
  expect(read).toBe(0);
});

test('a variable that is called like what every object has is not given by that', () => {
  const text =
    'query($constructor: Int = 7, $__proto__: Int) { items(first: $constructor) { id } }';
  expect(refusal(text, { cost: 4 })).toMatchObject({ seen: 7 });
  expect(refusal(text, { cost: 1 }, JSON.parse('{"constructor":2,"__proto__":9}'))).toMatchObject({
    seen: 2,
  });
});

describe('the graph', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, at) => `id${at}`);
  const RUNS = 'runs(first: 3) { nodes { uuid } }';
  const OF_ARTIFACT = `... on Artifact { run { uuid } }`;

  test.each([
    ['nodes, by its ids', `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, { ids: ids(7) }, 7],
    ['nodes, by ids as written', '{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3],
    ['nodes, by one id as written', '{ nodes(ids: "a") { id } }', {}, 1],
    [
      'nodes, times what is asked of each',
      `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Workflow { ${RUNS} } } }`,
      { ids: ids(5) },
      5 * (1 + 3 * 2),
    ],
    [
      'artifactLineage, by its artifacts',
      'query($n: Int!) { artifactLineage(id: "a", first: $n) { nodes { artifact { id } } } }',
      { n: 11 },
      11 * (1 + 2),
    ],
    [
      'artifactLineage, by its default',
      '{ artifactLineage(id: "a") { nodes { artifact { id } } } }',
      {},
      200 * (1 + 2),
    ],
    [
      'artifactLineage, with all edges that are read for its artifacts',
      `{ artifactLineage(id: "a", first: 1000) { edges { from { ${OF_ARTIFACT} } } } }`,
      {},
      1_000 + 20_000 * (1 + 1 + 1),
    ],
    ['live runs', 'subscription { runs(first: 9) { runs { id } } }', {}, 9 * 2],
    ['live runs, by default', 'subscription { runs { runs { id } } }', {}, 20 * 2],
    ['runEvents', '{ runEvents(runId: "a", first: 9) { nodes { seq } } }', {}, 9 * 2],
    ['runEvents, by default', '{ runEvents(runId: "a") { nodes { seq } } }', {}, 100 * 2],
  ])('%s: as many objects are read at the limit, one more is LIMITED', (_, text, given, cost) => {
    const many = { depth: 99, fields: 999, cost };
    expect(refusal(text, many, given, graph)).toBeNull();
    expect(refusal(text, { ...many, cost: cost - 1 }, given, graph)).toMatchObject({
      code: 'LIMITED',
      limit: cost - 1,
      seen: cost,
    });
  });

  test('more ids of the same variable are counted anew', () => {
    const prepared = prepare(graph, parse('query($ids: [ID!]!) { nodes(ids: $ids) { id } }'), null);
    const check = operationCheck({ ...ANY, cost: 4 });
    expect(() => check(prepared, { ids: ids(4) })).not.toThrow();
    expect(() => check(prepared, { ids: ids(5) })).toThrow('at most 4, got 5');
  });

  test('whatever has pages or takes a list of ids says how many objects it may answer', () => {
    const silent = Object.values(graph.getTypeMap()).flatMap((type) => {
      if (!isObjectType(type)) return [];
      return Object.values(type.getFields()).flatMap(({ name, args, extensions }) => {
        const first = args.find((arg) => arg.name === 'first');
        const lists = args.filter((arg) => isIdList(arg.type));
        if (!first && lists.length === 0) return [];
        const told = extensions['size'] ?? first?.extensions['fallback'];
        return told === undefined ? [`${type.name}.${name}`] : [];
      });
    });
    expect(silent).toEqual([]);
  });

  test('introspection is counted as all else, and what GraphiQL asks of it is within the defaults', () => {
    const config = parseConfig({});
    const defaults: OperationLimits = {
      depth: config.query_depth_max,
      fields: config.query_fields_max,
      aliases: config.query_aliases_max,
      directives: config.query_directives_max,
      cost: config.query_cost_max,
    };
    const options = { inputValueDeprecation: true, schemaDescription: true, oneOf: true };
    expect(refusal(getIntrospectionQuery(options), defaults, {}, graph)).toBeNull();
    const names = Array.from({ length: 201 }, (_, at) => `a${at}: name`).join(' ');
    expect(refusal(`{ __schema { types { ${names} } } }`, defaults, {}, graph)).toMatchObject({
      message: 'aliases of the operation may be at most 200, got 201',
    });
    const types = Object.keys(graph.getTypeMap()).length;
    const text = '{ __schema { types { name } } t: __type(name: "Run") { name } }';
    expect(refusal(text, { cost: types + 2 }, {}, graph)).toBeNull();
    expect(refusal(text, { cost: types + 1 }, {}, graph)).toMatchObject({ seen: types + 2 });
  });
});

function isIdList(type: Parameters<typeof getNamedType>[0]): boolean {
  const named = getNamedType(type);
  return isScalarType(named) && named.name === 'ID' && String(type).startsWith('[');
}
