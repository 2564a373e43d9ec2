/**
 * Events per second into the log: 1,024 in flight through the port, in one run with a fixed bare program that
 * writes the same rows (ingest-bare.ts); latency at 64 in flight; and through GraphQL over HTTP in batches of 1, 10
 * and 100. The durability settings of the server are printed: they decide what the figures mean.
 */
import { parseArgs } from 'node:util';
import { openRunLog } from '../../resolvers/events/append/append.ts';
import { queueRuns } from '../../resolvers/events/append/queue-run.ts';
import { newId } from '../../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import { storeWorkflowVersion } from '../../resolvers/runs/store-version.ts';
import { openServer, type TestDatabase } from '../kit/database.ts';
import { startPostgres } from '../kit/postgres-server.ts';
import { durability } from './durability.ts';
import { median, spread } from './figures.ts';
import { writeBare } from './ingest-bare.ts';
import { appendByGraphQL } from './ingest-graphql.ts';
import { newLife, STEP_KEYS, type Life } from './ingest-lives.ts';

const workspaceId = LOCAL_VIEWER.workspaceId;
const IN_FLIGHT = 1_024;
const IN_FLIGHT_FEW = 64;
/** What the issue asks of the log at 1,024 in flight, as a share of the bare program. */
const SHARE_MIN = 0.6;

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '5' } } });
  const server = process.env['TEST_DATABASE_URL'] ? null : await startPostgres();
  if (server) process.env['TEST_DATABASE_URL'] = server.url;
  const database = await openServer({ database_pool_max: 20 });
  try {
    const version = await storeBenchWorkflow(database);
    const bare: number[] = [];
    const log: number[] = [];
    for (let round = 0; round <= Number(values.rounds); round++) {
      const perBare = await perSecond(database, version, IN_FLIGHT, (lives) =>
        writeBare(database.pool, lives),
      );
      const perLog = await perSecond(database, version, IN_FLIGHT, async (lives) => {
        const { seconds } = await throughLog(database, lives);
        return seconds;
      });
      if (round > 0) bare.push(perBare); // The first round warms up.
      if (round > 0) log.push(perLog);
    }
    const few = await throughLog(database, await queued(database, version, IN_FLIGHT_FEW));
    const shares = log.map((each, round) => each / bare[round]!);
    return {
      durability: await durability(database.pool),
      atOnce: IN_FLIGHT,
      bare_perSecond: median(bare),
      log_perSecond: median(log),
      share: Math.round(percent(shares)) / 100,
      share_min: SHARE_MIN,
      inFlight64_ms: spread(few.latencies_ms),
      graphql_perSecond: await throughGraphQL(database, version),
    };
  } finally {
    await database.close();
    await server?.stop();
  }
}

const percent = (shares: readonly number[]) => median(shares.map((share) => share * 100));

async function perSecond(
  database: TestDatabase,
  version: Version,
  runs: number,
  write: (lives: readonly Life[]) => Promise<number>,
): Promise<number> {
  const lives = await queued(database, version, runs);
  const events = lives.reduce((sum, life) => sum + life.events.length, 0);
  return events / (await write(lives));
}

/** One caller per run, each waiting for its answer before its next event. */
async function throughLog(
  { sql }: TestDatabase,
  lives: readonly Life[],
): Promise<{ seconds: number; latencies_ms: number[] }> {
  const log = openRunLog(sql);
  const latencies_ms: number[] = [];
  const began = performance.now();
  await Promise.all(
    lives.map(async ({ runId, events }) => {
      let fence: string | null = null;
      for (const event of events) {
        const asked = performance.now();
        const answer = await log.append({
          runId,
          workspaceId,
          actor: 'worker',
          fence,
          events: [event],
        });
        fence = answer.fence;
        latencies_ms.push(performance.now() - asked);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  await log.close();
  return { seconds, latencies_ms };
}

async function throughGraphQL(
  database: TestDatabase,
  version: Version,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const batch of [1, 10, 100]) {
    const lives = await queued(database, version, batch === 1 ? 256 : IN_FLIGHT);
    const seconds = await appendByGraphQL(database.url!, lives, batch);
    const events = lives.reduce((sum, life) => sum + life.events.length, 0);
    figures[`batch${batch}`] = Math.round(events / seconds);
  }
  return figures;
}

interface Version {
  readonly workflowId: string;
  readonly workflowVersionId: string;
}

async function storeBenchWorkflow({ sql }: TestDatabase): Promise<Version> {
  const stored = await sql.transaction((tx) =>
    storeWorkflowVersion(tx, {
      workspaceId,
      key: 'bench-ingest',
      name: 'Ingest benchmark',
      kind: 'bench',
      rename: false,
      now: new Date(),
      steps: STEP_KEYS.map((key) => ({ key, name: key, parents: [], settings: {} })),
    }),
  );
  return { workflowId: stored.workflowId, workflowVersionId: stored.versionId };
}

/** Fresh runs, not timed. */
async function queued({ sql }: TestDatabase, version: Version, count: number): Promise<Life[]> {
  const lives = Array.from({ length: count }, newLife);
  await sql.transaction((tx) =>
    queueRuns(
      tx,
      lives.map(({ runId }) => ({
        id: runId,
        workspaceId,
        ...version,
        createdAt: new Date(),
        eventId: newId(),
        actor: 'user:bench' as const,
        tags: [],
        metadata: {},
      })),
    ),
  );
  return lives;
}
