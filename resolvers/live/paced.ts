/** Reads that are repeated, paced by what they cost: they never fill a connection. */

/** Between two reads of the same at least, and as many times what the last one took. */
export interface Pace {
  readonly least_ms: number;
  readonly times: number;
}

/** Of rows that followers are shown. */
export const ROWS_PACE: Pace = { least_ms: 50, times: 4 };

/** Something that is read again and again. */
export interface Paced<T> {
  /** What was read last is no longer all. */
  due: boolean;
  readonly last: T | undefined;
  /** Until it may be read again. */
  wait_ms(): number;
  /** Since it was read. */
  idle_ms(): number;
  read(): Promise<T>;
}

/** Nothing read yet: it is due. */
export function paced<T>(pace: Pace, read: () => Promise<T>): Paced<T> {
  let began_ms = -Infinity;
  let next_ms = -Infinity;
  let last: T | undefined;
  return {
    due: true,
    get last() {
      return last;
    },
    wait_ms: () => Math.max(0, Math.ceil(next_ms - performance.now())),
    idle_ms: () => performance.now() - began_ms,
    async read() {
      this.due = false;
      began_ms = performance.now();
      last = await read();
      const took_ms = performance.now() - began_ms;
      next_ms = began_ms + took_ms + Math.max(pace.least_ms, pace.times * took_ms);
      return last;
    },
  };
}
