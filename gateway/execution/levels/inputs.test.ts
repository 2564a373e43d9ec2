/** What the quick way of reading inputs must not change; differential.test.ts compares the rest with graphql-js. */
import { buildSchema, parse, type OperationDefinitionNode } from 'graphql';
import { expect, test } from 'vitest';
import { variablesReader } from './inputs.ts';

test('a default that is an object is made anew for each execution: who writes to it changes no other', () => {
  const schema = buildSchema('scalar JSON type Query { a(of: JSON): Int }');
  const document = parse('query ($of: JSON = { list: [1] }) { a(of: $of) }');
  const { variableDefinitions } = document.definitions[0] as OperationDefinitionNode;
  const read = variablesReader(schema, variableDefinitions!);
  const first = read({}) as { coerced: { of: { list: number[] } } };
  first.coerced.of.list.push(2);
  expect(read({})).toEqual({ coerced: { of: { list: [1] } } });
});
