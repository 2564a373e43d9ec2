/**
 * The cursor of a live list of runs. Opaque: base64url of 6 bytes of SHA-256 over the list and the position, then the
 * position as JSON: `[feed, edge, runs, counts]`. The list is its workspace, size and filter, so a cursor goes with no
 * other one.
 *
 *   feed    position in the change feed (events/feed/position.ts), taken before the runs were read
 *   edge    `[createdAt in ms, id]` of the last run of a full window: what lies below it was not given; null when all
 *           that match were given
 *   runs    digest of the ids and versions of the window, in order
 *   counts  digest of the counters
 *
 * Worked example: `<6 bytes>["ZmVlZC83LzczMTo3NDA6…",[1763715600000,"019a5f00-0000-7000-8000-000000000001"],"q2Jd0a","x81kPw"]`
 */
import { createHash } from 'node:crypto';
import { Invalid } from '../../errors.ts';
import { formatPosition, parsePosition, type Position } from '../../events/feed/position.ts';
import type { Filter } from '../../filter.ts';
import { FOREIGN_CURSOR, readCursor, writeCursor } from '../../page.ts';

/** Where a run stands in a list, newest first. */
export type Place = readonly [createdAt_ms: number, id: string];

export interface ListCursor {
  readonly feed: Position;
  readonly edge: Place | null;
  readonly runs: string;
  readonly counts: string;
}

/** Tells a list from every other. Filters are the same when they are written the same, in whatever order of names. */
export function listKey(workspaceId: string, first: number, filter: Filter | null): string {
  return `RunList ${workspaceId} ${first} ${JSON.stringify(filter ?? {}, sorted)}`;
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The text of a cursor of the list of that key. */
export function writeListCursor(key: string, { feed, edge, runs, counts }: ListCursor): string {
  return writeCursor(key, [formatPosition(feed), edge, runs, counts]);
}

/** Refuses with Invalid what writeListCursor did not write for this list. */
export function readListCursor(key: string, text: string): ListCursor {
  const [feed, edge, runs, counts] = readCursor(key, text, 'after');
  const known = typeof feed === 'string' && typeof runs === 'string' && typeof counts === 'string';
  if (!known || !isEdge(edge)) throw new Invalid('after', FOREIGN_CURSOR);
  return { feed: parsePosition(feed), edge, runs, counts };
}

function isEdge(edge: unknown): edge is Place | null {
  if (edge === null) return true;
  return Array.isArray(edge) && typeof edge[0] === 'number' && typeof edge[1] === 'string';
}

/** True when a run stands below the edge: it was not given with the cursor. */
export function isBeyond(edge: Place | null, [createdAt_ms, id]: Place): boolean {
  if (!edge) return false;
  return createdAt_ms < edge[0] || (createdAt_ms === edge[0] && id < edge[1]);
}

/** Short, for comparing what was given with what is there. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 8);
}
