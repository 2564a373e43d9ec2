/** `X-Explain: 1`: what an operation did, level by level. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { newWorker } from './kit/worker.ts';

interface Explained {
  readonly ms: number;
  readonly fields: {
    level: number;
    path: string;
    field: string;
    kind: string;
    parents: number;
    ms: number;
  }[];
  readonly calls: { store: string; statement: string; values: number; rows: number; ms: number }[];
}

const PAGE = `query($n: Int!) { workflows { nodes { name runs(last: $n) { nodes { id status
  steps(first: 10) { nodes { stepKey run { id } } } } } } } }`;

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start();
    for (let i = 0; i < 4; i += 1) await (await newWorker(gateway.url)).start();
  });
  afterAll(() => world.end());

  async function ask(headers: Record<string, string>, query: string, variables: object = {}) {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as { data: object; extensions?: { explain: Explained } };
  }

  test('an answer tells its levels and its statements, each once, whatever the size of the page', async () => {
    for (const n of [1, 2, 4]) {
      const { extensions } = await ask({ 'x-explain': '1' }, PAGE, { n });
      const { fields, calls, ms } = extensions!.explain;
      expect(calls.map(({ statement }) => statement)).toEqual([
        'workflows.list',
        'runs.byWorkflow',
        'stepRuns.byRun',
        'runs.byIds',
      ]);
      const batches = fields.filter(({ kind }) => kind === 'batch');
      expect(batches.map(({ path, field }) => `${path} ${field}`)).toEqual([
        'workflows Query.workflows',
        'workflows.nodes.runs Workflow.runs',
        'workflows.nodes.runs.nodes.steps Run.steps',
        'workflows.nodes.runs.nodes.steps.nodes.run StepRun.run',
      ]);
      expect(batches.map(({ level, parents }) => [level, parents])).toEqual([
        [0, 1],
        [2, 1],
        [4, n],
        [6, calls[2]!.rows],
      ]);
      expect(calls[1]!.rows).toBe(n < 4 ? n + 1 : n); // One more tells that there is a next page.
      for (const entry of [...fields, ...calls]) expect(entry.ms).toBeLessThanOrEqual(ms);
    }
  });

  test('the answer is the same without it, and tells nothing', async () => {
    const explained = await ask({ 'x-explain': '1' }, PAGE, { n: 3 });
    for (const headers of [{}, { 'x-explain': '0' }]) {
      const plain = await ask(headers, PAGE, { n: 3 });
      expect(plain).toEqual({ data: explained.data });
    }
  });

  test('what asks no store lists no statement', async () => {
    const { extensions } = await ask({ 'x-explain': '1' }, '{ __typename }');
    expect(extensions!.explain).toMatchObject({ calls: [] });
  });
});
