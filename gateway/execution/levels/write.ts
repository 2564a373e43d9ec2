/**
 * The second phase for the usual case: the answer as JSON text, written by functions that are generated once per
 * selection. They know no failures: whatever is odd (a failure, a null that may not be, a promise, a value that its
 * type does not take at once) makes them give up, and complete.ts makes the whole answer of the same values instead.
 */
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isEnumType,
  type GraphQLLeafType,
} from 'graphql';
import { Out, piece, type Json } from './out.ts';
import { innermost, type PlannedField, type Selection, type Shape } from './plan.ts';
import type { Group } from './asked.ts';

/** The data of an answer as JSON; null where it cannot be written this way. */
export function writeData(root: Group): Json | null {
  const out = idle ?? new Out();
  idle = null;
  out.clear();
  try {
    writerOf(root.selection)(out, root.sources[0], root, 0);
    return out.taken();
  } catch {
    return null; // Also what a serializer throws: complete.ts tells it.
  } finally {
    idle = out;
  }
}

/** For the next answer. A serializer that asks for another answer meanwhile finds none. */
let idle: Out | null = null;

/** A scalar may write values that it knows by itself; false where it does not, and `serialize` is asked. */
export type LeafWriter = (value: unknown, out: Out) => boolean;
/** Its name among a scalar's extensions. */
const WRITES = 'writeJson';

type Writer = (out: Out, source: unknown, group: Group | null, index: number) => void;

const writers = new WeakMap<Selection, Writer>();

function writerOf(selection: Selection): Writer {
  let writer = writers.get(selection);
  if (!writer) writers.set(selection, (writer = generate(selection)));
  return writer;
}

/** Thrown by what is generated, without a stack. */
const GIVE_UP = { reason: 'not as usual' };

/** What generated code may call, beside its constants. */
const RUNTIME = {
  leaf,
  writeObject: (out: Out, group: Group, index: number): void =>
    writerOf(group.selection)(out, group.sources[index], group, index),
  giveUp(): never {
    throw GIVE_UP; // oxlint-disable-line no-throw-literal -- thrown often, caught at once, never shown
  },
};

interface Source {
  /** Handed to the generated function: types, and writers of selections below. */
  readonly constants: unknown[];
  /** Of variables. */
  count: number;
}

function generate(selection: Selection): Writer {
  const source: Source = { constants: [], count: 0 };
  let body = '';
  let text = '{';
  for (const [at, field] of selection.fields.entries()) {
    text += `${at === 0 ? '' : ','}${JSON.stringify(field.key)}:`;
    if (field.isTypename) {
      text += JSON.stringify(field.parentType.name);
      continue;
    }
    body += `${pieceCode(source, text)}${fieldCode(source, field)}`;
    text = '';
  }
  const code = `"use strict";
const { leaf, writeObject, giveUp } = runtime;
return function write(out, source, group, index) {
${body}${pieceCode(source, `${text}}`)}};`;
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- names of the schema, which are checked to be names, and keys as JSON: nothing of a client's is code
  return new Function('runtime', 'c', code)(RUNTIME, source.constants) as Writer;
}

function fieldCode(source: Source, field: PlannedField): string {
  const value = name(source, 'v');
  if (field.slot < 0) {
    return `const ${value} = source.${field.def.name};\n${valueCode(source, field.shape, value, null)}`;
  }
  const inner = innermost(field.shape);
  const below =
    inner.kind === 'object' && inner.selection.executed.length === 0 && !inner.type.isTypeOf;
  const read = `const ${value} = group.values[${field.slot}][index];\n`;
  if (inner.kind === 'leaf' || below) return read + valueCode(source, field.shape, value, null);
  const children = name(source, 'b');
  const next = name(source, 'n');
  return `${read}const ${children} = group.children[${field.slot}];
let ${next} = ${children}.starts[index];
${valueCode(source, field.shape, value, { children, next })}`;
}

/** Where objects are found that are in groups. */
interface Below {
  readonly children: string;
  readonly next: string;
}

function valueCode(source: Source, shape: Shape, value: string, below: Below | null): string {
  const absent = shape.nonNull ? 'giveUp();' : pieceCode(source, 'null');
  return `if (${value} === null || ${value} === undefined) { ${absent} } else {\n${presentCode(source, shape, value, below)}}\n`;
}

