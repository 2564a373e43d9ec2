import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 60_000;

/** Waits for the condition; throws with its words when it does not come within a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline_ms = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline_ms) throw new Error(`not within ${WAIT_MS} ms: ${what}`);
    await sleep(20);
  }
}
