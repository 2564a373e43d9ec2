/** Scalars. What they refuse is told with the rule; graphql adds the place and what was received. */
import { canonicalId } from '../resolvers/keys.ts';
import { Timestamp, type AsciiOut } from '../resolvers/instant.ts';
import { builder } from './builder.ts';

const YEAR_MIN = 1;
const YEAR_MAX = 9_999;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
/** Levels of lists and objects in one JSON value. */
const JSON_DEPTH_MAX = 64;

builder.scalarType('DateTime', {
  description:
    'A time in UTC with milliseconds: 2026-01-02T03:04:05.678Z. Taken with any offset; finer parts are cut off.',
  serialize: (value) => value.toISOString(),
  extensions: {
    writeJson: (value: unknown, out: AsciiOut) =>
      value instanceof Timestamp && value.writeJson(out),
  },
  parseValue: (value) => {
    const time = typeof value === 'string' && TIME.test(value) ? new Date(value) : null;
    // A day that a month does not have rolls over in Date; it is refused.
    if (!time || Number.isNaN(time.getTime()) || !dayExists(value as string)) {
      throw new TypeError(
        'a DateTime is ISO 8601 with a date, a time and an offset, such as 2026-01-02T03:04:05.678Z',
      );
    }
    const year = time.getUTCFullYear();
    if (year < YEAR_MIN || year > YEAR_MAX) {
      throw new TypeError(`a DateTime lies in the years ${YEAR_MIN} to ${YEAR_MAX}`);
    }
    return time;
  },
});

builder.scalarType('BigInt', {
  description: 'An integer of up to 2^53 - 1 either way, as a string; a plain number is taken too.',
  serialize: (value) => String(value),
  parseValue: (value) => {
    const number =
      typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : (value as number);
    if (!Number.isSafeInteger(number)) {
      throw new TypeError('a BigInt is an integer from -(2^53 - 1) to 2^53 - 1');
    }
    return number;
  },
});

builder.scalarType('UUID', {
  description: 'A UUID as RFC 9562 writes it; answered in lower case.',
  serialize: (value) => value,
  parseValue: (value) => {
    const uuid = typeof value === 'string' ? canonicalId(value) : null;
    if (uuid === null)
      throw new TypeError('a UUID has the form 019a5f00-0000-7000-8000-000000000001');
    return uuid;
  },
});

builder.scalarType('Cursor', {
  description: 'A position in a list. Opaque: send back what you were given, to the same list.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value !== 'string') throw new TypeError('a Cursor is a string that a list gave you');
    return value;
  },
});

builder.scalarType('JSON', {
  description: `Free-form JSON, at most ${JSON_DEPTH_MAX} levels deep.`,
  serialize: (value) => value,
  parseValue: (value) => {
    if (deeper(value, JSON_DEPTH_MAX)) {
      throw new TypeError(`JSON may be at most ${JSON_DEPTH_MAX} levels deep`);
    }
    return value;
  },
});

function dayExists(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number) as [number, number, number];
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function deeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((part) => deeper(part, levels - 1));
}