function presentCode(source: Source, shape: Shape, value: string, below: Below | null): string {
  if (shape.kind === 'leaf') return leafCode(source, shape.type, value);
  if (shape.kind === 'list') {
    const [at, item] = [name(source, 'i'), name(source, 'v')];
    return `if (!Array.isArray(${value})) giveUp();
out.byte(${OPEN});
for (let ${at} = 0; ${at} < ${value}.length; ${at} += 1) {
if (${at} > 0) out.byte(${COMMA});
const ${item} = ${value}[${at}];
${valueCode(source, shape.item, item, below)}}
out.byte(${CLOSE});
`;
  }
  const usual = `if (typeof ${value} !== "object" || ${value} instanceof Error || typeof ${value}.then === "function") giveUp();\n`;
  if (!below) {
    if (shape.kind !== 'object') throw new Error('an abstract type is always resolved before');
    const writer = constant(source, writerLater(shape.selection));
    return `${usual}${writer}(out, ${value}, null, 0);\n`;
  }
  const { children, next } = below;
  if (shape.kind === 'object' && !shape.type.isTypeOf) {
    const writer = constant(source, writerLater(shape.selection));
    return `if (${value} instanceof Error) giveUp();
${writer}(out, ${children}.groups.sources[${next}], ${children}.groups, ${next});
${next} += 1;
`;
  }
  const group = name(source, 'g');
  return `if (${value} instanceof Error) giveUp();
const ${group} = ${children}.groups[${next}];
if (${group} instanceof Error) giveUp();
writeObject(out, ${group}, ${children}.places[${next}]);
${next} += 1;
`;
}

/** Generated when it is first called: selections of what never comes are not. */
function writerLater(selection: Selection): Writer {
  return (...given) => writerOf(selection)(...given);
}

function leafCode(source: Source, type: GraphQLLeafType, value: string): string {
  const usual = `leaf(out, ${constant(source, type)}, ${value});\n`;
  const other = `else ${usual}`;
  switch (type) {
    case GraphQLString:
    case GraphQLID:
      return `if (typeof ${value} === "string") out.text(${value}); ${other}`;
    case GraphQLInt:
      return `if ((${value} | 0) === ${value}) out.number(${value}); ${other}`;
    case GraphQLFloat:
      return `if (typeof ${value} === "number" && Number.isFinite(${value})) out.number(${value}); ${other}`;
    case GraphQLBoolean:
      return `if (typeof ${value} === "boolean") out.piece(${value} ? ${constant(source, TRUE)} : ${constant(source, FALSE)}); ${other}`;
    default:
  }
  if (!isEnumType(type)) {
    const write = type.extensions[WRITES] as LeafWriter | undefined;
    return write ? `if (!${constant(source, write)}(${value}, out)) { ${usual} }\n` : usual;
  }
  const names = type.getValues().map((one) => [one.value as unknown, piece(`"${one.name}"`)]);
  return `out.piece(${constant(source, new Map(names as [unknown, Uint8Array][]))}.get(${value}) ?? giveUp());\n`;
}

function leaf(out: Out, type: GraphQLLeafType, value: unknown): void {
  if (typeof value === 'function' || value instanceof Error) return RUNTIME.giveUp();
  if (typeof (value as { then?: unknown }).then === 'function') return RUNTIME.giveUp();
  const answer: unknown = type.serialize(value);
  if (typeof answer === 'string') return out.text(answer);
  if (answer === null || answer === undefined) return RUNTIME.giveUp();
  out.json(JSON.stringify(answer) ?? RUNTIME.giveUp());
}

const [TRUE, FALSE] = [piece('true'), piece('false')];
const [OPEN, COMMA, CLOSE] = [0x5b, 0x2c, 0x5d];

function pieceCode(source: Source, json: string): string {
  return `out.piece(${constant(source, piece(json))});\n`;
}

function name(source: Source, kind: string): string {
  source.count += 1;
  return kind + source.count;
}

function constant(source: Source, value: unknown): string {
  source.constants.push(value);
  return `c[${source.constants.length - 1}]`;
}
