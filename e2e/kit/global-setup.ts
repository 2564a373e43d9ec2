/**
 * Before all tests: a real Postgres and a real Redis, unless TEST_DATABASE_URL and TEST_REDIS_URL name some; the test
 * files find them there. A real Neo4j for the first file that asks (neo4j-server.ts), since most runs need none.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startNeo4j, type Neo4jServer } from './neo4j-server.ts';
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
    if (!process.env['TEST_NEO4J_URL']) started.push(await offerNeo4j());
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

/** Answers each request with the URL of one server, or with why there is none; where to ask is TEST_NEO4J_ON_DEMAND. */
async function offerNeo4j(): Promise<Stoppable> {
  let neo4j: Promise<Neo4jServer> | undefined;
  const door = createServer((_request, response) => {
    neo4j ??= startNeo4j();
    neo4j.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(503).end((error as Error).message),
    );
  });
  await new Promise<void>((done) => door.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  process.env['TEST_NEO4J_ON_DEMAND'] = url;
  return {
    url,
    async stop() {
      door.close();
      const server = await neo4j?.catch(() => undefined);
      await server?.stop();
    },
  };
}
