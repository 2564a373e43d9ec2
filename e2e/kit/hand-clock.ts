/** A clock that stands still until a test moves it. */
import type { Clock } from '../../client/clock.ts';

export interface HandClock extends Clock {
  /** Moves on, calling what becomes due in its order; what settles in between is waited for. */
  pass(ms: number): Promise<void>;
  /** Calls that are still to come. */
  pending(): number;
}

/** Begins at 0. */
export function handClock(): HandClock {
  const due = new Map<symbol, { readonly at_ms: number; readonly run: () => void }>();
  let now_ms = 0;
  return {
    now_ms: () => now_ms,
    after(wait_ms, run) {
      const key = Symbol('timer');
      due.set(key, { at_ms: now_ms + wait_ms, run });
      return () => void due.delete(key);
    },
    async pass(ms) {
      const end_ms = now_ms + ms;
      for (;;) {
        await settled();
        const next = [...due].toSorted(([, a], [, b]) => a.at_ms - b.at_ms)[0];
        if (!next || next[1].at_ms > end_ms) break;
        due.delete(next[0]);
        now_ms = next[1].at_ms;
        next[1].run();
      }
      now_ms = end_ms;
    },
    pending: () => due.size,
  };
}

/** All that follows from what was settled has been done. */
function settled(): Promise<void> {
  return new Promise((done) => void setImmediate(done));
}
