/**
 * Looks how far the graph in Neo4j is, all the time, so that no read has to ask: whether it is whole, of our shape and of
 * the epoch of now, and how old what it shows may be. It is also what tries whether a Neo4j that was left alone is back:
 * no caller waits for that.
 */
import { Unavailable } from '../../../resolvers/errors.ts';
import { covers, type Position } from '../../../resolvers/events/feed/position.ts';
import type { Fallback } from '../../../resolvers/graph/told.ts';
import { openWatch } from '../../../resolvers/live/watch.ts';
import { within } from '../../limits/deadline.ts';
import type { Breaker } from '../breaker.ts';
import type { Reader } from '../graph-neo4j/client.ts';
import { isOurs, positionOf, PROJECTED, type Projected } from './projected.ts';

export interface WatchParts {
  readonly reader: Reader;
  /** The position of the change feed now, by the primary. */
  readonly first: () => Promise<Position>;
  readonly breaker: Breaker;
  /** A graph that may be older than this is not read. */
  readonly staleMax_ms: number;
  /** Between two looks. */
  readonly every_ms: number;
  /** Longest wait for the primary. */
  readonly first_ms: number;
  /** Told when Neo4j can be read, or no more; not twice the same. */
  readonly changed: (reason: Fallback | null) => void;
  /** A look failed by a fault of ours. */
  readonly failed: (error: unknown) => void;
}

export interface ProjectionWatch {
  /** Why Neo4j must not be read now; null when it may. */
  against(): Fallback | null;
  /** What it shows may be so old, at most; null while unknown. */
  stale_ms(): number | null;
  /** Looks now, and answers when that look has ended. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** While it is not read anyway, a look may take so long: a server that has just begun plans it for seconds. */
const PATIENCE_ms = 20_000;

/** Kept at most; so an age is told to a hundredth of staleMax_ms. */
const MARKS_MAX = 100;

/** A position of the primary, and when it was asked for. */
interface Mark {
  readonly at_ms: number;
  readonly position: Position;
}

/** The first look begins at once. */
export function openProjectionWatch(parts: WatchParts): ProjectionWatch {
  const { reader, breaker, staleMax_ms } = parts;
  const now_ms = () => performance.now();
  let marks: Mark[] = [];
  let known: { readonly reason: Fallback | null; readonly projected?: Projected } = {
    reason: 'unknown',
  };
  /** The newest mark that the graph is known to have. */
  let confirmed: Mark | null = null;
  let last: Fallback | null = 'unknown';

  async function mark(): Promise<void> {
    const at_ms = now_ms();
    const position = await within(parts.first_ms, parts.first()).catch(() => null);
    if (!position) return; // Nothing gets newer by that: it counts as old when it is.
    const before = marks.at(-1);
    if (before && before.position.epoch !== position.epoch) marks = [];
    else if (before && at_ms - before.at_ms < staleMax_ms / MARKS_MAX) return;
    marks = [...marks.filter((one) => at_ms - one.at_ms <= staleMax_ms), { at_ms, position }];
  }

  async function readState(): Promise<void> {
    const passage = breaker.enter(true);
    if (!passage) return;
    const tries = breaker.state() === 'half-open';
    try {
      const limit = known.projected ? [] : [PATIENCE_ms];
      const [projected] = await reader.read(PROJECTED, {}, ...limit);
      known = projected ? { reason: null, projected } : { reason: 'absent' };
      if (tries) passage.succeeded();
      else passage.left(); // So small a read does not say that others would go well.
    } catch (error) {
      known = { reason: 'away' };
      passage.failed();
      if (!(error instanceof Unavailable)) throw error;
    }
  }

  function judge(): void {
    const { projected } = known;
    const newest = marks.at(-1);
    if (!projected || !newest) return;
    const isOfEpoch = projected.epoch === newest.position.epoch;
    if (!isOurs(projected)) known = { reason: 'shape', projected };
    else if (!projected.complete) known = { reason: 'incomplete', projected };
    else if (!isOfEpoch) known = { reason: 'epoch', projected };
    const position = positionOf(projected);
    // The old one stays while its mark is forgotten; not with a graph that went back, as one that was restored.
    const covered = [...(confirmed ? [confirmed] : []), ...marks];
    confirmed = isOfEpoch
      ? (covered.findLast((one) => covers(position, one.position)) ?? null)
      : null;
  }

  function against(): Fallback | null {
    if (breaker.state() !== 'closed') return 'breaker';
    if (known.reason) return known.reason;
    const age_ms = stale_ms();
    return age_ms === null || age_ms > staleMax_ms ? 'behind' : null;
  }

  function stale_ms(): number | null {
    return confirmed ? now_ms() - confirmed.at_ms : null;
  }

  async function look(): Promise<void> {
    const ended = await Promise.allSettled([mark(), readState()]);
    judge();
    const now = against();
    if (now !== last) parts.changed(now);
    last = now;
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  const watch = openWatch(look, parts.every_ms, parts.failed);
  watch.now();
  return { against, stale_ms, look, close: () => watch.close() };
}
