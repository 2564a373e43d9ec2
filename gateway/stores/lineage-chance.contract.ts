/** Lineage in worlds by chance, with cycles by derivation, beside the plainest way to tell it. */
import { expect, test } from 'vitest';
import { naiveLineage, plainLineage, type LineageWorld } from '../../e2e/kit/naive-lineage.ts';
import { dice } from '../../e2e/kit/random-world.ts';
import { seedArtifacts, seedDerivations, seedRun, seedUses } from '../../e2e/kit/world.ts';
import { lineagesOfArtifacts } from '../../resolvers/artifacts/lineage.ts';
import { newId } from '../../resolvers/keys.ts';
import type { LineageUnderTest } from './lineage.contract.ts';

/** Written together; every artifact of each is a root of every question. */
const WORLDS = 16;
const QUESTIONS = 4;
const ARTIFACTS = 9;
const STEPS = 4;
/**
 * Of a step, and by a step. With as few, no walk that may hold two artifacts meets a bound of edges: which are read then is
 * anybody's guess.
 */
const USES = 4;

/** Declares the test; its seed is printed with what fails. */
export function lineageChanceContract(underTest: () => LineageUnderTest): void {
  test('in worlds by chance every lineage is as the plainest way tells it', async () => {
    const seed = Date.now() % 1_000_000;
    const random = dice(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const worlds = await seedWorlds(underTest(), below);
    await underTest().settle();
    const roots = worlds.flatMap(({ ids }) => ids.map((id) => ({ id })));
    const found = { cut: 0, edges: 0 };
    for (let question = 0; question < QUESTIONS; question += 1) {
      const [depth, first] = [1 + below(6), 2 + below(11)];
      for (const direction of ['UPSTREAM', 'DOWNSTREAM', 'BOTH'] as const) {
        const bounds = { depth, first };
        const lineages = await lineagesOfArtifacts(underTest().ctx, roots, direction, bounds);
        const alone = await lineagesOfArtifacts(underTest().ctx, roots, direction, {
          ...bounds,
          nodesOnly: true,
        });
        const expected = worlds.flatMap(({ ids, world }) =>
          ids.map((id) => naiveLineage(world, id, direction, depth, first)),
        );
        for (const [at, lineage] of lineages.entries()) {
          const why = `seed ${seed}: ${direction} of ${roots[at]!.id}, depth ${depth}, first ${first}`;
          const plain = plainLineage(lineage, ({ runId, stepKey }) => `${runId} ${stepKey}`);
          expect(plain, why).toEqual(expected[at]);
          const nodes = lineage.nodes.map((node) => ({ ...node, hasMore: false }));
          expect(alone[at], why).toEqual({ ...lineage, nodes, edges: [], cut: null });
          found.cut += lineage.cut ? 1 : 0;
          found.edges += lineage.edges.length;
        }
      }
    }
    expect(found.cut).toBeGreaterThan(WORLDS); // Neither always nor never.
    expect(found.edges).toBeGreaterThan(WORLDS * ARTIFACTS);
  }, 240_000);
}

interface Seeded {
  readonly ids: readonly string[];
  readonly world: LineageWorld;
}

/** Worlds apart from each other, in few statements; all steps are of two runs. */
async function seedWorlds(
  { database }: LineageUnderTest,
  below: (limit: number) => number,
): Promise<Seeded[]> {
  const keys = Array.from({ length: WORLDS * STEPS }, (_, at) => `s${at}`);
  const runs = [await seedRun(database, keys), await seedRun(database, keys)];
  const worlds = Array.from({ length: WORLDS }, (_, at) => {
    const steps = keys
      .slice(at * STEPS, (at + 1) * STEPS)
      .map((stepKey, place) => ({ runId: runs[place % 2]!, stepKey }));
    const ids = Array.from({ length: ARTIFACTS }, () => newId()).toSorted(() => below(3) - 1);
    const any = () => ids[below(ARTIFACTS)]!;
    return {
      ids,
      makers: ids.map((id) => ({ id, step: steps[below(STEPS + 1)] ?? null })),
      uses: steps.flatMap((step) =>
        Array.from({ length: below(USES + 1) }, () => ({ step, id: any() })),
      ),
      derivations: Array.from({ length: below(5) }, () => [any(), any()] as const),
    };
  });
  await seedArtifacts(
    database,
    worlds.flatMap(({ makers }) =>
      makers.map(({ id, step }) => ({
        id,
        name: id,
        runId: step?.runId ?? null,
        stepKey: step?.stepKey ?? null,
      })),
    ),
  );
  await seedUses(
    database,
    worlds.flatMap(({ uses }) =>
      uses.map(({ step, id }) => [step.runId, step.stepKey, id] as const),
    ),
  );
  await seedDerivations(
    database,
    worlds.flatMap(({ derivations }) => derivations),
  );
  const name = ({ runId, stepKey }: { readonly runId: string; readonly stepKey: string }) =>
    `${runId} ${stepKey}`;
  return worlds.map(({ ids, makers, uses, derivations }) => ({
    ids,
    world: {
      makers: new Map(makers.flatMap(({ id, step }) => (step ? [[id, name(step)]] : []))),
      uses: uses.map(({ step, id }) => [name(step), id]),
      derivations,
    },
  }));
}
