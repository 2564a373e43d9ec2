/**
 * Reading fields of parsed JSON. What is wrong becomes an issue with its path; null then keeps the reading going,
 * so that one pass finds everything. An optional field may be absent but not null.
 */
import { textFault, type Issues } from '../issues.ts';

/** An object of the file. Only its own, known keys are asked for. */
export type Fields = Readonly<Record<string, unknown>>;

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  readonly optional?: boolean;
}

interface TextRule {
  /** UTF-8. */
  readonly bytes_max: number;
  readonly optional?: boolean;
  /** Whether it may not be empty. */
  readonly filled?: boolean;
}

export interface ShapeReader {
  fields(value: unknown, path: string): Fields | null;
  /** The object under a key; absent is an issue unless optional. */
  object(from: Fields, key: string, path: string, rule?: { optional?: boolean }): Fields | null;
  list(from: Fields, key: string, path: string, rule?: { optional?: boolean }): unknown[] | null;
  text(from: Fields, key: string, path: string, rule: TextRule): string | null;
  /** Null when any member is not what the rule wants. */
  texts(from: Fields, key: string, path: string, rule: TextRule): string[] | null;
  number(from: Fields, key: string, path: string, rule: NumberRule): number | null;
}

/** A reader that adds to these issues. */
export function shapeReader(issues: Issues): ShapeReader {
  const wrong = (path: string, message: string): null => {
    issues.add(path, message);
    return null;
  };
  const absent = (path: string, optional?: boolean): null =>
    optional ? null : wrong(path, 'is missing');

  const fields = (value: unknown, path: string): Fields | null =>
    isFields(value) ? value : wrong(path, `must be an object, is ${kindOf(value)}`);

  const textAt = (value: unknown, path: string, { bytes_max, filled }: TextRule): string | null => {
    if (typeof value !== 'string') return wrong(path, `must be text, is ${kindOf(value)}`);
    const fault = filled && value === '' ? 'must not be empty' : textFault(value, bytes_max);
    return fault ? wrong(path, fault) : value;
  };

  const reader: ShapeReader = {
    fields,
    object: (from, key, path, { optional } = {}) =>
      from[key] === undefined
        ? absent(`${path}.${key}`, optional)
        : fields(from[key], `${path}.${key}`),
    list: (from, key, path, { optional } = {}) => {
      const value = from[key];
      if (Array.isArray(value)) return value;
      if (value === undefined) return absent(`${path}.${key}`, optional);
      return wrong(`${path}.${key}`, `must be a list, is ${kindOf(value)}`);
    },
    text: (from, key, path, rule) =>
      from[key] === undefined
        ? absent(`${path}.${key}`, rule.optional)
        : textAt(from[key], `${path}.${key}`, rule),
    texts: (from, key, path, rule) => {
      const values = reader.list(from, key, path, rule);
      const texts = values?.map((value, index) =>
        typeof value === 'string' &&
        value.length * 3 <= rule.bytes_max &&
        !/[\0\ud800-\udfff]/.test(value)
          ? value // The usual case, without a path.
          : textAt(value, `${path}.${key}[${index}]`, rule),
      );
      return texts && texts.every((text) => text !== null) ? texts : null;
    },
    number: (from, key, path, rule) => {
      const value = from[key];
      if (value === undefined) return absent(`${path}.${key}`, rule.optional);
      if (typeof value !== 'number') {
        return wrong(`${path}.${key}`, `must be a number, is ${kindOf(value)}`);
      }
      const fits =
        value >= rule.min && value <= rule.max && (!rule.whole || Number.isInteger(value));
      if (fits) return value;
      const wanted = `${rule.whole ? 'a whole number' : 'a number'} from ${rule.min} to ${rule.max}`;
      return wrong(`${path}.${key}`, `must be ${wanted}, is ${value}`);
    },
  };
  return reader;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
