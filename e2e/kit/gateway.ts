/** Whole gateways in this process: on an embedded store in a folder of their own, or on a server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig, type Environment } from '../../gateway/config.ts';
import { startGateway, type Gateway } from '../../gateway/gateway.ts';
import { DATABASES, type TestDatabase } from './database.ts';

export interface TestGateway extends Gateway {
  /** What it logged so far, line by line. */
  readonly lines: string[];
  /** Posts an operation; answers the body. */
  ask<Data>(query: string, variables?: object): Promise<Asked<Data>>;
}

export interface Asked<Data> {
  readonly data?: Data | null;
  readonly errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
}

/** A store that gateways can be started on, one after the other or (on a server) side by side. */
export interface World {
  readonly settings: Environment;
  start(settings?: Environment): Promise<TestGateway>;
  /** Drains what runs and removes the store. */
  end(): Promise<void>;
}

/** In each mode that can be had here. */
export const WORLDS: readonly {
  readonly name: string;
  readonly open: () => Promise<World>;
}[] = DATABASES.map(({ name, open }) => ({
  name,
  open: () => (name === 'embedded' ? openFolder() : openServer(open)),
}));

async function openFolder(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'polyphony-e2e-'));
  return world({ DATA_DIR: join(folder, 'store') }, () =>
    rm(folder, { recursive: true, force: true }),
  );
}

async function openServer(open: () => Promise<TestDatabase>): Promise<World> {
  const database = await open();
  return world({ DATABASE_URL: database.url }, () => database.close());
}

function world(settings: Environment, remove: () => Promise<void>): World {
  const running: TestGateway[] = [];
  return {
    settings,
    async start(more = {}) {
      const gateway = await startTestGateway({ ...settings, ...more });
      running.push(gateway);
      return gateway;
    },
    async end() {
      await Promise.all(running.map((gateway) => gateway.drain()));
      await remove();
    },
  };
}

/** Starts one with these settings, on any free port. Logs everything. */
export async function startTestGateway(settings: Environment): Promise<TestGateway> {
  const lines: string[] = [];
  const config = parseConfig({
    PORT: 0,
    SEED: 'off',
    LOG_LEVEL: 'debug',
    DRAIN_MS: 5_000,
    ...settings,
  });
  const gateway = await startGateway(config, { write: (line) => lines.push(line) });
  return {
    ...gateway,
    lines,
    async ask<Data>(query: string, variables: object = {}) {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as Asked<Data>;
    },
  };
}
