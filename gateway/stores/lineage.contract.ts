/**
 * What lineage promises, whichever store of the graph walks it; asked of resolvers/artifacts/lineage.ts, which says what
 * a walk is for. Of many
 * artifacts at once in lineage-lists.contract.ts, by chance in lineage-chance.contract.ts.
 */
import { beforeAll, expect, test } from 'vitest';
import type { TestDatabase } from '../../e2e/kit/database.ts';
import {
  otherViewer,
  seedArtifacts,
  seedDerivations,
  seedRun,
  seedUses,
} from '../../e2e/kit/world.ts';
import {
  artifactLineage,
  LINEAGE_LIMITS,
  type LineageBounds,
  type LineageDirection,
  type LineageEnd,
} from '../../resolvers/artifacts/lineage.ts';
import type { Ctx } from '../../resolvers/context.ts';
import { newId } from '../../resolvers/keys.ts';

/** A graph under test, and the tables that are its truth; opened before the suite and closed after it by who calls. */
export interface LineageUnderTest {
  readonly database: TestDatabase;
  readonly ctx: Ctx;
  /** Has the graph know all rows that there are. */
  settle(): Promise<void>;
  /** Statements of both stores since the last call, by name. */
  statements(): string[];
}

/** c0 → step s1 → c1 → step s2 → c2 …, each in a run of its own. */
export async function seedChain(database: TestDatabase, length: number): Promise<string[]> {
  const runs: string[] = [];
  for (let at = 0; at < length; at += 1) runs.push(await seedRun(database, [`s${at}`]));
  const ids = await seedArtifacts(
    database,
    runs.map((runId, at) => ({ runId, stepKey: at === 0 ? null : `s${at}`, name: `c${at}` })),
  );
  await seedUses(
    database,
    ids.slice(0, -1).map((id, at) => [runs[at + 1]!, `s${at + 1}`, id]),
  );
  return ids;
}

/** The farthest that may be asked for. */
export const FAR = { depth: LINEAGE_LIMITS.depth_max, first: LINEAGE_LIMITS.first_max };

