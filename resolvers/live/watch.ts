/** A look that is repeated: one at a time, and at once when there is reason to. */

export interface Watch {
  /** Looks as soon as the look under way has ended. */
  now(): void;
  /** Resolves once no look is under way. */
  close(): Promise<void>;
}

/** Looks `every_ms` after the last look ended; one that failed is told and repeated at its time. */
export function openWatch(
  look: () => Promise<void>,
  every_ms: number,
  onError: (error: unknown) => void,
): Watch {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | null = null;
  let again = false;
  let closed = false;

  const run = () => {
    clearTimeout(timer);
    looking = look()
      .catch(onError)
      .finally(() => {
        looking = null;
        if (closed) return;
        if (again) setImmediate(run);
        else timer = setTimeout(run, every_ms).unref();
        again = false;
      });
  };
  timer = setTimeout(run, every_ms).unref();
  return {
    now() {
      if (looking) again = true;
      else if (!closed) run();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
