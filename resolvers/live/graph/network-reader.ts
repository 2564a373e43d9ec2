/**
 * Reads a network again and again, as the change feed tells of changes that touch it. Each look takes the position
 * first and the rows after, so rows are never older than their cursor; it is read from the tables, which a projection
 * of them may be behind. Looks are paced by what they cost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CursorExpired } from '../../errors.ts';
import type { Position } from '../../events/feed/position.ts';
import type { GraphReads, WalkBounds } from '../../graph/port.ts';
import type { Sql } from '../../sql.ts';
import type { FeedHub, HubPage } from '../feed/feed-hub.ts';
import type { InTurn, ViewReader } from '../followed-views.ts';
import { paced, ROWS_PACE } from '../paced.ts';
import type { Era } from '../shared-items.ts';
import { isTouched, type Reach } from './network-touch.ts';
import { isSame, keyOf, viewOf, type Mark, type NetworkView } from './network-view.ts';

/** A network that is followed, as its followers share it: no signal of one of them ends its reads. */
export interface FollowedNetwork {
  /** Tells it from every other. */
  readonly key: string;
  readonly reach: Reach;
  readonly bounds: WalkBounds;
  /** Over the tables of the primary, as `sql` is. */
  readonly graph: GraphReads;
  readonly sql: Sql;
}

/** Pages of the feed that one look goes through; with more it is quicker to begin anew. */
const PAGES_MAX = 20;

/** `inTurn` bounds how many networks a gateway reads at once. */
export function openNetworkReader(
  of: FollowedNetwork,
  feed: FeedHub,
  inTurn: InTurn,
): ViewReader<NetworkView> {
  const { reach, graph, bounds } = of;
  const roots = [...reach.rootIds];
  const rows = paced(ROWS_PACE, () =>
    inTurn(() => graph.network(reach.workspaceId, roots, reach.walk, bounds)),
  );
  let view: NetworkView | null = null;
  let number = 0;
  let nudged = new AbortController();
  const reading = openReading(of, feed, {
    mark: () => view?.mark ?? null,
    isDue: () => rows.due,
    touched: () => (rows.due = true),
  });

  return {
    async look() {
      nudged = new AbortController();
      let at = await reading.position();
      if (!rows.due) return null;
      if (rows.wait_ms() > 0) {
        await sleep(rows.wait_ms());
        at = await reading.position();
      }
      const { gone, era } = reading.take();
      const network = await rows.read();
      number += 1;
      const now = viewOf({ key: of.key, feed: at, era, gone, number }, network, view);
      if (view && isSame(view.mark, now.mark)) return null;
      view = now;
      return view;
    },
    async wait(signal) {
      const page = reading.page();
      if (!page) return;
      const nudge = () => nudged.abort();
      signal.addEventListener('abort', nudge, { once: true });
      await feed.moved(page, nudged.signal);
      signal.removeEventListener('abort', nudge);
    },
    nudge: () => nudged.abort(),
    expire: () => (rows.due = true),
  };
}

interface Told {
  /** Of what was read last; null before the first time. */
  mark(): Mark | null;
  /** Whether it is to be read in any case. */
  isDue(): boolean;
  touched(): void;
}

/** Follows the feed to its end, and keeps what went in between. */
function openReading({ reach, sql }: FollowedNetwork, feed: FeedHub, told: Told) {
  let position: Position | null = null;
  let page: HubPage | null = null;
  let era: Era = { number: 0, reason: null };
  let gone = new Set<string>();

  const restart = (reason: string) => {
    era = { number: era.number + 1, reason };
    told.touched();
    page = null;
    position = null;
  };
  const goOn = async () => {
    position ??= await feed.first();
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      page = await feed.page(position);
      const mark = told.mark();
      if (mark) {
        for (const key of goneIn(page, mark)) gone.add(key);
        if (!told.isDue() && (await isTouched(sql, page, reach, mark))) told.touched();
      }
      position = page.next;
      if (!page.more) return;
    }
    restart('too much changed at once');
  };

  return {
    /** What was read last; null when there is more to read at once. */
    page: () => page,
    /** What was gone until the position, and its era; then that is forgotten. */
    take() {
      const taken = { gone, era };
      gone = new Set();
      return taken;
    },
    /** Where the feed stands now. */
    async position(): Promise<Position> {
      try {
        await goOn();
      } catch (error) {
        if (!(error instanceof CursorExpired)) throw error;
        restart(error.message);
      }
      return (position ??= await feed.first());
    },
  };
}

/** What went of all that a mark has. Ids are of one workspace only. */
function goneIn({ changes }: HubPage, { stamps }: Mark): string[] {
  return changes
    .flatMap(({ kind, id, gone }) =>
      gone && (kind === 'entity' || kind === 'relation') ? [keyOf(kind, id)] : [],
    )
    .filter((key) => stamps.has(key));
}
