import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { AT, addRuns, addVersion, call, event, type Version } from '../../../e2e/kit/log-world.ts';
import { newId } from '../../keys.ts';
import { appendIn, openRunLog } from './append.ts';
import type { AppendCall, JsonObject, NewEvent, RunLog } from '../log.ts';
import { readEvents } from '../read.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  /** Two gateways on one database. */
  let log: RunLog;
  let other: RunLog;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, ['align', 'sort']);
    log = openRunLog(database.sql);
    other = openRunLog(database.sql);
  });
  afterAll(async () => {
    await log.close();
    await other.close();
    await database.close();
  });

  const queuedRun = async () => (await addRuns(database.sql, version, 1))[0]!;
  async function startedRun() {
    const run = await queuedRun();
    const { fence } = await log.append(call(run, [event('RUN_STARTED')]));
    return { run, fence, work: (...events: NewEvent[]) => call(run, events, { fence }) };
  }
  const typesOf = async (run: string) =>
    (await readEvents(database.sql, run, 0, 1_000)).map(({ type }) => type);
  const rowOf = async (run: string) =>
    (await database.pool.query('SELECT * FROM run WHERE id = $1', [run])).rows[0];
  const refusal = (given: AppendCall, by = log) =>
    by.append(given).then(
      () => 'accepted',
      (error: Error & { code: string }) => `${error.code} ${error.message}`,
    );

  describe('an event sent again', () => {
    test('gets its first answer, by any gateway, even when its run has ended', async () => {
      const { run, work } = await startedRun();
      const given = work(event('STEP_STARTED', { stepKey: 'align' }), event('RUN_SUCCEEDED'));
      const first = await log.append(given);
      expect(first.events.map(({ seq, repeated }) => [seq, repeated])).toEqual([
        [3, false],
        [4, false],
      ]);
      for (const by of [log, other]) {
        const again = await by.append(given);
        expect(again).toMatchObject({ status: 'SUCCEEDED', version: 4, fence: first.fence });
        expect(again.events).toEqual(first.events.map((each) => ({ ...each, repeated: true })));
      }
      expect(await refusal(work(event('RUN_SUCCEEDED')))).toMatch(/^CONFLICT .*run is SUCCEEDED/);
      expect(await typesOf(run)).toHaveLength(4);
    });

    test('in the same flush, or in the same call, is stored once', async () => {
      const { run, work } = await startedRun();
      const line = event('LOG_APPENDED', { payload: { lines: ['a'] } });
      const answers = await Promise.all([log.append(work(line, line)), log.append(work(line))]);
      expect(answers.flatMap(({ events }) => events)).toEqual([
        { eventId: line.eventId, seq: 3, repeated: false },
        { eventId: line.eventId, seq: 3, repeated: true },
        { eventId: line.eventId, seq: 3, repeated: true },
      ]);
      expect(await typesOf(run)).toHaveLength(3);
    });

    test('counts as the same whatever the order of its keys, and with its attempt left out', async () => {
      const { work } = await startedRun();
      const first = event('STEP_STARTED', {
        stepKey: 'align',
        attempt: 1,
        payload: { worker: 'w', a: 1e21, nothing: null, deep: { b: [0.1, 2], c: 'é' } },
      });
      const again = {
        ...first,
        attempt: null,
        payload: { deep: { c: 'é', b: [0.1, 2] }, nothing: null, a: 1e21, worker: 'w' },
      };
      await log.append(work(first));
      const { events } = await other.append(
        work({ ...again, eventId: again.eventId.toUpperCase() }),
      );
      expect(events).toEqual([{ eventId: first.eventId, seq: 3, repeated: true }]);
    });

    test.each<[string, Partial<NewEvent>]>([
      ['type', { type: 'STEP_QUEUED' }],
      ['step', { stepKey: 'sort' }],
      ['attempt', { attempt: 2 }],
      ['time', { occurredAt: new Date(AT.getTime() + 1) }],
      ['cause', { causationId: newId() }],
      ['correlation', { correlationId: newId() }],
      ['schema version', { schemaVersion: 2 }],
      ['payload', { payload: { message: 'b' } }],
    ])('with another %s is a conflict, later and in the same flush', async (_name, difference) => {
      const { run, work } = await startedRun();
      const first = event('STEP_STARTED', { stepKey: 'align', payload: { message: 'a' } });
      const answers = await Promise.all([
        log.append(work(first)),
        refusal(work({ ...first, ...difference })),
      ]);
      expect(answers[1]).toMatch(/^CONFLICT events\[0\] .* stored with another body/);
      expect(await refusal(work({ ...first, ...difference }), other)).toBe(answers[1]);
      expect(await typesOf(run)).toHaveLength(3);
    });

    test('by another actor is a conflict', async () => {
      const { run } = await startedRun();
      const given = event('RUN_PAUSED');
      await log.append(call(run, [given], { actor: 'user:ada' }));
      expect(await refusal(call(run, [given], { actor: 'user:bob' }))).toMatch(/^CONFLICT/);
    });
  });

  describe('a refused call', () => {
    test('stores none of its events and leaves no trace in its flush', async () => {
      const { run, work } = await startedRun();
      const start = event('STEP_STARTED', { stepKey: 'align' });
      const answers = await Promise.allSettled([
        log.append(work(start, event('STEP_STARTED', { stepKey: 'align' }))),
        log.append(work(start)), // Not known, and legal: the call before was dropped whole.
        log.append(work(event('STEP_SUCCEEDED', { stepKey: 'sort' }))),
        log.append(work(event('STEP_SUCCEEDED', { stepKey: 'align' }))),
      ]);
      expect(answers).toMatchObject([
        {
          reason: {
            message:
              'events[1] STEP_STARTED: step align is RUNNING, expected PENDING or QUEUED or RETRYING',
          },
        },
        { value: { events: [{ seq: 3, repeated: false }] } },
        { reason: { code: 'CONFLICT' } },
        { value: { events: [{ seq: 4, repeated: false }], version: 4 } },
      ]);
      expect(await rowOf(run)).toMatchObject({ version: '4', steps_done: 1, steps_running: 0 });
    });

    test('is NOT_FOUND without a run, and in another workspace', async () => {
      const { run } = await startedRun();
      const missing = newId();
      expect(await refusal(call(missing, [event('RUN_STARTED')]))).toBe(
        `NOT_FOUND Run ${missing} was not found`,
      );
      expect(
        await refusal(call(run, [event('RUN_PAUSED')], { actor: 'user:a', workspaceId: newId() })),
      ).toBe(`NOT_FOUND Run ${run} was not found`);
    });

    test('is INVALID by the path of a step, an input or an artifact that is not there', async () => {
      const { work } = await startedRun();
      const elsewhere = newId();
      expect(await refusal(work(event('STEP_QUEUED', { stepKey: 'no' })))).toBe(
        'INVALID events[0].stepKey: the run has no step "no"',
      );
      const inputs = [{ name: 'x', artifactId: elsewhere }];
      expect(
        await refusal(work(event('STEP_STARTED', { stepKey: 'align', payload: { inputs } }))),
      ).toBe(`INVALID events[0].payload.inputs[0].artifactId: there is no artifact ${elsewhere}`);
      const payload: JsonObject = { artifact: 'no', check: 'c', outcome: 'PASSED' };
      expect(await refusal(work(event('CHECK_EVALUATED', { payload })))).toBe(
        'INVALID events[0].payload.artifact: the run has no artifact "no"',
      );
    });

    test('is CONFLICT when the run is not at the version that the caller expects', async () => {
      const { run } = await startedRun();
      const pause = call(run, [event('RUN_PAUSED')], { actor: 'user:a', expectedVersion: 1 });
      expect(await refusal(pause)).toBe(`CONFLICT Run ${run} is at version 2, expected version 1`);
      const now = { ...pause, expectedVersion: 2 };
      expect((await log.append(now)).version).toBe(3);
      expect((await log.append(now)).events[0]!.repeated).toBe(true); // A repeat needs no version.
    });

    test('is CONFLICT when it names another attempt than the step is at', async () => {
      const { work } = await startedRun();
      const of = (type: NewEvent['type'], attempt: number) =>
        event(type, { stepKey: 'align', attempt });
      expect(await refusal(work(of('STEP_STARTED', 2)))).toMatch(
        /is at attempt 1, expected attempt 2/,
      );
      await log.append(work(of('STEP_STARTED', 1)));
      expect(await refusal(work(of('STEP_SUCCEEDED', 2)))).toMatch(/is at attempt 1/);
      await log.append(work(of('STEP_RETRYING', 1), of('STEP_STARTED', 2)));
      expect(await refusal(work(of('STEP_SUCCEEDED', 1)))).toMatch(
        /at attempt 2, expected attempt 1/,
      );
      const late = event('LOG_APPENDED', { stepKey: 'align', attempt: 1, payload: { lines: [] } });
      expect((await log.append(work(late))).version).toBe(6);
    });
  });

  test('a flush costs as many statements for one event as for a thousand of fifty runs', async () => {
    const runs = await Promise.all(Array.from({ length: 50 }, startedRun));
    const names = async (events: number) => {
      database.statements();
      const line = () => event('LOG_APPENDED', { payload: { lines: [] } });
      await Promise.all(
        Array.from({ length: events }, (_, at) => log.append(runs[at % 50]!.work(line()))),
      );
      return database.statements();
    };
    const few = ['log.planByIndex', 'log.lock', 'log.known', 'log.write.count'];
    expect(await names(1)).toEqual(few);
    expect(await names(1_000)).toEqual(few);
    database.statements();
    await Promise.all(
      runs.map(({ work }) =>
        log.append(
          work(event('STEP_STARTED', { stepKey: 'align', payload: { inputs: [{ name: 'x' }] } })),
        ),
      ),
    );
    expect(database.statements()).toEqual([
      ...few.slice(0, 3),
      'log.steps',
      'log.artifacts',
      'log.write.count.step.attempt.make.use',
    ]);
  });

  describe('within the transaction of a caller', () => {
    test('many thousand events are appended as one call, or none', async () => {
      const run = await queuedRun();
      const lines = (count: number) =>
        Array.from({ length: count }, (_, at) =>
          event('LOG_APPENDED', { payload: { lines: [`${at}`] } }),
        );
      const given = call(run, [event('RUN_STARTED'), ...lines(4_998), event('RUN_SUCCEEDED')]);
      const bad = call(run, [...lines(2_500), event('RUN_SUCCEEDED')]);
      const both = database.sql.transaction((tx) => appendIn(tx, [given, bad]));
      await expect(both).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await typesOf(run)).toEqual(['RUN_QUEUED']);
      const [answer] = await database.sql.transaction((tx) => appendIn(tx, [given]));
      expect(answer).toMatchObject({ status: 'SUCCEEDED', version: 5_001 });
      const read = await readEvents(database.sql, run, 4_000, 2_000);
      expect(read.map(({ seq }) => seq)).toEqual(
        Array.from({ length: 1_001 }, (_, at) => 4_001 + at),
      );
      expect(read.at(-2)?.payload).toEqual({ lines: ['4997'] });
    });
  });
});
