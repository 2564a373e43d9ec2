/** The emitter against a gateway of the test, call by call, and a clock that stands still. */
import { expect, test } from 'vitest';
import { handClock } from '../e2e/kit/hand-clock.ts';
import { openEmitter, type EmitterOptions, type Spool } from './emitter.ts';

interface Call {
  readonly operation: string;
  readonly fence: string | null;
  readonly events: { eventId: string; payload: { n: number } }[];
  readonly bytes: number;
  answer(result: object): void;
  lose(): void;
}

const STORED = { status: 'RUNNING', fence: 'f1' };

function world(options: Partial<EmitterOptions> = {}) {
  const clock = handClock();
  const calls: Call[] = [];
  const emitter = openEmitter({
    url: 'http://gateway/graphql',
    runId: 'r',
    fetch: (_url, { body, signal }) =>
      new Promise((done, fail) => {
        const { query, variables } = JSON.parse(body) as {
          query: string;
          variables: { input: Pick<Call, 'fence'> & Partial<Pick<Call, 'events'>> };
        };
        const { fence, events = [] } = variables.input;
        const operation = /\w+ (\w+)/.exec(query)![1]!;
        signal.addEventListener('abort', () => fail(new Error('aborted')));
        calls.push({
          operation,
          fence,
          events,
          bytes: JSON.stringify(events).length,
          answer(result) {
            const field = operation === 'Append' ? 'appendRunEvents' : 'heartbeat';
            const whole = 'errors' in result ? result : { data: { [field]: result } };
            done(new Response(JSON.stringify(whole)));
          },
          lose: () => fail(new Error('lost')),
        });
      }),
    backoff_first_ms: 100,
    backoff_max_ms: 400,
    clock,
    random: () => 1,
    ...options,
  });
  let numbers = 0;
  const emit = () => {
    numbers += 1;
    const payload = { n: numbers };
    return emitter.emit({ type: 'STEP_PROGRESS', stepKey: 'a', payload });
  };
  const sent = (at: number) => calls[at]!.events.map(({ payload }) => payload.n);
  return { clock, calls, emitter, emit, sent };
}

test('emit returns at once; what comes while a call is under way goes with the next, in order', async () => {
  const { clock, calls, emitter, emit, sent } = world();
  expect([emit(), emit(), emit()]).toEqual([true, true, true]);
  expect(calls).toHaveLength(1);
  expect([sent(0), calls[0]!.fence]).toEqual([[1], null]);
  calls[0]!.answer(STORED);
  await clock.pass(0);
  expect([sent(1), calls[1]!.fence]).toEqual([[2, 3], 'f1']);
  expect(emitter.fence()).toBe('f1');
  const flushed = emitter.flush();
  calls[1]!.answer({ ...STORED, fence: null });
  await flushed;
  expect(emitter.counts()).toEqual({
    acknowledged: 3,
    waiting: 0,
    waiting_bytes: 0,
    calls: 2,
    repeats: 0,
  });
});

test.each([
  { what: 'its answer is lost', happen: (call: Call) => call.lose() },
  {
    what: 'a store is away',
    happen: (call: Call) =>
      call.answer({ errors: [{ message: 'no', extensions: { code: 'UNAVAILABLE' } }] }),
  },
])('a call is sent again with the same ids when $what, ever more rarely', async ({ happen }) => {
  const { clock, calls, emitter, emit } = world();
  emit();
  for (const wait_ms of [100, 200, 400, 400]) {
    const before = calls.length;
    happen(calls.at(-1)!);
    await clock.pass(wait_ms - 1);
    expect(calls).toHaveLength(before);
    await clock.pass(1);
    expect(calls).toHaveLength(before + 1);
  }
  const ids = new Set(calls.map(({ events }) => events[0]!.eventId));
  expect(ids.size).toBe(1);
  expect(emitter.counts()).toMatchObject({ calls: 5, repeats: 4, waiting: 1 });
});

test('a call that is not answered in time is sent again', async () => {
  const { clock, calls, emit } = world({ request_max_ms: 1_000 });
  emit();
  await clock.pass(1_000 + 100);
  expect(calls).toHaveLength(2);
});

test('it takes as many events as the buffer holds, and not one more until some are stored', async () => {
  const { clock, calls, emitter, emit } = world({ buffer_events_max: 3 });
  expect([emit(), emit(), emit(), emit()]).toEqual([true, true, true, false]);
  expect(emitter.counts().waiting).toBe(3);
  calls[0]!.answer(STORED);
  await clock.pass(0);
  expect([emit(), emit()]).toEqual([true, false]);
});

