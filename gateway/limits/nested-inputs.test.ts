/** Filters in variables are counted as they came, and no further than their bound. */
import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { schema as graph } from '../../schema/index.ts';
import { prepare } from '../execution/levels/execute.ts';
import { nestedInputsCheck, NESTED_INPUTS_MAX } from './nested-inputs.ts';

const schema = buildSchema(`
  type Query { items(filter: Filter, around: Around, flat: [Flat!], any: Any): Int }
  input Filter { and: [Filter!] not: Filter other: Other is: Flat }
  input Other { some: Filter of: Flat }
  input Around { filters: [[Filter]] flat: Flat }
  input Flat { eq: Int in: [Int] }
  scalar Any
`);
const TEXT = `query($filter: Filter, $around: Around, $flat: [Flat!], $any: Any) {
  items(filter: $filter, around: $around, flat: $flat, any: $any) }`;

function check(max: number, variables: object, of = prepare(schema, parse(TEXT), null)): void {
  nestedInputsCheck(max)(of, variables as Record<string, unknown>);
}

test.each([
  ['alternatives', { filter: { and: [{}, {}, {}] } }, 4],
  ['depth', { filter: { not: { not: { not: {} } } } }, 4],
  ['through other types', { filter: { other: { some: { is: { eq: 1 } } } } }, 3],
  ['in several variables', { filter: { and: [{}] }, around: { filters: [[{}, null], {}] } }, 5],
])('%s: at the limit they are taken, one more is LIMITED', (_, variables, seen) => {
  expect(() => check(seen, variables)).not.toThrow();
  expect(() => check(seen - 1, variables)).toThrow(
    `filters inside filters may be at most ${seen - 1}, got ${seen}`,
  );
});

test('what cannot hold itself is not counted, nor what is not declared, nor JSON', () => {
  const many = Array.from({ length: 50 }, () => ({ and: [{}, {}] }));
  check(1, { flat: many, any: many, unknown: many, around: { flat: { in: many } } });
  check(1, { filter: { is: many, unknown: many, and: 'none' } });
  check(1, JSON.parse('{"filter":{"__proto__":{"and":[{},{}]},"constructor":[{}]}}') as object);
});

test('a hundred thousand alternatives are looked at up to the bound, and no further', () => {
  let looked = 0;
  const alternatives = Array.from({ length: 100_000 }, () => ({}));
  const counting = new Proxy(alternatives, {
    get(all, name, self) {
      if (typeof name === 'string' && /^\d+$/.test(name)) looked += 1;
      return Reflect.get(all, name, self) as unknown;
    },
  });
  const text = 'query($filter: RunFilter) { runs(filter: $filter) { nodes { id } } }';
  const asked = prepare(graph, parse(text), null);
  expect(() => check(NESTED_INPUTS_MAX, { filter: { or: counting } }, asked)).toThrow(
    `filters inside filters may be at most ${NESTED_INPUTS_MAX}, got ${NESTED_INPUTS_MAX + 1}`,
  );
  expect(looked).toBe(NESTED_INPUTS_MAX);
});
