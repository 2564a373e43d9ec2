import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { edited, readSample } from '../../e2e/kit/samples.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { LOCAL_VIEWER } from '../policy.ts';
import { dynamicStatement, statement } from '../sql.ts';
import { importRecording, type ImportOptions } from './import.ts';

const MOSAIC = await readSample('mosaic');
const EVALUATION = await readSample('evaluation');
const TASKS = 'workflow.specification.tasks';

const TABLES = statement<{ name: string }>(
  'test.tables',
  `SELECT c.oid::regclass::text AS name FROM pg_class c
   WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1`,
);

describe.each(DATABASES)('$name', ({ open }) => {
  let base: TestDatabase;
  beforeAll(async () => {
    base = await open();
  });
  afterAll(() => base.close());
  const load = (bytes: Uint8Array, options?: ImportOptions) =>
    importRecording(contextOver(base), bytes, options);

  /** Rows of every table. */
  async function rows(): Promise<Record<string, number>> {
    const tables = await base.sql.query(TABLES);
    const counts = tables.map(
      ({ name }) => `SELECT '${name}' AS name, count(*) AS rows FROM ${name}`,
    );
    const text = counts.join(' UNION ALL ');
    const found = await base.sql.query(
      dynamicStatement<{ name: string; rows: number }>('test.rows', text),
    );
    return Object.fromEntries(found.map((row) => [row.name, row.rows]));
  }

  async function refusal(bytes: Uint8Array): Promise<unknown> {
    const before = await rows();
    const error = await load(bytes).then(
      () => 'imported',
      (thrown: unknown) => thrown,
    );
    expect(await rows()).toEqual(before);
    return error;
  }

  test('a recording becomes a workflow, a finished run and its log, at the recorded times', async () => {
    const imported = await load(MOSAIC);
    expect(imported).toMatchObject({ created: true, events: 27 });
    const run = await base.db.run.findUniqueOrThrow({
      where: { id: imported.runId },
      include: { workflow: true, workflowVersion: { include: { steps: true } } },
    });
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      version: 27n,
      stepsTotal: 12,
      stepsDone: 12,
      stepsFailed: 0,
      stepsRunning: 0,
      createdAt: new Date('2026-03-14T08:26:53Z'),
      startedAt: new Date('2026-03-14T08:26:53Z'),
      finishedAt: new Date('2026-03-14T08:31:15.500Z'),
      metadata: { recording: { format: 'WfFormat 1.5', recordedName: 'mosaic-orion' } },
      workflow: {
        name: 'mosaic-orion',
        kind: 'mosaic',
        identity: `sha256:${run.workflowVersion.hash}`,
      },
      workflowVersion: { number: 1, stepCount: 12, edgeCount: 17 },
    });
    const blend = run.workflowVersion.steps.find(({ key }) => key === 'blend');
    expect(blend).toMatchObject({
      name: 'blend',
      position: 10,
      settings: { cores: 8, priority: 50, command: { program: 'blend' } },
    });
  });

  test('its steps, workers and files are told by the log', async () => {
    const { runId } = await load(MOSAIC);
    const step = await base.db.stepRun.findUniqueOrThrow({
      where: { runId_stepKey: { runId, stepKey: 'preview' } },
      include: { attempts: true },
    });
    expect(step).toMatchObject({ status: 'SUCCEEDED', attempt: 1 });
    expect(step.attempts).toMatchObject([{ worker: 'node-a.observatory.example' }]);
    const image = await base.db.artifact.findUniqueOrThrow({
      where: { runId_name: { runId, name: 'mosaic/orion.fits' } },
      include: { uses: true },
    });
    expect(image).toMatchObject({ stepKey: 'blend', kind: 'fits', sizeBytes: 4_831_838_208n });
    expect(image.uses).toMatchObject([{ stepKey: 'preview' }]);
    const flat = await base.db.artifact.findUniqueOrThrow({
      where: { runId_name: { runId, name: 'calibration/flat-2026-03.fits' } },
      include: { uses: { orderBy: { stepKey: 'asc' } } },
    });
    expect(flat.stepKey).toBeNull();
    expect(flat.uses.map(({ stepKey }) => stepKey)).toEqual([
      'calibrate_e1',
      'calibrate_e2',
      'calibrate_e3',
    ]);
  });

  test('the same file again, plain or gzip, writes nothing and costs one statement', async () => {
    const first = await load(EVALUATION);
    const before = await rows();
    base.statements();
    expect(await load(EVALUATION)).toEqual({ ...first, created: false });
    expect(await load(gzipSync(EVALUATION))).toEqual({ ...first, created: false });
    expect(base.statements()).toEqual(['recordings.findImported', 'recordings.findImported']);
    expect(await rows()).toEqual(before);
  });

  test('the same file many times at once becomes one run', async () => {
    const bytes = edited(EVALUATION, [['createdAt', '2026-05-04T00:00:00Z']]);
    const before = await rows();
    const imports = await Promise.all(
      Array.from({ length: 6 }, (_, n) => load(n % 2 === 0 ? bytes : gzipSync(bytes))),
    );
    expect(new Set(imports.map(({ runId }) => runId)).size).toBe(1);
    expect(imports.filter(({ created }) => created)).toHaveLength(1);
    expect((await rows())['run']).toBe((before['run'] ?? 0) + 1);
  });

  test('another recording of the same graph is a run, another graph of the same name a workflow', async () => {
    const first = await load(MOSAIC);
    const later = await load(
      edited(MOSAIC, [['workflow.execution.executedAt', '03-15-26T06:04:36Z']]),
      {
        name: 'not taken: it has a name',
      },
    );
    expect(later).toMatchObject({ workflowId: first.workflowId, versionId: first.versionId });
    expect(later.runId).not.toBe(first.runId);
    const named = await base.db.workflow.findUniqueOrThrow({ where: { id: first.workflowId } });
    expect(named.name).toBe('mosaic-orion');

    const renamed = edited(MOSAIC, [[`${TASKS}[11].name`, 'thumbnail']]);
    const other = await load(renamed, { name: 'Orion, small' });
    expect(other.workflowId).not.toBe(first.workflowId);
    const workflow = await base.db.workflow.findUniqueOrThrow({ where: { id: other.workflowId } });
    expect(workflow.name).toBe('Orion, small');
  });

  test('who may only read is refused, known file or not', async () => {
    await load(MOSAIC);
    const reader = {
      id: 'reader',
      workspaceId: LOCAL_VIEWER.workspaceId,
      roles: ['reader'] as const,
    };
    await expect(
      importRecording(contextOver(base, { viewer: reader }), MOSAIC),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('names that objects have by themselves are stored like any other', async () => {
    const edits = ['id', 'name'].map((key) => [`${TASKS}[11].${key}`, '__proto__'] as const);
    const { runId } = await load(
      edited(MOSAIC, [
        ...edits,
        [`${TASKS}[10].children[0]`, '__proto__'],
        ['workflow.execution.tasks[11].id', '__proto__'],
      ]),
    );
    const where = { runId_stepKey: { runId, stepKey: '__proto__' } };
    expect(await base.db.stepRun.findUniqueOrThrow({ where })).toMatchObject({
      name: '__proto__',
      status: 'SUCCEEDED',
    });
  });

  test.each([
    ['bad JSON', Buffer.from('{"name": ')],
    ['a cycle', edited(MOSAIC, [[`${TASKS}[0].parents[0]`, 'fetch_tile_e1']])],
    ['a dangling parent', edited(MOSAIC, [[`${TASKS}[0].parents[0]`, 'nobody']])],
    ['a duplicate id', edited(MOSAIC, [[`${TASKS}[1].id`, 'fetch_tile_e1']])],
    ['an undeclared file', edited(MOSAIC, [[`${TASKS}[1].inputFiles[0]`, 'secret']])],
    ['a negative size', edited(MOSAIC, [['workflow.specification.files[0].sizeInBytes', -1]])],
    ['a wrong type', edited(MOSAIC, [[`${TASKS}[1].name`, 7]])],
    ['absurd nesting', Buffer.from('[{"a":'.repeat(100_000))],
    ['NUL in a name', edited(MOSAIC, [[`${TASKS}[1].name`, '\0']])],
  ])('a file with %s is refused whole and leaves no row', async (_what, bytes) => {
    expect(await refusal(bytes)).toMatchObject({ code: 'INVALID' });
  });

  test('a file past the bound leaves no row', async () => {
    const before = await rows();
    const bytes = edited(MOSAIC, [['description', 'new']]);
    await expect(load(bytes, { bytes_max: bytes.length - 1 })).rejects.toMatchObject({
      code: 'LIMITED',
    });
    expect(await rows()).toEqual(before);
    expect(await load(bytes, { bytes_max: bytes.length })).toMatchObject({ created: true });
  });

  test('what the log refuses late, half way through the transaction, leaves no row', async () => {
    const names = Array.from({ length: 2_000 }, (_, n) => `${n}-${'x'.repeat(600)}`);
    const files = names.map((id) => ({ id, sizeInBytes: 1 }));
    const task = { id: 'a', name: 'a', parents: [], children: [], inputFiles: names };
    const bytes = edited(MOSAIC, [
      ['workflow.specification', { tasks: [task], files }],
      ['workflow.execution.tasks', [{ id: 'a', runtimeInSeconds: 1 }]],
    ]);
    expect(await refusal(bytes)).toMatchObject({ code: 'LIMITED' });
  });
});
