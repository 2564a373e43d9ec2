/**
 * The cursor of a live network. Opaque: base64url of 6 bytes of SHA-256 over the network and the position, then the
 * position as JSON: `[feed, ids, cut]`. The network is its workspace, roots, walk and bounds, so a cursor goes with no
 * other one.
 *
 *   feed  position in the change feed (events/feed/position.ts), taken before the rows were read
 *   ids   digest of which entities and relations there were
 *   cut   the bound that left something out: `NODES 200`; empty when nothing was
 *
 * Worked example: `<6 bytes>["ZmVlZC83LzczMTo3NDA6…","q2Jd0a8x","NODES 200"]`
 */
import { createHash } from 'node:crypto';
import { Invalid } from '../../errors.ts';
import { formatPosition, parsePosition, type Position } from '../../events/feed/position.ts';
import { FOREIGN_CURSOR, readCursor, writeCursor } from '../../page.ts';

export interface NetworkCursor {
  readonly feed: Position;
  readonly ids: string;
  readonly cut: string;
}

/** The text of a cursor of the network of that key. */
export function writeNetworkCursor(key: string, { feed, ids, cut }: NetworkCursor): string {
  return writeCursor(key, [formatPosition(feed), ids, cut]);
}

/** Refuses with Invalid what writeNetworkCursor did not write for this network. */
export function readNetworkCursor(key: string, text: string): NetworkCursor {
  const [feed, ids, cut] = readCursor(key, text, 'after');
  if (typeof feed !== 'string' || typeof ids !== 'string' || typeof cut !== 'string') {
    throw new Invalid('after', FOREIGN_CURSOR);
  }
  return { feed: parsePosition(feed), ids, cut };
}

/** Short, for comparing what was given with what is there. In whatever order the ids come. */
export function digestOf(ids: Iterable<string>): string {
  const text = [...ids].toSorted().join(' ');
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}
