/** Before all tests: a real Postgres, unless TEST_DATABASE_URL names one; the test files find it there. */
import { startPostgres } from './postgres-server.ts';

/** Where it cannot be had, REQUIRE_STORES=1 makes that a failure; otherwise TEST_DATABASE_MISSING says why. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['TEST_DATABASE_URL']) return undefined;
  const version = process.env['TEST_POSTGRES_VERSION'] === '15' ? 15 : 18;
  try {
    const server = await startPostgres({ version, maxConnections: 500 });
    process.env['TEST_DATABASE_URL'] = server.url;
    return () => server.stop();
  } catch (error) {
    if (process.env['REQUIRE_STORES'] === '1') {
      throw new Error('REQUIRE_STORES=1, but Postgres cannot be had', { cause: error });
    }
    process.env['TEST_DATABASE_MISSING'] = (error as Error).message;
    return undefined;
  }
}
