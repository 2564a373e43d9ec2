/** The list of runs, watched by real clients over both transports while runs come, change and go. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  mergeRunList,
  openClient,
  runList,
  type Following,
  type ListedRun,
  type RunListOptions,
  type RunListUpdate,
  type TransportName,
} from '../client/client.ts';
import { asked } from './kit/ask.ts';
import { openEventStream } from './kit/event-stream.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const RUNNING = { status: { eq: 'RUNNING' } };
const FRESH = `query($filter: RunFilter, $first: Int) {
  runs(filter: $filter, first: $first) { nodes { id version } }
  runStats(filter: $filter, groupBy: [STATUS]) { status count }
}`;

interface Fresh {
  readonly runs: { readonly nodes: readonly { readonly id: string; readonly version: number }[] };
  readonly runStats: readonly { readonly status: string; readonly count: number }[];
}

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World;
  let gateway: TestGateway;
  const following: Following[] = [];
  beforeAll(async () => {
    world = await open();
    gateway = await world.start({ SEED: 'off' });
  });
  afterAll(async () => {
    for (const one of following) one.stop();
    await Promise.all(following.map(({ ended }) => ended));
    await world.end();
  });

  function watch(options: RunListOptions, ...transports: TransportName[]) {
    const items: RunListUpdate[] = [];
    let list: readonly ListedRun[] = [];
    const client = openClient({
      url: `${gateway.url}/graphql`,
      transports,
      webSocket: (url, protocol) => new WebSocket(url, protocol),
    });
    const one = client.follow(runList(options), {
      item(item) {
        list = mergeRunList(list, item);
        items.push(item);
      },
    });
    following.push(one);
    return { items, one, list: () => list };
  }

  type Watched = ReturnType<typeof watch>;

  async function isAsAskedAnew({ items, list }: Watched, { filter, first }: RunListOptions) {
    const { runs, runStats } = await asked<Fresh>(gateway.url, FRESH, { filter, first });
    const held = list().map(({ id, version }) => ({ id, version }));
    const counts = Object.fromEntries(
      (items.at(-1)?.counts ?? []).map(({ status, count }) => [status, count]),
    );
    const fresh = Object.fromEntries(runStats.map(({ status, count }) => [status, count]));
    try {
      expect({ held, counts }).toEqual({ held: runs.nodes, counts: fresh });
      return true;
    } catch {
      return false;
    }
  }

  test.each(['websocket', 'sse'] as const)(
    'by %s: what a client holds is what a query answers, through starts, progress and ends',
    async (transport) => {
      const options = { filter: RUNNING, first: 3 };
      const watched = watch(options, transport);
      await until('the snapshot', () => watched.items.length === 1);
      const workers = await Promise.all(Array.from({ length: 5 }, () => newWorker(gateway.url)));
      await Promise.all(workers.map((worker) => worker.start()));
      await until('three', () => isAsAskedAnew(watched, options));
      expect(watched.list()).toHaveLength(3);
      await Promise.all(workers.map((worker) => worker.progress(5)));
      await Promise.all(workers.slice(2).map((worker) => worker.finish()));
      await until('two', () => isAsAskedAnew(watched, options));
      expect(watched.list().map(({ workflow }) => workflow?.name)).toEqual(['Watched', 'Watched']);
      await Promise.all(workers.slice(0, 2).map((worker) => worker.finish()));
      await until('none', () => isAsAskedAnew(watched, options));
      expect(watched.items.slice(1).every(({ type }) => type === 'CHANGE')).toBe(true);
    },
  );

  test('a client that comes again by Last-Event-ID is told what changed meanwhile, no more', async () => {
    const [kept, ended] = [await newWorker(gateway.url), await newWorker(gateway.url)];
    await kept.start();
    await ended.start();
    const { query, variables } = runList({ filter: RUNNING });
    const first = await openEventStream(gateway.url, query, variables!);
    await until('the snapshot', () => first.events.length > 0);
    const { id } = first.events.at(-1)!;
    first.close();
    await ended.finish();
    const again = await openEventStream(gateway.url, query, variables!, id);
    await until('the change', () => again.events.length > 0);
    again.close();
    const { data } = again.events[0]!.data as { data: { runs: RunListUpdate } };
    expect(data.runs).toMatchObject({ type: 'CHANGE', reason: null, runs: [] });
    const { run } = await asked<{ run: { id: string } }>(
      gateway.url,
      'query($id: ID!) { run(id: $id) { id } }',
      { id: ended.runId },
    );
    expect(data.runs.removed).toEqual([run.id]);
    await kept.finish();
  });

  test('a gateway that is started again goes on after the cursor of the one before', async () => {
    const options = { filter: RUNNING };
    const watched = watch(options, 'websocket');
    const worker = await newWorker(gateway.url);
    await worker.start();
    await until('it is in', () => watched.list().length === 1);
    const cursor = watched.one.cursor();
    watched.one.stop();
    await worker.progress(3);
    await gateway.drain();
    gateway = await world.start({ SEED: 'off' });
    const again = watch({ ...options, after: cursor }, 'websocket');
    await until('its progress', () => again.list().length === 1);
    expect(again.items[0]).toMatchObject({ type: 'CHANGE', removed: [] });
    expect(again.list()[0]?.version).toBe(6);
  });

  test('what cannot be followed is refused before any item, as the query refuses it', async () => {
    const refused = async (args: string) => {
      const query = `subscription { runs(${args}) { cursor } }`;
      const stream = await openEventStream(gateway.url, query, {});
      await until('the refusal', () => stream.events.length > 0);
      stream.close();
      const { errors } = stream.events[0]!.data as {
        errors: { message: string; extensions: object }[];
      };
      return { message: errors[0]?.message, extensions: errors[0]?.extensions };
    };
    for (const args of ['first: 101', 'filter: { id: { eq: "none" } }', 'first: -1']) {
      const { errors } = await gateway.ask(`{ runs(${args}) { nodes { id } } }`);
      expect(await refused(args)).toMatchObject({
        message: errors?.[0]?.message,
        extensions: { code: 'INVALID' },
      });
    }
    expect(await refused('after: "bm90IG91cnM"')).toMatchObject({
      extensions: { code: 'INVALID' },
    });
  });
});
