/**
 * Leaves a store alone that does not answer: nobody waits for its deadline again and again, and it comes back to few
 * callers. Any store's; it knows what happened to calls, and nothing of what they were.
 */

/** `closed`: all pass. `open`: nobody. `half-open`: one that tries. */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerSettings {
  /** It opens after so many failures, one after the other … */
  readonly failures: number;
  /** … within this time. */
  readonly window_ms: number;
  /** So long it is open before one may try. */
  readonly open_ms: number;
}

/** A call that passed. Told one of these, once; what comes later than a change of state says nothing any more. */
export interface Passage {
  succeeded(): void;
  /** The store's fault: away, late, too full. */
  failed(): void;
  /** It ended, and tells nothing of the store. */
  left(): void;
}

export interface Breaker {
  readonly state: () => BreakerState;
  /** Null where the call must not be made. `tries`: whether it would be the one that tries. */
  enter(tries: boolean): Passage | null;
}

/**
 * Closed. Failures count in a row: a success between them ends the row, so that a walk that is too much for the store
 * does not take it from everybody. `now_ms`: a clock that never goes back.
 */
export function openBreaker(
  { failures, window_ms, open_ms }: BreakerSettings,
  now_ms: () => number = () => performance.now(),
): Breaker {
  let state: BreakerState = 'closed';
  /** When those of the row came. */
  let row: number[] = [];
  let opened_ms = 0;
  let trying = false;
  /** Rises with each change of state. */
  let era = 0;

  const become = (next: BreakerState) => {
    state = next;
    era += 1;
    row = [];
    trying = false;
    if (next === 'open') opened_ms = now_ms();
  };

  const failed = () => {
    if (state === 'half-open') return become('open');
    const at_ms = now_ms();
    row = [...row.filter((then_ms) => at_ms - then_ms < window_ms), at_ms];
    if (row.length >= failures) become('open');
  };
  const succeeded = () => {
    if (state === 'half-open') become('closed');
    else row = [];
  };
  const left = () => {
    trying = false;
  };

  const passage = (): Passage => {
    const begun = era;
    let told = false;
    const once = (what: () => void) => () => {
      if (told || begun !== era) return;
      told = true;
      what();
    };
    return { succeeded: once(succeeded), failed: once(failed), left: once(left) };
  };

  return {
    state: () => state,
    enter(tries) {
      if (state === 'closed') return passage();
      if (!tries || trying) return null;
      if (state === 'open') {
        if (now_ms() - opened_ms < open_ms) return null;
        become('half-open');
      }
      trying = true;
      return passage();
    },
  };
}
