/**
 * Answers of different servers made comparable, and compared. What may differ: how a time is written (an offset,
 * microseconds that are zero), a bigint as a number or as a string, the order of fields within an object. Names are
 * made the same by aliases (operations.ts); everything else, the order of lists too, must be equal.
 */
import { isDeepStrictEqual } from 'node:util';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** Fields that are bigints. */
const BIGINTS: ReadonlySet<string> = new Set(['sizeBytes']);

/** Throws, with the first place, where an answer is not the same as the expected one. */
export function assertSame(server: string, answer: string, expected: string): void {
  const [found, wanted] = [normal(JSON.parse(answer)), normal(JSON.parse(expected))];
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`${server} does not answer the same: ${difference(found, wanted, 'answer')}`);
}

/** Objects in an answer, lists and scalars left out. */
export function objectsIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + objectsIn(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + objectsIn(item), 1);
}

function normal(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => normal(item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normal(item, key)]));
  if (typeof value === 'string' && TIME.test(value)) return new Date(value).toISOString();
  return BIGINTS.has(field) && typeof value === 'number' ? String(value) : value;
}

function difference(found: unknown, wanted: unknown, path: string): string {
  if (typeof found !== 'object' || typeof wanted !== 'object' || !found || !wanted)
    return `${path} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
  const keys = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  for (const key of keys) {
    const [a, b] = [found, wanted].map((each) => (each as Record<string, unknown>)[key]);
    if (!isDeepStrictEqual(a, b)) return difference(a, b, `${path}.${key}`);
  }
  return path;
}
