/** Watched while it happens: a run followed over both transports by real clients. */
import type { ResultOf } from '@graphql-typed-document-node/core';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { operation, textOf, type Operation } from '../client/operation.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { openEventStream } from './kit/event-stream.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const EVENTS = operation(`subscription WatchedEvents($run: ID!, $after: Cursor) {
  runEvents(runId: $run, after: $after) { seq type stepKey cursor }
}`);
const STATE = operation(`subscription WatchedState($run: ID!, $after: Cursor) {
  run(id: $run, after: $after) { type reason cursor run { status version } steps { stepKey status progress } }
}`);

const seqs = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  let client: Client;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ SEED: 'off' });
    client = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
  });
  afterAll(async () => {
    await client.dispose();
    await world.end();
  });

  function watch<Result, Variables extends Record<string, unknown>>(
    query: Operation<Result, Variables>,
    variables: Variables,
  ) {
    const items: NonNullable<Result[keyof Result]>[] = [];
    const failures: unknown[] = [];
    const stop = client.subscribe<Record<string, (typeof items)[number]>>(
      { query: textOf(query), variables },
      {
        next: ({ data, errors }) => {
          if (data) items.push(...Object.values(data));
          else failures.push(errors);
        },
        error: (error) => failures.push(error),
        complete: () => undefined,
      },
    );
    return { items, failures, stop };
  }

  test('every event comes once and in order, from the first, while others are appended', async () => {
    const worker = await newWorker(gateway.url);
    const { items, failures, stop } = watch(EVENTS, { run: worker.runId });
    await worker.start();
    await worker.progress(30);
    await worker.finish();
    await until('all events', () => items.length >= 35 || failures.length > 0);
    stop();
    expect(failures).toEqual([]);
    expect(items.map(({ seq }) => seq)).toEqual(seqs(1, 35));
    expect(items.at(-1)).toMatchObject({ type: 'RUN_SUCCEEDED' });
  });

  test('a reader that comes again with its cursor misses nothing and gets nothing twice', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    await worker.progress(10, 5);
    const first = watch(EVENTS, { run: worker.runId });
    await until('some events', () => first.items.length >= 8);
    first.stop();
    await worker.progress(10, 3);
    const after = first.items[7]!.cursor;
    const second = watch(EVENTS, { run: worker.runId, after });
    await until('the rest', () => second.items.length >= 15);
    second.stop();
    expect(second.items.map(({ seq }) => seq)).toEqual(seqs(9, 23));
  });

  test('state begins with a snapshot and goes on with what changed', async () => {
    const worker = await newWorker(gateway.url);
    const { items, stop } = watch(STATE, { run: worker.runId });
    await until('the snapshot', () => items.length === 1);
    expect(items[0]).toMatchObject({ type: 'SNAPSHOT', reason: null, run: { status: 'QUEUED' } });
    expect(items[0]!.steps).toHaveLength(1);
    await worker.start();
    await worker.progress(5);
    await worker.finish();
    await until('the end', () => items.at(-1)?.run.status === 'SUCCEEDED');
    stop();
    const versions = items.map(({ run }) => run.version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(items.slice(1).every(({ type }) => type === 'CHANGE')).toBe(true);
    expect(items.at(-1)!.steps).toMatchObject([{ stepKey: 'only', status: 'SUCCEEDED' }]);
  });

  test('server-sent events carry their cursor as id, by which a reader goes on', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    const first = await openEventStream(gateway.url, textOf(EVENTS), { run: worker.runId });
    await until('three events', () => first.events.length >= 3);
    first.close();
    await worker.progress(4);
    const lastId = first.events[2]!.id;
    const second = await openEventStream(
      gateway.url,
      textOf(EVENTS),
      { run: worker.runId },
      lastId,
    );
    await until('the rest', () => second.events.length >= 4);
    second.close();
    const read = second.events.map(({ data }) => (data as { data: ResultOf<typeof EVENTS> }).data);
    expect(read.map(({ runEvents }) => runEvents.seq)).toEqual(seqs(4, 7));
  });

  test('what cannot be followed is refused by its code, before any item', async () => {
    const missing = '00000000-0000-7000-8000-00000000dead';
    const refused = watch(EVENTS, { run: missing });
    await until('the refusal', () => refused.failures.length > 0);
    expect(refused.failures[0]).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    const worker = await newWorker(gateway.url);
    const foreign = watch(EVENTS, { run: worker.runId, after: 'bm90IG91cnM' });
    await until('the refusal', () => foreign.failures.length > 0);
    expect(foreign.failures[0]).toMatchObject([{ extensions: { code: 'INVALID' } }]);
  });

  test('a subscription by an ordinary request is refused with what to do', async () => {
    const answer = await gateway.ask(textOf(EVENTS), { run: 'x' });
    expect(answer.errors?.[0]).toMatchObject({
      message: expect.stringContaining('text/event-stream'),
      extensions: { code: 'INVALID' },
    });
  });
});
