import { describe, expect, test } from 'vitest';
import { AT, call, event } from '../../../e2e/kit/log-world.ts';
import { Invalid, Limited } from '../../errors.ts';
import { newId } from '../../keys.ts';
import { CALL_LIMITS, checkCall } from './check.ts';
import type { AppendCall, JsonObject, JsonValue, NewEvent } from '../log.ts';

const RUN = newId();
const check = (given: AppendCall, limits = CALL_LIMITS) => checkCall(given, limits);
const one = (given: NewEvent) => check(call(RUN, [given])).events[0]!;
const note = (payload: JsonObject) => event('COST_RECORDED', { payload: { ...COST, ...payload } });
const COST = { kind: 'gpu', amount: 1, unit: 'h' };

/** The issues of a refused call, as `path: message`. */
function issuesOf(given: AppendCall): string[] {
  try {
    check(given);
  } catch (error) {
    if (error instanceof Invalid)
      return error.issues.map((each) => `${each.path}: ${each.message}`);
    throw error;
  }
  return [];
}

function limitOf(work: () => unknown): [number, number] {
  try {
    work();
  } catch (error) {
    if (error instanceof Limited) return [error.limit, error.seen];
    throw error;
  }
  throw new Error('not refused');
}

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { in: value };
  return value;
}

describe('a call', () => {
  test('is stored with ids in lower case and defaults filled in', () => {
    const id = newId();
    const given = event('LOG_APPENDED', {
      eventId: id.toUpperCase(),
      payload: { lines: ['a'] },
    });
    const checked = check(call(RUN.toUpperCase(), [given], { fence: id.toUpperCase() }));
    expect(checked).toMatchObject({
      runId: RUN,
      fence: id,
      expectedVersion: null,
      mover: 'worker',
    });
    expect(checked.events[0]).toMatchObject({
      eventId: id,
      stepKey: null,
      attempt: null,
      schemaVersion: 1,
      occurredAt: AT.toISOString(),
      payloadText: '{"lines":["a"]}',
    });
  });

  test('is refused with every issue at once, each by its path', () => {
    expect(
      issuesOf(
        call(
          'no id',
          [
            event('STEP_STARTED', { eventId: 'x', schemaVersion: 0 }),
            event('RUN_STARTED', { stepKey: 'a', attempt: 0, occurredAt: new Date(Number.NaN) }),
            event('STEP_PROGRESS', { stepKey: 'a', payload: { progress: 1.5, message: 'a\0b' } }),
            event('STEP_PROGRESS', { stepKey: '', payload: { progress: 1.5 } }),
          ],
          { fence: 'y', expectedVersion: -1 },
        ),
      ),
    ).toEqual([
      'events[0].stepKey: is required for STEP_STARTED',
      'events[0].schemaVersion: must be a whole number from 1 to 32767, got 0',
      'events[0].eventId: must be a UUID',
      'events[1].stepKey: does not belong to RUN_STARTED',
      'events[1].attempt: must be a whole number from 1 to 2147483647, got 0',
      'events[1].occurredAt: must be a time from 1970 to 9999',
      'events[2].payload.message: must not hold NUL',
      'events[3].stepKey: must have 1 to 1024 bytes, got 0',
      'events[3].payload.progress: must be a number from 0 to 1, got 1.5',
      'runId: must be a UUID',
      'fence: must be a UUID',
      'expectedVersion: must be a whole number from 0 to 9007199254740991, got -1',
    ]);
  });

  test('holds at least one event', () => {
    expect(issuesOf(call(RUN, []))).toEqual(['events: must not be empty']);
  });

  test('comes from whom its events may come from', () => {
    expect(issuesOf(call(RUN, [event('RUN_CANCEL_REQUESTED')]))).toEqual([
      'events[0].type: RUN_CANCEL_REQUESTED may come from user, not from worker',
    ]);
    expect(issuesOf(call(RUN, [event('RUN_STARTED')], { actor: 'user:ada' }))).toEqual([
      'events[0].type: RUN_STARTED may come from worker, not from user',
    ]);
    expect(issuesOf(call(RUN, [event('RUN_PAUSED')], { actor: 'user:a\0da' }))).toEqual([
      'actor: must be storable text of at most 256',
    ]);
  });
});

