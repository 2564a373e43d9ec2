/** The socket's protocol, message by message, against a socket of the test and a clock that stands still. */
import { expect, test } from 'vitest';
import { handClock, type HandClock } from '../e2e/kit/hand-clock.ts';
import type { Asked, End, Hear } from './transport.ts';
import { socketTransport, type WebSocketLike } from './websocket.ts';

type Listener = (event: never) => void;

/** The other side of a socket. */
interface Far {
  readonly sent: { type: string; id?: string; payload?: { variables: object } }[];
  readonly closed: (number | 'cut')[];
  tell(type: 'open' | 'message' | 'close', event?: object): void;
  say(message: object): void;
}

function world() {
  const clock = handClock();
  const opened: Far[] = [];
  const transport = socketTransport({
    url: 'ws://gateway/graphql',
    webSocket: () => {
      const [near, far] = socketPair();
      opened.push(far);
      return near;
    },
    heartbeat_ms: 1_000,
    silence_max_ms: 2_500,
    open_wait_ms: 4_000,
    clock,
  });
  const begin = (after: string | null = null) => {
    const items: unknown[] = [];
    const stop = new AbortController();
    let openings = 0;
    const hear: Hear<unknown> = {
      opened: () => void (openings += 1),
      item: (item) => {
        items.push(item);
        return null;
      },
    };
    const asked: Asked<unknown> = { query: 'subscription { x }', field: 'x', after };
    const outcome: { end?: End } = {};
    void transport.carry(asked, hear, stop.signal).then((end) => (outcome.end = end));
    return { items, outcome, stop: () => stop.abort(), openings: () => openings };
  };
  return { clock, opened, begin };
}

function socketPair(): [WebSocketLike, Far] {
  const listeners = new Map<string, Listener>();
  const far: Far = {
    sent: [],
    closed: [],
    tell: (type, event) => listeners.get(type)?.(event as never),
    say: (message) => listeners.get('message')?.({ data: JSON.stringify(message) } as never),
  };
  const near: WebSocketLike = {
    addEventListener: (type: string, hear: Listener) => void listeners.set(type, hear),
    send: (text) => void far.sent.push(JSON.parse(text)),
    close: (code) => void far.closed.push(code ?? 1005),
    terminate: () => void far.closed.push('cut'),
  };
  return [near, far];
}

function acknowledge(far: Far): void {
  far.tell('open');
  far.say({ type: 'connection_ack' });
}

const settled = (clock: HandClock) => clock.pass(0);

test('it greets, subscribes after the acknowledgement at its cursor, and takes items', async () => {
  const { opened, begin } = world();
  const { items, openings } = begin('c7');
  const far = opened[0]!;
  far.tell('open');
  expect(far.sent).toEqual([{ type: 'connection_init' }]);
  expect(openings()).toBe(0);
  far.say({ type: 'connection_ack' });
  expect(openings()).toBe(1);
  expect(far.sent[1]).toEqual({
    id: '1',
    type: 'subscribe',
    payload: { query: 'subscription { x }', variables: { after: 'c7' } },
  });
  far.say({ type: 'next', id: '1', payload: { data: { x: 8 } } });
  expect(items).toEqual([8]);
});

test('several share one socket; it closes with the last', async () => {
  const { clock, opened, begin } = world();
  const [first, second] = [begin(), begin()];
  const far = opened[0]!;
  acknowledge(far);
  expect(opened).toHaveLength(1);
  far.say({ type: 'next', id: '2', payload: { data: { x: 'for the second' } } });
  expect([first.items, second.items]).toEqual([[], ['for the second']]);
  first.stop();
  await settled(clock);
  expect(first.outcome.end).toEqual({ kind: 'stopped' });
  expect(far.sent.at(-1)).toEqual({ id: '1', type: 'complete' });
  expect(far.closed).toEqual([]);
  far.say({ type: 'complete', id: '2' });
  await settled(clock);
  expect(second.outcome.end).toEqual({ kind: 'complete' });
  expect(far.closed).toEqual([1000]);
  expect(clock.pending()).toBe(0); // No timer outlives it.
  begin();
  expect(opened).toHaveLength(2);
});

