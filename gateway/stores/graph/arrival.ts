/** Waits until Neo4j has what consistency tokens stand for: however many reads wait, one look at a time is made for all. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../../../resolvers/events/feed/position.ts';
import { hasSeen, type Projected } from './projected.ts';

/** Between two looks. */
const LOOK_ms = 10;

export interface Arrival {
  /**
   * False when it is not there within `wait_ms`. True when it is worth asking again: one member of a cluster may have
   * it, and another not. Never rejects.
   */
  of(token: Position, wait_ms: number): Promise<boolean>;
}

interface Waiting {
  readonly token: Position;
  readonly end: (isThere: boolean) => void;
}

/** `look` asks how far it is. One that fails ends the waiting of all: they ask again, and hear why. */
export function openArrival(look: () => Promise<Projected | undefined>): Arrival {
  const waiting = new Set<Waiting>();
  let looking = false;

  async function lookForAll(): Promise<void> {
    looking = true;
    while (waiting.size > 0) {
      await sleep(LOOK_ms); // Who waits has just looked.
      const projected = await look().catch(() => 'away' as const);
      for (const { token, end } of waiting) {
        if (projected === 'away' || hasSeen(projected, token)) end(true);
      }
    }
    looking = false;
  }

  return {
    of(token, wait_ms) {
      return new Promise((resolve) => {
        const one: Waiting = {
          token,
          end(isThere) {
            clearTimeout(late);
            waiting.delete(one);
            resolve(isThere);
          },
        };
        const late = setTimeout(() => one.end(false), wait_ms);
        waiting.add(one);
        if (!looking) void lookForAll();
      });
    },
  };
}