describe('limits', () => {
  test('of events: 1,000 in a call, 1,001 are refused', () => {
    const events = Array.from({ length: 1_001 }, () => note({}));
    expect(check(call(RUN, events.slice(1))).events).toHaveLength(1_000);
    expect(limitOf(() => check(call(RUN, events)))).toEqual([1_000, 1_001]);
  });

  test('of a payload: 1 MiB of UTF-8, not one byte more', () => {
    const empty = Buffer.byteLength(JSON.stringify({ ...COST, text: '' }));
    const text = 'é'.repeat((1_048_576 - empty) >> 1) + ((1_048_576 - empty) % 2 ? 'x' : '');
    expect(Buffer.byteLength(one(note({ text })).payloadText)).toBe(1_048_576);
    expect(limitOf(() => one(note({ text: `${text}x` })))).toEqual([1_048_576, 1_048_577]);
  });

  test('of all payloads of a call: 4 MiB, not one byte more', () => {
    const empty = Buffer.byteLength(JSON.stringify({ ...COST, text: '' }));
    const events = (bytes: number[]) =>
      bytes.map((each) => note({ text: 'x'.repeat(each - empty) }));
    const full = [1_048_576, 1_048_576, 1_048_576, 1_048_000, 576];
    expect(check(call(RUN, events(full))).bytes).toBe(4 * 1_048_576);
    const over = events([...full.slice(0, 4), 577]);
    expect(limitOf(() => check(call(RUN, over)))).toEqual([4_194_304, 4_194_305]);
  });

  test('of nesting: 32 objects and lists in each other, and absurd depth harms nobody', () => {
    expect(one(note({ deep: nested(31) })).type).toBe('COST_RECORDED');
    expect(limitOf(() => one(note({ deep: nested(32) })))).toEqual([32, 33]);
    expect(limitOf(() => one(note({ deep: nested(50_000) })))[0]).toBe(32);
  });

  test('of time: from 1970 to 9999, to the millisecond', () => {
    const at = (time: string | number) => event('RUN_STARTED', { occurredAt: new Date(time) });
    expect(one(at(0)).occurredAt).toBe('1970-01-01T00:00:00.000Z');
    expect(one(at('9999-12-31T23:59:59.999Z')).occurredAt).toBe('9999-12-31T23:59:59.999Z');
    const message = 'events[0].occurredAt: must be a time from 1970 to 9999';
    expect(issuesOf(call(RUN, [at(-1)]))).toEqual([message]);
    expect(issuesOf(call(RUN, [at('+010000-01-01T00:00:00.000Z')]))).toEqual([message]);
  });

  test('of a step key: 1,024 bytes of UTF-8', () => {
    const at = (stepKey: string) => event('STEP_QUEUED', { stepKey });
    expect(one(at('é'.repeat(512))).stepKey).toHaveLength(512);
    expect(issuesOf(call(RUN, [at(`${'é'.repeat(512)}x`)]))).toEqual([
      'events[0].stepKey: must have 1 to 1024 bytes, got 1025',
    ]);
  });
});

test.each([['text'], [1], [true], [[]], [[{}]]])(
  'a payload that is no object is refused: %j',
  (value) => {
    const payload = value as unknown as JsonObject;
    expect(issuesOf(call(RUN, [event('METADATA_UPDATED', { payload })]))).toEqual([
      'events[0].payload: must be an object',
    ]);
  },
);

