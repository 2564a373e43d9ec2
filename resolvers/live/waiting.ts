/** How a follower waits for what is new, without a timer and without a listener of its own. */

/** Waits in `waiting` until the condition holds when woken, or the signal aborts. */
export function until(
  waiting: Set<() => void>,
  holds: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  if (holds() || signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const atAbort = waitingAtAbort(signal);
    const look = () => {
      if (!holds() && !signal.aborted) return;
      waiting.delete(look);
      atAbort.delete(look);
      done();
    };
    waiting.add(look);
    atAbort.add(look);
  });
}

const aborting = new WeakMap<AbortSignal, Set<() => void>>();

/** One listener a signal, as long as it lives: to add and remove one each time costs more than the wait. */
function waitingAtAbort(signal: AbortSignal): Set<() => void> {
  const there = aborting.get(signal);
  if (there) return there;
  const looks = new Set<() => void>();
  aborting.set(signal, looks);
  const lookAll = () => {
    for (const look of looks) look();
  };
  signal.addEventListener('abort', lookAll, { once: true });
  return looks;
}
