/**
 * Workers append and recordings are replayed, while everybody who watches is disconnected again and again and gateways
 * are killed: on the embedded store, and on Postgres and Redis with two gateways.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openApi } from '../gateway/cli/api.ts';
import { replayRun } from '../gateway/cli/replay-run.ts';
import { replayEvents } from '../resolvers/recordings/replay-events.ts';
import { readRecording } from '../resolvers/recordings/wfformat.ts';
import { startBusyRun, type BusyRun } from './kit/busy-run.ts';
import { openBusWire } from './kit/bus-wire.ts';
import { countsOf, expectFresh, expectRight, openTorment, type Torment } from './kit/campaign.ts';
import { clientProcess } from './kit/client-process.ts';
import { chainRecording } from './kit/endless-replay.ts';
import { openFleet, type Fleet } from './kit/fleet.ts';
import { metricOf } from './kit/metrics.ts';
import {
  eventsClient,
  plainSocket,
  plainStream,
  stateClient,
  type Follower,
  type FollowerOptions,
} from './kit/followers.ts';
import { WORLDS, type World } from './kit/gateway.ts';
import { settingsOf, startGatewayProcess, type Settings } from './kit/process.ts';
import { redisPath, startRedis, type RedisServer } from './kit/redis-server.ts';
import { until } from './kit/until.ts';

const KILLS = 20;
/** Of the one gateway of the embedded store: kill.test.ts kills it, too. */
const KILLS_EMBEDDED = 8;
const DISCONNECTS = 200;
/** Two and a half of these without a sign, and a link counts as half open. */
const HEARTBEAT_ms = 600;
const TIMEOUT_ms = 1_800_000;
/** Kills between two moments in which the workers rest and everything is compared with a query. */
const REST_EVERY = 5;
const REPLAY_SPEED = 10;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describe('embedded', () => {
  test(
    `${KILLS_EMBEDDED} kills of the one gateway and ${DISCONNECTS} disconnects lose, double and move nothing`,
    { timeout: TIMEOUT_ms },
    async () => {
      const world = await openWorld('embedded');
      const fleet = await startFleet(1, settingsOf(world));
      await campaign('embedded', fleet, KILLS_EMBEDDED, () => Promise.resolve());
    },
  );
});

const server = WORLDS.some(({ name }) => name === 'postgres');

describe.skipIf(!server || !redisPath())('postgres and Redis (TEST_DATABASE_URL, Redis)', () => {
  test(
    `${KILLS} kills of two gateways, ${DISCONNECTS} disconnects and a Redis that is killed, paused and lossy lose, double and move nothing`,
    { timeout: TIMEOUT_ms },
    async () => {
      const world = await openWorld('postgres');
      const redis = await startRedis();
      closers.push(() => redis.stop());
      const bus = await openBusWire(redis.port);
      closers.push(() => bus.close());
      Object.assign(bus.faults, { drop: 0.1, duplicate: 0.1, swap: 0.1, delay: 0.1 });
      const settings = { ...settingsOf(world), REDIS_URL: bus.url, REDIS_TIMEOUT_MS: '500' };
      const fleet = await startFleet(2, settings);
      await campaign('postgres and Redis', fleet, KILLS, redisFaults(redis, fleet));
      const { dropped, doubled, swapped, delayed } = bus.messages;
      for (const met of [dropped, doubled, swapped, delayed]) expect(met).toBeGreaterThan(0);
      console.log(`messages of the bus: ${JSON.stringify(bus.messages)}`);
    },
  );
});

async function openWorld(name: string): Promise<World> {
  const world = await WORLDS.find((one) => one.name === name)!.open();
  closers.push(() => world.end());
  return world;
}

async function startFleet(count: number, settings: Settings): Promise<Fleet> {
  const all = { ...settings, LIVE_HEARTBEAT_MS: String(HEARTBEAT_ms), LIVE_HEADS_MS: '100' };
  const gateways = [];
  for (let nth = 0; nth < count; nth++) {
    const gateway = await startGatewayProcess(all);
    closers.push(() => gateway.stop());
    gateways.push(gateway);
  }
  return openFleet(gateways);
}

