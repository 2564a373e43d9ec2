/** Counting what an operation asks for, before it is run. */
import { buildSchema, Kind, parse, type GraphQLObjectType } from 'graphql';
import { expect, test } from 'vitest';
import { measure, type Size } from './measure.ts';

const size: Size = ({ first }) => (typeof first === 'number' ? first : 2);
const schema = buildSchema(`
  type Query { books(first: Int): [Book!]! }
  type Book { id: Int! title: String author: Author similar(first: Int, near: [Int!]): [Book] }
  type Author { name: String! }
`);
for (const [type, field] of [
  ['Query', 'books'],
  ['Book', 'similar'],
] as const) {
  Object.assign((schema.getType(type) as GraphQLObjectType).getFields()[field]!, {
    extensions: { size },
  });
}

const { similar } = (schema.getType('Book') as GraphQLObjectType).getFields();
Object.assign(similar!.args[1]!, { extensions: { reads: 500 } });

function measured(text: string, variables = {}) {
  const { definitions } = parse(text);
  const operation = definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION)!;
  const fragments = definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  const byName = Object.fromEntries(fragments.map((one) => [one.name.value, one]));
  return measure({ schema, operation, fragments: byName, variables });
}

test('an operation is counted with its fragments in their places, and lists by what they may hold', () => {
  const text = `query($n: Int) { a: books(first: $n) { ...F similar(first: 3) { b: id ...F } } }
    fragment F on Book { title @skip(if: false) author { name } }`;
  expect(measured(text, { n: 10 })).toEqual({
    depth: 4,
    fields: 9,
    aliases: 2,
    directives: 2,
    cost: 10 * (1 + 1 + 3 * (1 + 1)),
  });
  expect(measured('{ books { id } }').cost).toBe(2);
});

test('what an argument makes a field look through counts for each parent, also in a variable', () => {
  const text = '($near: [Int!]) { books(first: 3) { similar(first: 2, near: $near) { id } } }';
  expect(measured(`query ${text}`).cost).toBe(3 * (1 + 500 + 2));
});

test('fragments that double with each level are counted at once', () => {
  const levels = 60;
  const fragments = Array.from(
    { length: levels },
    (_, at) =>
      `fragment F${at} on Book { a: similar { ...F${at + 1} } b: similar { ...F${at + 1} } }`,
  );
  const text = `{ books { ...F0 } } ${fragments.join(' ')} fragment F${levels} on Book { id }`;
  expect(measured(text).fields).toBeGreaterThan(2 ** levels);
});