describe('text that Postgres cannot store', () => {
  test.each([
    ['a NUL', 'a\0', 'must not hold NUL'],
    ['the first half of a pair', 'a\ud83d', 'holds half of a surrogate pair'],
    ['the second half of a pair', '\ude00a', 'holds half of a surrogate pair'],
  ])('%s is refused wherever it is', (_name, text, why) => {
    expect(issuesOf(call(RUN, [note({ list: [{ deep: text }] })]))).toEqual([
      `events[0].payload.list[0].deep: ${why}`,
    ]);
    const [issue] = issuesOf(call(RUN, [note({ [text]: 1 })]));
    expect(issue).toMatch(/^events\[0\]\.payload\..*: its name (must not hold NUL|holds half of)/);
    expect(issuesOf(call(RUN, [event('STEP_QUEUED', { stepKey: text })]))).toEqual([
      `events[0].stepKey: ${why}`,
    ]);
  });

  test('is not what only looks like it: an escaped backslash, a whole pair', () => {
    const payload = { ...COST, text: '\\u0000 \\ud83d 😀' };
    expect(JSON.parse(one(event('COST_RECORDED', { payload })).payloadText)).toEqual(payload);
  });

  test('numbers that JSON does not have and values that are not JSON are refused', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, new Date(), () => 1]) {
      expect(issuesOf(call(RUN, [note({ value: value as unknown as JsonValue })]))).toEqual([
        'events[0].payload.value: is not JSON',
      ]);
    }
  });
});

describe('payloads', () => {
  test.each<[string, NewEvent, string[]]>([
    [
      'an output without a name',
      event('STEP_SUCCEEDED', { stepKey: 'a', payload: { outputs: [{ kind: 'bam' }] } }),
      ['events[0].payload.outputs[0].name: is required'],
    ],
    [
      'a size below 0, past 2^53 - 1, or not whole',
      event('STEP_SUCCEEDED', {
        stepKey: 'a',
        payload: { outputs: [-1, 2 ** 53, 0.5].map((sizeBytes) => ({ name: 'x', sizeBytes })) },
      }),
      ['-1', '9007199254740992', '0.5'].map(
        (got, at) =>
          `events[0].payload.outputs[${at}].sizeBytes: must be a whole number from 0 to 9007199254740991, got ${got}`,
      ),
    ],
    [
      'a reason that is none',
      event('RUN_FAILED', { payload: { reason: 'BORED' } }),
      [
        'events[0].payload.reason: must be one of ERROR, TIMEOUT, CANCELED, OUT_OF_MEMORY, WORKER_LOST, INVALID_OUTPUT, UPSTREAM_FAILED, got "BORED"',
      ],
    ],
    [
      'a check without artifact, name and outcome',
      event('CHECK_EVALUATED', { payload: { score: 2 } }),
      [
        'events[0].payload.artifact: is required',
        'events[0].payload.check: is required',
        'events[0].payload.outcome: is required',
        'events[0].payload.score: must be a number from 0 to 1, got 2',
      ],
    ],
    [
      'tags that are no texts',
      event('METADATA_UPDATED', { payload: { addTags: ['a', '', 1], metadata: [] } }),
      [
        'events[0].payload.metadata: must be an object',
        'events[0].payload.addTags[1]: must not be empty',
        'events[0].payload.addTags[2]: must be text',
      ],
    ],
  ])('%s: refused by its path', (_name, given, issues) => {
    expect(issuesOf(call(RUN, [given]))).toEqual(issues);
  });

  test('keep keys that no shape has, and take null for absent', () => {
    const payload = { message: null, mine: { a: [1, null] } };
    expect(one(event('STEP_SKIPPED', { stepKey: 'a', payload })).payload).toEqual(payload);
  });

  test('hold at most 10,000 items of a kind', () => {
    const lines = Array.from({ length: 10_001 }, () => 'x');
    expect(one(event('LOG_APPENDED', { payload: { lines: lines.slice(1) } })).type).toBeTruthy();
    expect(issuesOf(call(RUN, [event('LOG_APPENDED', { payload: { lines } })]))).toEqual([
      'events[0].payload.lines: may have at most 10000 items, got 10001',
    ]);
  });
});
