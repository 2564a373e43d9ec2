import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { Limited, Refusal } from '../../resolvers/errors.ts';
import { openDocuments } from './documents.ts';

const schema = buildSchema('type Query { a: Query, hidden: [String], b(x: [Int]): Int }');
const LIMITS = { tokens_max: 100, documents_max: 3, characters_max: 1_000 };

test('the same text is parsed and validated once', () => {
  const documentOf = openDocuments(schema, LIMITS);
  expect(documentOf('{ a { __typename } }')).toBe(documentOf('{ a { __typename } }'));
});

test('as many documents as allowed are remembered, the least recently used goes first', () => {
  const documentOf = openDocuments(schema, LIMITS);
  const texts = ['{ hidden }', '{ x: hidden }', '{ y: hidden }'];
  const [first, second, third] = texts.map(documentOf);
  expect(texts.map(documentOf)).toEqual([first, second, third]);
  documentOf(texts[0] as string);
  documentOf('{ z: hidden }'); // One past: the second is the oldest now.
  expect(documentOf(texts[0] as string)).toBe(first);
  expect(documentOf(texts[2] as string)).toBe(third);
  expect(documentOf(texts[1] as string)).not.toBe(second);
});

test('remembered texts stay within their characters together, whatever their number', () => {
  const documentOf = openDocuments(schema, { ...LIMITS, characters_max: 40 });
  const twenty = '{ hidden          }'.padEnd(20);
  const first = documentOf(twenty);
  documentOf(twenty.replace('hidden ', 'hidden,'));
  expect(documentOf(twenty)).toBe(first); // 40 together: both fit.
  documentOf('{ a }'.padEnd(10).replace('a }', 'b }')); // 10 more: the oldest goes.
  expect(documentOf(twenty)).toBe(first);
  const over = '{ hidden }'.padEnd(41);
  expect(documentOf(over)).not.toBe(documentOf(over));
});

test('tokens at the limit are read, one more is LIMITED and not validated', () => {
  const documentOf = openDocuments(schema, LIMITS);
  const tokens = (count: number) => `{ ${'nothing '.repeat(count - 2)}}`;
  expect(documentOf(tokens(100)).errors?.[0]?.message).toContain('Cannot query field "nothing"');
  const [error] = documentOf(tokens(101)).errors ?? [];
  expect(error).toBeInstanceOf(Limited);
  expect(error).toMatchObject({ code: 'LIMITED', limit: 100, seen: 101 });
});

test('a document too deep for the stack is LIMITED, and the next one is read', () => {
  const documentOf = openDocuments(schema, { ...LIMITS, tokens_max: 100_000 });
  for (const deep of [`{ b(x: ${'['.repeat(20_000)}) }`, '{a'.repeat(20_000)]) {
    const [error] = documentOf(deep).errors ?? [];
    expect(error).toBeInstanceOf(Refusal);
    expect(error).toMatchObject({ code: 'LIMITED' });
  }
  expect(documentOf('{ hidden }').errors).toBeUndefined();
});

test('a document whose fields are too many to be compared is LIMITED', () => {
  const documentOf = openDocuments(schema, { ...LIMITS, tokens_max: 100_000 });
  const fragments = (count: number) => `{ a { ${'... on Query { hidden } '.repeat(count)}} }`;
  expect(documentOf(fragments(100)).errors).toBeUndefined();
  expect(documentOf(fragments(2_000)).errors).toMatchObject([{ code: 'LIMITED' }]);
});

test('no error names a field that was not asked for', () => {
  const documentOf = openDocuments(schema, LIMITS);
  expect(documentOf('{ hiddn }').errors?.map(({ message }) => message)).toEqual([
    'Cannot query field "hiddn" on type "Query".',
  ]);
});
