/**
 * Before all tests: a real Postgres and a real Redis, unless TEST_DATABASE_URL and TEST_REDIS_URL name some; the test
 * files find them there.
 */
import { startPostgres } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';

interface Stoppable {
  readonly url: string;
  stop(): Promise<void>;
}

/** Where one cannot be had, REQUIRE_STORES=1 makes that a failure; otherwise TEST_…_MISSING says why. */
export async function setup(): Promise<() => Promise<void>> {
  const version = process.env['TEST_POSTGRES_VERSION'] === '15' ? 15 : 18;
  const started: Stoppable[] = [];
  const stop = async () => void (await Promise.all(started.map((server) => server.stop())));
  try {
    started.push(
      ...(await have('DATABASE', () => startPostgres({ version, maxConnections: 500 }))),
    );
    started.push(...(await have('REDIS', () => startRedis())));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function have(
  store: 'DATABASE' | 'REDIS',
  start: () => Promise<Stoppable>,
): Promise<Stoppable[]> {
  if (process.env[`TEST_${store}_URL`]) return [];
  try {
    const server = await start();
    process.env[`TEST_${store}_URL`] = server.url;
    return [server];
  } catch (error) {
    if (process.env['REQUIRE_STORES'] === '1') {
      throw new Error(`REQUIRE_STORES=1, but TEST_${store}_URL is not set and no server starts`, {
        cause: error,
      });
    }
    process.env[`TEST_${store}_MISSING`] = (error as Error).message;
    return [];
  }
}
