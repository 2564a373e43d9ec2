/** Time as the client sees it, so that tests can hand it theirs. */

export interface Clock {
  /** Monotonic. */
  now_ms(): number;
  /** Calls `run` once after so long; what it answers prevents that. */
  after(wait_ms: number, run: () => void): () => void;
}

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now_ms: () => performance.now(),
  after(wait_ms, run) {
    const timer = setTimeout(run, wait_ms);
    return () => clearTimeout(timer);
  },
};

/** Waits so long, or until `signal` aborts. Leaves neither timer nor listener behind. */
export function sleep(clock: Clock, wait_ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const wake = () => {
      cancel();
      signal.removeEventListener('abort', wake);
      done();
    };
    const cancel = clock.after(wait_ms, wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
