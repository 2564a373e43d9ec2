/** How old a projection counts as, by where it is and where the feed was when. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Position } from '../../../resolvers/events/feed/position.ts';
import { SHAPE } from '../../../resolvers/graph/projection.ts';
import { openBreaker } from '../breaker.ts';
import type { Reader } from '../graph-neo4j/client.ts';
import type { Projected } from './projected.ts';
import { openProjectionWatch, type ProjectionWatch } from './watch.ts';

let watch: ProjectionWatch | undefined;
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(async () => {
  vi.useRealTimers();
  await watch?.close();
});

const at = (xmax: number): Position => ({ epoch: 1, from: `${xmax}:${xmax}:`, xid: '0', at: '0' });

/** Of a Neo4j and a feed that are where `on` says. */
async function watching(on: { feed: number; graph: number }): Promise<ProjectionWatch> {
  const reader = {
    read: async (): Promise<Projected[]> => [
      { ...at(on.graph), snapshot: at(on.graph).from, complete: true, shape: SHAPE },
    ],
  } as unknown as Reader;
  watch = openProjectionWatch({
    reader,
    first: async () => at(on.feed),
    breaker: openBreaker({ failures: 5, window_ms: 1_000, open_ms: 1_000 }),
    staleMax_ms: 1_000,
    every_ms: 3_600_000,
    first_ms: 1_000,
    changed: () => undefined,
    failed: (error) => {
      throw error;
    },
  });
  await watch.look();
  return watch;
}

test('a graph that has all that there was at a moment is no older than that', async () => {
  const on = { feed: 10, graph: 10 };
  const seen = await watching(on);
  expect(seen.against()).toBeNull();
  on.feed = 20;
  vi.advanceTimersByTime(20); // Marks are kept a hundredth of staleMax_ms apart.
  await seen.look();
  expect(seen.against()).toBeNull(); // It is behind, by less than it may.
  expect(seen.stale_ms()).toBe(20);
});

test('a graph that went back, as one that was restored, is read no more until it is there again', async () => {
  const on = { feed: 10, graph: 10 };
  const seen = await watching(on);
  on.graph = 5;
  await seen.look();
  expect([seen.against(), seen.stale_ms()]).toEqual(['behind', null]);
  on.graph = 10;
  await seen.look();
  expect(seen.against()).toBeNull();
});
