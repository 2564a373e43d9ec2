/** What one operation may ask for: each bound at it and one past it, by query and by subscription. */
import { buildSchema, GraphQLError, parse, type GraphQLObjectType } from 'graphql';
import { expect, test } from 'vitest';
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

function refusal(text: string, limits: Partial<OperationLimits>, variables = {}): object | null {
  const prepared = prepare(schema, parse(text), null);
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

test('the default of a variable counts where it is not given, and only there', () => {
  const prepared = prepare(schema, parse('query($n: Int = 90) { items(first: $n) { id } }'), null);
  const check = operationCheck({ ...ANY, cost: 80 });
  expect(() => check(prepared, { n: null })).not.toThrow(); // As good as left out of the field.
  expect(() => check(prepared, {})).toThrow('at most 80, got 90');
  expect(() => check(prepared, { n: 80 })).not.toThrow();
});

test('a page size that would be refused anyway makes no operation cheap', () => {
  expect(refusal('{ items(first: -100) { items(first: 90) { id } } }', { cost: 99 })).toMatchObject(
    {
      code: 'LIMITED',
    },
  );
});
