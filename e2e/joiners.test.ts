/** Whoever comes while events pour in, and others commit late, misses nothing; nor does the lost last message stay lost. */
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openClient, runEvents, type RunEvent } from '../client/client.ts';
import { asked } from './kit/ask.ts';
import { openBusWire } from './kit/bus-wire.ts';
import { metricOf, statementsOf } from './kit/metrics.ts';
import { deliveryFaults, stateFaults, type Acknowledged } from './kit/checker.ts';
import { event } from './kit/commands.ts';
import { openEventStream } from './kit/event-stream.ts';
import { WORLDS, type TestGateway, type World } from './kit/gateway.ts';
import { makeCommitsLate, type LateCommits } from './kit/late-commits.ts';
import { redisPath, startRedis } from './kit/redis-server.ts';
import { freshState, wholeState, type StateItem } from './kit/run-state.ts';
import { until } from './kit/until.ts';
import { newWorker } from './kit/worker.ts';

const JOINERS = 20;
/** Connections on which events of the same run pour in. */
const CONNECTIONS = 4;
/** Events between two joiners, at most. */
const BETWEEN = 20;
const PATIENCE_ms = 240_000;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describe.each(WORLDS)('$name', ({ name, open }) => {
  test(
    name === 'embedded'
      ? `${JOINERS} joiners at random moments lose nothing`
      : `${JOINERS} joiners at random moments, while others commit late, lose nothing`,
    { timeout: PATIENCE_ms },
    async () => {
      const world = await open();
      closers.push(() => world.end());
      const gateways = await startGateways(world, name);
      const pouring = await pour(gateways);
      const late = await lateCommits(world, gateways[0]!, pouring.runId);
      const joiners: Joiner[] = [join(0, pouring.runId, gateways, [])];
      const first = joiners[0]!;
      await until('the first has seen something', () => first.events.length > 3);

      for (let nth = 1; nth <= JOINERS; nth++) {
        const moment = pouring.acknowledged.length + Math.random() * BETWEEN;
        await until('the moment', () => pouring.acknowledged.length >= moment, PATIENCE_ms);
        joiners.push(join(nth, pouring.runId, gateways, first.events));
      }
      const enough = pouring.acknowledged.length + 2 * BETWEEN;
      await until('more of it', () => pouring.acknowledged.length >= enough, PATIENCE_ms);
      await until('late commits', () => late.count() >= 5 && late.locked() >= 5, PATIENCE_ms);
      await pouring.finish();
      await late.stop();

      const fresh = await freshState(gateways[0]!.url, pouring.runId);
      const { version } = fresh.run;
      for (const { what, from, events, items, seen } of joiners) {
        await until(`${what} is at the end`, () => seen() === version, PATIENCE_ms);
        if (items.length > 0) {
          const { faults, state } = stateFaults(first.events, items);
          expect({ what, faults, state }).toEqual({ what, faults: [], state: fresh });
        } else {
          const faults = deliveryFaults(pouring.acknowledged, events, from);
          expect({ what, faults }).toEqual({ what, faults: [] });
          expect(events.length).toBe(version - from + 1);
        }
      }
      const lateness =
        name === 'embedded' ? '' : `, ${late.count()} commits late, ${late.locked()} times locked`;
      console.log(
        `${name}: ${JOINERS} joiners within ${version} events over ${CONNECTIONS} connections${lateness}`,
      );
    },
  );
});

const server = WORLDS.find(({ name }) => name === 'postgres');

describe.skipIf(!server || !redisPath())('two gateways (TEST_DATABASE_URL, Redis)', () => {
  test('the last message of a run is lost: at most two looks at the heads later its followers have it', async () => {
    const world = await server!.open();
    closers.push(() => world.end());
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const wire = await openBusWire(redis.port, () => 0);
    closers.push(() => wire.close());
    const here = await world.start({ REDIS_URL: redis.url });
    const there = await world.start({ REDIS_URL: wire.url }); // Looks as often as it does by default.
    const worker = await newWorker(here.url);
    const query = 'subscription ($run: ID!) { runEvents(runId: $run) { seq type } }';
    const stream = await openEventStream(there.url, query, { run: worker.runId });
    await worker.start();
    await until('it comes by the bus', () => wire.messages.passed > 0);
    await until('it is there', () => stream.events.length === 3);

    wire.faults.drop = 1;
    const looks = await looksOf(there);
    const repairs = await repairsOf(there);
    const began_ms = performance.now();
    await worker.finish();
    await until('a look finds it', async () => {
      const now = await looksOf(there);
      const repaired = await repairsOf(there);
      // While it is not found: one look may have begun before the commit, none may have missed it after.
      if (repaired === repairs) expect(now - looks).toBeLessThanOrEqual(2);
      return repaired > repairs;
    });
    await until('the last event', () => stream.events.length === 5);
    console.log(`lost last message: found after ${Math.round(performance.now() - began_ms)} ms`);
    expect(stream.events.at(-1)?.data).toMatchObject({
      data: { runEvents: { seq: 5, type: 'RUN_SUCCEEDED' } },
    });
    expect(wire.messages.dropped).toBeGreaterThan(0);
    stream.close();
  });
});

