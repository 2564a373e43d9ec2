import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 60_000;

/** Waits for the condition; throws with its words when it does not come in time, which is a minute. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  wait_ms = WAIT_MS,
): Promise<void> {
  const deadline_ms = performance.now() + wait_ms;
  while (!(await holds())) {
    if (performance.now() > deadline_ms) throw new Error(`not within ${wait_ms} ms: ${what}`);
    await sleep(20);
  }
}
