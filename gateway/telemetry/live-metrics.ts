/** What is followed, by whom, and what had to be repaired. */
import { Gauge, type Registry } from 'prom-client';
import type { LiveCounts } from '../../resolvers/live/live.ts';
import type { BusCounts } from '../../resolvers/ports.ts';

export interface LiveUse extends LiveCounts {
  /** Open WebSockets, and operations on them. */
  readonly sockets: number;
  readonly operations: number;
  /** Open streams of server-sent events. */
  readonly streams: number;
  /** Executions of items of subscriptions, and items that were sent what another subscriber's had made. */
  readonly executions: number;
  readonly shared: number;
}

const HELP: Readonly<Record<keyof LiveUse, string>> = {
  sockets: 'Open WebSockets.',
  operations: 'Operations on WebSockets.',
  streams: 'Open streams of server-sent events.',
  executions: 'Executions of items of subscriptions. Rises.',
  shared: "Items that were sent what another subscriber's execution had made. Rises.",
  runs: 'Runs followed by this gateway.',
  followers: 'Subscriptions that follow a run.',
  headsRepairs: 'Heads found by looking, before the bus told: late or lost messages. Rises.',
  gapRepairs: 'Reads of the log that closed a gap of more than one event. Rises.',
  feedFollowers:
    'Followers of the change feed: subscriptions to `changes`, and lists of runs, each once.',
  feedBehind: 'Of these, those that read or are slow to take what they were given.',
  feedReads: 'Pages of the change feed read for them, together. Rises.',
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

const BUS_HELP: Readonly<Record<keyof BusCounts, string>> = {
  topics: 'Topics of the bus that this gateway listens to.',
  lost: 'Messages that the bus could not send: their followers hear by the look at the heads. Rises.',
  connected:
    '1 while the bus is connected; else what is live goes on by the look at the heads, slower.',
};

/** The bus between gateways, read when it is asked for. */
export function busMetrics(registers: Registry[], use: () => BusCounts | undefined): Gauge[] {
  return (Object.entries(BUS_HELP) as [keyof BusCounts, string][]).map(
    ([key, help]) =>
      new Gauge({
        name: `polyphony_bus_${key}`,
        help,
        registers,
        collect() {
          this.set(Number(use()?.[key] ?? 0));
        },
      }),
  );
}
