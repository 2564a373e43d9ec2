/** What stock clients do by themselves, and so why docs/PROTOCOL.md tells them what it tells. */
import { createClient as createUrql, subscriptionExchange } from '@urql/core';
import { gql } from '@apollo/client';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { asked } from './kit/ask.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { apolloOn, socketClient, STOCK_CLIENTS, type Variables } from './kit/stock-clients.ts';
import { openWire, type Wire } from './kit/tcp-proxy.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const EVENTS = `subscription ($run: ID!, $after: Cursor) {
  runEvents(runId: $run, after: $after) { seq cursor }
}`;
const STATE = gql`
  subscription ($run: ID!, $after: Cursor) {
    run(id: $run, after: $after) {
      type
      run {
        id
        version
        status
      }
      steps {
        id
        progress
      }
    }
  }
`;
const RUN = gql`
  query ($run: ID!) {
    run(id: $run) {
      id
      version
      status
      steps {
        nodes {
          id
          progress
        }
      }
    }
  }
`;
const ONLY = gql`
  fragment Only on StepRun {
    progress
  }
`;

interface Item {
  readonly seq: number;
  readonly cursor: string;
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  let wire: Wire;
  let url: string;
  const clients: { dispose(): void | Promise<void> }[] = [];
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ DRAIN_MS: 5_000 });
  });
  beforeEach(async () => {
    wire = await openWire(Number(new URL(gateway.url).port));
    url = `http://127.0.0.1:${wire.port}`;
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose();
    await wire.close();
  });
  afterAll(() => world.end());

  function follow(client: Client, run: string) {
    clients.push(client);
    const items: Item[] = [];
    const failures: unknown[] = [];
    client.subscribe<{ runEvents: Item }>(
      { query: EVENTS, variables: { run } },
      {
        next: ({ data }) => void (data && items.push(data.runEvents)),
        error: (error) => void failures.push(error),
        complete: () => void failures.push('completed'),
      },
    );
    return { items, failures };
  }

  test.each(STOCK_CLIENTS)(
    '$name hands over a refusal with its code, and does not ask again',
    async ({ open: openClient }) => {
      const client = openClient(url);
      clients.push({ dispose: () => client.close() });
      const codes: (string | undefined)[] = [];
      const failed = (error: unknown) => void codes.push(codeOf(error));
      const run = '00000000-0000-7000-8000-00000000dead';
      client.follow(EVENTS, { run }, { item: failed, failed });
      await until('the refusal', () => codes.length > 0);
      expect(codes[0]).toBe('NOT_FOUND');
      expect(client.broken()).toBe(0);
    },
  );

  test('graphql-ws that is not told of the cursor gets events again from its first: twice, never a gap', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    await worker.progress(5, 5);
    const { items, failures } = follow(socketClient(url), worker.runId);
    await until('all', () => items.length === 8);
    wire.cut();
    wire.mend();
    await until('all again', () => items.length === 16);
    await worker.progress(1);
    await until('the next', () => items.length === 17);
    const whole = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(items.map(({ seq }) => seq)).toEqual([...whole, ...whole, 9]);
    expect(failures).toEqual([]);
  });

  test('graphql-ws that is not told to try again whatever happened gives up at the first refused connection', async () => {
    const { runId } = await newWorker(gateway.url);
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryWait: () => Promise.resolve(),
    });
    const { items, failures } = follow(client, runId);
    await until('the first', () => items.length === 1);
    wire.cut();
    await until('it gave up', () => failures.length > 0);
    wire.mend();
    expect(failures).toMatchObject([{ type: 'error', message: expect.any(String) }]);
  });

  test('Apollo Client merges live items into what a query has put in its cache, and nothing goes backwards', async () => {
    const worker = await newWorker(gateway.url);
    await worker.start();
    const socket = socketClient(url);
    const apollo = apolloOn(socket);
    clients.push(socket);
    const variables = { run: worker.runId };
    const data = await asked<{ run: { steps: { nodes: { id: string }[] } } }>(
      gateway.url,
      TYPED_RUN,
      variables,
    );
    apollo.writeQuery({ query: RUN, variables, data });
    const progress: (number | null)[] = [];
    apollo
      .watchFragment<{ progress: number | null }>({
        fragment: ONLY,
        from: { __typename: 'StepRun', id: data.run.steps.nodes[0]!.id },
      })
      .subscribe(({ data: step }) => void progress.push(step.progress ?? null));
    const errors: unknown[] = [];
    apollo
      .subscribe({ query: STATE, variables })
      .subscribe(({ error }) => void (error && errors.push(error)));
    await worker.progress(12, 2);
    await until('it is seen', () => progress.at(-1) === 1);
    wire.cut();
    wire.mend();
    await worker.finish();
    const now = () => apollo.readQuery<{ run: { status: string } }>({ query: RUN, variables });
    await until('the end', () => now()?.run.status === 'SUCCEEDED');
    expect(now()).toEqual(await asked(gateway.url, TYPED_RUN, variables));
    expect(progress.slice(1)).toEqual(progress.slice(1).toSorted((a, b) => a! - b!));
    expect(errors).toEqual([]);
    apollo.stop();
  });

  test('a draining gateway says where to go on and closes with 1012, without a complete; an untold urql shows an item twice', async () => {
    const { runId } = await newWorker(gateway.url);
    const said: { type: string; payload?: unknown }[] = [];
    const closed: number[] = [];
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      on: {
        message: (message) => void said.push(message),
        closed: (event) => void closed.push((event as { code: number }).code),
      },
    });
    const untold = socketClient(url);
    clients.push(untold);
    const shown: unknown[] = [];
    const { items } = follow(client, runId);
    createUrql({
      url,
      exchanges: [
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: untold.subscribe(
                { query, variables: variables as Variables },
                sink as never,
              ),
            }),
          }),
        }),
      ],
    })
      .subscription<{ runEvents: Item }>(EVENTS, { run: runId })
      .subscribe(({ data }) => void shown.push(data?.runEvents.seq));
    await until('the first, at both', () => items.length === 1 && shown.length === 1);
    const { port } = new URL(gateway.url);
    expect(await gateway.drain()).toBe(true);
    await until('it is closed', () => closed.length > 0);
    expect(closed).toEqual([1012]);
    expect(said.some(({ type }) => type === 'complete')).toBe(false);
    expect(said.at(-1)).toMatchObject({
      type: 'next',
      payload: { data: null, extensions: { resume: { after: items[0]!.cursor } } },
    });
    expect(shown).toEqual([1, 1]);
    gateway = await world.start({ PORT: port });
  });
});

/** As Apollo asks it: with the types by which it tells entities apart. */
const TYPED_RUN = `query ($run: ID!) {
  run(id: $run) { __typename id version status
    steps { __typename nodes { __typename id progress } } }
}`;

/** Each client wraps the errors of a result in its own way. */
function codeOf(error: unknown): string | undefined {
  const { errors, graphQLErrors } = error as Record<string, unknown>;
  const all = errors ?? graphQLErrors ?? error;
  const [first] = (Array.isArray(all) ? all : []) as { extensions?: { code?: string } }[];
  return first?.extensions?.code;
}
