/**
 * Brings a flush to its end whatever the database says: tries again what may be tried again, divides what SQL refuses
 * until the bad call is alone, and tells the rest that the store is away.
 */
import { Unavailable } from '../../errors.ts';
import type { Sql } from '../../sql.ts';
import type { CheckedCall } from './check.ts';
import { flush, type Outcome } from './flush.ts';

export interface SettleOptions {
  /** `wait` for the runs' locks at most this long; null leaves out the runs that others hold. */
  readonly lockWait_ms: number | null;
  /** A flush is tried again for this long, then its calls are Unavailable. */
  readonly retry_max_ms: number;
}

/** What an error of the database asks for. */
type Reaction = 'again' | 'locked' | 'divide';

/** SQLSTATE, PostgreSQL manual, appendix A. */
const DEADLOCK = '40P01';
const SERIALIZATION = '40001';
const LOCK_TIMEOUT = '55P03';

/** Waits before another try; the last one repeats. */
const PAUSES_MS = [0, 25, 50, 100, 200, 400] as const;

/**
 * The outcome of each call, in order; never throws. A lost connection leaves open whether the flush was committed:
 * it is tried again, and finds its own events if it was.
 */
export async function settle(
  sql: Sql,
  calls: readonly CheckedCall[],
  options: SettleOptions,
): Promise<Outcome[]> {
  const until_ms = performance.now() + options.retry_max_ms;
  const skipped = new Set<string>();
  return settlePart(calls);

  async function settlePart(part: readonly CheckedCall[]): Promise<Outcome[]> {
    try {
      return await flushUntil(sql, part, skipped, options, until_ms);
    } catch (error) {
      if (reactionTo(error) !== 'divide') return part.map(() => ({ refused: unavailable(error) }));
      if (part.length === 1) return [{ refused: error as Error }];
      const half = part.length >> 1;
      // One after the other: a call must not overtake another of its run.
      return [...(await settlePart(part.slice(0, half))), ...(await settlePart(part.slice(half)))];
    }
  }
}

/** Flushes until it is committed or refused, or the time is over. Adds to `skipped`, and keeps out what is in it. */
async function flushUntil(
  sql: Sql,
  calls: readonly CheckedCall[],
  skipped: Set<string>,
  { lockWait_ms }: SettleOptions,
  until_ms: number,
): Promise<Outcome[]> {
  // A run skipped by the first half of a flush may be free by now, but its earlier calls come first.
  const now = skipped.size === 0 ? calls : calls.filter(({ runId }) => !skipped.has(runId));
  if (now.length === 0) return calls.map(() => 'skipped');
  const lock = lockWait_ms === null ? 'skip' : 'wait';
  let tried: Outcome[] | null = null;
  for (let attempt = 0; ; attempt += 1) {
    try {
      let before: Outcome[] | null = null;
      const outcomes: Outcome[] = await sql
        .transaction(
          async (tx) => (before = await flush(tx, now, lock)),
          lockWait_ms === null ? {} : { lockTimeout_ms: lockWait_ms },
        )
        .finally(() => (tried ??= before));
      now.forEach(({ runId }, at) => outcomes[at] === 'skipped' && skipped.add(runId));
      return inPlace(calls, now, asFirstTried(outcomes, attempt > 0 ? tried : null));
    } catch (error) {
      if (reactionTo(error) !== 'again' || performance.now() >= until_ms) throw error;
      await pause(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]!);
    }
  }
}

/**
 * A try whose commit was in doubt may have stored its events. They are found again as known ones, in the same
 * places; but no caller has sent them twice.
 */
function asFirstTried(outcomes: Outcome[], tried: readonly Outcome[] | null): Outcome[] {
  if (!tried) return outcomes;
  return outcomes.map((outcome, at) => {
    const before = tried[at]!;
    if (outcome === 'skipped' || before === 'skipped') return outcome;
    if ('refused' in outcome || 'refused' in before) return outcome;
    const events = outcome.appended.events.map((event, index) => {
      const first = before.appended.events[index]!;
      return event.seq === first.seq ? first : event;
    });
    return { appended: { ...outcome.appended, events } };
  });
}

function inPlace(
  calls: readonly CheckedCall[],
  now: readonly CheckedCall[],
  outcomes: readonly Outcome[],
): Outcome[] {
  if (now.length === calls.length) return [...outcomes];
  let at = 0;
  return calls.map((call) => (now[at] === call ? outcomes[at++]! : 'skipped'));
}

function unavailable(error: unknown): Unavailable {
  return error instanceof Unavailable
    ? error
    : new Unavailable('postgres', 'too many transactions meet', { cause: error });
}

/** Sql throws Unavailable when the store is away or slow, else the database's error with its SQLSTATE as `code`. */
function reactionTo(error: unknown): Reaction {
  const code = codeOf(error);
  if (code === DEADLOCK || code === SERIALIZATION) return 'again';
  if (!(error instanceof Unavailable)) return 'divide';
  return codeOf(error.cause) === LOCK_TIMEOUT ? 'locked' : 'again';
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}

function pause(delay_ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, delay_ms));
}
