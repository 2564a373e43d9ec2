/** How a following goes on through the ends of its connections: transports of the test, and a clock that stands still. */
import { expect, test } from 'vitest';
import { follow, type FollowState } from './follow.ts';
import { handClock } from '../e2e/kit/hand-clock.ts';
import { Refused } from './refused.ts';
import type { End, Hear, Transport, TransportName } from './transport.ts';

interface Item {
  readonly seq: number;
  readonly type?: string;
  readonly reason?: string;
}

/** One connection, as its transport sees it. */
interface Carried {
  readonly name: TransportName;
  readonly after: string | null;
  open(): void;
  item(item: Item, cursor?: string | null): End | null;
  end(end: End): void;
}

function world(names: readonly TransportName[] = ['websocket'], more: object = {}) {
  const clock = handClock();
  const carried: Carried[] = [];
  const transports = names.map((name): Transport => ({
    name,
    carry: (asked, hear, signal) =>
      new Promise((done) => {
        signal.addEventListener('abort', () => done({ kind: 'stopped' }));
        carried.push({
          name,
          after: asked.after,
          open: () => hear.opened(),
          item: ({ ...item }, cursor = `c${item.seq}`) =>
            (hear as Hear<unknown>).item(item, cursor, []),
          end: done,
        });
      }),
  }));
  const items: number[] = [];
  const states: FollowState[] = [];
  const poll = { query: '', page: () => ({ items: [], more: false, after: null }) };
  const following = follow<Item>(
    { query: '', field: 'x', version: ({ seq }) => seq, poll, ...more },
    transports,
    {
      backoff_first_ms: 100,
      backoff_max_ms: 400,
      upgrade_ms: 1_000,
      clock,
      random: () => 0.5,
    },
    { item: ({ seq }) => void items.push(seq), state: (state) => void states.push(state) },
  );
  return { clock, carried, items, states, following };
}

const BROKEN: End = { kind: 'broken', reason: 'cut' };

test('each connection begins after the last item that was handed over', async () => {
  const { clock, carried, items, following } = world(['websocket'], { after: 'given' });
  expect(carried[0]!.after).toBe('given');
  carried[0]!.open();
  carried[0]!.item({ seq: 1 });
  carried[0]!.item({ seq: 2 });
  carried[0]!.end(BROKEN);
  await clock.pass(50);
  expect(carried[1]!.after).toBe('c2');
  carried[1]!.open();
  carried[1]!.item({ seq: 2 }, 'another');
  carried[1]!.item({ seq: 1 });
  carried[1]!.item({ seq: 3 });
  expect(items).toEqual([1, 2, 3]);
  expect(following.counts()).toEqual({
    items: 3,
    repeated: 1,
    older: 1,
    connections: 2,
    resumes: 1,
    halfOpen: 0,
  });
  expect(following.cursor()).toBe('c3');
});

test('waits double with each failure, and begin anew after an item', async () => {
  const { clock, carried, states } = world();
  for (const wait_ms of [50, 100, 200, 200]) {
    carried.at(-1)!.open();
    carried.at(-1)!.end(BROKEN);
    await clock.pass(0);
    expect(states.at(-1)).toEqual({ is: 'waiting', wait_ms, reason: 'cut' });
    const before = carried.length;
    await clock.pass(wait_ms - 1);
    expect(carried).toHaveLength(before);
    await clock.pass(1);
    expect(carried).toHaveLength(before + 1);
  }
  carried.at(-1)!.open();
  carried.at(-1)!.item({ seq: 1 });
  carried.at(-1)!.end({ ...BROKEN, wait_ms: 500 });
  await clock.pass(0);
  expect(states.at(-1)).toMatchObject({ is: 'waiting', wait_ms: 550 }); // As told, and spread.
});

test('a transport that does not open is followed by the next, at once', async () => {
  const { clock, carried, states } = world(['websocket', 'sse', 'poll']);
  carried[0]!.end(BROKEN);
  await clock.pass(0);
  carried[1]!.end(BROKEN);
  await clock.pass(0);
  carried[2]!.open();
  expect(carried.map(({ name }) => name)).toEqual(['websocket', 'sse', 'poll']);
  expect(states).toEqual([{ is: 'connecting' }, { is: 'degraded', how: 'poll' }]);
});

test('what passed is tried first when it breaks; all failing, it begins with the best again', async () => {
  const { clock, carried } = world(['websocket', 'sse']);
  carried[0]!.end(BROKEN);
  await clock.pass(0);
  carried[1]!.open();
  carried[1]!.end(BROKEN);
  await clock.pass(50);
  expect(carried.at(-1)!.name).toBe('sse');
  carried.at(-1)!.end(BROKEN);
  await clock.pass(100);
  expect(carried.at(-1)!.name).toBe('websocket');
});

test('on a lesser transport the better one is tried again, ever more rarely', async () => {
  const { clock, carried, states } = world(['websocket', 'sse']);
  carried[0]!.end(BROKEN);
  await clock.pass(0);
  for (const stay_ms of [1_000, 2_000, 4_000]) {
    const at = carried.length;
    carried[at - 1]!.open();
    await clock.pass(stay_ms - 1);
    expect(carried).toHaveLength(at);
    await clock.pass(1);
    expect(carried[at]!.name).toBe('websocket');
    carried[at]!.end(BROKEN);
    await clock.pass(0);
    expect(carried[at + 1]!.name).toBe('sse');
  }
  expect(states.some(({ is }) => is === 'waiting')).toBe(false);
});

test('without a way to poll it, it is not polled', async () => {
  const { clock, carried } = world(['websocket', 'poll'], { poll: undefined });
  carried[0]!.end(BROKEN);
  await clock.pass(50);
  expect(carried.map(({ name }) => name)).toEqual(['websocket', 'websocket']);
});

test('a half-open link is counted and replaced', async () => {
  const { clock, carried, following } = world();
  carried[0]!.open();
  carried[0]!.end({ kind: 'half-open', reason: 'silence' });
  await clock.pass(50);
  expect(carried).toHaveLength(2);
  expect(following.counts().halfOpen).toBe(1);
});

test('a refusal ends it with the error, the last item with none', async () => {
  const error = new Refused('CURSOR_EXPIRED', 'gone');
  for (const [end, ended] of [
    [{ kind: 'refused', error }, error],
    [{ kind: 'complete' }, null],
  ] as const) {
    const { clock, carried, following } = world();
    carried[0]!.open();
    carried[0]!.end(end);
    expect(await following.ended).toBe(ended);
    expect(following.state()).toEqual({ is: 'ended', error: ended });
    await clock.pass(10_000);
    expect(carried).toHaveLength(1);
    expect(clock.pending()).toBe(0);
  }
});

test('stopped while it waits or carries, it ends and leaves no timer', async () => {
  const carrying = world();
  carrying.carried[0]!.open();
  carrying.following.stop();
  expect(await carrying.following.ended).toBeNull();
  expect(carrying.clock.pending()).toBe(0);
  const waiting = world();
  waiting.carried[0]!.end(BROKEN);
  await waiting.clock.pass(0);
  waiting.following.stop();
  expect(await waiting.following.ended).toBeNull();
  expect(waiting.clock.pending()).toBe(0);
});

test('a snapshot with a reason counts though it is older', () => {
  const { carried, items } = world();
  carried[0]!.open();
  carried[0]!.item({ seq: 9 });
  carried[0]!.item({ seq: 3, type: 'SNAPSHOT', reason: 'restored' });
  carried[0]!.item({ seq: 4, type: 'CHANGE' });
  expect(items).toEqual([9, 3, 4]);
});