/** Before the kill of that number. Each fault stays through several kills and must have been seen by a gateway. */
function redisFaults(redis: RedisServer, fleet: Fleet): (kill: number) => Promise<void> {
  const seen = (connected: number) =>
    until(
      `Redis is ${connected === 1 ? 'back' : 'away'}`,
      async () => (await metricOf(fleet.pick().url, 'bus_connected')) === connected,
    );
  const acts: Readonly<Record<number, () => Promise<void>>> = {
    3: () => redis.kill().then(() => seen(0)),
    6: () => redis.restart().then(() => seen(1)),
    9: async () => redis.pause(),
    10: () => seen(0),
    12: async () => redis.resume(),
    13: () => seen(1),
    // A gateway that hangs: whoever follows there sees a link that is half open.
    15: () => hang(fleet),
    18: () => hang(fleet),
  };
  return async (kill) => acts[kill]?.();
}

const HANG_ms = 1_000;

async function hang(fleet: Fleet): Promise<void> {
  const gateway = fleet.pick();
  gateway.pause();
  await new Promise((done) => setTimeout(done, HANG_ms));
  gateway.resume();
}

async function campaign(
  name: string,
  fleet: Fleet,
  kills: number,
  before: (kill: number) => Promise<void>,
): Promise<void> {
  const began_ms = performance.now();
  const torment = openTorment(() => fleet.pick().port);
  const url = () => fleet.pick().url;
  const runs = [await startBusyRun(url), await startBusyRun(url)];
  const folder = await newFolder();
  const watched = await Promise.all(runs.map((run, nth) => watch(run, nth, fleet, folder)));
  const release = watched.flat().map((follower) => torment.begin(follower));
  const replays = replayUntilStopped(fleet, torment);
  const moveOn = () => {
    for (const { wire } of [...watched.flat(), ...replays.followers()]) wire.aim(fleet.pick().port);
  };

  for (let kill = 1; kill <= kills; kill++) {
    const acknowledged = runs.map((run) => run.acknowledged.length);
    await until(
      'enough disconnects',
      () => torment.disconnects() >= (kill * DISCONNECTS) / kills,
      TIMEOUT_ms,
    );
    await until('every worker is at work', () =>
      runs.every((run, nth) => run.acknowledged.length > acknowledged[nth]!),
    );
    replays.expectWell();
    await before(kill);
    await fleet.kill(fleet.gateways[kill % fleet.gateways.length]!, moveOn);
    if (kill % REST_EVERY === 0) await rest(fleet, runs, watched);
  }

  await Promise.all(release.map((letGo) => letGo()));
  const replayed = await replays.stop();
  await Promise.all(runs.map((run) => run.finish()));
  for (const [nth, { runId, acknowledged }] of runs.entries()) {
    await expectFresh(url, runId, watched[nth]!);
    expectRight(acknowledged, watched[nth]!);
  }

  const followers = [...watched.flat(), ...replays.followers()];
  const { resumes, halfOpen, items } = countsOf(followers);
  const { heads, gaps } = await fleet.repaired();
  const repeats = runs.reduce((sum, run) => sum + run.repeats(), 0);
  const events = runs.reduce((sum, run) => sum + run.acknowledged.length, 0);
  const kinds = Object.entries(torment.tally).map(([kind, count]) => `${count} ${kind}`);
  console.log(
    `${name}: ${torment.disconnects()} disconnects (${kinds.join(', ')}), ${kills} kills of gateways, ` +
      `${resumes} resumes, ${halfOpen} half-open links given up, ${gaps} gap repairs, ${heads} heads repairs, ` +
      `${events} events acknowledged (${repeats} appends repeated), ${replayed} runs replayed, ` +
      `${items} items seen by ${followers.length} followers, ${seconds(began_ms)} s`,
  );
  expect(torment.disconnects()).toBeGreaterThanOrEqual(DISCONNECTS);
  for (const count of Object.values(torment.tally)) expect(count).toBeGreaterThan(0);
  for (const count of [resumes, halfOpen, gaps, repeats, replayed])
    expect(count).toBeGreaterThan(0);
  // Within one process no message is lost: there a look finds a head first only when it overtakes the message.
  if (fleet.gateways.length > 1) expect(heads).toBeGreaterThan(0);
}

