import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { dice } from '../e2e/kit/random-world.ts';
import { seedRun } from '../e2e/kit/world.ts';
import { globalId } from '../resolvers/keys.ts';
import {
  STEP_WALK_LIMITS,
  walkStepRuns,
  walkSteps,
  type StepWalk,
  type StepWalkBounds,
  type StepWay,
} from '../resolvers/runs/step-walk.ts';
import { statement } from '../resolvers/sql.ts';

type Edge = readonly [fromKey: string, toKey: string];

describe.each(DATABASES)('walks from steps ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  /** A run of a version with these steps, in this order, and edges that no command would take. */
  async function seedGraph(keys: readonly string[], edges: readonly Edge[]) {
    const runId = await seedRun(database, keys);
    const [run] = await database.sql.query(
      statement<{ versionId: string }>(
        'test.graph',
        `WITH steps AS (
          INSERT INTO step (workflow_version_id, key, name, position)
          SELECT workflow_version_id, key, 'Step ' || key, place - 1
          FROM run CROSS JOIN unnest($2::text[]) WITH ORDINALITY AS x(key, place) WHERE id = $1
        ), edges AS (
          INSERT INTO edge (workflow_version_id, from_key, to_key)
          SELECT DISTINCT workflow_version_id, from_key, to_key
          FROM run CROSS JOIN unnest($3::text[], $4::text[]) AS x(from_key, to_key) WHERE id = $1
        ), counted AS (
          UPDATE workflow_version SET edge_count = cardinality($3::text[])
          WHERE id = (SELECT workflow_version_id FROM run WHERE id = $1)
        ) SELECT workflow_version_id AS "versionId" FROM run WHERE id = $1`,
      ),
      [runId, keys, edges.map(([from]) => from), edges.map(([, to]) => to)],
    );
    return { runId, versionId: run!.versionId };
  }

  test('on random graphs, with cycles, every walk is as the plainest one', async () => {
    const seed = Date.now() % 1_000_000;
    const random = dice(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const keys = Array.from({ length: 12 }, (_, at) => `step ${at}`).toSorted(() => below(3) - 1);
    for (let round = 0; round < 4; round += 1) {
      const any = () => keys[below(keys.length)]!;
      const edges = Array.from({ length: below(20) }, (): Edge => [any(), any()]);
      const { runId, versionId } = await seedGraph(keys, edges);
      const roots = keys.map((key) => ({ workflowVersionId: versionId, key }));
      const stepRuns = keys.map((stepKey) => ({ runId, stepKey }));
      for (const way of ['UPSTREAM', 'DOWNSTREAM'] as const) {
        for (const bounds of [1, 2, 3, 12].map((depth) => ({ depth, first: 1 + below(12) }))) {
          const expected = keys.map((key) => naive(keys, edges, key, way, bounds));
          const why = `seed ${seed}, round ${round}, ${way} ${JSON.stringify(bounds)}`;
          expect(await walkSteps(graph.ctx(), roots, way, bounds), why).toEqual(expected);
          expect(await walkStepRuns(graph.ctx(), stepRuns, way, bounds), why).toEqual(expected);
        }
      }
    }
  });

  const REACHED = `{ cut steps { depth step { __typename ... on Step { key name level } } } }`;
  const REACHED_RUNS = '{ cut steps { depth step { stepKey name status } } }';

  test('a diamond is told from both sides, in a version and in a run', async () => {
    const edges: Edge[] = [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'd'],
      ['c', 'd'],
      ['d', 'e'],
    ];
    const { runId, versionId } = await seedGraph(['a', 'c', 'b', 'd', 'e'], edges);
    const { workflowVersion, run } = await graph.data<{ workflowVersion: object; run: object }>(
      `query ($version: ID!, $run: ID!) {
        workflowVersion(id: $version) {
          d: step(key: "d") { level upstream ${REACHED} downstream(first: 1) ${REACHED} }
          e: step(key: "e") { upstream(depth: 2) { cut steps { depth step { key } } } }
          none: step(key: "z") { key }
          strange: step(key: "\\u0000") { key }
        }
        run(id: $run) { steps(first: 1) { nodes { stepKey upstream ${REACHED_RUNS} downstream(first: 2) ${REACHED_RUNS} } } }
      }`,
      { version: versionId, run: runId },
    );
    const step = (key: string, depth: number, level: number) => ({
      depth,
      step: { __typename: 'Step', key, name: `Step ${key}`, level },
    });
    const keyed = (key: string, depth: number) => ({ depth, step: { key } });
    expect(workflowVersion).toEqual({
      d: {
        level: 2,
        upstream: { cut: null, steps: [step('c', 1, 1), step('b', 1, 1), step('a', 2, 0)] },
        downstream: { cut: null, steps: [step('e', 1, 3)] },
      },
      e: { upstream: { cut: 'DEPTH', steps: [keyed('d', 1), keyed('c', 2), keyed('b', 2)] } },
      none: null,
      strange: null,
    });
    const stepRun = (key: string) => ({
      depth: 1,
      step: { stepKey: key, name: key, status: 'PENDING' },
    });
    expect(run).toEqual({
      steps: {
        nodes: [
          {
            stepKey: 'a',
            upstream: { cut: null, steps: [] },
            downstream: { cut: 'FIRST', steps: [stepRun('c'), stepRun('b')] },
          },
        ],
      },
    });
  });

  test('as many statements for the walks of a hundred steps as for those of one', async () => {
    const keys = Array.from({ length: 100 }, (_, at) => `s${at}`);
    const chain = keys.slice(1).map((key, at): Edge => [keys[at]!, key]);
    const { runId } = await seedGraph(keys, chain);
    for (const count of [1, 10, 100]) {
      const some = keys.slice(0, count);
      const small = await seedGraph(some, chain.slice(0, count - 1));
      database.statements();
      await graph.data(
        `query ($run: ID!, $n: Int!) { run(id: $run) { steps(first: $n) { nodes {
          downstream(first: 5) ${REACHED_RUNS} } } } }`,
        { run: runId, n: count },
      );
      expect(database.statements().toSorted()).toEqual([
        'runs.byIds',
        'stepRuns.byKeys',
        'stepRuns.byRun',
        'stepRuns.downstream',
      ]);
      const query = `query ($version: ID!) { workflowVersion(id: $version) { graph { nodes {
          downstream(first: 5) { steps { step { key upstream(depth: 1) { cut } } } } } } } }`;
      await graph.data(query, { version: small.versionId });
      expect(database.statements().toSorted()).toEqual(
        ['edges.graph', 'steps.byVersions', 'steps.downstream', 'workflowVersions.byIds']
          .concat(count > 1 ? ['steps.byKeys', 'steps.upstream'] : [])
          .toSorted(),
      );
    }
  });

  test('bounds are taken at the limit and refused one past it', async () => {
    const { versionId } = await seedGraph(['a'], []);
    const { depth_max, first_max, steps_max } = STEP_WALK_LIMITS;
    const ask = (depth: number, first: number) =>
      graph.ask(
        `query ($id: ID!) { workflowVersion(id: $id) { step(key: "a") { upstream(depth: ${depth}, first: ${first}) { cut } } } }`,
        { id: globalId('WorkflowVersion', versionId) },
      );
    expect(codesOf(await ask(depth_max, first_max))).toEqual([]);
    expect(codesOf(await ask(depth_max + 1, first_max))).toEqual(['INVALID']);
    expect(codesOf(await ask(depth_max, first_max + 1))).toEqual(['INVALID']);
    expect(codesOf(await ask(0, 1))).toEqual(['INVALID']);
    expect(codesOf(await ask(1, 0))).toEqual(['INVALID']);
    const roots = (count: number) =>
      Array.from({ length: count }, () => ({ workflowVersionId: versionId, key: 'a' }));
    const bounds = { depth: 1, first: first_max };
    const most = steps_max / first_max;
    expect(await walkSteps(graph.ctx(), roots(most), 'UPSTREAM', bounds)).toHaveLength(most);
    await expect(walkSteps(graph.ctx(), roots(most + 1), 'UPSTREAM', bounds)).rejects.toMatchObject(
      { code: 'LIMITED', limit: steps_max, seen: steps_max + first_max },
    );
  });
});

/** The definition, over pairs. */
function naive(
  keys: readonly string[],
  edges: readonly Edge[],
  root: string,
  way: StepWay,
  { depth, first }: StepWalkBounds,
): StepWalk {
  const next = (key: string) =>
    edges.flatMap(([from, to]) =>
      way === 'UPSTREAM' ? (to === key ? [from] : []) : from === key ? [to] : [],
    );
  const depths = new Map([[root, 0]]);
  for (const [key, at] of depths) {
    for (const reached of next(key)) if (!depths.has(reached)) depths.set(reached, at + 1);
  }
  depths.delete(root);
  const all = [...depths]
    .map(([stepKey, at]) => ({ stepKey, depth: at }))
    .toSorted((a, b) => a.depth - b.depth || keys.indexOf(a.stepKey) - keys.indexOf(b.stepKey));
  const within = all.filter((step) => step.depth <= depth);
  const isFull = within.length > first;
  const cut = isFull ? 'FIRST' : all.length > within.length ? 'DEPTH' : null;
  return { steps: within.slice(0, first), cut };
}
