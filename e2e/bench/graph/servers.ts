/** The servers that answer from one Neo4j: the gateway, the bare driver, and `@neo4j/graphql`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildRivals } from '../answers/rivals.ts';
import { ask, type Target } from '../answers/load.ts';
import { GATEWAY, startProcess, type GatewayProcess } from '../gateway-process.ts';
import {
  bodyOf,
  cypherOf,
  essenceOf,
  type LineageBy,
  OPERATION_NAMES,
  type Asked,
  type OperationName,
  type ServerName,
} from './operations.ts';

/** To each server, and of each server to Neo4j. */
export const CONNECTIONS = 10;
/** Of each operation. */
const ANSWERS_COMPARED = 10;

export interface RunningServer {
  readonly name: ServerName;
  readonly process: GatewayProcess;
  readonly target: (operation: OperationName) => Target;
}

export interface Setting {
  readonly database_url: string;
  readonly neo4j_url: string;
  readonly folder: string;
  readonly lineage: LineageBy;
  readonly asked: Readonly<Record<OperationName, readonly Asked[]>>;
}

/** The gateway, which brings Neo4j what the tables have. */
export async function startOurs(setting: Setting): Promise<RunningServer> {
  const { database_url, neo4j_url } = setting;
  const env = {
    DATABASE_URL: database_url,
    DATABASE_POOL_MAX: String(CONNECTIONS),
    NEO4J_URL: neo4j_url,
    NEO4J_TIMEOUT_MS: '20000', // A first plan on a busy machine.
    REQUEST_DEADLINE_MS: '60000',
    NEO4J_STALE_MAX_MS: '60000',
    LOG_LEVEL: 'warn',
    SEED: 'off',
  };
  return running('ours', await startProcess(serving(env), GATEWAY), setting);
}

/** The others, on what is there. */
export async function startRivals(setting: Setting): Promise<RunningServer[]> {
  const file = (name: string) => fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url));
  const [cypher, graphql] = await buildRivals([file('cypher'), file('neo4j-graphql')]);
  const texts = join(setting.folder, 'texts.json');
  const textOf = (name: OperationName) => cypherOf(name, setting.asked[name][0]!).text;
  writeFileSync(
    texts,
    JSON.stringify(Object.fromEntries(OPERATION_NAMES.map((name) => [`/${name}`, textOf(name)]))),
  );
  const env = serving({
    NEO4J_URL: setting.neo4j_url,
    CONNECTIONS: String(CONNECTIONS),
    TEXTS: texts,
  });
  const bare = await startProcess(env, [cypher!]);
  const theirs = await startProcess(env, [graphql!]);
  return [running('bare', bare, setting), running('neo4j-graphql', theirs, setting)];
}

/** Throws unless all answer the same; of shortest paths, as long ones. Answers the bytes of ours. */
export async function compare(
  servers: readonly RunningServer[],
  { asked, lineage }: Setting,
): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const operation of OPERATION_NAMES) {
    for (const one of asked[operation].slice(0, ANSWERS_COMPARED)) {
      const found = new Map<ServerName, string>();
      for (const { name, target } of servers) {
        const text = await ask(target(operation), bodyOf(name, operation, one, lineage));
        if (name === 'ours') bytes[operation] = Buffer.byteLength(text);
        found.set(name, essenceOf(name, operation, text));
      }
      if (new Set(found.values()).size > 1)
        throw new Error(`${operation} differs: ${JSON.stringify([...found])}`);
    }
  }
  return bytes;
}

function serving(env: Record<string, string>): Record<string, string> {
  return { NODE_ENV: 'production', ...env };
}

function running(
  name: ServerName,
  process: GatewayProcess,
  { asked, lineage }: Setting,
): RunningServer {
  const { hostname: host, port } = new URL(process.url);
  return {
    name,
    process,
    target: (operation) => ({
      name,
      host,
      port: Number(port),
      path: name === 'bare' ? `/${operation}` : '/graphql',
      bodies: asked[operation].map((one) => bodyOf(name, operation, one, lineage)),
      cpu_ms: () => process.cpu_ms(),
    }),
  };
}
