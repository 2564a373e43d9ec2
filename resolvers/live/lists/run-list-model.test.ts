/** Writers and followers by chance: at every quiet moment each follower holds what a fresh query says. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addVersion, type Version } from '../../../e2e/kit/log-world.ts';
import { dice } from '../../../e2e/kit/random-world.ts';
import {
  openListWorld,
  untilSame,
  type ListFollower,
  type ListWorld,
} from '../../../e2e/kit/run-lists.ts';
import { seedArtifacts } from '../../../e2e/kit/world.ts';
import type { Filter } from '../../filter.ts';

const STEPS = 50;
const QUIET_EVERY = 5;
/** What there is more of, so that there is always something to end, remove and rename. */
const OFTEN = ['start', 'start', 'log', 'end', 'remove'];
const SEEDS = [1, 2];

/** Own columns, steps, workflow, artifact, other runs; windows that overflow and that hold all. */
const ASKED: readonly { readonly filter: Filter; readonly first: number }[] = [
  { filter: {}, first: 4 },
  { filter: { status: { eq: 'RUNNING' } }, first: 2 },
  { filter: { status: { in: ['QUEUED', 'RUNNING'] } }, first: 50 },
  { filter: { not: { status: { eq: 'SUCCEEDED' } } }, first: 3 },
  { filter: { workflow: { name: { eq: 'red' } } }, first: 5 },
  { filter: { artifacts: { some: { quality: { gte: 0.5 } } } }, first: 3 },
  { filter: { workflow: { runs: { some: { status: { eq: 'FAILED' } } } } }, first: 6 },
  { filter: { version: { gte: 3 } }, first: 0 },
];

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let world: ListWorld;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  afterEach(() => world.close());

  test.each(SEEDS)('through 75 writes of seed %i', { timeout: 180_000 }, async (seed) => {
    await database.pool.query('/* test */ DELETE FROM run');
    world = await openListWorld(database);
    const random = dice(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const versions: Version[] = [world.version, await addVersion(database.sql, ['only'])];
    const live = new Map<string, 'QUEUED' | 'RUNNING' | 'ENDED'>();
    const sql = (text: string, values: unknown[]) =>
      database.pool.query(`/* test */ ${text}`, values);
    const anyOf = (state: string) => {
      const those = [...live].filter(([, its]) => its === state);
      return those[random() < 0.5 ? those.length - 1 : below(those.length)]?.[0]; // Lists hold the newest.
    };

    const writes: Record<string, () => Promise<unknown>> = {
      async queue() {
        for (const id of await world.queue(1 + below(3), versions[below(2)]))
          live.set(id, 'QUEUED');
      },
      async start() {
        const id = anyOf('QUEUED');
        if (!id) return;
        await world.move(id, 'RUN_STARTED');
        live.set(id, 'RUNNING');
      },
      async log() {
        const id = anyOf('RUNNING');
        if (id) await world.move(id, 'LOG_APPENDED');
      },
      async end() {
        const id = anyOf('RUNNING');
        if (!id) return;
        await world.move(id, random() < 0.5 ? 'RUN_SUCCEEDED' : 'RUN_FAILED');
        live.set(id, 'ENDED');
      },
      async remove() {
        const id = anyOf('ENDED') ?? anyOf('QUEUED');
        if (!id) return;
        await sql('DELETE FROM run WHERE id = $1', [id]);
        live.delete(id);
      },
      rename: () =>
        sql('UPDATE workflow SET name = $1 WHERE id = $2', [
          random() < 0.5 ? 'red' : 'green',
          versions[below(2)]!.workflowId,
        ]),
      async make() {
        const id = [...live.keys()][below(live.size)];
        if (!id) return;
        await seedArtifacts(database, [{ runId: id, name: `made ${random()}`, quality: random() }]);
      },
      judge: () =>
        sql(
          'UPDATE artifact SET quality = $1 WHERE id = (SELECT id FROM artifact ORDER BY id LIMIT 1)',
          [random()],
        ),
    };

    for (let time = 0; time < 8; time += 1) await writes['queue']!();
    const followers = ASKED.map((asked) => world.follow(asked));
    const heard: ListFollower[] = [...followers];
    const names = [...Object.keys(writes), ...OFTEN];
    for (let step = 1; step <= STEPS; step += 1) {
      await writes[names[below(names.length)]!]!();
      const at = below(followers.length);
      if (random() < 0.5 && followers[at]!.items.length > 0) await followers[at]!.stop();
      if (step % QUIET_EVERY > 0) continue;
      for (const [index, asked] of ASKED.entries()) {
        if (followers[index]!.stopped()) {
          followers[index] = world.resume(followers[index]!, asked);
          heard.push(followers[index]);
        }
        await untilSame(world, asked, followers[index]!);
      }
    }
    const types = heard.flatMap(({ items }) => items.map(({ type }) => type));
    expect(heard.length).toBeGreaterThan(ASKED.length); // Some came again.
    expect(types.filter((type) => type === 'CHANGE').length).toBeGreaterThan(40);
  });
});
