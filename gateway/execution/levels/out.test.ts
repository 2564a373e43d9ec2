import { expect, test } from 'vitest';
import { partsOf, textOf } from '../answer.ts';
import { Out, type Json } from './out.ts';

/** What is written of a string. */
function taken(text: string): Json {
  const out = new Out();
  out.text(text);
  return out.taken();
}

test('up to 16,384 bytes are a string, one more are bytes, and both say the same', () => {
  const quotes = 2;
  for (const unit of ['a', '\u00E9', '\u{1F600}']) {
    const bytes = Buffer.byteLength(unit);
    const fits = unit.repeat(Math.floor((16_384 - quotes) / bytes));
    const short = taken('a'.repeat((16_384 - quotes) % bytes) + fits);
    const long = taken('a'.repeat(((16_384 - quotes) % bytes) + 1) + fits);
    expect(typeof short).toBe('string');
    expect(Buffer.byteLength(short)).toBe(16_384);
    expect(Buffer.isBuffer(long)).toBe(true);
    expect(Buffer.byteLength(long)).toBe(16_385);
    expect(JSON.parse(String(long))).toBe(`a${JSON.parse(String(short))}`);
  }
});

test('bytes that were taken stay as they are while the next answer is written', () => {
  const out = new Out();
  out.text('a'.repeat(20_000));
  const first = out.taken();
  out.clear();
  out.text('b'.repeat(20_000));
  expect(JSON.parse(String(first))).toBe('a'.repeat(20_000));
});

test('an answer in parts is the same text, whatever it is made of', () => {
  const errors = [] as const;
  for (const data of ['{"a":1}', Buffer.from('{"a":1}')]) {
    expect(textOf({ data, errors })).toBe('{"data":{"a":1}}');
    expect(textOf({ data, errors }, '{"x":1}')).toBe('{"data":{"a":1},"extensions":{"x":1}}');
    expect(partsOf({ data, errors }).map(String).join('')).toBe('{"data":{"a":1}}');
  }
  expect(textOf({ data: undefined, errors })).toBe('{}');
  expect(textOf({ data: undefined, errors }, '{"x":1}')).toBe('{"extensions":{"x":1}}');
});
