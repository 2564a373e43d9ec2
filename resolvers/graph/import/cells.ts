/** What the text of a cell means, by the type that its column's name ends with: `runways:int`, `tags:string[]`. */

/** The value, or `WRONG`. */
type Reader = (text: string) => unknown;

const WRONG = Symbol('not of this type');

const WHOLE = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const wholeIn = (bits: number) => (text: string) => {
  const number = WHOLE.test(text) ? Number(text) : Number.NaN;
  return number >= -(2 ** (bits - 1)) && number < 2 ** (bits - 1) && Number.isSafeInteger(number)
    ? number
    : WRONG;
};

function decimal(text: string): unknown {
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : WRONG;
}

function truth(text: string): unknown {
  const word = text.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : WRONG;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return WRONG;
  }
}

const asIs: Reader = (text) => text;

/** The types of Apache TinkerPop's and Amazon Neptune's CSV, of Neo4j's, and JSON; in lower case. */
const TYPES: Readonly<Record<string, readonly [says: string, read: Reader]>> = {
  string: ['text', asIs],
  date: ['text', asIs],
  datetime: ['text', asIs],
  byte: ['a whole number from -128 to 127', wholeIn(8)],
  short: ['a whole number from -32768 to 32767', wholeIn(16)],
  int: ['a whole number of 32 bits', wholeIn(32)],
  long: ['a whole number within ±(2^53 - 1)', wholeIn(64)],
  float: ['a number', decimal],
  double: ['a number', decimal],
  number: ['a number', decimal],
  bool: ['true or false', truth],
  boolean: ['true or false', truth],
  json: ['JSON', json],
};

/** Names of all types, for help. */
export const TYPE_NAMES: readonly string[] = Object.keys(TYPES);

export interface Column {
  /** Without its type. */
  readonly name: string;
  /** The value of a cell that is not empty, or what it must be. */
  readonly read: (text: string) => { readonly value: unknown } | { readonly mustBe: string };
}

/**
 * A column by its title. Without a type that is known here the whole of it is the name, and its cells are text. A type
 * that ends in `[]` is a list of values with `;` between them.
 */
export function columnOf(title: string): Column {
  const [, name = title, type = '', isList = ''] = /^(.+):(\w+)(\[\])?$/.exec(title) ?? [];
  const known = Object.hasOwn(TYPES, type.toLowerCase()) ? TYPES[type.toLowerCase()] : undefined;
  if (!known) return { name: title, read: (text) => ({ value: text }) };
  const [says, readOne] = known;
  return {
    name,
    read(text) {
      const values = (isList ? text.split(';') : [text]).map(readOne);
      if (values.includes(WRONG))
        return { mustBe: isList ? `${says}, several with ; between` : says };
      return { value: isList ? values : values[0] };
    },
  };
}
