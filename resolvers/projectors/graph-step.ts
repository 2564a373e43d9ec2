/**
 * One step of a projector of the graph: a page of the change feed, as which ids changed → their current rows → the store,
 * in one transaction with the position that it leads to. Whoever finds the position moved has lost to another projector,
 * wrote nothing, and goes on from there: any number may step at once, in one gateway or many.
 *
 * A rebuild goes the same way, a batch a step, beside the pages: all rows are brought once, under a new mark, then what
 * has an older mark is swept. How far it is stands in the state, so that whoever steps next goes on with it. The lock is
 * taken before rows are read: were it the other way round, a row could be read, then deleted, its removal be applied by
 * somebody else, and the row be written after that, as a ghost that nothing ever takes away.
 */
import { Conflict, CursorExpired } from '../errors.ts';
import type { ChangeKind, Feed } from '../events/feed/feed.ts';
import { formatPosition, type Position } from '../events/feed/position.ts';
import { BATCH_MAX } from '../graph/port.ts';
import { SHAPE, type Held, type Projection, type ProjectionState } from '../graph/projection.ts';
import type { Sql } from '../sql.ts';
import { GRAPH } from './graph-projected.ts';
import { LINEAGE } from './lineage-projected.ts';
import { TooLarge } from './graph-rows.ts';
import type { Changed, Projected } from './projected.ts';

/** All that is projected. To add to it raises SHAPE: gateways rebuild then. */
export const PROJECTED: readonly Projected[] = [GRAPH, LINEAGE];

/** Followed by a projector. */
export const PROJECTED_KINDS: readonly ChangeKind[] = PROJECTED.flatMap(({ kinds }) => kinds);
const STAGES = PROJECTED.flatMap(({ stages }) => stages);

/** A position that is moved past changes of other kinds is written this often at most. */
const CONFIRM_ms = 1_000;

export interface StepParts {
  /** The primary. */
  readonly sql: Sql;
  readonly feed: Feed;
  readonly projection: Projection;
  readonly now: () => Date;
  /** Changes of a page, and rows of a batch, at most; BATCH_MAX when left out. */
  readonly batch_max?: number;
  readonly seen?: (seen: Seen) => void;
}

/** What a step did. `lost`: to another projector. */
export type Seen =
  | { readonly what: 'applied'; readonly changes: number }
  | { readonly what: 'lost' }
  | { readonly what: 'rebuilding'; readonly reason: string }
  | { readonly what: 'rebuilt' };

export interface Stepper {
  /**
   * `idle`: it is at the head of the feed; `lost`: another was faster. Throws Unavailable, and may be called again.
   * Statements: one for a page without changes; otherwise the same number for one change or a thousand.
   */
  step(): Promise<'more' | 'idle' | 'lost'>;
  /** Begins a rebuild; steps do it. What was complete stays so. */
  rebuild(reason: string): Promise<void>;
  /** As this one last saw it; undefined before. */
  state(): ProjectionState | null | undefined;
  /** How far all is applied, or needed not be; null before the first step. */
  position(): Position | null;
  /** Reads the state anew: after a failure nothing is known. */
  forget(): void;
}

/** What a stepper keeps in memory; all else is in the store. */
interface Stepping extends StepParts {
  /** As last seen; undefined before. */
  known: ProjectionState | null | undefined;
  isStale: boolean;
  /** Beyond the known position, where nothing between is projected. */
  ahead: Position | null;
  /** Of a page, and of a batch. */
  limit: number;
}

/** Opens nothing: the first step looks where it is. */
export function openStepper(parts: StepParts): Stepper {
  const { batch_max = BATCH_MAX } = parts;
  const on: Stepping = {
    ...parts,
    known: undefined,
    isStale: true,
    ahead: null,
    limit: batch_max,
  };
  return {
    async step() {
      try {
        const did = await step(on);
        on.limit = Math.min(batch_max, on.limit * 2);
        return did;
      } catch (error) {
        on.limit = Math.max(1, Math.floor(on.limit / 2)); // Whatever was too much for one batch.
        if (error instanceof TooLarge) return 'more';
        throw error;
      }
    },
    async rebuild(reason) {
      do learn(on, olderOrOurs(await on.projection.state()));
      while (!(await begin(on, reason, 'asked')));
    },
    state: () => on.known,
    position: () => on.ahead ?? on.known?.position ?? null,
    forget: () => {
      on.isStale = true;
    },
  };
}

/**
 * Brings all rows anew, and ends when the rebuild that this began, or one that another began after it, has ended. Others
 * step at it too. Throws Unavailable: whoever steps next goes on with it.
 */
export async function rebuildGraph(parts: StepParts): Promise<void> {
  const stepper = openStepper(parts);
  await stepper.rebuild('asked for');
  do await stepper.step();
  while (olderOrOurs(stepper.state() ?? null)?.rebuild);
}

/** The state, unless a newer gateway keeps it: what we know of rows is not all that it stores. Throws Conflict. */
export function olderOrOurs(state: ProjectionState | null): ProjectionState | null {
  if (state === null || state.shape <= SHAPE) return state;
  const ours = `${SHAPE}, or less: a newer gateway keeps it, whose commands can do this`;
  throw new Conflict('the shape of the graph in Neo4j', ours, String(state.shape));
}

