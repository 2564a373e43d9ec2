import { graphql } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from './index.ts';

/** What a scalar makes of a value given as a variable, or why it refuses it. */
async function taken(type: string, value: unknown): Promise<unknown> {
  const scalar = schema.getType(type) as { parseValue(value: unknown): unknown };
  try {
    return scalar.parseValue(value);
  } catch (error) {
    return (error as Error).message;
  }
}

describe('DateTime', () => {
  test.each([
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05+05:30', '2026-01-01T21:34:05.000Z'],
    ['2026-01-02T03:04:05.678999Z', '2026-01-02T03:04:05.678Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is %s', async (given, meant) => {
    expect(await taken('DateTime', given)).toEqual(new Date(meant));
  });

  test.each([
    '2026-01-02',
    '2026-01-02T03:04:05',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-02T25:00:00Z',
    '0000-12-31T23:00:00Z',
    '9999-12-31T23:59:59-01:00',
    '+012026-01-02T03:04:05Z',
    'yesterday',
    1_767_322_800_000,
    null,
  ])('%s is refused with the rule', async (given) => {
    expect(await taken('DateTime', given)).toMatch(/^a DateTime /);
  });
});

describe('BigInt', () => {
  test.each([
    ['9007199254740991', 9_007_199_254_740_991],
    ['-9007199254740991', -9_007_199_254_740_991],
    [42, 42],
    ['0', 0],
  ])('%s is taken', async (given, meant) => {
    expect(await taken('BigInt', given)).toBe(meant);
  });

  test.each(['9007199254740992', '-9007199254740992', '1.5', 1.5, '1e3', '', ' 1', NaN, true])(
    '%s is refused with the bound',
    async (given) => {
      expect(await taken('BigInt', given)).toMatch(/from -\(2\^53 - 1\) to 2\^53 - 1/);
    },
  );

  test('is written as a string', () => {
    const scalar = schema.getType('BigInt') as unknown as { serialize(value: number): unknown };
    expect(scalar.serialize(4_294_967_296)).toBe('4294967296');
  });
});

test('a UUID is answered in lower case, and nothing else is one', async () => {
  expect(await taken('UUID', '019A5F00-0000-7000-8000-000000000001')).toBe(
    '019a5f00-0000-7000-8000-000000000001',
  );
  for (const bad of ['019a5f00', 7, '019a5f00-0000-7000-8000-00000000000g']) {
    expect(await taken('UUID', bad)).toMatch(/^a UUID has the form/);
  }
});

test('JSON of 64 levels is taken, of 65 refused', async () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  expect(await taken('JSON', nested(64))).toEqual(nested(64));
  expect(await taken('JSON', nested(65))).toBe('JSON may be at most 64 levels deep');
});

test('a refused value names its place and the rule, and nothing is executed', async () => {
  const bad = '{ runs(filter: { createdAt: { gt: "soon" } }) { nodes { id } } }';
  const inline = await graphql({ schema, source: bad });
  expect(inline.data).toBeUndefined();
  expect(inline.errors?.[0]?.message).toContain('found "soon"; a DateTime is ISO 8601');
  expect(inline.errors?.[0]?.locations).toEqual([{ line: 1, column: 35 }]);
  const variable = await graphql({
    schema,
    source: 'query ($filter: RunFilter) { runs(filter: $filter) { nodes { id } } }',
    variableValues: { filter: { and: [{ createdAt: { gt: 'soon' } }] } },
  });
  expect(variable.errors?.[0]?.message).toContain('"filter.and[0].createdAt.gt"');
});

test('a name that is not in the schema is refused', async () => {
  const { errors } = await graphql({
    schema,
    source: '{ runs(filter: { colour: { eq: "red" } }) { nodes { id } } }',
  });
  expect(errors?.[0]?.message).toContain('"colour"');
});
