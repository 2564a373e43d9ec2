/** The servers that are measured: what each is, how it is started, in which words it is asked. */
import { LOCAL_VIEWER } from '../../../resolvers/policy.ts';
import { GATEWAY, startProcess, type GatewayProcess } from '../gateway-process.ts';
import { ask, type Target } from './load.ts';
import { bodiesOf, type Dialect, type OperationName } from './operations.ts';
import type { Program } from './rivals.ts';

export type ServerName =
  | 'ours'
  | 'bare'
  | 'levels'
  | 'mercurius'
  | 'postgraphile'
  | 'yoga-jit'
  | 'yoga-graphql-js';

interface ServerPlan {
  /** Null: the gateway itself. */
  readonly program: Program | null;
  readonly dialect: Dialect;
  readonly env?: Readonly<Record<string, string>>;
  /** What people use today: the best of these is what counts. */
  readonly rival?: boolean;
}

export const SERVERS: Readonly<Record<ServerName, ServerPlan>> = {
  ours: { program: null, dialect: 'plain' },
  bare: { program: 'bare', dialect: 'plain' },
  levels: { program: 'levels', dialect: 'plain' },
  mercurius: { program: 'mercurius', dialect: 'plain', rival: true },
  postgraphile: { program: 'postgraphile', dialect: 'postgraphile', rival: true },
  'yoga-jit': { program: 'yoga', dialect: 'plain', env: { JIT: '1' }, rival: true },
  // What the gateway was before it had an executor of its own, in its parts.
  'yoga-graphql-js': { program: 'yoga', dialect: 'plain', env: { JIT: '0' } },
};

export const SERVER_NAMES = Object.keys(SERVERS) as readonly ServerName[];

/** Connections to the database of each server, and to each server: as many, so that none waits for one. */
export const CONNECTIONS = 10;

export interface Setting {
  readonly database_url: string;
  readonly pathOf: (program: Program) => string;
  readonly runIds: readonly string[];
  /** File of what the bare server answers. */
  readonly answers: string;
  /** Of node, the same for all. */
  readonly flags: readonly string[];
  /** Further settings of the gateway alone. */
  readonly env: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly name: ServerName;
  readonly process: GatewayProcess;
  target(operation: OperationName): Target;
  /** Its first answers: of `run` one for each of the first few ids. */
  answers(operation: OperationName): Promise<string[]>;
}

/** Starts one; `printed` is told what it prints. */
export async function startServer(
  name: ServerName,
  setting: Setting,
  printed?: (text: string) => void,
): Promise<RunningServer> {
  const { program, dialect, env = {} } = SERVERS[name];
  const command = program ? [setting.pathOf(program)] : GATEWAY;
  const pool = String(CONNECTIONS);
  const process = await startProcess(
    {
      NODE_ENV: 'production',
      GRAPHILE_ENV: 'production',
      DATABASE_URL: setting.database_url,
      DATABASE_POOL_MAX: pool,
      ...(program
        ? { WORKSPACE_ID: LOCAL_VIEWER.workspaceId, ANSWERS: setting.answers, ...env }
        : { DATABASE_POOL_MIN: pool, LOG_LEVEL: 'warn', SEED: 'off', ...setting.env }),
    },
    [...setting.flags, ...command],
    printed,
  );
  const { hostname: host, port } = new URL(process.url);
  const target = (operation: OperationName): Target => ({
    name,
    host,
    port: Number(port),
    path: program === 'bare' ? `/${operation}` : '/graphql',
    bodies: bodiesOf(operation, dialect, setting.runIds),
    cpu_ms: () => process.cpu_ms(),
  });
  return {
    name,
    process,
    target,
    answers(operation) {
      const asked = target(operation);
      return Promise.all(asked.bodies.slice(0, ANSWERS_COMPARED).map((body) => ask(asked, body)));
    },
  };
}

const ANSWERS_COMPARED = 20;
