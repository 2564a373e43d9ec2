/** The event stream byte by byte, from a server of the test, and a clock that stands still. */
import { expect, test } from 'vitest';
import { handClock } from '../e2e/kit/hand-clock.ts';
import { streamTransport } from './event-stream.ts';
import type { Asked, End } from './transport.ts';

const STREAM = { 'content-type': 'text/event-stream; charset=utf-8' };

function world(after: string | null = null) {
  const clock = handClock();
  const items: unknown[] = [];
  const cursors: (string | null)[] = [];
  const asked: Asked<unknown> = { query: 'subscription { x }', field: 'x', after };
  const stop = new AbortController();
  const sent: { headers: Record<string, string>; body: string }[] = [];
  let openings = 0;
  let write!: (chunk: Uint8Array | null) => void;
  let answer!: (response: Response) => void;
  const transport = streamTransport({
    url: 'http://gateway/graphql',
    fetch: (_url, init) =>
      new Promise((done, fail) => {
        sent.push(init);
        init.signal.addEventListener('abort', () => fail(new Error('aborted')));
        answer = done;
      }),
    silence_max_ms: 2_500,
    open_wait_ms: 1_000,
    clock,
  });
  const outcome: { end?: End } = {};
  const hear = {
    opened: () => void (openings += 1),
    item: (item: unknown, cursor: string | null) => {
      items.push(item);
      cursors.push(cursor);
      return null;
    },
  };
  void transport.carry(asked, hear, stop.signal).then((end) => (outcome.end = end));
  return {
    clock,
    items,
    cursors,
    sent,
    outcome,
    openings: () => openings,
    stop: () => stop.abort(),
    answer: (response: Response) => answer(response),
    /** Answers with a stream; `write` adds to it, null ends it. */
    begin: () => {
      const aborted = sent[0] as unknown as { signal: AbortSignal };
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          aborted.signal.addEventListener('abort', () => controller.error(new Error('aborted')));
          write = (chunk) => (chunk ? controller.enqueue(chunk) : controller.close());
        },
      });
      answer(new Response(body, { headers: STREAM }));
    },
    write: (text: string | Uint8Array | null) =>
      write(typeof text === 'string' ? new TextEncoder().encode(text) : text),
  };
}

const NEXT = (id: string, x: unknown) =>
  `id: ${id}\nevent: next\ndata: ${JSON.stringify({ data: { x } })}\n\n`;

test('it asks at its cursor, and is open with the first bytes', async () => {
  const { clock, sent, openings, begin, write } = world('c7');
  expect(sent[0]!.headers).toMatchObject({ accept: 'text/event-stream', 'last-event-id': 'c7' });
  expect(JSON.parse(sent[0]!.body)).toMatchObject({ variables: { after: 'c7' } });
  begin();
  await clock.pass(0);
  expect(openings()).toBe(0);
  write(':\n\n');
  await clock.pass(0);
  expect(openings()).toBe(1);
});

test('items come whole and with their cursors, wherever the bytes are cut', async () => {
  const bytes = new TextEncoder().encode(`:\n\n${NEXT('c1', 'ä')}:\n\n${NEXT('c2', '🙂\n\n')}`);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const { clock, items, cursors, begin, write } = world();
    begin();
    await clock.pass(0);
    for (let at = 0; at < bytes.length; at += size) write(bytes.slice(at, at + size));
    await clock.pass(0);
    expect(items).toEqual(['ä', '🙂\n\n']);
    expect(cursors).toEqual(['c1', 'c2']);
  }
});

test.each([
  { what: 'complete', text: 'event: complete\ndata:\n\n', end: { kind: 'complete' } },
  { what: 'a wait', text: 'retry: 750\n\n', end: { kind: 'broken', wait_ms: 750 } },
  { what: 'nothing', text: '', end: { kind: 'broken', reason: 'the event stream ended' } },
  {
    what: 'a refusal',
    text: `event: next\ndata: ${JSON.stringify({ errors: [{ message: 'no', extensions: { code: 'CURSOR_EXPIRED' } }] })}\n\n`,
    end: { kind: 'refused', error: { code: 'CURSOR_EXPIRED' } },
  },
])('ended after $what, it ends as $end', async ({ text, end }) => {
  const { clock, outcome, begin, write } = world();
  begin();
  await clock.pass(0);
  write(`:\n\n${text}`);
  await clock.pass(0);
  if (!outcome.end) write(null);
  await clock.pass(0);
  expect(outcome.end).toMatchObject(end);
  expect(clock.pending()).toBe(0);
});

test('a refusal before the stream is one; what is no GraphQL is not the gateway', async () => {
  const refused = world();
  const errors = [{ message: 'no', extensions: { code: 'INVALID' } }];
  refused.answer(new Response(JSON.stringify({ errors }), { status: 400 }));
  await refused.clock.pass(0);
  expect(refused.outcome.end).toMatchObject({ kind: 'refused', error: { code: 'INVALID' } });
  const foreign = world();
  foreign.answer(new Response('<html>', { status: 502 }));
  await foreign.clock.pass(0);
  expect(foreign.outcome.end).toMatchObject({ kind: 'broken' });
  expect(foreign.openings()).toBe(0);
});

test('a stream that is held back is given up; one that falls silent counts as half open', async () => {
  const held = world();
  held.begin();
  await held.clock.pass(999);
  expect(held.outcome.end).toBeUndefined();
  await held.clock.pass(1);
  await held.clock.pass(0);
  expect(held.outcome.end).toEqual({ kind: 'broken', reason: 'no event stream within 1000 ms' });
  const silent = world();
  silent.begin();
  silent.write(':\n\n');
  await silent.clock.pass(2_499);
  silent.write(':\n\n'); // A comment is a sign of life.
  await silent.clock.pass(2_499);
  expect(silent.outcome.end).toBeUndefined();
  await silent.clock.pass(1);
  await silent.clock.pass(0);
  expect(silent.outcome.end?.kind).toBe('half-open');
  expect(silent.clock.pending()).toBe(0);
});

test('stopped, it lets go of the request', async () => {
  const { clock, outcome, begin, write, stop } = world();
  begin();
  write(':\n\n');
  await clock.pass(0);
  stop();
  await clock.pass(0);
  expect(outcome.end).toEqual({ kind: 'stopped' });
  expect(clock.pending()).toBe(0);
});
