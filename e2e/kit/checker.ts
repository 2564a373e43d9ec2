/**
 * Judges a delivery only from what workers were told and what clients saw. Every fault is a sentence; no fault is an
 * empty list.
 */
import { historyOf, stateAt, type History, type SeenEvent, type StepState } from './history.ts';
import { openMerge, type StateItem, type WholeState } from './run-state.ts';

/** An event that a worker's append was answered for. */
export interface Acknowledged {
  readonly eventId: string;
  readonly seq: number;
}

/** An event as it was handed to a client. */
export interface Delivered {
  readonly eventId: string;
  readonly seq: number;
}

const FAULTS_MAX = 10;

/**
 * Nothing when every acknowledged event came exactly once and in order. Events that no worker was answered for
 * (RUN_QUEUED, an answer that got lost) must fit in, without a gap.
 */
export function deliveryFaults(
  acknowledged: readonly Acknowledged[],
  delivered: readonly Delivered[],
  from = 1,
): string[] {
  const faults: string[] = [];
  delivered.forEach(({ seq }, at) => {
    const expected = at === 0 ? from : delivered[at - 1]!.seq + 1;
    if (seq !== expected) faults.push(`item ${at} is event ${seq}, expected ${expected}`);
  });
  const ids = new Set(delivered.map(({ eventId }) => eventId));
  if (ids.size !== delivered.length) faults.push(`${delivered.length - ids.size} came twice`);
  const bySeq = new Map(delivered.map((event) => [event.seq, event.eventId]));
  for (const { eventId, seq } of acknowledged) {
    if (seq >= from && bySeq.get(seq) !== eventId) {
      faults.push(`event ${seq} was acknowledged as ${eventId}, came as ${bySeq.get(seq)}`);
    }
  }
  return faults.slice(0, FAULTS_MAX);
}

/**
 * Nothing when two clients that both saw an event saw the same one. `deliveryFaults` holds each against the workers;
 * this finds a foreign event among those that nobody was answered for.
 */
export function differenceFaults(one: readonly Delivered[], other: readonly Delivered[]): string[] {
  const bySeq = new Map(one.map(({ seq, eventId }) => [seq, eventId]));
  return other
    .filter(({ seq, eventId }) => bySeq.has(seq) && bySeq.get(seq) !== eventId)
    .map(({ seq, eventId }) => `event ${seq} was ${bySeq.get(seq)} to one, ${eventId} to another`)
    .slice(0, FAULTS_MAX);
}

/**
 * Nothing when a client that merges these items holds, at each of their cursors, what the run was after that event:
 * as a query would have told it then. Rows may be newer than the cursor, as of a later event; never older. `events`
 * are all of the run, as some client saw them. Versions never go back, unless a snapshot tells why.
 */
export function stateFaults(
  events: readonly SeenEvent[],
  items: readonly StateItem[],
): { readonly faults: string[]; readonly state: WholeState | null } {
  const history = historyOf(events);
  const merge = openMerge();
  const faults: string[] = [];
  let version = 0;
  for (const item of items) {
    const startsOver = item.type === 'SNAPSHOT' && item.reason !== null;
    const at = item.run.version;
    if (at <= version && !startsOver) faults.push(`version ${at} came after ${version}`);
    if (version === 0 && item.type !== 'SNAPSHOT') faults.push('it began without a snapshot');
    merge.take(item);
    const judged = item.type === 'SNAPSHOT' ? 0 : version;
    faults.push(...faultsAt(history, merge.now()!, item, judged));
    version = at;
    if (faults.length >= FAULTS_MAX) break;
  }
  return { faults: faults.slice(0, FAULTS_MAX), state: merge.now() };
}

/** Of what came with this item, and of what changed since the last one: the rest was judged before. */
function faultsAt(history: History, held: WholeState, item: StateItem, before: number): string[] {
  const faults: string[] = [];
  const at = item.run.version;
  const run = history.run(at);
  if (!fits(held.run, run)) faults.push(`at ${at} the run is ${told(held.run)}, was ${told(run)}`);
  const changed = history.changedIn(before, at);
  for (const key of new Set([...changed.steps, ...item.steps.map(({ stepKey }) => stepKey)])) {
    const row = rowOf(held.steps.get(key));
    const rightAt = Math.max(at, row?.changedSeq ?? 0);
    const expected = stateAt(history.step(key), rightAt) ?? pending(key);
    if (!fits(row, expected)) {
      faults.push(`at ${at} step ${key} is ${told(row)}, was ${told(expected)}`);
    }
  }
  for (const name of new Set([...changed.artifacts, ...item.artifacts.map((row) => row.name)])) {
    const row = rowOf(held.artifacts.get(name));
    const states = history.artifact(name);
    const now = stateAt(states, at);
    const right = states.filter((state) => state === now || state.changedSeq > at);
    if (!right.some((state) => fits(row, state))) {
      faults.push(`at ${at} artifact ${name} is ${told(row)}, was ${told(now)}`);
    }
  }
  return faults;
}

/** Without its id, which the events do not tell. */
function rowOf<Row extends { readonly id: string }>(row: Row | undefined) {
  if (!row) return undefined;
  const { id: _, ...rest } = row;
  return rest;
}

/** No event has told of it yet. */
function pending(stepKey: string): StepState {
  return {
    stepKey,
    status: 'PENDING',
    attempt: 0,
    progress: null,
    message: null,
    changedSeq: 1,
  };
}

/** Every field of the row is as it should be. */
function fits(row: object | undefined, expected: object | undefined): boolean {
  if (!row || !expected) return false;
  const right = expected as Record<string, unknown>;
  return Object.entries(row).every(([name, value]) => right[name] === value);
}

function told(row: unknown): string {
  return JSON.stringify(row) ?? 'not there';
}
