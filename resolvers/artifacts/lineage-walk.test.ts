import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import {
  contextOver,
  seedArtifacts,
  seedDerivations,
  seedRun,
  seedUses,
} from '../../e2e/kit/world.ts';
import type { Ctx } from '../context.ts';
import {
  artifactLineage,
  type Lineage,
  type LineageDirection,
  type LineageEnd,
} from './lineage.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let ctx: Ctx;
  beforeAll(async () => {
    database = await open();
    ctx = contextOver(database);
  });
  afterAll(() => database.close());

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
    const nextTo = new Set(up ? made.map(([, step]) => step) : used.map(([step]) => step));
    const leadsOn = (step: string) => {
      const far = up
        ? world.uses.filter(([by]) => by === step).map(([, id]) => id)
        : [...world.makers].filter(([, by]) => by === step).map(([id]) => id);
      return far.length === 0 || far.some((id) => kept.has(id));
    };
    const steps = new Set([...nextTo].filter(leadsOn));
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
