/** `changes`: every change of the viewer's workspace, each once, for as long as somebody listens. */
import type { LiveCtx } from '../../context.ts';
import type { ChangeKind } from '../../events/feed/feed.ts';
import { formatPosition, parsePosition, type Position } from '../../events/feed/position.ts';
import { allowed, type Action } from '../../policy.ts';
import { abortable } from '../abortable.ts';
import type { FeedHub, FollowedChange } from './feed-hub.ts';

/** What the viewer must be allowed to be told that a row of this kind changed. */
const ACTIONS: Readonly<Record<ChangeKind, Action>> = {
  workflow: 'workflow.read',
  run: 'run.read',
  artifact: 'artifact.read',
  entity: 'graph.read',
  relation: 'graph.read',
  agent: 'agent.read',
  document: 'knowledge.read',
};

export interface FollowChanges {
  /** Cursor of the last change that the caller has; without it from now. */
  readonly after?: string | null | undefined;
  /** Only these; null means all. */
  readonly types?: readonly ChangeKind[] | null | undefined;
}

/**
 * Once it resolves, whatever is committed later comes. Refuses before the first change: Invalid (cursor), CursorExpired;
 * and by CursorExpired at any time later, when the feed's epoch ends under the reader, or it was too slow for what is
 * kept. A slow reader is not buffered: it holds one page and reads the next at its own pace.
 */
export async function followChanges(
  ctx: LiveCtx,
  { after, types }: FollowChanges,
): Promise<AsyncIterableIterator<FollowedChange>> {
  const { feed } = ctx.live;
  const from = ctx.resumeAfter ?? after ?? null;
  const position = from === null ? await feed.first() : parsePosition(from);
  if (from !== null) await feed.page(position); // Refuses here, where it is no item yet; the page is kept.
  const kinds = types ? new Set(types) : null;
  const wanted = (change: FollowedChange) =>
    (!kinds || kinds.has(change.kind)) && allowed(ctx.viewer, ACTIONS[change.kind], change);
  return abortable(ctx.signal, (signal) => changesAfter(feed, position, wanted, signal));
}

async function* changesAfter(
  feed: FeedHub,
  after: Position,
  wanted: (change: FollowedChange) => boolean,
  signal: AbortSignal,
): AsyncGenerator<FollowedChange> {
  const leave = await feed.follow();
  try {
    let position = after;
    while (!signal.aborted) {
      const page = await feed.page(position);
      for (const change of page.changes) {
        if (wanted(change)) yield change;
        if (signal.aborted) return;
      }
      position = page.next;
      if (!page.more) await feed.moved(page, signal);
    }
  } finally {
    leave();
  }
}

/** The position of `changes` now, for who reads rows first and follows from there. One statement. */
export async function changesCursor(ctx: LiveCtx): Promise<string> {
  return formatPosition(await ctx.live.feed.first());
}
