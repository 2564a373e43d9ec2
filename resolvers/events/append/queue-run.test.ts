import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { AT, addVersion, newRun, type Version } from '../../../e2e/kit/log-world.ts';
import { newId } from '../../keys.ts';
import { queueRuns, type NewRun } from './queue-run.ts';
import { readEvents } from '../read.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, ['a', 'b', 'c']);
  });
  afterAll(() => database.close());

  const queue = (...runs: NewRun[]) => database.sql.transaction((tx) => queueRuns(tx, runs));
  const count = async () =>
    Number((await database.pool.query('SELECT count(*) FROM run')).rows[0].count);
  const statusOf = async (run: string) =>
    (
      await database.pool.query(
        `SELECT array_agg(status::text ORDER BY position) AS steps FROM step_run WHERE run_id = $1`,
        [run],
      )
    ).rows[0].steps;

  test('a run is queued with all of its steps and RUN_QUEUED, which tells all that a fold needs', async () => {
    const before = newRun(version);
    const run = newRun(version, {
      retryOf: before.id,
      tags: ['x', 'y"z\\'],
      metadata: { note: 'a "b"\n' },
      sourceHash: 'sha256:1',
      actor: 'user:ada "the" \\',
    });
    await queue(before, run);
    const { rows } = await database.pool.query('SELECT * FROM run WHERE id = $1', [run.id]);
    expect(rows[0]).toMatchObject({
      status: 'QUEUED',
      version: '1',
      steps_total: 3,
      retry_of: before.id,
      tags: run.tags,
      metadata: run.metadata,
      source_hash: 'sha256:1',
      created_at: AT,
      fence: null,
    });
    expect(await statusOf(run.id)).toEqual(['PENDING', 'PENDING', 'PENDING']);
    expect(await readEvents(database.sql, run.id, 0, 10)).toMatchObject([
      {
        seq: 1,
        eventId: run.eventId,
        type: 'RUN_QUEUED',
        actor: run.actor,
        occurredAt: AT,
        payload: {
          workflowVersionId: version.workflowVersionId,
          retryOf: before.id,
          tags: run.tags,
          metadata: run.metadata,
        },
      },
    ]);
  });

  test('the steps that a retry keeps are CACHED by events that follow', async () => {
    const run = newRun(version, { cachedSteps: ['a', 'c'] });
    await queue(run, newRun(version));
    expect(await statusOf(run.id)).toEqual(['CACHED', 'PENDING', 'CACHED']);
    const events = await readEvents(database.sql, run.id, 1, 10);
    expect(events.map(({ type, stepKey, actor }) => [type, stepKey, actor])).toEqual([
      ['STEP_CACHED', 'a', 'gateway'],
      ['STEP_CACHED', 'c', 'gateway'],
    ]);
    const { rows } = await database.pool.query('SELECT * FROM run WHERE id = $1', [run.id]);
    expect(rows[0]).toMatchObject({ version: '3', steps_done: 2, status: 'QUEUED' });
  });

  test('any number of runs costs a statement per thousand', async () => {
    const small = await addVersion(database.sql, []);
    database.statements();
    await queue(...Array.from({ length: 1_001 }, () => newRun(small)));
    expect(database.statements()).toEqual(['log.queue', 'log.queue']);
  });

  test.each<[string, (good: Version) => Partial<NewRun>, string]>([
    ['of a version that is not there', () => ({ workflowVersionId: newId() }), 'NOT_FOUND'],
    ['of another workflow', () => ({ workflowId: newId() }), 'NOT_FOUND'],
    ['in another workspace', () => ({ workspaceId: newId() }), 'NOT_FOUND'],
    ['with a NUL in a tag', () => ({ tags: ['a\0'] }), 'INVALID'],
    ['with 101 tags', () => ({ tags: Array.from({ length: 101 }, (_, n) => `${n}`) }), 'LIMITED'],
    ['with a step cached that it has not', () => ({ cachedSteps: ['no'] }), 'INVALID'],
  ])('a run %s is refused, and the others with it', async (_name, wrong, code) => {
    const before = await count();
    await expect(queue(newRun(version), newRun(version, wrong(version)))).rejects.toMatchObject({
      code,
    });
    expect(await count()).toBe(before);
  });

  test('the same recording twice is one run: the second fails on its hash', async () => {
    const of = () => newRun(version, { sourceHash: 'sha256:2' });
    await queue(of());
    await expect(queue(of())).rejects.toMatchObject({ code: '23505' });
  });
});
