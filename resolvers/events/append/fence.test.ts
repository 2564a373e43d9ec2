import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addRuns, addVersion, call, event, type Version } from '../../../e2e/kit/log-world.ts';
import { newId } from '../../keys.ts';
import { openRunLog } from './append.ts';
import type { AppendCall, RunLog } from '../log.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  let logs: readonly [RunLog, RunLog];
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, ['align']);
    logs = [openRunLog(database.sql), openRunLog(database.sql)];
  });
  afterAll(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await database.close();
  });

  const queuedRun = async () => (await addRuns(database.sql, version, 1))[0]!;
  const begin = () => event('STEP_STARTED', { stepKey: 'align' });
  const outcome = (given: AppendCall, by = logs[0]) =>
    by.append(given).then(
      (appended) => appended,
      (error: Error & { code: string }) => error.code,
    );

  test('of many workers that start a run through two gateways one wins; the others learn it', async () => {
    for (const run of await addRuns(database.sql, version, 10)) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, at) =>
          outcome(call(run, [event('RUN_STARTED')]), logs[at % 2]),
        ),
      );
      const won = answers.filter((answer) => typeof answer === 'object');
      expect(won).toHaveLength(1);
      expect(answers.filter((answer) => answer === 'CONFLICT')).toHaveLength(7);
      const { rows } = await database.pool.query('SELECT fence FROM run WHERE id = $1', [run]);
      expect(won[0]!.fence).toBe(rows[0].fence);
    }
  });

  test('the winner carries its fence; without it, or with another, a worker is refused', async () => {
    const run = await queuedRun();
    const { fence } = await logs[0].append(call(run, [event('RUN_STARTED')]));
    expect(await outcome(call(run, [begin()]))).toBe('CONFLICT');
    expect(await outcome(call(run, [begin()], { fence: newId() }))).toBe('CONFLICT');
    const answer = await logs[1].append(call(run, [begin()], { fence: fence!.toUpperCase() }));
    expect(answer).toMatchObject({ version: 3, fence });
  });

  test('a fence is none before the run has one', async () => {
    const run = await queuedRun();
    expect(await outcome(call(run, [event('RUN_STARTED')], { fence: newId() }))).toBe('CONFLICT');
  });

  test('a worker that lost the answer gets it again by its RUN_STARTED, and may go on in that call', async () => {
    const run = await queuedRun();
    const started = event('RUN_STARTED');
    const { fence } = await logs[0].append(call(run, [started]));
    expect((await logs[1].append(call(run, [started]))).fence).toBe(fence);
    expect(await outcome(call(run, [started, begin()]))).toMatchObject({ version: 3, fence });
  });

  test('a call that is known whole needs no fence, and without RUN_STARTED does not tell it', async () => {
    const run = await queuedRun();
    const { fence } = await logs[0].append(call(run, [event('RUN_STARTED')]));
    const given = call(run, [begin()], { fence });
    await logs[0].append(given);
    const again = await outcome({ ...given, fence: null });
    expect(again).toMatchObject({ fence: null, events: [{ seq: 3, repeated: true }] });
  });

  test('users and the gateway need none, and are told none', async () => {
    const run = await queuedRun();
    await logs[0].append(call(run, [event('RUN_STARTED')]));
    const paused = await logs[0].append(call(run, [event('RUN_PAUSED')], { actor: 'user:ada' }));
    expect(paused).toMatchObject({ status: 'PAUSED', fence: null });
    const crashed = await logs[1].append(call(run, [event('RUN_CRASHED')], { actor: 'gateway' }));
    expect(crashed).toMatchObject({ status: 'CRASHED', fence: null });
  });

  test('of a run that ended, nothing but repeats and the judgement of users comes after', async () => {
    const run = await queuedRun();
    const { fence } = await logs[0].append(
      call(run, [
        event('RUN_STARTED'),
        event('ARTIFACT_PRODUCED', { payload: { artifact: { name: 'a' } } }),
        event('RUN_SUCCEEDED'),
      ]),
    );
    const labels = () => event('METADATA_UPDATED', { payload: { addTags: ['good'] } });
    const judged = () =>
      event('CHECK_EVALUATED', { payload: { artifact: 'a', check: 'c', outcome: 'PASSED' } });
    for (const given of [labels(), judged(), begin(), event('COST_RECORDED', { payload: COST })]) {
      expect(await outcome(call(run, [given], { fence }))).toBe('CONFLICT');
    }
    expect(await outcome(call(run, [event('RUN_CRASHED')], { actor: 'gateway' }))).toBe('CONFLICT');
    const said = await outcome(call(run, [labels(), judged()], { actor: 'user:ada' }));
    expect(said).toMatchObject({ status: 'SUCCEEDED', version: 6 });
  });
});

const COST = { kind: 'gpu', amount: 1, unit: 'h' };
