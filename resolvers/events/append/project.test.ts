import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import {
  AT,
  addRuns,
  addVersion,
  call,
  event,
  WORKSPACE,
  type Version,
} from '../../../e2e/kit/log-world.ts';
import { newId } from '../../keys.ts';
import { openRunLog } from './append.ts';
import { METADATA_BYTES_MAX, TAGS_MAX } from './labels.ts';
import type { JsonObject, NewEvent, RunLog } from '../log.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  let log: RunLog;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, ['align', 'sort', 'plot']);
    log = openRunLog(database.sql);
  });
  afterAll(async () => {
    await log.close();
    await database.close();
  });

  /** A started run, and how its worker and its user append to it, a flush each. */
  async function started() {
    const run = (await addRuns(database.sql, version, 1))[0]!;
    const { fence } = await log.append(call(run, [event('RUN_STARTED')]));
    return {
      run,
      work: (...events: NewEvent[]) => log.append(call(run, events, { fence })),
      say: (...events: NewEvent[]) => log.append(call(run, events, { actor: 'user:ada' })),
    };
  }
  const later = (type: NewEvent['type'], seconds: number, payload: JsonObject = {}) =>
    event(type, { stepKey: 'align', occurredAt: at(seconds), payload });
  const at = (seconds: number) => new Date(AT.getTime() + seconds * 1_000);
  const rows = async (table: string, run: string) => {
    const { rows: found } = await database.pool.query(
      `SELECT row_to_json(t) AS row FROM ${table} t WHERE run_id = $1 ORDER BY t::text`,
      [run],
    );
    return found.map(({ row }) => row as Record<string, unknown>);
  };
  const runRow = async (run: string) =>
    (await database.pool.query('SELECT * FROM run WHERE id = $1', [run])).rows[0];
  const artifact = async (run: string, name: string) =>
    (await rows('artifact', run)).find((row) => row['name'] === name);

  test('a step tried again keeps its first start, and has a row for each attempt', async () => {
    const { run, work } = await started();
    await work(later('STEP_STARTED', 1, { worker: 'w1' }));
    await work(later('STEP_PROGRESS', 2, { progress: 0.5, message: 'half' }));
    await work(later('STEP_RETRYING', 3, { reason: 'OUT_OF_MEMORY', error: 'no room' }));
    await work(later('STEP_STARTED', 5, { worker: 'w2' }));
    const [step] = await rows('step_run', run);
    expect(step).toMatchObject({
      status: 'RUNNING',
      attempt: 2,
      progress: null,
      message: null,
      changed_seq: 6,
    });
    expect(new Date(String(step!['started_at']))).toEqual(at(1));
    await work(later('STEP_SUCCEEDED', 9));
    const attempts = await rows('attempt', run);
    expect(attempts).toMatchObject([
      {
        attempt: 1,
        worker: 'w1',
        status: 'FAILED',
        failure_reason: 'OUT_OF_MEMORY',
        error: 'no room',
        changed_seq: 5,
      },
      { attempt: 2, worker: 'w2', status: 'SUCCEEDED', failure_reason: null, changed_seq: 7 },
    ]);
    const times = attempts.map((row) =>
      [row['started_at'], row['finished_at']].map((time) => new Date(String(time))),
    );
    expect(times).toEqual([
      [at(1), at(3)],
      [at(5), at(9)],
    ]);
    expect(await runRow(run)).toMatchObject({ steps_done: 1, steps_running: 0, steps_failed: 0 });
  });

  test.each<[NewEvent['type'], string, string | null, string | null]>([
    ['RUN_SUCCEEDED', 'CANCELED', null, null],
    ['RUN_FAILED', 'CANCELED', null, 'ERROR'],
    ['RUN_TIMED_OUT', 'FAILED', 'TIMEOUT', 'TIMEOUT'],
  ])(
    '%s leaves no step open: what ran is %s, what never began stays',
    async (type, status, reason, why) => {
      const { run, work } = await started();
      await work(
        event('STEP_STARTED', { stepKey: 'align' }),
        event('STEP_STARTED', { stepKey: 'sort' }),
      );
      await work(event('STEP_RETRYING', { stepKey: 'sort' }));
      await work(event(type, { occurredAt: at(8) }));
      const steps = await rows('step_run', run);
      const closed = { status, failure_reason: reason, changed_seq: 6 };
      expect(steps).toMatchObject([
        { step_key: 'align', ...closed },
        { step_key: 'plot', status: 'PENDING', changed_seq: 1 },
        { step_key: 'sort', ...closed },
      ]);
      expect(await rows('attempt', run)).toMatchObject([
        { step_key: 'align', status, changed_seq: 6 },
        { step_key: 'sort', status: 'FAILED', changed_seq: 5 },
      ]);
      const row = await runRow(run);
      expect(row).toMatchObject({ steps_running: 0, failure_reason: why, finished_at: at(8) });
      expect(row.steps_failed).toBe(status === 'FAILED' ? 2 : 0);
    },
  );

  test('an artifact is made once; what later events tell of it changes, the rest stays', async () => {
    const { run, work } = await started();
    const inputs = [{ name: 'reads', sizeBytes: 7 }];
    await work(event('STEP_STARTED', { stepKey: 'align', payload: { inputs } }));
    const external = await artifact(run, 'reads');
    expect(external).toMatchObject({
      step_key: null,
      kind: 'file',
      size_bytes: 7,
      changed_seq: 3,
      version: 1,
    });
    const told = { name: 'reads', kind: 'fastq', metadata: { lane: 1 } };
    await work(event('STEP_SUCCEEDED', { stepKey: 'align', payload: { outputs: [told] } }));
    await work(
      event('STEP_STARTED', {
        stepKey: 'sort',
        payload: { inputs: [{ name: 'reads', sizeBytes: 1 }] },
      }),
    );
    expect(await artifact(run, 'reads')).toMatchObject({
      id: external!['id'],
      step_key: 'align',
      kind: 'fastq',
      size_bytes: 7,
      metadata: { lane: 1 },
      changed_seq: 4,
      version: 2,
    });
    expect(await rows('artifact_use', run)).toMatchObject([
      { step_key: 'align', artifact_id: external!['id'], changed_seq: 3 },
      { step_key: 'sort', artifact_id: external!['id'], changed_seq: 5 },
    ]);
  });

  test('an input may name an artifact of elsewhere in its workspace, and no other', async () => {
    const { run, work } = await started();
    const ids = [newId(), newId(), newId()] as const;
    await database.pool.query(
      `INSERT INTO workspace (id, slug, name) VALUES ($1::uuid, $1::text, 'other')`,
      [ids[2]],
    );
    await database.pool.query(
      `INSERT INTO artifact (id, workspace_id, name, kind) VALUES ($1, $3, 'a', 'file'), ($2, $4, 'b', 'file')`,
      [ids[0], ids[1], WORKSPACE, ids[2]],
    );
    const use = (artifactId: string) =>
      work(
        event('STEP_STARTED', {
          stepKey: 'align',
          payload: { inputs: [{ name: 'a', artifactId }] },
        }),
      );
    await expect(use(ids[1])).rejects.toMatchObject({ code: 'INVALID' });
    await use(ids[0].toUpperCase());
    expect(await rows('artifact_use', run)).toMatchObject([{ artifact_id: ids[0] }]);
    expect(await rows('artifact', run)).toEqual([]);
  });

  test('quality is the mean of the newest score of each check, whichever flush it came in', async () => {
    const { run, work, say } = await started();
    const judge = (check: string, outcome: string, score?: number) =>
      event('CHECK_EVALUATED', {
        payload: { artifact: 'x', check, outcome, ...(score === undefined ? {} : { score }) },
      });
    await work(event('ARTIFACT_PRODUCED', { payload: { artifact: { name: 'x' } } }));
    await work(judge('size', 'FAILED'), judge('size', 'WARNED'));
    expect(await artifact(run, 'x')).toMatchObject({ quality: 0.5, changed_seq: 5 });
    await work(judge('names', 'PASSED', 0.9));
    expect((await artifact(run, 'x'))!['quality']).toBeCloseTo(0.7);
    await work(
      event('ARTIFACT_PRODUCED', { payload: { artifact: { name: 'x', kind: 'bam' } } }),
      event('RUN_SUCCEEDED'),
    );
    await say(judge('size', 'PASSED'));
    const judged = await artifact(run, 'x');
    expect(judged).toMatchObject({ kind: 'bam', changed_seq: 9 });
    expect(judged!['quality']).toBeCloseTo(0.95);
  });

  test('metadata is merged by key, null deletes, tags are added once', async () => {
    const { run, say } = await started();
    const label = (payload: JsonObject) => event('METADATA_UPDATED', { payload });
    await say(label({ metadata: { a: 1, b: { c: 2 } }, addTags: ['x', 'y'] }));
    await say(
      label({ metadata: { a: null, b: 3 }, addTags: ['y', 'z'] }),
      label({ metadata: { d: 4 } }),
    );
    const row = await runRow(run);
    expect(row).toMatchObject({ tags: ['x', 'y', 'z'], metadata: { b: 3, d: 4 }, version: '5' });
    expect(row.metadata).not.toHaveProperty('a');
  });

  test('labels have bounds: 100 tags, 64 KiB of metadata, and not one more', async () => {
    const { say } = await started();
    const label = (payload: JsonObject) => say(event('METADATA_UPDATED', { payload }));
    await label({ addTags: Array.from({ length: TAGS_MAX }, (_, n) => `t${n}`) });
    await expect(label({ addTags: ['one more'] })).rejects.toMatchObject({ limit: 100, seen: 101 });
    const text = 'x'.repeat(METADATA_BYTES_MAX - '{"a":""}'.length);
    await label({ metadata: { a: text } });
    await expect(label({ metadata: { a: `${text}y` } })).rejects.toMatchObject({
      limit: 65_536,
      seen: 65_537,
    });
  });

  test('a status is explained until the next one, and a failure says why', async () => {
    const { run, work, say } = await started();
    await say(event('RUN_PAUSED', { payload: { statusName: 'Waiting for a slot' } }));
    expect(await runRow(run)).toMatchObject({
      status: 'PAUSED',
      status_name: 'Waiting for a slot',
    });
    await say(event('RUN_RESUMED'));
    expect(await runRow(run)).toMatchObject({ status: 'RUNNING', status_name: null });
    await work(
      event('RUN_FAILED', { payload: { reason: 'INVALID_OUTPUT', error: 'bad "bam"\n' } }),
    );
    expect(await runRow(run)).toMatchObject({
      failure_reason: 'INVALID_OUTPUT',
      error: 'bad "bam"\n',
    });
  });
});
