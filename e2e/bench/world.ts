/** The database that a benchmark reads: the one at BENCH_DATABASE_URL, which is kept, or a fresh one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { openPostgres } from '../../gateway/stores/postgres.ts';
import { openServer, SETTINGS, type TestDatabase } from '../kit/database.ts';
import { startPostgres } from '../kit/postgres-server.ts';

export interface BenchWorld {
  readonly database: TestDatabase;
  /** Removes it unless it is kept. */
  close(): Promise<void>;
}

/** Migrated; on a server of TEST_DATABASE_URL, or on one started for it. */
export async function openWorld(): Promise<BenchWorld> {
  const kept = process.env['BENCH_DATABASE_URL'];
  if (kept) {
    const store = await openPostgres({ ...SETTINGS, database_url: kept });
    await store.migrate();
    const database: TestDatabase = {
      name: 'postgres',
      url: kept,
      store,
      pool: store.pool,
      sql: store.sql,
      db: store.db,
      statements: () => [],
      close: () => store.close(),
    };
    return { database, close: () => store.close() };
  }
  const server = process.env['TEST_DATABASE_URL'] ? null : await startPostgres();
  if (server) process.env['TEST_DATABASE_URL'] = server.url;
  const database = await openServer();
  return {
    database,
    close: async () => {
      await database.close();
      if (!server) return;
      await untilAlone(server.url);
      await server.stop();
    },
  };
}

/** Until the server has let go of connections that were ended: one that it cuts itself is an error in its pool. */
async function untilAlone(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (;;) {
    const { rows } = await client.query<{ others: boolean }>(
      `/* bench.others */ SELECT count(*) > 1 AS others FROM pg_stat_activity
       WHERE backend_type = 'client backend'`,
    );
    if (!rows[0]!.others) return client.end();
    await sleep(10);
  }
}
