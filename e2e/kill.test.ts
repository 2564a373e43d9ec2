/** The gateway killed while it writes, again and again: what it acknowledged is there, what is sent twice is once. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { replayEvents } from '../resolvers/recordings/replay-events.ts';
import { parseRecording } from '../resolvers/recordings/wfformat.ts';
import { allEvents } from './kit/ask.ts';
import { DATABASES } from './kit/database.ts';
import { startEndlessReplay } from './kit/endless-replay.ts';
import { startPostgres, type PostgresServer } from './kit/postgres-server.ts';
import { startGatewayProcess, type GatewayProcess, type Settings } from './kit/process.ts';
import { until } from './kit/until.ts';
import { repeat, startWriters, type Writers } from './kit/writers.ts';

/** Of a gateway, in each world; the campaign (campaign.test.ts) adds more, with followers. */
const KILLS = 6;
const WRITERS = 6;
/** Answers between two faults: enough that every writer is at work again. */
const ANSWERS_BETWEEN = 30;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describe.each(DATABASES)('$name', ({ name, open }) => {
  test(`${KILLS} kills of the gateway lose nothing acknowledged and store nothing twice`, async () => {
    const gateway = await startGateway(name === 'embedded' ? await dataFolder() : await server());
    await survive(
      gateway,
      Array.from({ length: KILLS }, () => gatewayKilled(gateway)),
    );
  }, 600_000);

  async function dataFolder(): Promise<Settings> {
    return { DATA_DIR: join(await newFolder(), 'store') };
  }

  async function server(): Promise<Settings> {
    const database = await open();
    closers.push(() => database.close());
    return { DATABASE_URL: database.url! };
  }
});

// A server of its own: needs binaries, not TEST_DATABASE_URL.
test.skipIf(Boolean(process.env['TEST_DATABASE_MISSING']))(
  'a durable Postgres killed too, before, after and with the gateway, loses nothing acknowledged',
  async () => {
    const postgres = await startPostgres({ fsync: true });
    closers.push(() => postgres.stop());
    const gateway = await startGateway({ DATABASE_URL: postgres.url });
    const round = [postgresKilled(postgres), gatewayKilled(gateway), bothKilled(postgres, gateway)];
    await survive(gateway, [...round, ...round]);
  },
  600_000,
);

/** Something goes down and comes back. */
interface Fault {
  strike(): Promise<void>;
  /** Grows when the strike hit: sendings without an answer, or recoveries after a crash in the server's log. */
  evidence(writers: Writers): number | Promise<number>;
}

function gatewayKilled(gateway: GatewayProcess): Fault {
  return {
    strike: async () => {
      await gateway.kill();
      await gateway.restart();
    },
    evidence: (writers) => writers.unanswered(),
  };
}

/** The gateway goes on: it tries again what it was about to commit, so that callers may see nothing of it. */
function postgresKilled(postgres: PostgresServer): Fault {
  return {
    strike: async () => {
      await postgres.kill();
      await postgres.restart();
    },
    evidence: async () => {
      const log = await readFile(join(postgres.folder, 'log'), 'utf8');
      return log.match(/automatic recovery in progress/g)?.length ?? 0;
    },
  };
}

function bothKilled(postgres: PostgresServer, gateway: GatewayProcess): Fault {
  return {
    strike: async () => {
      await Promise.all([postgres.kill(), gateway.kill()]);
      await postgres.restart();
      await gateway.restart();
    },
    evidence: (writers) => writers.unanswered(),
  };
}

/** Writers and a replay at work through all the faults; each fault must have hit both of them at work. */
async function survive(gateway: GatewayProcess, faults: readonly Fault[]): Promise<void> {
  const { url } = gateway;
  const writers = await startWriters(url, WRITERS);
  const replay = await startEndlessReplay(url, await newFolder());
  const bothAtWork = async () => {
    const answers = writers.answered() + ANSWERS_BETWEEN;
    const stored = await replay.stored();
    await until('the writers are answered', () => writers.answered() >= answers);
    await until('the replay gets on', async () => (await replay.stored()) > stored);
  };

  let hits = 0;
  for (const fault of faults) {
    await bothAtWork();
    const before = await fault.evidence(writers);
    await fault.strike();
    if ((await fault.evidence(writers)) > before) hits += 1;
  }
  await bothAtWork();
  await writers.stop();
  const runs = await replay.stop();

  expect(hits).toBe(faults.length);
  await expectAllKept(url, writers.acknowledged);
  const recording = parseRecording(replay.bytes);
  for (const runId of runs) {
    const told = replayEvents(recording, runId).map(({ eventId, type }) => `${eventId} ${type}`);
    const [queued, ...rest] = await allEvents(url, runId);
    expect(queued?.type).toBe('RUN_QUEUED');
    expect(rest.map(({ eventId, type }) => `${eventId} ${type}`)).toEqual(told);
  }
  console.log(
    `${hits} faults: ${writers.answered()} appends acknowledged, ${writers.unanswered()} sendings unanswered, ` +
      `${writers.storedUntold()} events stored untold, ${runs.length} runs replayed`,
  );
}

async function expectAllKept(url: string, acknowledged: Writers['acknowledged']): Promise<void> {
  expect(acknowledged.size).toBe(WRITERS);
  await Promise.all(
    [...acknowledged].map(async ([runId, calls]) => {
      const log = await allEvents(url, runId);
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, at) => at + 1));
      // RUN_QUEUED, RUN_STARTED, then what was acknowledged, in the order in which it was sent, and nothing else.
      const kept = log.slice(2).map(({ eventId, seq }) => ({ eventId, seq }));
      expect(kept).toEqual(calls.flatMap(({ events }) => events));
      for (const call of calls) expect(await repeat(url, call)).toEqual(call.events);
      expect(await allEvents(url, runId)).toHaveLength(log.length);
    }),
  );
}

async function startGateway(settings: Settings): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(settings);
  closers.push(() => gateway.stop());
  return gateway;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'polyphony-kill-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
