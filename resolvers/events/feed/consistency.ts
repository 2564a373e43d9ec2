/**
 * Read-your-writes, whatever store answers. A token is a position of the change feed: all that was committed before it
 * was given is before it. Who sends it back is answered from the rows themselves, or from a copy that was brought that
 * far (position.ts's `covers`).
 */
import { CursorExpired } from '../../errors.ts';
import type { Feed } from './feed.ts';
import { covers, formatPosition, parsePosition, type Position } from './position.ts';

/** A token of all that is committed now. One statement. */
export async function consistencyToken(feed: Pick<Feed, 'first'>): Promise<string> {
  return formatPosition(await feed.first());
}

/**
 * What a token stands for, once it is known that the rows have it. Refuses with Invalid what is no token, under the
 * name `consistency`; with CursorExpired one of another epoch, or of commits that the server has lost: nobody can show
 * what it stands for. One statement.
 */
export async function seenBy(feed: Pick<Feed, 'first'>, token: string): Promise<Position> {
  const seen = parsePosition(token, 'consistency');
  const now = await feed.first();
  if (now.epoch !== seen.epoch) {
    throw new CursorExpired('the change feed began a new epoch after this consistency token');
  }
  if (!covers(now, seen)) throw new CursorExpired('this consistency token is ahead of the server');
  return seen;
}
