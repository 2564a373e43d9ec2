/** The networks of the graph that this gateway follows for its subscribers, each once however many follow it. */
import type { FeedHub } from '../feed/feed-hub.ts';
import { openFollowedViews, type FollowedViews } from '../followed-views.ts';
import { openNetworkReader, type FollowedNetwork } from './network-reader.ts';
import type { NetworkView } from './network-view.ts';

/** The networks that this gateway follows. */
export type FollowedNetworks = FollowedViews<FollowedNetwork, NetworkView>;

/** None followed yet. */
export function openFollowedNetworks(feed: FeedHub): FollowedNetworks {
  return openFollowedViews<FollowedNetwork, NetworkView>(feed, openNetworkReader);
}
