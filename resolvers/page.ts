/**
 * Relay pages and their cursors. A cursor is opaque: base64url of 6 bytes of SHA-256 over the list and the
 * position, then the position: a JSON array of the values its row has in the order. So one that is damaged, or of a
 * list with another order, filter or parent type, is told from a good one. Worked example, of `runs` by createdAt:
 * `<6 bytes>[1763715600000,"019a5f00-0000-7000-8000-000000000001"]`.
 */
import { createHash } from 'node:crypto';
import { Invalid } from './errors.ts';

/** As callers write it. Null is as good as left out. */
export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

export interface PageBounds {
  readonly max: number;
  readonly fallback: number;
}

/** Of any list that does not say otherwise. */
export const PAGE: PageBounds = { max: 100, fallback: 20 };
/** Of events. */
export const EVENTS_PAGE: PageBounds = { max: 1_000, fallback: 100 };

/** What to read: `size` rows of the list, from its end when `backward`, strictly between the two positions. */
export interface Page {
  readonly size: number;
  readonly backward: boolean;
  readonly after: string | null;
  readonly before: string | null;
}

/** Refuses with Invalid: a size out of bounds, both directions. */
export function readPage(args: PageArgs, bounds: PageBounds = PAGE): Page {
  const first = args.first ?? null;
  const last = args.last ?? null;
  if (first !== null && last !== null) {
    throw new Invalid('first', 'pages go in one direction: give first or last, not both');
  }
  for (const [name, size] of Object.entries({ first, last })) {
    if (size !== null && !(Number.isInteger(size) && size >= 0 && size <= bounds.max)) {
      throw new Invalid(name, `must be 0 to ${bounds.max}, got ${size}`);
    }
  }
  return {
    size: first ?? last ?? bounds.fallback,
    backward: last !== null,
    after: args.after ?? null,
    before: args.before ?? null,
  };
}

/** Said of a cursor that is damaged, of another list, or made by hand. */
export const FOREIGN_CURSOR = 'is not a cursor of this list with this filter and order';

const CHECK_BYTES = 6;

/** The cursor of a position in the list that `binding` tells from every other. */
export function writeCursor(binding: string, position: readonly unknown[]): string {
  const text = JSON.stringify(position);
  return Buffer.concat([checkBytes(binding, text), Buffer.from(text)]).toString('base64url');
}

/** The position that a cursor holds. Refuses with Invalid what writeCursor did not write for this list. */
export function readCursor(binding: string, cursor: string, path: string): unknown[] {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.subarray(CHECK_BYTES).toString();
  const good =
    bytes.length > CHECK_BYTES &&
    bytes.subarray(0, CHECK_BYTES).equals(checkBytes(binding, text)) &&
    bytes.toString('base64url') === cursor;
  const position: unknown = good ? JSON.parse(text) : null;
  if (!Array.isArray(position)) throw new Invalid(path, FOREIGN_CURSOR);
  return position;
}

function checkBytes(binding: string, text: string): Buffer {
  return createHash('sha256').update(`${binding}\n${text}`).digest().subarray(0, CHECK_BYTES);
}
