/** Writers and followers by chance: at every quiet moment each follower holds what a fresh walk says. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import {
  openNetworkWorld,
  untilSameNetwork,
  type NetworkFollower,
  type NetworkWorld,
} from '../../../e2e/kit/live-networks.ts';
import { dice } from '../../../e2e/kit/random-world.ts';
import { newId } from '../../keys.ts';
import type { FollowGraph } from './graph-changes.ts';

const STEPS = 60;
const QUIET_EVERY = 5;
const SEEDS = [1, 2];
const NODES = 14;
const KINDS = ['knows', 'uses'];

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let world: NetworkWorld;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  afterEach(() => world.close());

  test.each(SEEDS)('through 60 writes of seed %i', { timeout: 180_000 }, async (seed) => {
    world = await openNetworkWorld(database);
    const random = dice(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const ids = Array.from({ length: NODES }, () => newId());
    const here = new Set<string>();
    const anyId = () => [...here][below(here.size)] ?? ids[0]!;
    const make = (id: string) => {
      here.add(id);
      return { id, kind: 'thing', key: id, properties: { made: random() } };
    };
    const relation = () => ({
      kind: KINDS[below(2)]!,
      from: { id: anyId() },
      to: { id: anyId() },
      properties: { n: below(3) },
    });
    const relations = async () =>
      (await world.ctx.graphFor(world.ctx).relationsAmong(world.ctx.viewer.workspaceId, ids))
        .relations;
    const anyRelation = async () => {
      const all = await relations();
      return all[below(all.length)];
    };

    const writes: Record<string, () => Promise<unknown>> = {
      add: () => world.write({ nodes: [make(ids[below(NODES)]!)] }),
      relate: () => world.write({ relations: [relation()] }),
      async touch() {
        const id = anyId();
        await world.write({ nodes: [{ id, properties: { touched: random() } }] });
      },
      async retouch() {
        const one = await anyRelation();
        if (one) await world.write({ relations: [{ id: one.id, properties: { r: random() } }] });
      },
      async untie() {
        const one = await anyRelation();
        if (one) await world.write({ removedRelations: [one.id] });
      },
      /** The same relation once more, by the same id and version: only its going tells. */
      async renew() {
        const one = await anyRelation();
        if (!one) return;
        await world.write({ removedRelations: [one.id] });
        const { kind, fromId, toId } = one;
        const ends = { from: { id: fromId }, to: { id: toId } };
        await world.write({
          relations: [{ id: one.id, kind, ...ends, properties: { again: random() } }],
        });
      },
      async remove() {
        if (here.size < 6) return;
        const id = anyId();
        here.delete(id);
        await world.write({ removedNodes: [id] });
      },
    };

    for (const id of ids.slice(0, 9)) await world.write({ nodes: [make(id)] });
    for (let time = 0; time < 8; time += 1) await writes['relate']!();
    const [a, b, c] = ids as [string, string, string];
    const asked: FollowGraph[] = [
      { roots: [a], depth: 2, direction: 'BOTH' },
      { roots: [b], depth: 3, direction: 'OUT' },
      { roots: [c, a], depth: 1, direction: 'IN' },
      { roots: [a], depth: 4, direction: 'BOTH', relationKinds: ['knows'] },
      { roots: [b, ids[NODES - 1]!], depth: 10, direction: 'BOTH', first: 4 },
    ];
    const followers = asked.map((one) => world.follow(one));
    const heard: NetworkFollower[] = [...followers];
    const names = [...Object.keys(writes), 'relate', 'relate', 'touch', 'retouch'];
    for (let step = 1; step <= STEPS; step += 1) {
      await writes[names[below(names.length)]!]!();
      const at = below(followers.length);
      if (random() < 0.4 && followers[at]!.items.length > 0) await followers[at]!.stop();
      if (step % QUIET_EVERY > 0) continue;
      for (const [index, one] of asked.entries()) {
        if (followers[index]!.stopped()) {
          followers[index] = world.resume(followers[index]!, one);
          heard.push(followers[index]);
        }
        await untilSameNetwork(world, one, followers[index]!);
      }
    }
    const types = heard.flatMap(({ items }) => items.map(({ type }) => type));
    expect(heard.length).toBeGreaterThan(asked.length); // Some came again.
    expect(types.filter((type) => type === 'CHANGE').length).toBeGreaterThan(30);
  });
});
