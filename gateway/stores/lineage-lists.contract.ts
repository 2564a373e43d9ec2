/** Lineage of many artifacts at once. */
import { beforeAll, expect, test } from 'vitest';
import type { TestDatabase } from '../../e2e/kit/database.ts';
import { openGraph } from '../../e2e/kit/graph.ts';
import { seedArtifacts, seedRun, seedUses } from '../../e2e/kit/world.ts';
import { artifactLineage, lineagesOfArtifacts } from '../../resolvers/artifacts/lineage.ts';
import type { Ctx } from '../../resolvers/context.ts';
import { ROOTS_MAX } from '../../resolvers/graph/port.ts';
import { newId } from '../../resolvers/keys.ts';
import { FAR, seedChain, type LineageUnderTest } from './lineage.contract.ts';

/** Declares the tests. */
export function lineageListsContract(underTest: () => LineageUnderTest): void {
  let database: TestDatabase;
  let ctx: Ctx;
  beforeAll(() => {
    ({ database, ctx } = underTest());
  });

  test('lineages of a list are those of each, in their order, by one statement per direction', async () => {
    const ids = await seedChain(database, 4);
    const [lone] = await seedArtifacts(database, [{ name: 'lone' }]);
    await underTest().settle();
    const asked = [ids[2]!, lone!, ids[0]!, ids[2]!, ids[3]!];
    const each = await Promise.all(asked.map((id) => artifactLineage(ctx, id, 'BOTH', FAR)));
    for (const times of [1, 20, ROOTS_MAX / asked.length]) {
      const rows = Array.from({ length: times }, () => asked.map((id) => ({ id }))).flat();
      underTest().statements();
      const lineages = await lineagesOfArtifacts(ctx, rows, 'BOTH', FAR);
      expect(underTest().statements().toSorted()).toEqual([
        'artifacts.lineageDownstream',
        'artifacts.lineageUpstream',
      ]);
      expect(lineages).toEqual(Array.from({ length: times }, () => each).flat());
    }
  });

  test('each ancestor with its quality and its step, of one artifact, ten and a hundred, by a statement a level', async () => {
    const keys = Array.from({ length: 100 }, (_, at) => `s${at}`);
    const runId = await seedRun(database, keys);
    const sources = await seedArtifacts(
      database,
      keys.map((name) => ({ name, kind: 'reads', quality: 0.5 })),
    );
    await seedArtifacts(
      database,
      keys.map((stepKey) => ({ runId, stepKey, name: `of ${stepKey}`, kind: 'counts' })),
    );
    await seedUses(
      database,
      sources.map((id, at) => [runId, keys[at]!, id]),
    );
    await underTest().settle();
    const graph = openGraph(database);
    for (const count of [1, 10, 100]) {
      underTest().statements();
      const { artifacts } = await graph.data<{ artifacts: { nodes: unknown[] } }>(
        `query ($n: Int!) { artifacts(filter: { kind: { eq: "counts" } }, orderBy: { field: NAME }, first: $n) { nodes {
          name lineage(direction: UPSTREAM, depth: 3, first: 5) { cut nodes { depth artifact {
            name quality producedBy { stepKey } } } } } } }`,
        { n: count },
        { graphFor: ctx.graphFor },
      );
      expect(underTest().statements()).toEqual([
        'artifacts.list',
        'artifacts.lineageUpstream',
        'artifacts.byIds',
        'stepRuns.byKeys',
      ]);
      const names = keys.toSorted().slice(0, count);
      expect(artifacts.nodes).toEqual(
        names.map((stepKey) => ({
          name: `of ${stepKey}`,
          lineage: {
            cut: null,
            nodes: [
              {
                depth: 0,
                artifact: { name: `of ${stepKey}`, quality: null, producedBy: { stepKey } },
              },
              { depth: -1, artifact: { name: stepKey, quality: 0.5, producedBy: null } },
            ],
          },
        })),
      );
    }
    await graph.close();
  });

  test('as many artifacts as one call may have are asked for, one more is refused, and strange ids come alone', async () => {
    const strange = [newId(), 'no uuid', "'; --", 'a\0', '__proto__'];
    const some = Array.from({ length: ROOTS_MAX - strange.length }, () => newId());
    const ask = (ids: readonly string[]) =>
      lineagesOfArtifacts(
        ctx,
        ids.map((id) => ({ id })),
        'UPSTREAM',
        { depth: 1, first: 1 },
      );
    const lineages = await ask([...strange, ...some]);
    expect(lineages).toHaveLength(ROOTS_MAX);
    expect(lineages.slice(0, strange.length)).toEqual(
      strange.map((rootId) => ({
        rootId,
        nodes: [{ artifactId: rootId, depth: 0, hasMore: false }],
        edges: [],
        cut: null,
      })),
    );
    await expect(ask([...strange, ...some, newId()])).rejects.toMatchObject({
      code: 'LIMITED',
      limit: ROOTS_MAX,
      seen: ROOTS_MAX + 1,
    });
  });
}
