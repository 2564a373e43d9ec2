/**
 * A campaign of faults: every follower is struck again and again, each alone and at its own time, while others kill
 * gateways and stop what stands between them. What is right is judged at the end, by the checker.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { deliveryFaults, differenceFaults, stateFaults, type Acknowledged } from './checker.ts';
import type { FaultName, Follower } from './followers.ts';
import { freshState, openMerge } from './run-state.ts';
import { until } from './until.ts';

/** Faults that met a connection, by kind. */
export type Tally = Record<FaultName, number>;

export interface Torment {
  readonly tally: Tally;
  /** Disconnects so far. Throws when a follower did not come back from one. */
  disconnects(): number;
  /**
   * Strikes this follower as well. The answer lets go of it: resolves when no strike is under way, and rejects when
   * the follower did not come back from one.
   */
  begin(follower: Follower): () => Promise<void>;
}

/** The patience of a campaign: gateways are away meanwhile, and machines are busy. */
const BACK_MAX_ms = 300_000;

/**
 * Between two strikes at one follower: without it they are ten times what is asked for, and beginning again takes the
 * machine from the gateways.
 */
const REST_ms = 500;

/** Every follower is struck when it is at work again; `port` says where it may come again. */
export function openTorment(port: () => number): Torment {
  const tally: Tally = { cut: 0, stalled: 0, 'half-open': 0, destroyed: 0, killed: 0 };
  let failure: unknown;

  async function torment(follower: Follower, signal: AbortSignal): Promise<void> {
    for (let nth = 0; ; nth++) {
      const came = follower.came();
      await until(
        `${follower.name} is at work`,
        () => signal.aborted || (follower.isOpen() && follower.came() > came),
        BACK_MAX_ms,
      );
      if (signal.aborted) return;
      const fault = follower.faults[nth % follower.faults.length]!;
      follower.wire.aim(port());
      if (await strike(follower, fault)) tally[fault] += 1;
      await sleep(REST_ms * Math.random() * 2, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    tally,
    disconnects() {
      if (failure) throw failure;
      return Object.values(tally).reduce((sum, count) => sum + count, 0);
    },
    begin(follower) {
      const stopping = new AbortController();
      const going = torment(follower, stopping.signal);
      going.catch((error: unknown) => (failure = error));
      return () => {
        stopping.abort();
        return going;
      };
    },
  };
}

/** One fault; true when it met a connection. Resolves once the follower has noticed and may come again. */
async function strike(follower: Follower, fault: FaultName): Promise<boolean> {
  const { wire } = follower;
  const [connections, met] = [follower.connections(), wire.met()];
  const noticed = () =>
    until(`${follower.name} notices: ${fault}`, () => isAway(follower, connections), BACK_MAX_ms);
  switch (fault) {
    case 'cut':
      wire.cut();
      break;
    case 'stalled':
      wire.stall();
      break;
    case 'half-open':
      wire.halfOpen();
      break;
    case 'destroyed':
      follower.destroy();
      break;
    case 'killed':
      await follower.kill();
      return true;
  }
  await noticed();
  wire.mend();
  if (fault === 'destroyed') return true;
  const now = wire.met();
  return now.cut > met.cut || now.stalled > met.stalled || now.halfOpen > met.halfOpen;
}

function isAway(follower: Follower, connections: number): boolean {
  return !follower.isOpen() || follower.connections() > connections;
}

/** Every acknowledged event once and in order, at each; and at each cursor the state that was then. */
export function expectRight(
  acknowledged: readonly Acknowledged[],
  followers: readonly Follower[],
): void {
  const seen = followers.find(({ events }) => events().length > 0)!.events();
  for (const { name, events, items } of followers) {
    const mine = events();
    const faults =
      items().length > 0
        ? stateFaults(seen, items()).faults
        : [...deliveryFaults(acknowledged, mine), ...differenceFaults(seen, mine)];
    expect({ name, faults }).toEqual({ name, faults: [] });
  }
}

/** While the writer rests: everybody gets there, and what followers of the state hold is what a query answers. */
export async function expectFresh(
  url: () => string,
  runId: string,
  followers: readonly Follower[],
): Promise<void> {
  const fresh = await freshState(url, runId);
  const { version } = fresh.run;
  for (const follower of followers) {
    const { name, items } = follower;
    const at = positionOf(follower);
    await until(`${name} is at ${version}`, () => at() === version, BACK_MAX_ms);
    if (items().length === 0) continue;
    const merge = openMerge();
    items().forEach((item) => merge.take(item));
    expect({ name, state: merge.now() }).toEqual({ name, state: fresh });
  }
}

/** How far it has come; read again only when something has. */
function positionOf({ came, items, events }: Follower): () => number {
  let [position, known] = [0, -1];
  return () => {
    if (came() === known) return position;
    known = came();
    position = items().at(-1)?.run.version ?? events().at(-1)?.seq ?? 0;
    return position;
  };
}

/** Sums of what all followers counted. */
export function countsOf(followers: readonly Follower[]) {
  const sum = (of: (follower: Follower) => number) =>
    followers.reduce((total, follower) => total + of(follower), 0);
  return {
    resumes: sum((follower) => follower.counts().resumes),
    halfOpen: sum((follower) => follower.counts().halfOpen),
    items: sum(({ events, items }) => events().length + items().length),
  };
}
