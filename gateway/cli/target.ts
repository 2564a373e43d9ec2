/** Where a command does its work: on the server that the settings name, in the data folder, or in its gateway. */
import { Unavailable } from '../../resolvers/errors.ts';
import { openRunLog } from '../../resolvers/events/append/append.ts';
import { parseConfig, type Config, type Environment } from '../config.ts';
import { claimFolder } from '../stores/data-folder.ts';
import { projectionOver } from '../stores/graph-neo4j/projection.ts';
import { stepParts } from '../projector.ts';
import { neo4jClient, type Neo4jClient } from '../stores/graph-neo4j/client.ts';
import { openPostgres } from '../stores/postgres.ts';
import { socketAdmin } from './admin-http.ts';
import { storeAdmin, type Admin } from './admin.ts';

/**
 * Does the work on the stores of these settings, and closes what it opened for it. While a gateway has the embedded
 * store's folder, it does the work there. Refuses: Unavailable when another command has the folder.
 */
export async function withAdmin<T>(
  environment: Environment,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const config = parseConfig(environment);
  if (config.database_url !== undefined) return withStore(config, work);
  const claim = await claimFolder(config.data_dir, () => ({ pid: process.pid, url: null }));
  if ('owner' in claim) {
    const { pid, url, socketPath } = claim.owner;
    if (url !== null) return work(socketAdmin(socketPath));
    throw new Unavailable(
      config.data_dir,
      `process ${pid} is at work in it; try again when it is done`,
    );
  }
  try {
    return await withStore(config, work);
  } finally {
    await claim.release();
  }
}

/** The same on a database in the state that this version needs; tells what it had to migrate. */
export function withMigratedAdmin<T>(
  environment: Environment,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  return withAdmin(environment, async (admin) => {
    const applied = await admin.migrate();
    if (applied.length > 0) process.stderr.write(`migrated: ${applied.join(', ')}\n`);
    return work(admin);
  });
}

async function withStore<T>(config: Config, work: (admin: Admin) => Promise<T>): Promise<T> {
  const store = await openPostgres(config);
  const log = openRunLog(store.sql);
  const neo4j = openNeo4j(config);
  const graph = neo4j && stepParts(store.sql, projectionOver(neo4j));
  try {
    return await work(storeAdmin(store, log, config, graph));
  } finally {
    await neo4j?.close();
    await log.close();
    await store.close();
  }
}

/** The client of NEO4J_URL, or null; it connects when it is needed. */
function openNeo4j(config: Config): Neo4jClient | null {
  const { neo4j_url: url, neo4j_timeout_ms: timeout_ms } = config;
  if (url === undefined) return null;
  return neo4jClient({ url, timeout_ms, connections_max: config.neo4j_connections_max });
}
