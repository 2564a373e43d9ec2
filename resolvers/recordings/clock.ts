/** When a recorded run began and how long it took: the same fields in both layouts. */
import { shown, type Issues } from '../issues.ts';
import { parseExecutedAt } from './executed-at.ts';
import { millisecondsOf, SECONDS_MAX } from './measured.ts';
import type { Fields, ShapeReader } from './shape.ts';

const INSTANT_BYTES_MAX = 64;

/** Start and makespan; null where they could not be read. */
export function readClock(
  read: ShapeReader,
  from: Fields | null,
  path: string,
  issues: Issues,
): { startedAt: Date | null; makespan_ms: number | null } {
  if (!from) return { startedAt: null, makespan_ms: null };
  const makespan_s = read.number(from, 'makespanInSeconds', path, { min: 0, max: SECONDS_MAX });
  const text = read.text(from, 'executedAt', path, { bytes_max: INSTANT_BYTES_MAX });
  const startedAt = text === null ? null : parseExecutedAt(text);
  if (text !== null && !startedAt) {
    const forms = '20200401T054215+0000, 04-01-20T05:42:15Z or 2020-04-01T05:42:15-10:00';
    issues.add(
      `${path}.executedAt`,
      `must be a date with its zone, as ${forms}, is ${shown(text)}`,
    );
  }
  return { startedAt, makespan_ms: makespan_s === null ? null : millisecondsOf(makespan_s) };
}
