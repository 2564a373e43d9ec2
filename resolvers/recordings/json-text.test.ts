import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Invalid } from '../errors.ts';
import { parseJson } from './json-text.ts';

const DEPTH_MAX = 8;

function problemOf(text: string): string {
  try {
    parseJson(text, DEPTH_MAX);
  } catch (error) {
    expect(error).toBeInstanceOf(Invalid);
    return (error as Invalid).message;
  }
  return 'none';
}

test.each([
  ['{"a": }', '$: is not JSON: expected a value, found "}" (line 1, column 7)'],
  ['{"a": 1,\n "b" 2}', '$: is not JSON: expected :, found "2" (line 2, column 6)'],
  ['[1 2]', '$: is not JSON: expected , or the end, found "2" (line 1, column 4)'],
  ['[1, ]', '$: is not JSON: expected a value, found "]" (line 1, column 5)'],
  ['{"a": 1, }', '$: is not JSON: expected a name, found "}" (line 1, column 10)'],
  ['{1: 2}', '$: is not JSON: expected a name or }, found "1" (line 1, column 2)'],
  ['[1}', '$: is not JSON: expected , or the end, found "}" (line 1, column 3)'],
  ['{} {}', '$: is not JSON: expected nothing, found "{" (line 1, column 4)'],
  ['"a\nb"', '$: is not JSON: a control character must be escaped (line 1, column 3)'],
  ['"a\\x"', '$: is not JSON: there is no such escape (line 1, column 3)'],
  ['[\n"abc', '$: is not JSON: this string has no end (line 2, column 1)'],
  ['[01]', '$: is not JSON: expected , or the end, found "1" (line 1, column 3)'],
  ['[NaN]', '$: is not JSON: expected a value or ], found "N" (line 1, column 2)'],
  ['[1', '$: is not JSON: ends where , or the end is expected (line 1, column 3)'],
  ['', '$: is not JSON: ends where a value is expected (line 1, column 1)'],
  ['\u00a0{}', '$: is not JSON: expected a value, found "\u00a0" (line 1, column 1)'],
])('%j is refused with the place of its first error', (text, problem) => {
  expect(problemOf(text)).toBe(problem);
});

test('nesting may be as deep as its bound, and absurd nesting needs no stack', () => {
  expect(parseJson('[[[[[[[[]]]]]]]]', DEPTH_MAX)).toEqual([[[[[[[[]]]]]]]]);
  const rule = '$: may be nested at most 8 deep, is deeper (line 1, column 9)';
  expect(problemOf('['.repeat(9) + ']'.repeat(9))).toBe(rule);
  expect(problemOf('['.repeat(100_000))).toBe(rule);
  expect(problemOf('{"a":'.repeat(100_000))).toMatch(/at most 8 deep/);
});

test('a string of a million escapes passes', () => {
  const text = JSON.stringify('\n'.repeat(1_000_000));
  expect(parseJson(text, DEPTH_MAX)).toHaveLength(1_000_000);
});

test('whatever JSON.parse takes passes, whatever it refuses is refused', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    ' ',
    '\n',
    'true',
    'null',
    '-',
    '0',
    '1.5',
  ];
  const piece = fc.constantFrom(...pieces, 'e9', '\\u00e9', 'é', '\t');
  const text = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (json) => {
      let wanted: unknown;
      try {
        wanted = { value: JSON.parse(json) };
      } catch {
        wanted = 'refused';
      }
      const problem = problemOf(json);
      if (problem === 'none') expect({ value: parseJson(json, DEPTH_MAX) }).toEqual(wanted);
      else expect(wanted).toBe('refused');
    }),
    { numRuns: 3_000 },
  );
});