test('it takes as many bytes as the buffer holds, and not one more; what never fits is an error', () => {
  const event = {
    type: 'LOG_APPENDED',
    eventId: '00000000-0000-7000-8000-000000000001',
    occurredAt: new Date(0),
    payload: { lines: ['ä'] },
  };
  const { emitter } = world();
  emitter.emit(event);
  const bytes = emitter.counts().waiting_bytes;
  expect(bytes).toBe(Buffer.byteLength(JSON.stringify({ ...event, occurredAt: event.occurredAt })));
  const two = world({ buffer_bytes_max: 2 * bytes }).emitter;
  expect([two.emit(event), two.emit(event), two.emit(event)]).toEqual([true, true, false]);
  const one = world({ buffer_bytes_max: 2 * bytes - 1 }).emitter;
  expect([one.emit(event), one.emit(event)]).toEqual([true, false]);
  const none = world({ buffer_bytes_max: bytes - 1 }).emitter;
  expect(() => none.emit(event)).toThrow(`at most ${bytes - 1} bytes, got ${bytes}`);
});

test('a batch has so many events and so many bytes at most; a larger event goes alone', async () => {
  const { clock, calls, emitter, emit, sent } = world({
    batch_events_max: 2,
    batch_bytes_max: 400,
  });
  emit();
  for (let more = 0; more < 3; more++) emit();
  emitter.emit({ type: 'LOG_APPENDED', payload: { n: 5, lines: ['x'.repeat(500)] } });
  emit();
  for (const expected of [[1], [2, 3], [4], [5], [5]]) {
    const at = calls.length - 1;
    expect(sent(at)).toEqual(expected);
    calls[at]!.answer(STORED);
    await clock.pass(0);
  }
});

test.each(['CONFLICT', 'INVALID', 'NOT_FOUND'])(
  'refused as %s it stops, and says so',
  async (code) => {
    const { clock, calls, emitter, emit } = world();
    emit();
    emit();
    const flushed = expect(emitter.flush()).rejects.toMatchObject({ code, message: 'no' });
    calls[0]!.answer({ code, message: 'no' });
    await flushed;
    expect(emit).toThrow('no');
    await expect(emitter.flush()).rejects.toMatchObject({ code });
    await expect(emitter.close()).rejects.toMatchObject({ code });
    await clock.pass(100_000);
    expect(calls).toHaveLength(1); // What came after it is not sent.
    expect(clock.pending()).toBe(0);
  },
);

test('a call that is too much is sent again with half of its events; in the end it stops', async () => {
  const { clock, calls, emitter, emit } = world();
  emit();
  for (let more = 0; more < 8; more++) emit();
  calls[0]!.answer(STORED);
  await clock.pass(0);
  const flushed = expect(emitter.flush()).rejects.toMatchObject({ code: 'LIMITED' });
  const sizes: number[] = [];
  for (let tries = 0; tries <= 12; tries++) {
    sizes.push(calls.at(-1)!.events.length);
    calls.at(-1)!.answer({ code: 'LIMITED', message: 'too much' });
    await clock.pass(400);
  }
  await flushed;
  expect(sizes).toEqual([8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});

test('close waits until all is stored, takes no more, and leaves no timer', async () => {
  const { clock, calls, emitter, emit } = world();
  emit();
  const closed = emitter.close();
  expect(emit).toThrow('closed');
  calls[0]!.answer(STORED);
  await closed;
  expect(clock.pending()).toBe(0);
});

test('close with a bound gives up then, and says how much is left', async () => {
  const { clock, emitter, emit } = world();
  emit();
  const closed = expect(emitter.close(5_000)).rejects.toThrow(
    '1 events were not taken within 5000 ms',
  );
  await clock.pass(5_000);
  await closed;
  expect(clock.pending()).toBe(0);
});

test('a worker that says nothing is told alive, once it has won the run, and hears the status', async () => {
  const heard: string[] = [];
  const { clock, calls, emit } = world({
    heartbeat_ms: 1_000,
    onStatus: (status) => heard.push(status),
  });
  await clock.pass(5_000);
  expect(calls).toHaveLength(0); // Without a fence there is nothing to keep.
  emit();
  calls[0]!.answer(STORED);
  await clock.pass(999);
  expect(calls).toHaveLength(1);
  await clock.pass(1);
  expect(calls[1]).toMatchObject({ operation: 'Heartbeat', fence: 'f1' });
  calls[1]!.answer({ status: 'CANCELING' });
  await clock.pass(0);
  expect(heard).toEqual(['RUNNING', 'CANCELING']);
});

test('what a spool holds goes first; it hears of each event before emit answers, and of what is stored', async () => {
  const told: string[] = [];
  const spool: Spool = {
    load: () => ({ events: ['{"eventId":"kept","payload":{"n":0}}'], fence: 'f0' }),
    put: (event) => void told.push(`put ${(JSON.parse(event) as Call['events'][0]).payload.n}`),
    acknowledge: (count, fence) => void told.push(`stored ${count} ${fence}`),
    close: (done) => void told.push(`close ${done}`),
  };
  const { clock, calls, emitter, emit, sent } = world({ spool });
  expect([sent(0), calls[0]!.fence]).toEqual([[0], 'f0']);
  emit();
  expect(told).toEqual(['put 1']);
  calls[0]!.answer({ ...STORED, fence: null });
  await clock.pass(0);
  calls[1]!.answer({ ...STORED, fence: null });
  await emitter.close();
  expect(told).toEqual(['put 1', 'stored 1 f0', 'stored 1 f0', 'close true']);
});
