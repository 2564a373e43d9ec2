/**
 * One run watched by 1,000 WebSockets, against a bare `ws` server that sends the same bytes to as many (fanout-bare.ts),
 * in interleaved passes of one run: each event appended alone, and in tens; then commit-to-client latency at half of that
 * run's capacity.
 *
 * The share is of server CPU per delivery: with two cores the readers and the database compete with the server for
 * time, which moves deliveries per second, but not the work done for each. The gateway's includes all that it does:
 * taking the events by HTTP, storing them, reading and executing them. The bare server has its bytes already.
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { openServer } from '../kit/database.ts';
import { startPostgres } from '../kit/postgres-server.ts';
import { newWorker, type Worker } from '../kit/worker.ts';
import { startChild, type Child } from './child.ts';
import { durability } from './durability.ts';
import type { Bare } from './fanout-bare.ts';
import type { ReadersProgram } from './fanout-readers.ts';
import { median } from './figures.ts';
import { startProcess, type GatewayProcess } from './gateway-process.ts';

/** What a later issue asks of the share. */
const SHARE_MIN = 0.85;
/** RUN_QUEUED, RUN_STARTED, STEP_STARTED: what each subscriber is sent first. */
const EVENTS_BEFORE = 3;
const LATENCY_s = 8;

const WATCH = `subscription Watch($run: ID!) {
  runEvents(runId: $run) { seq type stepKey occurredAt recordedAt payload cursor }
}`;

interface Pass {
  readonly perSecond: number;
  readonly cpu_us: number;
  /** What one subscriber was sent. */
  readonly texts: readonly string[];
}

interface Round {
  readonly live: Pass;
  readonly plain: Pass;
}

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      sockets: { type: 'string', default: '1000' },
      events: { type: 'string', default: '40' },
    },
  });
  const [sockets, events] = [Number(values.sockets), Number(values.events)];
  const server = process.env['TEST_DATABASE_URL'] ? null : await startPostgres();
  if (server) process.env['TEST_DATABASE_URL'] = server.url;
  const database = await openServer();
  const gateway = await startProcess({
    DATABASE_URL: database.url!,
    LOG_LEVEL: 'warn',
    LIVE_HEARTBEAT_MS: '600000', // The readers answer no pings.
  });
  const bare = startChild<Bare>('fanout-bare');
  const watching = startChild<ReadersProgram>('fanout-readers');
  const hearing = startChild<ReadersProgram>('fanout-readers');
  try {
    const worker = await newWorker(gateway.url);
    await worker.start();
    const subscribe = { query: WATCH, variables: { run: worker.runId } };
    await watching.ask('open', { url: gateway.url, count: sockets, subscribe });
    await watching.ask('count', sockets * EVENTS_BEFORE);
    const rss_mb = gateway.rss_mb();
    const url = await bare.ask('listen', undefined);
    await hearing.ask('open', { url, count: sockets });

    const passes = async (batch: number): Promise<readonly Round[]> => {
      const rounds: Round[] = [];
      for (let round = 0; round <= Number(values.rounds); round++) {
        const live = await pass(watching, gateway, sockets * events, () =>
          worker.progress(events, batch),
        );
        const plain = await pass(hearing, bare, sockets * events, async () => {
          for (let from = 0; from < events; from += batch) {
            await bare.ask('broadcast', live.texts.slice(from, from + batch));
          }
        });
        if (round > 0) rounds.push({ live, plain }); // The first warms up.
      }
      return rounds;
    };
    const alone = await passes(1);
    const capacity = median(alone.map(({ live }) => live.perSecond));
    return {
      durability: await durability(database.pool),
      sockets,
      bytes: Buffer.byteLength(alone[0]!.live.texts[0]!),
      rss_mb,
      share_min: SHARE_MIN,
      alone: compared(alone),
      inTens: compared(await passes(10)),
      commitToClient: await latency(watching, worker, sockets, capacity / 2),
    };
  } finally {
    for (const child of [bare, watching, hearing]) child.stop();
    await gateway.stop();
    await database.close();
    await server?.stop();
  }
}

/** From the first word to the last delivery. */
async function pass(
  readers: Child<ReadersProgram>,
  server: Pick<GatewayProcess, 'cpu_ms'>,
  deliveries: number,
  speak: () => Promise<unknown>,
): Promise<Pass> {
  const cpu_ms = server.cpu_ms();
  const began = performance.now();
  const counted = readers.ask('count', deliveries);
  await speak();
  const texts = await counted;
  const took_ms = performance.now() - began;
  return {
    perSecond: (deliveries / took_ms) * 1_000,
    cpu_us: ((server.cpu_ms() - cpu_ms) / deliveries) * 1_000,
    texts,
  };
}

/** One event an append, at even times. `recordedAt` is taken before the commit, so the figures include it. */
async function latency(
  readers: Child<ReadersProgram>,
  worker: Worker,
  sockets: number,
  deliveriesPerSecond: number,
): Promise<object> {
  const perSecond = deliveriesPerSecond / sockets;
  const events = Math.ceil(perSecond * LATENCY_s);
  await readers.ask('time', undefined);
  const counted = readers.ask('count', sockets * events);
  const began = performance.now();
  const appends: Promise<void>[] = [];
  for (let event = 0; event < events; event++) {
    await sleep(Math.max(0, began + (event / perSecond) * 1_000 - performance.now()));
    appends.push(worker.progress(1));
  }
  await Promise.all(appends);
  await counted;
  const found = await readers.ask('timed', undefined);
  return { eventsPerSecond: Math.round(perSecond * 10) / 10, events, ...found };
}

/** Medians of the rounds. `share` is of CPU, see above. */
function compared(rounds: readonly Round[]): object {
  const figures = (passes: readonly Pass[]) => ({
    deliveries_perSecond: Math.round(median(passes.map(({ perSecond }) => perSecond))),
    cpu_usPerDelivery: median(passes.map(({ cpu_us }) => cpu_us)),
  });
  return {
    gateway: figures(rounds.map(({ live }) => live)),
    bare: figures(rounds.map(({ plain }) => plain)),
    share: hundredths(rounds.map(({ live, plain }) => plain.cpu_us / live.cpu_us)),
    share_ofDeliveriesPerSecond: hundredths(
      rounds.map(({ live, plain }) => live.perSecond / plain.perSecond),
    ),
  };
}

/** The median, rounded to a hundredth. */
function hundredths(shares: readonly number[]): number {
  return Math.round(median(shares.map((share) => share * 100))) / 100;
}
