/** How long to wait before trying again: exponential with full jitter, so that many clients spread out. */

export interface BackoffOptions {
  /** The bound of the first wait; it doubles with each failure. */
  readonly first_ms: number;
  readonly max_ms: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

export interface Backoff {
  /** The next wait: anything from 0 to the bound, which doubles up to its maximum. */
  next_ms(): number;
  /** Things went well: the next wait is a first one again. */
  reset(): void;
}

/** Starts with a first wait. */
export function openBackoff({ first_ms, max_ms, random }: BackoffOptions): Backoff {
  let bound_ms = first_ms;
  return {
    next_ms() {
      const wait_ms = random() * Math.min(bound_ms, max_ms);
      bound_ms = Math.min(bound_ms * 2, max_ms);
      return wait_ms;
    },
    reset() {
      bound_ms = first_ms;
    },
  };
}
