/** The graph itself by every way in: real rows, refusals of its fields, what it may cost, what explains it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { statusBy, WAYS, type AskedParams, type Given, type Way } from './kit/ways.ts';
import { newWorker } from './kit/worker.ts';

/** Of `PAGE` with seven runs each. */
const COST_MAX = 2 * (2 + 7 * 22);
const NOBODY = '01a1fedc-0000-7000-8000-000000000000';
const PAGE = `query Page($n: Int!) { workflows(first: 2) { nodes { name runs(last: $n) {
  totalCount nodes { id status tags steps(first: 10) { nodes { stepKey } } } } } } }`;

interface Explain {
  readonly fields: readonly { readonly field: string }[];
  readonly calls: readonly { readonly statement: string }[];
}

interface GraphCase {
  readonly name: string;
  readonly asked: AskedParams;
  /** Of its errors. */
  readonly codes: readonly string[];
  readonly data?: unknown;
  readonly status?: number;
  readonly ofDocument?: boolean;
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ QUERY_COST_MAX: COST_MAX });
    for (let i = 0; i < 3; i += 1) await (await newWorker(gateway.url)).start();
  });
  afterAll(() => world.end());

  const CASES: readonly GraphCase[] = [
    {
      name: 'a page at the limit of its cost',
      asked: { query: PAGE, variables: { n: 7 } },
      codes: [],
      data: expect.objectContaining({ workflows: { nodes: [expect.anything()] } }),
    },
    {
      name: 'a page past the limit of its cost',
      asked: { query: PAGE, variables: { n: 8 } },
      codes: ['LIMITED'],
      status: 400,
    },
    {
      name: 'a row that is not there',
      asked: {
        query: `{ run(id: "${NOBODY}") { id } runEvents(runId: "${NOBODY}") { nodes { seq } } }`,
      },
      codes: ['NOT_FOUND'],
      data: { run: null, runEvents: null },
    },
    {
      name: 'an id that is none',
      asked: { query: '{ run(id: "x") { id } nodes(ids: ["y"]) { id } }' },
      codes: ['INVALID', 'INVALID'],
      data: { run: null, nodes: [null] },
    },
    {
      name: 'a size that is none',
      asked: { query: '{ runs(first: 101) { nodes { id } } }' },
      codes: ['INVALID'],
      data: { runs: null },
    },
    {
      name: 'a literal that its scalar refuses',
      asked: { query: '{ runs(filter: { createdAt: { gt: "yesterday" } }) { nodes { id } } }' },
      codes: ['INVALID'],
      status: 400,
      ofDocument: true,
    },
    {
      name: 'a variable that its scalar refuses',
      asked: {
        query: 'query ($f: RunFilter) { runs(filter: $f) { nodes { id } } }',
        variables: { f: { createdAt: { gt: 'yesterday' } } },
      },
      codes: ['INVALID'],
      status: 400,
      ofDocument: true,
    },
    {
      name: 'introspection',
      asked: { query: '{ __type(name: "Run") { name kind } }' },
      codes: [],
      data: { __type: { name: 'Run', kind: 'OBJECT' } },
    },
  ];

  test.each(CASES)('$name is answered the same by all ways', async ({ asked, ...expected }) => {
    const given: [Way, Given][] = [];
    for (const way of WAYS) given.push([way, await way.ask(gateway.url, asked)]);
    const [, { result: first }] = given[0]!;
    expect(first.data).toEqual(expected.data);
    expect((first.errors ?? []).map(({ extensions }) => extensions['code'])).toEqual(
      expected.codes,
    );
    for (const [way, { result, status }] of given) {
      expect(JSON.stringify(result.data), way.name).toBe(JSON.stringify(first.data));
      expect(result.errors, way.name).toEqual(first.errors);
      expect(status, way.name).toBe(statusBy(way, expected));
    }
  });

  test.each(WAYS)(
    '$name is explained when it asks by its header, which a socket has not',
    async (way) => {
      const asked = { query: PAGE, variables: { n: 1 } };
      const plain = await way.ask(gateway.url, asked);
      expect(plain.result).not.toHaveProperty('extensions');
      const { result } = await way.ask(gateway.url, asked, { 'x-explain': '1' });
      expect(result.data).toEqual(plain.result.data);
      if (way.by === 'socket') return expect(result).not.toHaveProperty('extensions');
      const { fields, calls } = result.extensions!['explain'] as Explain;
      // Those of one level are sent side by side.
      expect(calls.map(({ statement }) => statement).toSorted()).toEqual([
        'runs.byWorkflow',
        'runs.byWorkflow.count',
        'stepRuns.byRun',
        'workflows.list',
      ]);
      expect(fields.map(({ field }) => field)).toContain('Workflow.runs');
    },
  );
});
