/** What changed between a cursor and now, for who comes again to something that is read from rows. */
import type { Position } from '../../events/feed/position.ts';
import type { FeedHub, FollowedChange } from './feed-hub.ts';

/** Changes that are looked through, in pages of the hub. */
const PAGES_MAX = 20;

/**
 * Gives all changes that were committed after a position and before this call, and perhaps more, until `take` says
 * false. Answers whether all were given: not where there are more than PAGES_MAX pages. Refuses with CursorExpired.
 */
export async function changesSince(
  feed: FeedHub,
  after: Position,
  take: (change: FollowedChange) => boolean,
): Promise<boolean> {
  // Its last page is one whose read was begun since: until then pages may be those that others asked for a while ago.
  // Not an empty one, which never comes while much is written.
  const { reads } = feed.counts();
  let position = after;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await feed.page(position);
    for (const change of page.changes) if (!take(change)) return false;
    if (!page.more && page.read > reads) return true;
    position = page.next;
  }
  return false;
}
