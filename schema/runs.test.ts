import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { seedRandomWorld, type RandomWorld, type Thing } from '../e2e/kit/random-world.ts';
import { otherViewer } from '../e2e/kit/world.ts';
import { globalId, newId } from '../resolvers/keys.ts';

interface Nested {
  workflows: {
    nodes: {
      id: string;
      runs: { nodes: { id: string; steps: { nodes: { stepKey: string }[] } }[] };
    }[];
  };
}

describe.each(DATABASES)('reading workflows and runs ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  let world: RandomWorld;
  const busiest = () =>
    world.runs.toSorted(
      (a, b) => (b['steps'] as Thing[]).length - (a['steps'] as Thing[]).length,
    )[0]!;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    world = await seedRandomWorld(database, 11, {
      workflows: 240,
      runs: 4,
      steps: 4,
      artifacts: 3,
    });
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  test.each([1, 10, 100])(
    '%i workflows with children three levels deep are a statement a level',
    async (first) => {
      database.statements();
      const { workflows } = await graph.data<Nested>(
        `query ($first: Int) {
        workflows(first: $first, filter: { runs: { some: { finishedAt: { isNull: true }, steps: { some: {} } } } }) {
        nodes { id quality
        runs(last: 5) { nodes { id workflowVersion { number } progress { percent }
          steps(first: 10) { nodes { stepKey run { status } attempts { nodes { attempt } } } }
          events(first: 10) { nodes { seq } } } } } } }`,
        { first },
      );
      expect(workflows.nodes).toHaveLength(first);
      expect(database.statements().toSorted()).toEqual(
        [
          'workflows.list',
          'workflows.qualities',
          'runs.byWorkflow',
          'workflowVersions.byIds',
          'stepRuns.current',
          'stepRuns.byRun',
          'runs.byIds',
          'attempts.byStep',
          'runEvents.byRun',
        ].toSorted(),
      );
      const expected = new Map(
        world.workflows.map((row) => [globalId('Workflow', String(row['id'])), row]),
      );
      for (const { id, runs } of workflows.nodes) {
        const held = (expected.get(id)!['runs'] as Thing[]).map((row) =>
          globalId('Run', String(row['id'])),
        );
        expect(runs.nodes.map((row) => row.id).toSorted()).toEqual(held.toSorted());
      }
    },
  );

  test.each([1, 10, 100])(
    'totals of %i windows are one statement, and none when not asked for',
    async (first) => {
      database.statements();
      const source = `query ($first: Int, $total: Boolean!) {
      workflows(first: $first) { totalCount @include(if: $total)
        nodes { runs(first: 1) { totalCount @include(if: $total) nodes { id } } } } }`;
      await graph.data(source, { first, total: false });
      expect(database.statements()).toEqual(['workflows.list', 'runs.byWorkflow']);
      const { workflows } = await graph.data<{ workflows: { totalCount: number } }>(source, {
        first,
        total: true,
      });
      expect(workflows.totalCount).toBe(world.workflows.length);
      expect(database.statements().toSorted()).toEqual([
        'runs.byWorkflow',
        'runs.byWorkflow.count',
        'workflows.count',
        'workflows.list',
      ]);
    },
  );

  test('the same rows asked for in many places are one look-up', async () => {
    const ids = world.runs.slice(0, 3).map(({ id }) => String(id));
    database.statements();
    await graph.data(
      `query ($a: ID!, $b: ID!, $c: ID!) {
        first: run(id: $a) { workflow { name } } again: run(id: $a) { workflow { name } }
        second: run(id: $b) { workflow { name } } node(id: $c) { ... on Run { workflow { name } } } }`,
      { a: ids[0], b: ids[1], c: globalId('Run', ids[2]!) },
    );
    expect(database.statements()).toEqual(['runs.byIds', 'workflows.byIds']);
  });

  test('edges, nodes and page info tell the same page', async () => {
    const { runs } = await graph.data<{
      runs: {
        nodes: { id: string }[];
        edges: { cursor: string; node: { id: string } }[];
        pageInfo: { startCursor: string; endCursor: string; hasNextPage: boolean };
      };
    }>(`{ runs(first: 3) { nodes { id } edges { cursor node { id } }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`);
    expect(runs.edges.map(({ node }) => node)).toEqual(runs.nodes);
    expect(runs.pageInfo).toEqual({
      startCursor: runs.edges[0]!.cursor,
      endCursor: runs.edges[2]!.cursor,
      hasNextPage: true,
      hasPreviousPage: false,
    });
    const empty = await graph.data<object>(
      '{ runs(first: 0) { nodes { id } pageInfo { startCursor endCursor hasNextPage } } }',
    );
    expect(empty).toEqual({
      runs: { nodes: [], pageInfo: { startCursor: null, endCursor: null, hasNextPage: true } },
    });
  });

  test('filter and order of the schema reach the rows', async () => {
    const { runs } = await graph.data<{ runs: { nodes: { uuid: string }[] } }>(
      `{ runs(first: 100
        filter: { or: [{ tags: { hasEvery: ["red", "blue"] } }, { not: { workflow: { kind: { eq: "genomics" } } } }]
          metadata: { contains: { size: 1 } }, stepsDone: { lt: 2 } }
        orderBy: [{ field: STATUS, direction: DESC }, { field: CREATED_AT }]) { nodes { uuid status } } }`,
    );
    const wanted = world.runs.filter(
      (run) =>
        ((run['tags'] as string[]).filter((tag) => tag !== 'green').length === 2 ||
          (run['workflow'] as Thing)['kind'] !== 'genomics') &&
        (run['metadata'] as Thing)['size'] === 1 &&
        (run['stepsDone'] as number) < 2,
    );
    expect(runs.nodes.map(({ uuid }) => uuid).toSorted()).toEqual(
      wanted.map(({ id }) => String(id)).toSorted(),
    );
  });

  describe('nodes', () => {
    test('every node is found again by its id', async () => {
      const { workflows } = await graph.data<Nested>(
        '{ workflows(first: 100) { nodes { id versions { nodes { id } } runs { nodes { id steps { nodes { id } } } } } } }',
      );
      const ids = JSON.stringify(workflows).match(/(?<="id":")[\w-]+/g)!;
      const { nodes } = await graph.data<{ nodes: { __typename: string; id: string }[] }>(
        'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }',
        { ids: ids.slice(0, 100) },
      );
      expect(nodes.map(({ id }) => id)).toEqual(ids.slice(0, 100));
      expect(new Set(nodes.map(({ __typename }) => __typename))).toEqual(
        new Set(['Workflow', 'WorkflowVersion', 'Run', 'StepRun']),
      );
    });

    test('a hundred ids of one type are one statement, one more is INVALID', async () => {
      const ids = world.workflows.slice(0, 100).map(({ id }) => globalId('Workflow', String(id)));
      database.statements();
      const source = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
      expect((await graph.ask(source, { ids })).errors).toBeUndefined();
      expect(database.statements()).toEqual(['workflows.byIds']);
      expect(codesOf(await graph.ask(source, { ids: [...ids, ids[0]] }))).toEqual(['INVALID']);
    });

    test('what is gone is null, what is damaged or of no node fails alone', async () => {
      const good = globalId('Run', String(world.runs[0]!['id']));
      const result = await graph.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
        ids: [good, globalId('Run', newId()), good.slice(0, -1), globalId('Moon', newId()), 'x'],
      });
      expect(JSON.parse(JSON.stringify(result.data))).toEqual({
        nodes: [{ id: good }, null, null, null, null],
      });
      expect(result.errors?.map(({ path }) => path)).toEqual([2, 3, 4].map((at) => ['nodes', at]));
      expect(codesOf(result)).toEqual(['INVALID', 'INVALID', 'INVALID']);
      expect(
        await graph.data('query ($id: ID!) { node(id: $id) { id } }', {
          id: globalId('Run', 'no-uuid'),
        }),
      ).toEqual({ node: null });
    });

    test('those of another workspace are not there', async () => {
      const viewer = await otherViewer(database);
      const run = busiest();
      const step = (run['steps'] as Thing[])[0]!;
      const ids = [
        globalId('Workflow', String(world.workflows[0]!['id'])),
        globalId('WorkflowVersion', String(world.workflows[0]!['id'])),
        globalId('Run', String(run['id'])),
        globalId('StepRun', `${String(run['id'])}:${String(step['stepKey'])}`),
      ];
      const source = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
      expect(await graph.data(source, { ids })).toEqual({ nodes: ids.map((id) => ({ id })) });
      expect(await graph.data(source, { ids }, { viewer })).toEqual({ nodes: ids.map(() => null) });
    });
  });

  test('look-ups: null when not there, INVALID for no id, NOT_FOUND where something is asked about it', async () => {
    const id = newId();
    expect(
      await graph.data(
        `{ run(id: "${id}") { id } workflow(id: "${id}") { id } workflowVersion(id: "${id}") { id } }`,
      ),
    ).toEqual({ run: null, workflow: null, workflowVersion: null });
    const invalid = await graph.ask(
      '{ run(id: "x") { id } workflow(id: "é") { id } workflowVersion(id: "") { id } }',
    );
    expect(codesOf(invalid)).toEqual(['INVALID', 'INVALID', 'INVALID']);
    const derived =
      await graph.ask(`{ runProgress(runId: "${id}") { percent } runTimeline(runId: "${id}") { truncated }
      criticalPath(runId: "${id}") { durationMs } runCost(runId: "${id}") { kind } runEvents(runId: "${id}") { nodes { seq } }
      workflowGraph(workflowVersionId: "${id}") { depth } compareRuns(left: "${id}", right: "${id}") { sameVersion } }`);
    expect(codesOf(derived)).toEqual(Array(7).fill('NOT_FOUND'));
    expect(Object.values(derived.data ?? {})).toEqual(Array(7).fill(null));
  });

  test('a node that cannot be is null and costs no statement: others would wait for it', async () => {
    const ids = ['long'.repeat(1_024), 'nul \u0000'].map((key) =>
      globalId('StepRun', `${newId()}:${key}`),
    );
    database.statements();
    const source = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    expect(await graph.data(source, { ids })).toEqual({ nodes: [null, null] });
    expect(database.statements()).toEqual([]);
  });

  test('bounds of pages are told at the top level, and cost nothing else', async () => {
    const result = await graph.ask(
      '{ runs(first: 101) { nodes { id } } both: runs(first: 1, last: 1) { nodes { id } } workflows(first: 1) { nodes { id } } }',
    );
    expect(codesOf(result)).toEqual(['INVALID', 'INVALID']);
    expect(result.errors?.[0]?.message).toBe('first: must be 0 to 100, got 101');
    expect(result.data).toMatchObject({ runs: null, both: null, workflows: { nodes: [{}] } });
  });
});
