import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckOutcome, FailureReason } from '../../../prisma/generated/enums.ts';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { foldedRows, storedRows } from '../../../e2e/kit/fold.ts';
import { AT, addVersion, call, newRun, type Version } from '../../../e2e/kit/log-world.ts';
import { newId } from '../../keys.ts';
import { openRunLog } from './append.ts';
import type { Actor, JsonObject, NewEvent, RunLog } from '../log.ts';
import { queueRuns } from './queue-run.ts';

const STEPS = ['a', 'b', 'c "quoted"'];
const NAMES = ['x', 'y\\"z', 'é😀'];

const name = fc.constantFrom(...NAMES);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const output = fc.record(
  {
    name,
    kind: maybe(fc.constantFrom('bam', 'report')),
    sizeBytes: maybe(fc.maxSafeNat()),
    checksum: maybe(fc.constant('sha256:1')),
    metadata: maybe(fc.constantFrom<JsonObject>({ k: 1 }, { l: ['\n', '"'] })),
  },
  { requiredKeys: ['name'] },
);
const outputs = fc.array(output, { maxLength: 3 });
const message = maybe(fc.constantFrom('half', 'a "b" \\ c', ''));
const failure = fc.record({
  reason: maybe(fc.constantFrom(...Object.values(FailureReason))),
  error: maybe(fc.constantFrom('boom', 'line\nline')),
});
const stepEvent = (type: NewEvent['type'], payload: fc.Arbitrary<object>) =>
  fc.record({ type: fc.constant(type), stepKey: fc.constantFrom(...STEPS), payload });
const event = (type: NewEvent['type'], payload: fc.Arbitrary<object>) =>
  fc.record({ type: fc.constant(type), stepKey: fc.constant(null), payload });

/** Most of these are legal somewhere; those that are not are refused and leave no trace, which is part of it. */
const happening = fc.oneof(
  {
    weight: 5,
    arbitrary: stepEvent(
      'STEP_STARTED',
      fc.record({ worker: maybe(fc.constant('w')), inputs: outputs }),
    ),
  },
  {
    weight: 3,
    arbitrary: stepEvent(
      'STEP_PROGRESS',
      fc.record({ progress: fc.constantFrom(0, 0.1, 1), message }),
    ),
  },
  { weight: 4, arbitrary: stepEvent('STEP_SUCCEEDED', fc.record({ outputs, message })) },
  { weight: 2, arbitrary: stepEvent('STEP_FAILED', failure) },
  { weight: 3, arbitrary: stepEvent('STEP_RETRYING', failure) },
  stepEvent('STEP_QUEUED', fc.constant({})),
  stepEvent('STEP_SKIPPED', fc.record({ message })),
  stepEvent('STEP_CACHED', fc.record({ outputs })),
  stepEvent('STEP_CANCELED', fc.constant({})),
  { weight: 3, arbitrary: event('ARTIFACT_PRODUCED', fc.record({ artifact: output })) },
  {
    weight: 3,
    arbitrary: event(
      'CHECK_EVALUATED',
      fc.record({
        artifact: name,
        check: fc.constantFrom('c', 'd'),
        outcome: fc.constantFrom(...Object.values(CheckOutcome)),
        score: maybe(fc.constantFrom(0, 0.25, 1)),
      }),
    ),
  },
  event(
    'METADATA_UPDATED',
    fc.record({
      metadata: fc.constantFrom<JsonObject>({ p: 1 }, { p: null, q: 'r' }),
      addTags: fc.subarray(['t', 'u', 'v"']),
    }),
  ),
  event('COST_RECORDED', fc.constant({ kind: 'gpu', amount: 1.5, unit: 'h' })),
  event('RUN_PAUSED', fc.record({ statusName: maybe(fc.constant('Waiting')) })),
  event('RUN_RESUMED', fc.constant({})),
);
const ending = fc.constantFrom<[NewEvent['type'], Actor] | null>(
  null,
  ['RUN_SUCCEEDED', 'worker'],
  ['RUN_FAILED', 'worker'],
  ['RUN_TIMED_OUT', 'gateway'],
  ['RUN_CRASHED', 'gateway'],
);

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  let log: RunLog;
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, STEPS);
    log = openRunLog(database.sql, { flush_events_max: 8 }); // So that rows are read again and again.
  });
  afterAll(async () => {
    await log.close();
    await database.close();
  });

  test('the rows of a run are what folding its log gives, however its events were cut into calls', async () => {
    const life = fc.tuple(
      fc.array(fc.array(happening, { minLength: 1, maxLength: 4 }), { maxLength: 25 }),
      ending,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
        const runs = lives.map(() => newRun(version, { tags: ['t'], metadata: { p: 0 } }));
        await database.sql.transaction((tx) => queueRuns(tx, runs));
        let at_ms = AT.getTime();
        const placed = (each: Pick<NewEvent, 'type' | 'stepKey'> & { payload: object }) =>
          ({ ...each, eventId: newId(), occurredAt: new Date((at_ms += 7)) }) as NewEvent;
        // Runs side by side: one flush holds calls of all of them.
        await Promise.all(
          runs.map(async ({ id }, at) => {
            const [calls, end] = lives[at]!;
            const { fence } = await log.append(
              call(id, [placed({ type: 'RUN_STARTED', stepKey: null, payload: {} })]),
            );
            const sent = calls.map((events) => log.append(call(id, events.map(placed), { fence })));
            await Promise.allSettled(sent);
            if (!end) return;
            const [type, actor] = end;
            await log.append(
              call(id, [placed({ type, stepKey: null, payload: {} })], { actor, fence }),
            );
          }),
        );
        for (const { id } of runs) {
          expect(await storedRows(database.sql, id)).toEqual(
            await foldedRows(database.sql, id, STEPS),
          );
        }
      }),
      { numRuns: 30 },
    );
  });
});
