/**
 * docs/PROTOCOL.md as a test reads it: its tables, and its worked messages in the order in which they travel.
 *
 * A fenced block whose second word is `client` or `gateway` is a message: ```json ws client```, ```http gateway```,
 * ```text sse gateway```, ```text ws close```. An HTML comment `<!-- meanwhile: … -->` says what happens between two.
 */
import { readFileSync } from 'node:fs';

export interface Step {
  /** Of the block's fence: `json ws client`; of a comment: `meanwhile`. */
  readonly kind: string;
  readonly text: string;
  /** Line of the document, from 1. */
  readonly line: number;
}

export interface Page {
  readonly text: string;
  readonly steps: readonly Step[];
  /** The rows of the table below the heading, cells without back-quotes; throws when there is none. */
  table(heading: string): readonly (readonly string[])[];
}

/** Reads the document. */
export function readPage(path = 'docs/PROTOCOL.md'): Page {
  const text = readFileSync(path, 'utf8');
  return { text, steps: stepsIn(text), table: (heading) => tableBelow(text, heading) };
}

const STEP = /^```((?:json|http)[^\n]*|text [^\n]+)\n(.*?)^```$|^<!-- meanwhile: (.*?) -->$/gms;

function stepsIn(text: string): Step[] {
  return [...text.matchAll(STEP)].map((found) => {
    const [, kind = '', block = '', meanwhile] = found;
    const line = text.slice(0, found.index).split('\n').length;
    if (meanwhile !== undefined) return { kind: 'meanwhile', text: meanwhile, line };
    return { kind, text: block, line };
  });
}

function tableBelow(text: string, heading: string): string[][] {
  const from = text.indexOf(`\n${heading}\n`);
  const [, ...below] = text.slice(from).trimStart().split('\n');
  const begin = below.findIndex((line) => line.startsWith('|'));
  const before = below.slice(0, begin).some((line) => line.startsWith('#'));
  if (from < 0 || begin < 0 || before) throw new Error(`no table below "${heading}"`);
  const rows = below.slice(begin);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(2, end < 0 ? rows.length : end).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|')),
  );
}

/** What placeholders stood for so far, by name. */
export type Bound = Map<string, string>;

const PLACEHOLDER =
  /<((?:any )?(cursor|uuid|id|time|number|words)\b[^<>]*|any (?:cursor|uuid|id|time|number|words))>/g;

/** What a value must look like, by the first word of its placeholder. */
const SHAPES: Readonly<Record<string, string>> = {
  cursor: '[\\w-]{16,}',
  uuid: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  id: '[\\w-]{8,}',
  time: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z',
  number: '\\d+',
  words: '[^\\n]+?',
};

/** Puts values in the place of placeholders; `make` gives one that is not bound yet. */
export function filled(
  text: string,
  bound: Bound,
  make: (shape: string, name: string) => string,
): string {
  return text.replaceAll(PLACEHOLDER, (_, name: string, shape: string) => {
    const value = bound.get(name) ?? make(shape, name);
    bound.set(name, value);
    return value;
  });
}

/**
 * How `actual` differs from what the document says, in words; null when it does not. A name stands for the same value
 * wherever it comes again; one that begins with `any` is never bound.
 */
export function difference(expected: unknown, actual: unknown, bound: Bound): string | null {
  if (typeof expected === 'string' && typeof actual === 'string') {
    return textDiffers(expected, actual, bound);
  }
  if (!isNested(expected) || !isNested(actual)) {
    return Object.is(expected, actual) ? null : `expected ${shown(expected)}, got ${shown(actual)}`;
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const key of keys) {
    const differs = difference(expected[key], actual[key], bound);
    if (differs) return `${key}: ${differs}`;
  }
  return null;
}

function textDiffers(expected: string, actual: string, bound: Bound): string | null {
  const names: string[] = [];
  let pattern = '';
  let from = 0;
  for (const { 0: whole, 1: name = '', 2: shape, index } of expected.matchAll(PLACEHOLDER)) {
    pattern += quoted(expected.slice(from, index));
    from = index + whole.length;
    const known = bound.get(name);
    pattern += known === undefined ? `(${SHAPES[shape ?? name.slice(4)]})` : quoted(known);
    if (known === undefined) names.push(name);
  }
  pattern += quoted(expected.slice(from));
  const match = new RegExp(`^${pattern}$`).exec(actual);
  if (!match) return `expected ${shown(expected)}, got ${shown(actual)}`;
  names.forEach((name, at) => {
    if (!name.startsWith('any ')) bound.set(name, match[at + 1]!);
  });
  return null;
}

function quoted(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

function isNested(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
