import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import {
  contextOver,
  otherViewer,
  seedArtifacts,
  seedDerivations,
  seedRun,
  seedUses,
} from '../../e2e/kit/world.ts';
import type { Ctx } from '../context.ts';
import { newId } from '../keys.ts';
import {
  artifactLineage,
  LINEAGE_LIMITS,
  type Lineage,
  type LineageDirection,
  type LineageEnd,
} from './lineage.ts';

const FAR = { depth: LINEAGE_LIMITS.depth_max, first: LINEAGE_LIMITS.first_max };

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let ctx: Ctx;
  beforeAll(async () => {
    database = await open();
    ctx = contextOver(database);
  });
  afterAll(() => database.close());

  /** c0 → step s1 → c1 → step s2 → c2 …, each in a run of its own. */
  async function chain(length: number): Promise<string[]> {
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

  test('lineage crosses runs, with the steps between the artifacts, in two statements', async () => {
    const [raw, clean, model] = await chain(3);
    const [report] = await seedArtifacts(database, [{ name: 'report' }]);
    await seedDerivations(database, [[model!, report!]]);
    database.statements();
    const up = await artifactLineage(ctx, report!, 'UPSTREAM', FAR);
    expect(database.statements()).toEqual(['artifacts.lineageRoot', 'artifacts.lineageUpstream']);
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
    const both = await artifactLineage(ctx, clean!, 'BOTH', FAR);
    expect(both.nodes.map(({ artifactId, depth }) => [artifactId, depth])).toEqual([
      [clean, 0],
      ...[[model, 1] as const, [raw, -1] as const].toSorted(([a], [b]) => (a! < b! ? 1 : -1)),
      [report, 2],
    ]);
  });

  test('depth keeps what is that far and says where there is more, one past it says nothing', async () => {
    const ids = await chain(4);
    const short = await artifactLineage(ctx, ids[0]!, 'DOWNSTREAM', { depth: 2, first: 100 });
    expect(short.nodes.map(({ artifactId, hasMore }) => [artifactId, hasMore])).toEqual([
      [ids[0], false],
      [ids[1], false],
      [ids[2], true],
    ]);
    expect(short.cut).toBe('DEPTH');
    const whole = await artifactLineage(ctx, ids[0]!, 'DOWNSTREAM', { depth: 3, first: 100 });
    expect(whole.nodes).toHaveLength(4);
    expect(whole.cut).toBeNull();
  });

  test('first counts artifacts, the root among them, and the cut names it', async () => {
    const ids = await chain(4);
    const cut = await artifactLineage(ctx, ids[3]!, 'UPSTREAM', { depth: 9, first: 3 });
    expect(cut.nodes.map(({ artifactId }) => artifactId)).toEqual([ids[3], ids[2], ids[1]]);
    expect(cut.nodes.at(-1)?.hasMore).toBe(true);
    expect(cut.cut).toBe('FIRST');
    const whole = await artifactLineage(ctx, ids[3]!, 'UPSTREAM', { depth: 9, first: 4 });
    expect(whole.nodes).toHaveLength(4);
    expect(whole.cut).toBeNull();
  });

  test('of a much used artifact the newest uses are told, up to the bound of edges', async () => {
    const runs: string[] = [];
    for (let at = 0; at < 6; at += 1) runs.push(await seedRun(database, ['train']));
    const [base] = await seedArtifacts(database, [{ name: 'base' }]);
    const made = await seedArtifacts(
      database,
      runs.map((runId) => ({ runId, stepKey: 'train', name: 'model' })),
    );
    await seedUses(
      database,
      runs.map((runId) => [runId, 'train', base!]),
    );
    const whole = await artifactLineage(ctx, base!, 'DOWNSTREAM', { ...FAR, edges_max: 12 });
    expect(whole.nodes).toHaveLength(7);
    expect(whole.cut).toBeNull();
    const cut = await artifactLineage(ctx, base!, 'DOWNSTREAM', { ...FAR, edges_max: 11 });
    expect(cut.cut).toBe('EDGES');
    expect(cut.edges.length).toBeLessThanOrEqual(11);
    expect(cut.nodes.find(({ depth }) => depth === 0)?.hasMore).toBe(true);
    const few = await artifactLineage(ctx, base!, 'DOWNSTREAM', { ...FAR, edges_max: 3 });
    expect(few.edges.map(({ to }) => 'runId' in to && to.runId)).toEqual(
      runs.toSorted().toReversed().slice(0, 3),
    );
    expect(made).toHaveLength(6);
  });

  test('bounds are refused one past the limit and named, what is not there is not found', async () => {
    const [id] = await seedArtifacts(database, [{ name: 'alone' }]);
    const ask = (depth: number, first: number) =>
      artifactLineage(ctx, id!, 'BOTH', { depth, first });
    await expect(ask(FAR.depth, FAR.first)).resolves.toMatchObject({ cut: null, edges: [] });
    await expect(ask(FAR.depth + 1, 1)).rejects.toThrow('depth: must be from 1 to 50, got 51');
    await expect(ask(1, FAR.first + 1)).rejects.toThrow('first: must be from 1 to 1000, got 1001');
    await expect(ask(0, 1)).rejects.toThrow('depth: must be from 1 to 50, got 0');
    await expect(ask(1, 0)).rejects.toThrow('first: must be from 1 to 1000, got 0');
    await expect(artifactLineage(ctx, newId(), 'BOTH', FAR)).rejects.toMatchObject({
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
      await expect(artifactLineage(ctx, theirs!, direction, FAR)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      for (const id of [ours!, ours2!]) {
        const seen = await artifactLineage(ctx, id, direction, FAR);
        expect(seen).toMatchObject({ nodes: [{ artifactId: id }], edges: [], cut: null });
      }
    }
  });

  test('on random graphs with cycles it equals a naive walk', async () => {
    await fc.assert(
      fc.asyncProperty(GRAPH, async (graph) => {
        const world = await store(database, graph);
        const root = world.ids[graph.root]!;
        const { depth, first } = graph;
        const answer = await artifactLineage(ctx, root, graph.direction, { depth, first });
        expect(plain(answer)).toEqual(naive(world, root, graph.direction, depth, first));
      }),
      { numRuns: database.name === 'postgres' ? 150 : 60 },
    );
  }, 300_000);
});

const STEPS = 4;
const ARTIFACTS = 9;
const artifact = fc.nat(ARTIFACTS - 1);
const GRAPH = fc.record({
  /** Of each artifact: the step that made it, 0 for none. */
  makers: fc.array(fc.nat(STEPS), { minLength: ARTIFACTS, maxLength: ARTIFACTS }),
  uses: fc.array(fc.tuple(fc.integer({ min: 1, max: STEPS }), artifact), { maxLength: 14 }),
  derivations: fc.array(fc.tuple(artifact, artifact), { maxLength: 4 }),
  root: artifact,
  direction: fc.constantFrom<LineageDirection>('UPSTREAM', 'DOWNSTREAM', 'BOTH'),
  depth: fc.integer({ min: 1, max: 6 }),
  first: fc.integer({ min: 1, max: 12 }),
});
type Graph = typeof GRAPH extends fc.Arbitrary<infer Value> ? Value : never;

interface World {
  readonly ids: readonly string[];
  readonly makers: ReadonlyMap<string, string>;
  readonly uses: readonly (readonly [step: string, artifactId: string])[];
  readonly derivations: readonly (readonly [string, string])[];
}

async function store(database: TestDatabase, graph: Graph): Promise<World> {
  const runs = [await seedRun(database, ['s1', 's2']), await seedRun(database, ['s3', 's4'])];
  const runOf = (step: number) => runs[step > 2 ? 1 : 0]!;
  const ids = await seedArtifacts(
    database,
    graph.makers.map((step, at) => ({
      runId: step === 0 ? null : runOf(step),
      stepKey: step === 0 ? null : `s${step}`,
      name: `a${at}`,
    })),
  );
  await seedUses(
    database,
    graph.uses.map(([step, at]) => [runOf(step), `s${step}`, ids[at]!]),
  );
  const derivations = graph.derivations.map(([from, to]) => [ids[from]!, ids[to]!] as const);
  await seedDerivations(database, derivations);
  return {
    ids,
    makers: new Map(graph.makers.flatMap((step, at) => (step ? [[ids[at]!, `s${step}`]] : []))),
    uses: graph.uses.map(([step, at]) => [`s${step}`, ids[at]!]),
    derivations,
  };
}

/** The definition, word by word, over pairs. */
function naive(
  world: World,
  root: string,
  direction: LineageDirection,
  depth: number,
  first: number,
) {
  const sides = (['UPSTREAM', 'DOWNSTREAM'] as const)
    .filter((side) => direction === 'BOTH' || direction === side)
    .map((side) => {
      const neighbours = (id: string) => neighboursOf(world, id, side);
      const distances = new Map([[root, 0]]);
      for (let at = 0; at < depth; at += 1) {
        const level = [...distances].filter(([, distance]) => distance === at).map(([id]) => id);
        for (const next of level.flatMap(neighbours)) {
          if (!distances.has(next)) distances.set(next, at + 1);
        }
      }
      const near = new Map([...distances].toSorted(byDistance).slice(0, first));
      return { side, neighbours, near };
    });
  const depths = new Map<string, number>();
  for (const { side, near } of sides) {
    for (const [id, distance] of near) {
      const known = depths.get(id);
      if (known === undefined || distance < Math.abs(known)) {
        depths.set(id, side === 'UPSTREAM' ? 0 - distance : distance);
      }
    }
  }
  const kept = new Map([...depths].toSorted(byDistance).slice(0, first));
  const open = sides.flatMap(({ near, neighbours }) =>
    [...near]
      .filter(([id]) => kept.has(id) && neighbours(id).some((next) => !kept.has(next)))
      .map(([id, distance]) => ({ id, distance })),
  );
  const edges = sides.flatMap(({ side, near }) => {
    const inside = (id: string) => near.has(id) && kept.has(id);
    const up = side === 'UPSTREAM';
    const made = [...world.makers].filter(([id]) => (up ? inside(id) : kept.has(id)));
    const used = world.uses.filter(([, id]) => (up ? kept.has(id) : inside(id)));
    const steps = new Set(up ? made.map(([, step]) => step) : used.map(([step]) => step));
    return [
      ...made.filter(([, step]) => steps.has(step)).map(([id, step]) => `${step} > ${id}`),
      ...used.filter(([step]) => steps.has(step)).map(([step, id]) => `${id} > ${step}`),
      ...world.derivations
        .filter(([from, to]) => kept.has(from) && kept.has(to) && inside(up ? to : from))
        .map(([from, to]) => `${from} > ${to}`),
    ];
  });
  return {
    nodes: [...kept].map(([id, at]) => [id, at, open.some((end) => end.id === id)]),
    edges: [...new Set(edges)].toSorted(),
    cut:
      open.length === 0 ? null : open.some(({ distance }) => distance < depth) ? 'FIRST' : 'DEPTH',
  };
}

function neighboursOf(world: World, id: string, side: 'UPSTREAM' | 'DOWNSTREAM'): string[] {
  const { makers, uses, derivations } = world;
  if (side === 'UPSTREAM') {
    return [
      ...uses.filter(([step]) => step === makers.get(id)).map(([, used]) => used),
      ...derivations.filter(([, to]) => to === id).map(([from]) => from),
    ];
  }
  const steps = uses.filter(([, used]) => used === id).map(([step]) => step);
  return [
    ...[...makers].filter(([, step]) => steps.includes(step)).map(([made]) => made),
    ...derivations.filter(([from]) => from === id).map(([, to]) => to),
  ];
}

function byDistance([a, x]: readonly [string, number], [b, y]: readonly [string, number]): number {
  return Math.abs(x) - Math.abs(y) || (a < b ? 1 : -1);
}

function plain({ nodes, edges, cut }: Lineage) {
  return {
    nodes: nodes.map(({ artifactId, depth, hasMore }) => [artifactId, depth, hasMore]),
    edges: edges.map(shown).toSorted(),
    cut,
  };
}

function shown({ from, to }: { from: LineageEnd; to: LineageEnd }): string {
  const end = (one: LineageEnd) => ('artifactId' in one ? one.artifactId : one.stepKey);
  return `${end(from)} > ${end(to)}`;
}
