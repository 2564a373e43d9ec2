/** What a change costs that many follow: one read and one execution, whoever they are and wherever they began. */
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openEventStream } from './kit/event-stream.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { metricOf, statementsOf } from './kit/metrics.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const SUBSCRIBERS = 50;
const CHANGES = 100;
const EVENTS = `subscription ($run: ID!, $after: Cursor) {
  runEvents(runId: $run, after: $after) { seq type cursor payload }
}`;
const STATE = `subscription ($run: ID!, $after: Cursor) {
  run(id: $run, after: $after) { type cursor run { version workflow { name } } steps { progress } }
}`;

interface Seen {
  readonly seq: number;
  readonly cursor: string;
}
interface State {
  readonly run: { readonly version: number; readonly workflow: { readonly name: string } };
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  let client: Client;
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ SEED: 'off' });
    const url = `${gateway.url.replace('http', 'ws')}/graphql`;
    client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
  });
  afterAll(async () => {
    await client.dispose();
    await world.end();
  });

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says what the test claims of its items
  function watch<Item>(query: string, field: string, variables: Record<string, unknown>) {
    const items: Item[] = [];
    const stop = client.subscribe<Record<string, Item>>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          expect(errors).toBeUndefined();
          items.push(data![field]!);
        },
        error: (error) => {
          throw error;
        },
        complete: () => undefined,
      },
    );
    return { items, stop };
  }

  const counts = async () => ({
    executions: await metricOf(gateway.url, 'live_executions'),
    shared: await metricOf(gateway.url, 'live_shared'),
    reads: await statementsOf(gateway.url, 'log.page'),
    names: await statementsOf(gateway.url, 'workflows.byIds'),
  });

  test(`${SUBSCRIBERS} subscribers of a run's events: ${CHANGES} changes are ${CHANGES} executions`, async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    const run = worker.runId;
    const first = watch<Seen>(EVENTS, 'runEvents', { run });
    await until('what was there', () => first.items.length === 3);
    const stream = await openEventStream(gateway.url, EVENTS, { run });
    const others = Array.from({ length: SUBSCRIBERS - 2 }, (_, number) =>
      watch<Seen>(EVENTS, 'runEvents', { run, after: first.items[number % 3]!.cursor }),
    );
    await until('all have what was there', () =>
      others.every(({ items }, number) => items.length === 2 - (number % 3)),
    );
    await until('so has the stream', () => stream.events.length === 3);

    const before = await counts();
    await worker.progress(CHANGES);
    const last = CHANGES + 3;
    await until('all have all', () => others.every(({ items }) => items.at(-1)?.seq === last));
    await until('the first too', () => first.items.length === last);
    await until('the stream too', () => stream.events.length === last);
    const after = await counts();
    expect(after.executions - before.executions).toBe(CHANGES);
    expect(after.shared - before.shared).toBe(CHANGES * (SUBSCRIBERS - 1));
    expect(after.reads - before.reads).toBeGreaterThan(0);
    expect(after.reads - before.reads).toBeLessThanOrEqual(CHANGES);
    for (const { items } of others) expect(items.at(-1)).toEqual(first.items.at(-1));
    expect(stream.events.at(-1)).toMatchObject({
      data: { data: { runEvents: first.items.at(-1) } },
    });
    for (const { stop } of [first, ...others]) stop();
    stream.close();
  });

  test('subscribers of its state share what is read for a change too, in one execution of each', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    const watchers = Array.from({ length: 10 }, () =>
      watch<State>(STATE, 'run', { run: worker.runId }),
    );
    await until('snapshots', () => watchers.every(({ items }) => items.length === 1));
    const before = await counts();
    for (let change = 1; change <= 20; change++) {
      await worker.progress(1);
      await until('all have it', () =>
        watchers.every(({ items }) => items.at(-1)?.run.version === 3 + change),
      );
    }
    const after = await counts();
    expect(after.executions - before.executions).toBe(20);
    expect(after.names - before.names).toBe(20);
    expect(watchers[9]!.items.at(-1)).toEqual(watchers[0]!.items.at(-1));
    expect(watchers[0]!.items.at(-1)!.run.workflow.name).toBe('Watched');
    for (const { stop } of watchers) stop();
  });
});
