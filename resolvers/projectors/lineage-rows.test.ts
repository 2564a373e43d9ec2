import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { seedArtifacts, seedRun, seedUses } from '../../e2e/kit/world.ts';
import { inParts, runsToBring, usesOfRuns } from './lineage-rows.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('in parts of any size come all uses of all runs, each once, and no run in two', async () => {
    const names = Array.from({ length: 4 }, (_, at) => ({ name: `a${at}` }));
    const artifacts = await seedArtifacts(database, names);
    const runs: string[] = [];
    for (const uses of [4, 1, 3, 0]) {
      const runId = await seedRun(database, ['s']);
      runs.push(runId);
      await seedUses(
        database,
        artifacts.slice(0, uses).map((id) => [runId, 's', id]),
      );
    }
    const there = await runsToBring(database.sql, [...runs, crypto.randomUUID()]);
    const counts = new Map(there.map(({ id, uses }) => [id, uses]));
    expect(runs.map((id) => counts.get(id))).toEqual([4, 1, 3, 0]);
    for (const uses_max of [1, 2, 3, 4, 5, 8]) {
      const found: string[] = [];
      const parts = inParts(there, uses_max);
      for (const part of parts) {
        const { uses } = await usesOfRuns(database.sql, part);
        expect(uses.length).toBe(part.reduce((sum, run) => sum + run.uses, 0));
        expect(uses.length <= uses_max || part.length === 1).toBe(true);
        found.push(...uses.map(({ runId, artifactId }) => `${runId} ${artifactId}`));
      }
      expect(new Set(found).size).toBe(found.length);
      expect(found).toHaveLength(8);
      expect(parts.flat()).toEqual(there);
    }
    expect(inParts(there, 8)).toHaveLength(1);
    expect(inParts(there, 7).length).toBeGreaterThan(1);
  });

  test('of a run that is known only what came after is meant, and all of one that was made anew', async () => {
    const [a, b] = await seedArtifacts(database, [{ name: 'a' }, { name: 'b' }]);
    const runId = await seedRun(database, ['s']);
    await seedUses(database, [[runId, 's', a!]]);
    const [first] = (await usesOfRuns(database.sql, await runsToBring(database.sql, [runId]))).runs;
    await seedUses(database, [[runId, 's', b!]]);
    const bring = async (seq: number) => {
      const there = await runsToBring(database.sql, [runId], new Map([[runId, seq]]));
      const { uses } = await usesOfRuns(database.sql, there);
      const brought = new Set(uses.map(({ artifactId }) => artifactId));
      return { isAnew: there[0]!.isAnew, uses: there[0]!.uses, brought };
    };
    expect(await bring(first!.seq)).toEqual({
      isAnew: false,
      uses: 1,
      brought: new Set([b]),
    });
    expect(await bring(first!.seq + 100)).toEqual({
      isAnew: true,
      uses: 2,
      brought: new Set([a, b]),
    });
  });
});
