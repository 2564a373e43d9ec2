/** SIGINT and SIGTERM: the first drains, the second ends at once. */
import type { Gateway } from './gateway.ts';

/** What of `process` is listened to and ended. */
export interface Signals {
  on(signal: Name, listener: () => void): unknown;
  off(signal: Name, listener: () => void): unknown;
  exit(code: number): unknown;
}

type Name = (typeof NAMES)[number];
const NAMES = ['SIGINT', 'SIGTERM'] as const;

/** As the shell has it for a process that SIGINT ended: 128 and its number. */
const ENDED = 130;

/**
 * Waits for a signal, then drains; resolves when that is done, to true when nothing had to be cut off. A second
 * signal exits with 130 without waiting.
 */
export async function drainOnSignal(
  gateway: Pick<Gateway, 'drain'>,
  signals: Signals = process,
): Promise<boolean> {
  await heard(signals);
  const again = () => void signals.exit(ENDED);
  NAMES.forEach((name) => signals.on(name, again));
  try {
    return await gateway.drain();
  } finally {
    NAMES.forEach((name) => signals.off(name, again));
  }
}

function heard(signals: Signals): Promise<void> {
  return new Promise((resolve) => {
    const first = () => {
      NAMES.forEach((name) => signals.off(name, first));
      resolve();
    };
    NAMES.forEach((name) => signals.on(name, first));
  });
}
