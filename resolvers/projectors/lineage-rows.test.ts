import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { seedArtifacts, seedRun, seedUses } from '../../e2e/kit/world.ts';
import { usesOfRuns } from './lineage-rows.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('in parts of any size come all uses of all runs, each once, and those of one change together', async () => {
    const artifacts = await seedArtifacts(
      database,
      Array.from({ length: 4 }, (_, at) => ({ name: `a${at}` })),
    );
    const runs: string[] = [];
    for (let run = 0; run < 3; run += 1) {
      const runId = await seedRun(database, ['s']);
      runs.push(runId);
      // Two changes: one of three uses, one of one.
      await seedUses(
        database,
        artifacts.slice(0, 3).map((id) => [runId, 's', id]),
      );
      await seedUses(database, [[runId, 's', artifacts[3]!]]);
    }
    const sizes: Record<number, number[]> = {};
    for (const limit of [1, 2, 3, 4, 5, 12, 13]) {
      const found: string[] = [];
      sizes[limit] = [];
      const known = new Map<string, number>();
      for (let asked: readonly string[] = runs.toSorted().toReversed(); asked.length > 0;) {
        const part = await usesOfRuns(database.sql, asked, known, limit);
        sizes[limit].push(part.uses.length);
        found.push(...part.uses.map(({ runId, artifactId }) => `${runId} ${artifactId}`));
        for (const { id, seq } of part.runs) known.set(id, seq);
        asked = part.left;
      }
      const all = runs.flatMap((run) => artifacts.map((id) => `${run} ${id}`));
      expect(found.toSorted()).toEqual(all.toSorted());
    }
    expect(sizes[1]).toEqual([3, 1, 3, 1, 3, 1, 0]);
    expect(sizes[5]).toEqual([7, 5, 0]);
    expect(sizes[12]).toEqual([12, 0]);
    expect(sizes[13]).toEqual([12]);
  });
});