/** Everybody who follows this run; the two runs have different ones. */
async function watch({ runId }: BusyRun, nth: number, fleet: Fleet, folder: string) {
  const kinds = [
    [
      eventsClient('websocket'),
      eventsClient('sse'),
      eventsClient('poll'),
      stateClient('sse'),
      plainSocket,
      clientProcess('websocket', folder),
    ],
    [
      eventsClient('websocket'),
      stateClient('websocket'),
      plainStream,
      clientProcess('sse', folder),
    ],
  ];
  const how = () => ({ runId, port: fleet.pick().port, heartbeat_ms: HEARTBEAT_ms });
  const followers = await Promise.all(kinds[nth]!.map((open) => open(how())));
  closers.push(() => Promise.all(followers.map((follower) => follower.close())));
  return followers;
}

/** The workers rest: what everybody holds is compared with what a query answers. */
async function rest(
  fleet: Fleet,
  runs: readonly BusyRun[],
  watched: readonly (readonly Follower[])[],
): Promise<void> {
  await Promise.all(runs.map((run) => run.pause()));
  for (const [nth, { runId }] of runs.entries()) {
    await expectFresh(() => fleet.pick().url, runId, watched[nth]!);
  }
  runs.forEach((run) => run.resume());
}

/** One recording after the other, each followed from its first event on. */
function replayUntilStopped(fleet: Fleet, torment: Torment) {
  const stopping = new AbortController();
  const all: Follower[] = [];
  let replayed = 0;

  async function replayOne(): Promise<void> {
    const recording = await readRecording(chainRecording());
    const api = openApi({ url: `${fleet.gateways[0]!.url}/graphql`, patience_ms: TIMEOUT_ms });
    let watching: Promise<Follower[]> = Promise.resolve([]);
    let letGo: (() => Promise<void>)[] = [];
    const begin = async (how: FollowerOptions) => {
      const followers = await Promise.all([
        eventsClient('websocket')(how),
        stateClient('sse')(how),
      ]);
      all.push(...followers);
      letGo = followers.map((follower) => torment.begin(follower));
      return followers;
    };
    const { runId } = await replayRun(api, recording, {
      speed: REPLAY_SPEED,
      signal: new AbortController().signal,
      started(id) {
        const how = { runId: id, port: fleet.pick().port, heartbeat_ms: HEARTBEAT_ms };
        watching = begin(how);
      },
      told: () => undefined,
    });
    const followers = await watching;
    await Promise.all(letGo.map((release) => release()));
    const told = replayEvents(recording, runId).map(({ eventId }, at) => ({
      eventId,
      seq: at + 2,
    }));
    await expectFresh(() => fleet.pick().url, runId, followers);
    expectRight(told, followers);
    await Promise.all(followers.map((follower) => follower.close()));
    replayed += 1;
  }

  const going = (async () => {
    while (!stopping.signal.aborted) await replayOne();
  })();
  let failure: unknown;
  going.catch((error: unknown) => (failure = error));
  return {
    expectWell() {
      if (failure) throw failure;
    },
    followers: () => all,
    /** Ends after the run under way; how many there were. */
    async stop() {
      stopping.abort();
      await going;
      return replayed;
    },
  };
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'polyphony-campaign-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function seconds(since_ms: number): number {
  return Math.round((performance.now() - since_ms) / 1_000);
}