const looksOf = ({ url }: TestGateway) => statementsOf(url, 'live.heads');
const repairsOf = ({ url }: TestGateway) => metricOf(url, 'live_heads_repairs');

/** On a server two, which hear of each other by a bus that loses, doubles and delays messages. */
async function startGateways(world: World, name: string): Promise<TestGateway[]> {
  if (name === 'embedded' || !redisPath()) return [await world.start()];
  const redis = await startRedis();
  closers.push(() => redis.stop());
  const wire = await openBusWire(redis.port);
  closers.push(() => wire.close());
  Object.assign(wire.faults, { drop: 0.1, duplicate: 0.1, swap: 0.1, delay: 0.1 });
  const settings = { REDIS_URL: wire.url };
  return [await world.start(settings), await world.start(settings)];
}

/** On a server. The embedded store has one session: nobody commits while another is about to. */
async function lateCommits(
  { settings }: World,
  { url }: TestGateway,
  lockedRun: string,
): Promise<LateCommits> {
  const database = settings['DATABASE_URL'];
  if (database === undefined) {
    return { count: () => Infinity, locked: () => Infinity, stop: () => Promise.resolve() };
  }
  return makeCommitsLate(String(database), url, lockedRun);
}

const APPEND = `mutation ($input: AppendRunEventsInput!) { appendRunEvents(input: $input) {
  ... on AppendedEvents { fence events { eventId seq } } ... on Refusal { code message }
} }`;

interface Appended {
  readonly appendRunEvents: {
    readonly fence: string | null;
    readonly events: readonly Acknowledged[];
  };
}

/** One run, appended to over several connections at once, through all gateways. */
async function pour(gateways: readonly TestGateway[]) {
  const { runId } = await newWorker(gateways[0]!.url);
  const acknowledged: Acknowledged[] = [];
  let fence: string | null = null;
  const append = async ({ url }: TestGateway, events: object[]) => {
    const answer = await asked<Appended>(url, APPEND, { input: { runId, fence, events } });
    acknowledged.push(...answer.appendRunEvents.events);
    fence ??= answer.appendRunEvents.fence;
  };
  await append(gateways[0]!, [event('RUN_STARTED'), event('STEP_STARTED', 'only')]);
  const stopping = new AbortController();
  const pourOn = async (nth: number) => {
    const gateway = gateways[nth % gateways.length]!;
    for (let call = 0; !stopping.signal.aborted; call++) {
      const artifact = { name: `${nth}-${call % 3}`, sizeBytes: call };
      await append(gateway, [
        event('STEP_PROGRESS', 'only', { progress: 0.5, message: `${nth}: ${call}` }),
        event('ARTIFACT_PRODUCED', 'only', { artifact }),
      ]);
    }
  };
  const pouring = Promise.all(Array.from({ length: CONNECTIONS }, (_, nth) => pourOn(nth)));
  pouring.catch(() => undefined); // Told by finish().
  return {
    runId,
    acknowledged,
    async finish() {
      stopping.abort();
      await pouring;
      await append(gateways[0]!, [event('STEP_SUCCEEDED', 'only'), event('RUN_SUCCEEDED')]);
    },
  };
}

interface Joiner {
  readonly what: string;
  /** Seq of the event that it begins with. */
  readonly from: number;
  readonly events: readonly RunEvent[];
  readonly items: readonly StateItem[];
  /** Seq of the last that it has seen. */
  readonly seen: () => number;
}

/** In turn: from the first event, after one from the middle, the state; by socket or by stream, at any gateway. */
function join(
  nth: number,
  runId: string,
  gateways: readonly TestGateway[],
  known: readonly RunEvent[],
): Joiner {
  const { url } = gateways[nth % gateways.length]!;
  const transport = Math.random() < 0.5 ? 'websocket' : 'sse';
  const client = openClient({
    url: `${url}/graphql`,
    transports: [transport],
    webSocket: (where, protocol) => new WebSocket(where, protocol),
  });
  closers.push(() => client.close());
  const events: RunEvent[] = [];
  const items: StateItem[] = [];
  const kind = ['from the first', 'from the middle', 'state'][nth % 3]!;
  const middle =
    kind === 'from the middle' ? known[Math.floor(Math.random() * known.length)] : null;
  const after = middle?.cursor ?? null;
  if (kind === 'state') {
    client.follow(wholeState(runId), { item: (item) => void items.push(item) });
  } else {
    client.follow(runEvents(runId, { after }), { item: (one) => void events.push(one) });
  }
  return {
    what: `joiner ${nth} (${kind}, ${transport})`,
    from: (middle?.seq ?? 0) + 1,
    events,
    items,
    seen: () => items.at(-1)?.run.version ?? events.at(-1)?.seq ?? 0,
  };
}