async function step(on: Stepping): Promise<'more' | 'idle' | 'lost'> {
  if (on.isStale || !on.known) learn(on, await on.projection.state());
  const { known } = on;
  const again = async (reason: string) => ((await begin(on, reason)) ? 'more' : 'lost');
  if (!known) return again('nothing is projected yet');
  if (known.shape > SHAPE) {
    on.isStale = true; // A newer gateway keeps it; should it be gone one day, a rebuild is asked for.
    return 'idle';
  }
  if (known.shape < SHAPE) return again('more is projected than before');
  try {
    if (known.rebuild) await rebuildBatch(on);
    return on.known ? await follow(on, on.known) : 'more';
  } catch (error) {
    if (error instanceof CursorExpired) return again(error.message);
    throw error;
  }
}

function learn(on: Stepping, state: ProjectionState | null): void {
  on.known = state;
  on.isStale = false;
  on.ahead = null;
}

/** `work` on the state, or false and nothing written when it is not as it is known, by this key. */
async function ifStill<From extends ProjectionState | null>(
  on: Stepping,
  from: From,
  work: (state: From, held: Held) => Promise<ProjectionState>,
  keyOf = pageKey,
): Promise<boolean> {
  const { isOurs, state } = await on.projection.locked(async (held) => {
    if (keyOf(held.state) !== keyOf(from)) return { isOurs: false, state: held.state };
    const to = await work(held.state as From, held);
    await held.move(to);
    return { isOurs: true, state: to };
  });
  learn(on, state);
  if (!isOurs) on.seen?.({ what: 'lost' });
  return isOurs;
}

async function begin(
  on: Stepping,
  reason: string,
  why: 'wrong' | 'asked' = 'wrong',
): Promise<boolean> {
  const first = await on.feed.first(); // Before any row is read.
  const to = (state: ProjectionState | null) => {
    const isGood = state?.complete && state.shape === SHAPE;
    const stays = why === 'asked' && isGood && state.position.epoch === first.epoch;
    return {
      ...(stays ? state : { position: first, complete: false, changes: 0 }),
      generation: Math.max((state?.generation ?? 0) + 1, on.now().getTime()),
      shape: SHAPE,
      rebuild: { stage: STAGES[0]!.name, after: null },
      confirmed_ms: on.now().getTime(),
    };
  };
  const key = why === 'asked' ? markKey : pageKey;
  const begun = await ifStill(on, on.known ?? null, async (state) => to(state), key);
  if (begun) on.seen?.({ what: 'rebuilding', reason });
  return begun;
}

async function rebuildBatch(on: Stepping): Promise<void> {
  const { state, isDone } = await on.projection.locked(async (held) => {
    const { state: from } = held;
    const stage = STAGES.find(({ name }) => name === from?.rebuild?.stage);
    const isOurs = from?.rebuild && from.shape === SHAPE;
    if (!isOurs || !stage) return { state: from, isDone: false }; // Another was faster, or is newer.
    const batch = { held, sql: on.sql, mark: from.generation };
    const after = await stage.work(batch, from.rebuild.after, on.limit);
    const next = after === null ? STAGES[STAGES.indexOf(stage) + 1]?.name : stage.name;
    const rebuild = next === undefined ? null : { stage: next, after };
    const to = { ...from, rebuild, complete: from.complete || rebuild === null };
    await held.move(to);
    return { state: to, isDone: rebuild === null };
  });
  const { ahead, known = null } = on;
  learn(on, state);
  if (pageKey(state) === pageKey(known)) on.ahead = ahead;
  if (isDone) on.seen?.({ what: 'rebuilt' });
}

async function follow(on: Stepping, from: ProjectionState): Promise<'more' | 'idle' | 'lost'> {
  const kinds = PROJECTED_KINDS;
  const page = await on.feed.page(on.ahead ?? from.position, on.limit, { kinds });
  const { changes, next, more } = page;
  const quiet_ms = on.now().getTime() - from.confirmed_ms;
  const isDue = quiet_ms < 0 || quiet_ms >= CONFIRM_ms;
  const hasMoved = formatPosition(next) !== formatPosition(from.position);
  if (changes.length > 0 || (hasMoved && isDue)) {
    const changed = idsOf(changes);
    const isOurs = await ifStill(on, from, async (state, held) => {
      const batch = { held, sql: on.sql, mark: state.generation };
      for (const one of PROJECTED) {
        if (one.kinds.some((kind) => changed.has(kind))) await one.bring(batch, changed);
      }
      const count = state.changes + changes.length;
      return { ...state, position: next, changes: count, confirmed_ms: on.now().getTime() };
    });
    if (!isOurs) return 'lost';
    if (changes.length > 0) on.seen?.({ what: 'applied', changes: changes.length });
  } else {
    on.ahead = next;
  }
  return more || on.known?.rebuild ? 'more' : 'idle';
}

/** What of a state a page of changes depends on: their mark, and where they follow. */
function pageKey(state: ProjectionState | null): string {
  return state ? `${markKey(state)} ${formatPosition(state.position)}` : '';
}

function markKey(state: ProjectionState | null): string {
  return state ? `${state.shape} ${state.generation}` : '';
}

function idsOf(changes: readonly { readonly kind: ChangeKind; readonly id: string }[]): Changed {
  const found = new Map<ChangeKind, Set<string>>();
  for (const { kind, id } of changes) found.set(kind, (found.get(kind) ?? new Set()).add(id));
  return new Map([...found].map(([kind, ids]) => [kind, [...ids]]));
}
