/** Bounds what one store may hold of a gateway: so many calls at once, a few that wait a moment, nobody else. */

export interface BulkheadSettings {
  /** Calls at once. */
  readonly places: number;
  /** Callers that wait for a place, at most. */
  readonly waiting_max: number;
  /** So long each of them waits; 0: not at all. */
  readonly wait_ms: number;
}

/** Gives the place back; a second time does nothing. */
export type Leave = () => void;

export interface Bulkhead {
  /** A place, or null where none is free in time. First come, first served. */
  enter(): Leave | null | Promise<Leave | null>;
  counts(): { readonly busy: number; readonly waiting: number };
}

/** All places free. */
export function openBulkhead({ places, waiting_max, wait_ms }: BulkheadSettings): Bulkhead {
  /** Given a place, or null. */
  const waiting = new Set<(leave: Leave | null) => void>();
  let busy = 0;

  function take(): Leave {
    let here = true;
    return () => {
      if (!here) return;
      here = false;
      const [next] = waiting;
      if (next) next(take()); // The place goes on to the next, and stays busy.
      else busy -= 1;
    };
  }

  function wait(): Promise<Leave | null> {
    return new Promise((done) => {
      const given = (leave: Leave | null) => {
        clearTimeout(timer);
        waiting.delete(given);
        done(leave);
      };
      const timer = setTimeout(given, wait_ms, null);
      waiting.add(given);
    });
  }

  return {
    enter() {
      if (busy < places) {
        busy += 1;
        return take();
      }
      return wait_ms > 0 && waiting.size < waiting_max ? wait() : null;
    },
    counts: () => ({ busy, waiting: waiting.size }),
  };
}
