import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { codesOf, openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { otherViewer, seedArtifacts, seedRun, seedUses } from '../e2e/kit/world.ts';
import { globalId, newId } from '../resolvers/keys.ts';

const REGISTER = `mutation ($input: RegisterArtifactInput!) { registerArtifact(input: $input) {
  __typename
  ... on Artifact { id uuid name kind sizeBytes metadata version quality run { id } producedBy { id } }
  ... on Refusal { code message }
  ... on Invalid { issues { path } }
} }`;
const RECORD = `mutation ($input: RecordCheckInput!) { recordCheck(input: $input) {
  __typename
  ... on Check { id name score artifact { id quality checks { totalCount nodes { outcome } } } }
  ... on Refusal { code }
} }`;

interface Names {
  nodes: { name: string }[];
}

describe.each(DATABASES)('artifacts in the graph ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  /** Run r: raw (from outside) → align → aligned; run s: aligned → train → model. */
  let runs: string[];
  let ids: string[];
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    runs = [await seedRun(database, ['align']), await seedRun(database, ['train'])];
    const [alignRun, trainRun] = runs as [string, string];
    ids = await seedArtifacts(database, [
      { runId: alignRun, name: 'raw.fastq', kind: 'fastq', quality: 0.2 },
      {
        runId: alignRun,
        stepKey: 'align',
        name: 'aligned.bam',
        kind: 'bam',
        quality: 0.9,
        metadata: { lane: 1 },
      },
      { runId: trainRun, stepKey: 'train', name: 'model.bin', kind: 'model', sizeBytes: 2 ** 40 },
    ]);
    await seedUses(database, [
      [alignRun, 'align', ids[0]!],
      [trainRun, 'train', ids[1]!],
    ]);
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const names = async (filter: string, rest = '') => {
    const { artifacts } = await graph.data<{ artifacts: Names }>(
      `{ artifacts(filter: ${filter}${rest}) { nodes { name } } }`,
    );
    return artifacts.nodes.map(({ name }) => name).toSorted();
  };

  test('artifacts are found by kind, quality, words, name, run, step, size, metadata, and all at once', async () => {
    expect(await names('{ kind: { eq: "bam" } }')).toEqual(['aligned.bam']);
    expect(await names('{ quality: { gte: 0.5 } }')).toEqual(['aligned.bam']);
    expect(await names('{ search: { matches: "bam aligned" } }')).toEqual(['aligned.bam']);
    expect(await names('{ name: { contains: "A" } }')).toEqual(['aligned.bam', 'raw.fastq']);
    expect(await names(`{ runId: { eq: "${runs[1]}" } }`)).toEqual(['model.bin']);
    expect(await names('{ stepKey: { eq: "train" } }')).toEqual(['model.bin']);
    expect(await names('{ sizeBytes: { gt: "1000000000000" } }')).toEqual(['model.bin']);
    expect(await names('{ metadata: { contains: { lane: 1 } } }')).toEqual(['aligned.bam']);
    expect(await names('{ createdAt: { lastHours: 1 } }')).toHaveLength(3);
    expect(await names('{ usedBy: { some: { stepKey: { eq: "train" } } } }')).toEqual([
      'aligned.bam',
    ]);
    expect(await names('{ usedBy: { none: {} } }')).toEqual(['model.bin']);
    expect(await names('{ producedBy: { stepKey: { eq: "align" } } }')).toEqual(['aligned.bam']);
    expect(await names('{ checks: { some: {} } }')).toEqual([]);
    expect(
      await names(
        '{ or: [{ kind: { eq: "model" } }, { quality: { gte: 0.1 }, not: { search: { matches: "bam" } } }] }',
      ),
    ).toEqual(['model.bin', 'raw.fastq']);
  });

  test('runs, steps and artifacts lead to each other in one statement per level', async () => {
    database.statements();
    const { runs: page } = await graph.data<{
      runs: { nodes: { artifacts: { nodes: object[] }; steps: { nodes: object[] } }[] };
    }>(`{ runs(orderBy: { field: CREATED_AT, direction: ASC }) { nodes {
      artifacts(orderBy: { field: NAME, direction: ASC }) { totalCount nodes { name
        run { id } producedBy { stepKey } usedBy { totalCount nodes { stepKey run { id } } } checks { nodes { id } } } }
      steps { nodes { stepKey inputs { nodes { name } } artifacts { nodes { name } } } }
    } } }`);
    expect(page.nodes.map(({ artifacts }) => artifacts)).toMatchObject([
      {
        totalCount: 2,
        nodes: [
          {
            name: 'aligned.bam',
            producedBy: { stepKey: 'align' },
            usedBy: { totalCount: 1, nodes: [{ stepKey: 'train' }] },
          },
          { name: 'raw.fastq', producedBy: null, usedBy: { nodes: [{ stepKey: 'align' }] } },
        ],
      },
      { totalCount: 1, nodes: [{ name: 'model.bin', usedBy: { totalCount: 0, nodes: [] } }] },
    ]);
    expect(page.nodes.map(({ steps }) => steps)).toMatchObject([
      {
        nodes: [
          {
            stepKey: 'align',
            inputs: { nodes: [{ name: 'raw.fastq' }] },
            artifacts: { nodes: [{ name: 'aligned.bam' }] },
          },
        ],
      },
      {
        nodes: [
          {
            stepKey: 'train',
            inputs: { nodes: [{ name: 'aligned.bam' }] },
            artifacts: { nodes: [{ name: 'model.bin' }] },
          },
        ],
      },
    ]);
    expect(database.statements().toSorted()).toEqual(
      [
        'artifacts.byRun',
        'artifacts.byRun.count',
        'artifacts.byStep',
        'artifacts.byUser',
        'checks.byArtifact',
        'runs.byIds',
        'runs.list',
        'stepRuns.byKeys',
        'stepRuns.byRun',
        'stepRuns.byUsed',
        'stepRuns.byUsed.count',
      ].toSorted(),
    );
  });

  test('lineage names the steps between artifacts and reads each table once', async () => {
    database.statements();
    const { artifactLineage } = await graph.data<{ artifactLineage: object }>(
      `query ($id: ID!) { artifactLineage(id: $id, direction: UPSTREAM) { cut
        nodes { depth hasMore artifact { name } }
        edges { from { __typename id ... on StepRun { stepKey } } to { __typename ... on Artifact { name } } }
      } }`,
      { id: globalId('Artifact', ids[2]!) },
    );
    expect(artifactLineage).toEqual({
      cut: null,
      nodes: [
        { depth: 0, hasMore: false, artifact: { name: 'model.bin' } },
        { depth: -1, hasMore: false, artifact: { name: 'aligned.bam' } },
        { depth: -2, hasMore: false, artifact: { name: 'raw.fastq' } },
      ],
      edges: expect.arrayContaining([
        {
          from: {
            __typename: 'StepRun',
            id: globalId('StepRun', `${runs[1]}:train`),
            stepKey: 'train',
          },
          to: { __typename: 'Artifact', name: 'model.bin' },
        },
        {
          from: { __typename: 'Artifact', id: globalId('Artifact', ids[0]!) },
          to: { __typename: 'StepRun' },
        },
      ]),
    });
    expect(database.statements().toSorted()).toEqual([
      'artifacts.byIds',
      'artifacts.lineageUpstream',
      'stepRuns.byKeys',
    ]);
  });

  test('a mutation answers what it made, and what a user can mend as data', async () => {
    const { registerArtifact } = await graph.data<{ registerArtifact: { id: string } }>(REGISTER, {
      input: {
        name: 'set',
        kind: 'dataset',
        sizeBytes: '5',
        metadata: { a: 1 },
        derivedFrom: [ids[2]],
      },
    });
    expect(registerArtifact).toMatchObject({ __typename: 'Artifact', sizeBytes: '5', run: null });
    const input = { artifactId: registerArtifact.id, name: 'schema', outcome: 'WARNED' };
    expect(
      (await graph.data<{ recordCheck: object }>(RECORD, { input })).recordCheck,
    ).toMatchObject({
      score: 0.5,
      artifact: { quality: 0.5, checks: { totalCount: 1, nodes: [{ outcome: 'WARNED' }] } },
    });
    const bad = { input: { name: '', kind: 'x\0' } };
    expect(await graph.data(REGISTER, bad)).toMatchObject({
      registerArtifact: {
        code: 'INVALID',
        issues: [{ path: 'input.name' }, { path: 'input.kind' }],
      },
    });
    const lost = { input: { ...input, artifactId: newId() } };
    expect(await graph.data(RECORD, lost)).toMatchObject({ recordCheck: { code: 'NOT_FOUND' } });
  });

  test('a total counts all, or up to what is asked for', async () => {
    const total = async (args: string, parts = {}) => {
      const { artifacts } = await graph.data<{ artifacts: { totalCount: number } }>(
        `{ artifacts { totalCount${args} } }`,
        {},
        parts,
      );
      return artifacts.totalCount;
    };
    const viewer = await otherViewer(database);
    expect(await total('', { viewer })).toBe(0);
    await seedArtifacts(
      database,
      [1, 2, 3, 4].map((at) => ({ name: `a${at}` })),
      viewer,
    );
    expect(await total('', { viewer })).toBe(4);
    expect(await total('(atMost: 4)', { viewer })).toBe(4);
    expect(await total('(atMost: 3)', { viewer })).toBe(3);
    expect(codesOf(await graph.ask('{ artifacts { totalCount(atMost: 0) } }'))).toEqual([
      'INVALID',
    ]);
  });

  test('nothing of another workspace is seen by any way in', async () => {
    const viewer = await otherViewer(database);
    const strange = { viewer };
    const [id, runId] = [ids[1]!, runs[0]!];
    const node = globalId('Artifact', id);
    const asked = `query ($id: ID!, $ids: [ID!]!) {
      artifact(id: $id) { id } node(id: $id) { id } nodes(ids: $ids) { id }
      artifacts(filter: { search: { matches: "bam" } }) { totalCount nodes { id } }
      byId: artifacts(filter: { id: { eq: $id } }) { nodes { id } }
      byRun: artifacts(filter: { runId: { eq: "${runId}" } }) { nodes { id } }
      byUser: artifacts(filter: { usedBy: { some: { stepKey: { eq: "train" } } } }) { nodes { id } }
    }`;
    expect(await graph.data(asked, { id: node, ids: [node] }, strange)).toEqual({
      artifact: null,
      node: null,
      nodes: [null],
      artifacts: { totalCount: 0, nodes: [] },
      byId: { nodes: [] },
      byRun: { nodes: [] },
      byUser: { nodes: [] },
    });
    const lineage = await graph.ask(
      'query ($id: ID!) { artifactLineage(id: $id) { cut } }',
      { id: node },
      strange,
    );
    expect(codesOf(lineage)).toEqual(['NOT_FOUND']);
    const check = { input: { artifactId: id, name: 'q', outcome: 'FAILED' } };
    expect(await graph.data(RECORD, check, strange)).toMatchObject({
      recordCheck: { code: 'NOT_FOUND' },
    });
    const derived = { input: { name: 'a', kind: 'b', derivedFrom: [id] } };
    expect(await graph.data(REGISTER, derived, strange)).toMatchObject({
      registerArtifact: { code: 'NOT_FOUND' },
    });
  });

  test.each([
    ['{ artifacts(first: 101) { nodes { id } } }', 'INVALID'],
    ['{ artifacts(first: -1) { nodes { id } } }', 'INVALID'],
    ['{ artifacts(first: 1, last: 1) { nodes { id } } }', 'INVALID'],
    ['{ artifacts(after: "nonsense") { nodes { id } } }', 'INVALID'],
    ['{ artifacts(filter: { name: { contains: "a\\u0000" } }) { nodes { id } } }', 'INVALID'],
    ['{ artifacts(filter: { id: { eq: "nonsense" } }) { nodes { id } } }', 'INVALID'],
    ['{ artifact(id: "nonsense") { id } }', 'INVALID'],
    ['{ artifactLineage(id: "nonsense") { cut } }', 'INVALID'],
    [
      '{ artifactLineage(id: "019a5f00-0000-7000-8000-000000000001", depth: 51) { cut } }',
      'INVALID',
    ],
    ['{ artifactLineage(id: "019a5f00-0000-7000-8000-000000000001") { cut } }', 'NOT_FOUND'],
    [`{ artifact(id: "${globalId('Run', newId())}") { id } }`, 'INVALID'],
  ])('%s is refused with %s', async (source, code) => {
    expect(codesOf(await graph.ask(source))).toEqual([code]);
  });
});
