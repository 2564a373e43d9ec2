import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import { storeWorkflowVersion, type WorkflowToStore } from './store-version.ts';
import { versionHash } from './version-hash.ts';

const STEPS = [
  { key: 'fetch', name: 'curl', parents: [], settings: { cores: 2 } },
  { key: 'align', name: 'bwa mem', parents: ['fetch'] },
  { key: '__proto__', name: 'it\'s "quoted" {,}\\', parents: ['align', 'fetch'] },
];

function workflow(changes: Partial<WorkflowToStore>): WorkflowToStore {
  const { workspaceId } = LOCAL_VIEWER;
  const now = new Date('2026-01-02T03:04:05Z');
  return {
    workspaceId,
    name: 'reads',
    kind: 'genomics',
    rename: true,
    steps: STEPS,
    now,
    ...changes,
  };
}

test('a version is its steps, names and parents, in whatever order they are told', () => {
  const shuffled = STEPS.toReversed().map((step) => ({
    ...step,
    parents: step.parents.toReversed(),
  }));
  expect(versionHash(shuffled)).toBe(versionHash(STEPS));
  const [first, ...rest] = STEPS;
  expect(versionHash([{ ...first!, name: 'wget' }, ...rest])).not.toBe(versionHash(STEPS));
  expect(versionHash([{ ...first!, parents: ['align'] }, ...rest])).not.toBe(versionHash(STEPS));
  expect(
    versionHash([
      { key: 'fetch', name: 'curl', parents: [] },
      { key: 'align', name: 'bwa mem', parents: ['fetch'] },
    ]),
  ).toBe('af5c5a4b7ed957caeb7da5cd3db421354c00d01b6ec1728c26a47cce8155c5d5');
});

describe.each(DATABASES)('$name', ({ open }) => {
  let base: TestDatabase;
  beforeAll(async () => {
    base = await open();
  });
  afterAll(() => base.close());
  const store = (changes: Partial<WorkflowToStore>) =>
    base.sql.transaction((tx) => storeWorkflowVersion(tx, workflow(changes)));

  test('a graph is stored with its steps in order and its edges', async () => {
    const stored = await store({ description: 'Reads, aligned.' });
    expect(stored).toMatchObject({ number: 1, workflowCreated: true, versionCreated: true });
    const row = await base.db.workflowVersion.findUniqueOrThrow({
      where: { id: stored.versionId },
      include: { workflow: true, steps: { orderBy: { position: 'asc' } }, edges: true },
    });
    expect(row).toMatchObject({ hash: stored.hash, stepCount: 3, edgeCount: 3 });
    expect(row.workflow).toMatchObject({ identity: `sha256:${stored.hash}`, kind: 'genomics' });
    expect(row.steps.map(({ key, name, settings }) => ({ key, name, settings }))).toEqual([
      { key: 'fetch', name: 'curl', settings: { cores: 2 } },
      { key: 'align', name: 'bwa mem', settings: {} },
      { key: '__proto__', name: STEPS[2]!.name, settings: {} },
    ]);
    expect(row.edges.map(({ fromKey, toKey }) => `${fromKey} ${toKey}`).toSorted()).toEqual([
      'align __proto__',
      'fetch __proto__',
      'fetch align',
    ]);
  });

  test('the same graph again writes nothing and costs one statement', async () => {
    const first = await store({ description: 'Reads, aligned.' });
    const before = await base.db.workflow.findUniqueOrThrow({ where: { id: first.workflowId } });
    base.statements();
    const again = await store({ description: 'Reads, aligned.' });
    expect(base.statements()).toEqual(['workflows.findVersion']);
    expect(again).toEqual({ ...first, workflowCreated: false, versionCreated: false });
    expect(await base.db.workflow.findUniqueOrThrow({ where: { id: first.workflowId } })).toEqual(
      before,
    );
  });

  test('an import keeps the name that a workflow has, a registration may replace it', async () => {
    const stored = await store({ key: 'named', name: 'first' });
    const nameNow = async () =>
      (await base.db.workflow.findUniqueOrThrow({ where: { id: stored.workflowId } })).name;
    await store({ key: 'named', name: 'second', rename: false });
    expect(await nameNow()).toBe('first');
    expect(await store({ key: 'named', name: 'third' })).toMatchObject({
      versionId: stored.versionId,
      versionCreated: false,
    });
    expect(await nameNow()).toBe('third');
  });

  test('another graph under the same key is the next version; going back is no new one', async () => {
    const first = await store({ key: 'grown' });
    const second = await store({ key: 'grown', steps: STEPS.slice(0, 2) });
    expect(second).toMatchObject({ workflowId: first.workflowId, number: 2, versionCreated: true });
    expect(await store({ key: 'grown' })).toMatchObject({ versionId: first.versionId, number: 1 });
  });

  test('many at once store one workflow, one of each version, numbered without a gap', async () => {
    const graphs = [1, 2, 3].map((length) => STEPS.slice(0, length));
    const stored = await Promise.all(
      Array.from({ length: 12 }, (_, n) => store({ key: 'raced', steps: graphs[n % 3]! })),
    );
    expect(new Set(stored.map(({ workflowId }) => workflowId)).size).toBe(1);
    expect(stored.filter(({ workflowCreated }) => workflowCreated)).toHaveLength(1);
    expect(stored.filter(({ versionCreated }) => versionCreated)).toHaveLength(3);
    const versions = await base.db.workflowVersion.findMany({
      where: { workflowId: stored[0]!.workflowId },
      include: { steps: true },
      orderBy: { number: 'asc' },
    });
    expect(versions.map(({ number }) => number)).toEqual([1, 2, 3]);
    for (const version of versions) expect(version.steps).toHaveLength(version.stepCount);
  });
});
