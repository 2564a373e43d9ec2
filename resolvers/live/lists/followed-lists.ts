/** The lists of runs that this gateway follows for its subscribers, each once however many follow it. */
import type { FeedHub } from '../feed/feed-hub.ts';
import { openFollowedViews, type FollowedViews } from '../followed-views.ts';
import { openWindowReader, type RunList, type View } from './run-window.ts';

/** The lists that this gateway follows. */
export type RunLists = FollowedViews<RunList, View>;

/** None followed yet. */
export function openRunLists(feed: FeedHub): RunLists {
  return openFollowedViews<RunList, View>(feed, openWindowReader);
}
