/**
 * JSON from strangers. JSON.parse tells the place of an error only sometimes and has no bound on nesting, so the
 * text is walked first: the grammar of RFC 8259 with a stack of our own.
 */
import { Invalid } from '../errors.ts';
import { shown } from '../issues.ts';

/** The value of a JSON text. Refuses: Invalid at `$`, with line and column, when it is none or nested too deep. */
export function parseJson(text: string, depth_max: number): unknown {
  checkText(text, depth_max);
  return JSON.parse(text);
}

type Expected =
  | 'a value'
  | 'a value or ]'
  | 'a name'
  | 'a name or }'
  | ':'
  | ', or the end'
  | 'nothing';

function checkText(text: string, depth_max: number): void {
  const closers: ('}' | ']')[] = []; // Of what is open.
  let expected: Expected = 'a value';
  let at = end(SPACE, text, 0);
  while (at < text.length) {
    const char = text[at] as string;
    const opens = char === '{' || char === '[';
    let next = at + 1;
    if (opens && (expected === 'a value' || expected === 'a value or ]')) {
      if (closers.length === depth_max)
        refuse(text, at, `may be nested at most ${depth_max} deep, is deeper`);
      closers.push(char === '{' ? '}' : ']');
      expected = char === '{' ? 'a name or }' : 'a value or ]';
    } else if (closes(char, expected, closers)) {
      closers.pop();
      expected = afterValue(closers);
    } else if (char === '"' && (expected === 'a name' || expected === 'a name or }')) {
      next = stringEnd(text, at);
      expected = ':';
    } else if (expected === 'a value' || expected === 'a value or ]') {
      next = char === '"' ? stringEnd(text, at) : end(SCALAR, text, at);
      if (next === at) unexpected(text, at, expected);
      expected = afterValue(closers);
    } else if (char === ':' && expected === ':') {
      expected = 'a value';
    } else if (char === ',' && expected === ', or the end') {
      expected = closers.at(-1) === '}' ? 'a name' : 'a value';
    } else {
      unexpected(text, at, expected);
    }
    at = end(SPACE, text, next);
  }
  if (expected !== 'nothing') refuse(text, at, `is not JSON: ends where ${expected} is expected`);
}

function afterValue(closers: readonly string[]): Expected {
  return closers.length > 0 ? ', or the end' : 'nothing';
}

function closes(char: string, expected: Expected, closers: readonly string[]): boolean {
  if (char !== closers.at(-1)) return false;
  return expected === ', or the end' || expected.endsWith(` or ${char}`);
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where the match that begins at `at` ends; `at` when there is none. */
function end(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Character by character: an expression over `(plain|escape)*` would use a stack as deep as the string is long. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < 0x20) refuse(text, at, 'is not JSON: a control character must be escaped');
    if (code === BACKSLASH) {
      const after = end(ESCAPE, text, at);
      if (after === at) refuse(text, at, 'is not JSON: there is no such escape');
      at = after - 1;
    }
  }
  return refuse(text, start, 'is not JSON: this string has no end');
}

function unexpected(text: string, at: number, expected: Expected): never {
  const found = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return refuse(text, at, `is not JSON: expected ${expected}, found ${shown(found)}`);
}

function refuse(text: string, at: number, problem: string): never {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  throw new Invalid('$', `${problem} (line ${line}, column ${at - before.lastIndexOf('\n')})`);
}