test('a silent link is pinged; one that stays silent for 2.5 heartbeats is cut as half open', async () => {
  const { clock, opened, begin } = world();
  const { outcome } = begin();
  const far = opened[0]!;
  acknowledge(far);
  await clock.pass(1_000);
  expect(far.sent.at(-1)).toEqual({ type: 'ping' });
  far.say({ type: 'pong' });
  await clock.pass(2_499);
  expect(outcome.end).toBeUndefined();
  await clock.pass(1);
  expect(outcome.end).toEqual({ kind: 'half-open', reason: 'nothing heard for 2500 ms' });
  expect(far.closed).toEqual(['cut']);
});

test('a ping is answered', () => {
  const { opened, begin } = world();
  begin();
  acknowledge(opened[0]!);
  opened[0]!.say({ type: 'ping' });
  expect(opened[0]!.sent.at(-1)).toEqual({ type: 'pong' });
});

test('a socket that is not acknowledged in time is given up', async () => {
  const { clock, opened, begin } = world();
  const { outcome, openings } = begin();
  opened[0]!.tell('open');
  await clock.pass(3_999);
  expect(outcome.end).toBeUndefined();
  await clock.pass(1);
  expect(outcome.end).toEqual({ kind: 'broken', reason: 'no connection_ack within 4000 ms' });
  expect(openings()).toBe(0);
  expect(opened[0]!.closed).toEqual(['cut']);
});

test.each([
  { code: 1000, end: { kind: 'broken' } },
  { code: 1006, end: { kind: 'broken' } },
  { code: 1011, end: { kind: 'broken' } },
  { code: 1012, end: { kind: 'broken' } },
  { code: 1013, end: { kind: 'broken', wait_ms: 1_000 } },
  { code: 4406, end: { kind: 'broken' } },
  { code: 4408, end: { kind: 'broken' } },
  { code: 4500, end: { kind: 'broken' } },
  { code: 1009, end: { kind: 'refused', error: { code: 'CLOSED_1009' } } },
  { code: 4400, end: { kind: 'refused', error: { code: 'CLOSED_4400' } } },
  { code: 4401, end: { kind: 'refused', error: { code: 'CLOSED_4401' } } },
  { code: 4403, end: { kind: 'refused', error: { code: 'CLOSED_4403' } } },
  { code: 4409, end: { kind: 'refused', error: { code: 'CLOSED_4409' } } },
])('closed with $code it ends as $end', async ({ code, end }) => {
  const { clock, opened, begin } = world();
  const { outcome } = begin();
  acknowledge(opened[0]!);
  opened[0]!.tell('close', { code, reason: 'why' });
  await settled(clock);
  expect(outcome.end).toMatchObject(end);
  expect(JSON.stringify(outcome.end)).not.toContain('undefined');
});

test.each([
  { code: 'UNAVAILABLE', kind: 'broken' },
  { code: 'INTERNAL', kind: 'broken' },
  { code: 'CURSOR_EXPIRED', kind: 'refused' },
  { code: 'INVALID', kind: 'refused' },
  { code: 'NOT_FOUND', kind: 'refused' },
  { code: 'LIMITED', kind: 'refused' },
])('an error $code is $kind, as `error` message and as a last `next`', async ({ code, kind }) => {
  const errors = [{ message: 'no', extensions: { code } }];
  for (const message of [
    { type: 'error', id: '1', payload: errors },
    { type: 'next', id: '1', payload: { errors } },
  ]) {
    const { clock, opened, begin } = world();
    const { outcome } = begin();
    acknowledge(opened[0]!);
    opened[0]!.say(message);
    await settled(clock);
    expect(outcome.end?.kind).toBe(kind);
  }
});

test('where to resume is no item', () => {
  const { opened, begin } = world();
  const { items, outcome } = begin();
  acknowledge(opened[0]!);
  const payload = { data: null, extensions: { resume: { after: 'c9' } } };
  opened[0]!.say({ type: 'next', id: '1', payload });
  expect(items).toEqual([]);
  expect(outcome.end).toBeUndefined();
});

test('what is not of the protocol breaks the connection', async () => {
  const { clock, opened, begin } = world();
  const { outcome } = begin();
  acknowledge(opened[0]!);
  opened[0]!.tell('message', { data: '<html>' });
  await settled(clock);
  expect(outcome.end?.kind).toBe('broken');
  expect(opened[0]!.closed).toEqual(['cut']);
});
