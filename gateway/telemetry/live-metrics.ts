/** What is followed, by whom, and what had to be repaired. */
import { Gauge, type Registry } from 'prom-client';
import type { LiveCounts } from '../../resolvers/live/live.ts';

export interface LiveUse extends LiveCounts {
  /** Open WebSockets, and operations on them. */
  readonly sockets: number;
  readonly operations: number;
  /** Open streams of server-sent events. */
  readonly streams: number;
}

const HELP: Readonly<Record<keyof LiveUse, string>> = {
  sockets: 'Open WebSockets.',
  operations: 'Operations on WebSockets.',
  streams: 'Open streams of server-sent events.',
  runs: 'Runs followed by this gateway.',
  followers: 'Subscriptions that follow a run.',
  headsRepairs: 'Heads found by looking, before the bus told: late or lost messages. Rises.',
  gapRepairs: 'Reads of the log that closed a gap of more than one event. Rises.',
};

/** Read when they are asked for. */
export function liveMetrics(registers: Registry[], use: () => LiveUse | undefined): Gauge[] {
  return (Object.entries(HELP) as [keyof LiveUse, string][]).map(
    ([key, help]) =>
      new Gauge({
        name: `polyphony_live_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
        help,
        registers,
        collect() {
          this.set(use()?.[key] ?? 0);
        },
      }),
  );
}