/** Declares the tests. */
export function lineageContract(underTest: () => LineageUnderTest): void {
  let database: TestDatabase;
  let ctx: Ctx;
  beforeAll(() => {
    ({ database, ctx } = underTest());
  });

  /** As a client asks, once the graph knows all. */
  async function lineageOf(id: string, direction: LineageDirection, bounds: LineageBounds) {
    await underTest().settle();
    return artifactLineage(ctx, id, direction, bounds);
  }

  const chain = (length: number) => seedChain(database, length);

  test('lineage crosses runs, with the steps between the artifacts, in one walk', async () => {
    const [raw, clean, model] = await chain(3);
    const [report] = await seedArtifacts(database, [{ name: 'report' }]);
    await seedDerivations(database, [[model!, report!]]);
    await underTest().settle();
    underTest().statements();
    const up = await artifactLineage(ctx, report!, 'UPSTREAM', FAR);
    expect(underTest().statements()).toEqual(['artifacts.lineageUpstream']);
    expect(up.nodes.map(({ artifactId, depth }) => [artifactId, depth])).toEqual([
      [report, 0],
      [model, -1],
      [clean, -2],
      [raw, -3],
    ]);
    expect(up.cut).toBeNull();
    expect(up.edges.map(shown).toSorted()).toEqual(
      [
        `${model} > ${report}`,
        `s2 > ${model}`,
        `${clean} > s2`,
        `s1 > ${clean}`,
        `${raw} > s1`,
      ].toSorted(),
    );
    const both = await lineageOf(clean!, 'BOTH', FAR);
    expect(both.nodes.map(({ artifactId, depth }) => [artifactId, depth])).toEqual([
      [clean, 0],
      ...[[model, 1] as const, [raw, -1] as const].toSorted(([a], [b]) => (a! < b! ? 1 : -1)),
      [report, 2],
    ]);
  });

  test('depth keeps what is that far and says where there is more, one past it says nothing', async () => {
    const ids = await chain(4);
    const short = await lineageOf(ids[0]!, 'DOWNSTREAM', { depth: 2, first: 100 });
    expect(short.nodes.map(({ artifactId, hasMore }) => [artifactId, hasMore])).toEqual([
      [ids[0], false],
      [ids[1], false],
      [ids[2], true],
    ]);
    expect(short.cut).toBe('DEPTH');
    const whole = await lineageOf(ids[0]!, 'DOWNSTREAM', { depth: 3, first: 100 });
    expect(whole.nodes).toHaveLength(4);
    expect(whole.cut).toBeNull();
  });

  test('first counts artifacts, the root among them, and the cut names it', async () => {
    const ids = await chain(4);
    const cut = await lineageOf(ids[3]!, 'UPSTREAM', { depth: 9, first: 3 });
    expect(cut.nodes.map(({ artifactId }) => artifactId)).toEqual([ids[3], ids[2], ids[1]]);
    expect(cut.nodes.at(-1)?.hasMore).toBe(true);
    expect(cut.cut).toBe('FIRST');
    const whole = await lineageOf(ids[3]!, 'UPSTREAM', { depth: 9, first: 4 });
    expect(whole.nodes).toHaveLength(4);
    expect(whole.cut).toBeNull();
  });

  test('of a much used artifact the newest uses are told, with what they made', async () => {
    const runs: string[] = [];
    for (let at = 0; at < 12; at += 1) runs.push(await seedRun(database, ['train']));
    runs.sort();
    const [base] = await seedArtifacts(database, [{ name: 'base' }]);
    const made = await seedArtifacts(
      database,
      runs.map((runId) => ({ runId, stepKey: 'train', name: 'model' })),
    );
    await seedUses(
      database,
      runs.map((runId) => [runId, 'train', base!]),
    );
    // Two artifacts: ten edges of a kind are read, of the newest runs.
    const two = await lineageOf(base!, 'DOWNSTREAM', { depth: 1, first: 2 });
    expect(two.cut).toBe('FIRST');
    expect(two.nodes.map(({ artifactId }) => artifactId)).toEqual([base, made.at(-1)]);
    expect(two.edges.map(({ to }) => to)).toEqual([
      { runId: runs.at(-1), stepKey: 'train' },
      { artifactId: made.at(-1) },
    ]);
    const all = await lineageOf(base!, 'DOWNSTREAM', { depth: 1, first: 13 });
    expect(all.cut).toBeNull();
    expect(all.nodes).toHaveLength(13);
  });

  test('edges are read up to their bound, of each kind and in all, and the cut says so past it', async () => {
    const ids = await chain(4); // A level of one use and one product each.
    const ask = (edges_max: number) => lineageOf(ids[0]!, 'DOWNSTREAM', { ...FAR, edges_max });
    expect(await ask(6)).toMatchObject({ cut: null });
    const short = await ask(3); // Reached after the second level: the third is not read.
    expect(short.cut).toBe('EDGES');
    expect(short.nodes.map(({ hasMore }) => hasMore)).toEqual([false, false, true]);

    const runId = await seedRun(database, ['many']);
    const sources = await seedArtifacts(
      database,
      Array.from({ length: 5 }, (_, at) => ({ name: `source ${at}` })),
    );
    await seedUses(
      database,
      sources.map((id) => [runId, 'many', id]),
    );
    const [sum] = await seedArtifacts(database, [{ runId, stepKey: 'many', name: 'sum' }]);
    const sums = (edges_max: number) => lineageOf(sum!, 'UPSTREAM', { ...FAR, edges_max });
    expect(await sums(5)).toMatchObject({ cut: 'EDGES', nodes: { length: 6 } }); // One more was made than may be read in all.
    expect(await sums(6)).toMatchObject({ cut: null, nodes: { length: 6 } });
    expect((await sums(4)).nodes[0]).toMatchObject({ artifactId: sum, hasMore: true });
  });

  test('bounds are refused one past the limit and named, what is not there is not found', async () => {
    const [id] = await seedArtifacts(database, [{ name: 'alone' }]);
    const ask = (depth: number, first: number) => lineageOf(id!, 'BOTH', { depth, first });
    await expect(ask(FAR.depth, FAR.first)).resolves.toMatchObject({ cut: null, edges: [] });
    await expect(ask(FAR.depth + 1, 1)).rejects.toThrow('depth: must be from 1 to 50, got 51');
    await expect(ask(1, FAR.first + 1)).rejects.toThrow('first: must be from 1 to 1000, got 1001');
    await expect(ask(0, 1)).rejects.toThrow('depth: must be from 1 to 50, got 0');
    await expect(ask(1, 0)).rejects.toThrow('first: must be from 1 to 1000, got 0');
    await expect(lineageOf(newId(), 'BOTH', FAR)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('what belongs to another workspace is neither found nor passed through', async () => {
    const stranger = await otherViewer(database);
    const [ours, ours2] = await seedArtifacts(database, [{ name: 'ours' }, { name: 'ours too' }]);
    const theirRun = await seedRun(database, ['steal'], { viewer: stranger });
    const [theirs] = await seedArtifacts(
      database,
      [{ name: 'theirs', runId: theirRun, stepKey: 'steal' }],
      stranger,
    );
    // No command can do this; if a defect ever did, it must still not show.
    await seedUses(database, [[theirRun, 'steal', ours!]]);
    await seedDerivations(database, [
      [ours!, theirs!],
      [theirs!, ours2!],
    ]);
    for (const direction of ['UPSTREAM', 'DOWNSTREAM', 'BOTH'] as const) {
      await expect(lineageOf(theirs!, direction, FAR)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      for (const id of [ours!, ours2!]) {
        const seen = await lineageOf(id, direction, FAR);
        expect(seen).toMatchObject({ nodes: [{ artifactId: id }], edges: [], cut: null });
      }
    }
  });
}

function shown({ from, to }: { from: LineageEnd; to: LineageEnd }): string {
  const end = (one: LineageEnd) => ('artifactId' in one ? one.artifactId : one.stepKey);
  return `${end(from)} > ${end(to)}`;
}
