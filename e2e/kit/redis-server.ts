/**
 * Real Redis servers for tests: Debian's redis-server, installed by apt where it is missing and we may. They listen on
 * 127.0.0.1 only, keep nothing on disk, and end with the process that started them.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

const READY_WAIT_MS = 30_000;
const INSTALL_WAIT_MS = 300_000;
const CLUSTER_SLOTS = 16_384;

export interface RedisServer {
  /** The same after a restart. */
  readonly url: string;
  readonly port: number;
  /** kill -9. Resolves when it is gone; what it held is gone with it. */
  kill(): Promise<void>;
  /** As when its machine hangs: connections stay and are taken, nothing is answered. */
  pause(): void;
  /** Goes on where it was paused. */
  resume(): void;
  /** Starts again on the same port, after `kill`. Resolves when it answers. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisCluster {
  /** As REDIS_URL names a cluster. */
  readonly url: string;
  /** Masters; each has a third of the slots. */
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Where redis-server is, or null. */
export function redisPath(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'redis-server')).find(existsSync) ?? null;
}

/** Installs redis-server where it is missing. Throws with the reason when it cannot be had. */
export async function installRedis(): Promise<void> {
  if (redisPath()) return;
  if (process.getuid?.() !== 0) throw new Error('redis-server is not installed; we are not root.');
  const run = promisify(execFile);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: INSTALL_WAIT_MS,
  };
  await run('apt-get', ['update', '-qq'], options);
  const flags = ['-qq', '-y', '--no-install-recommends'];
  await run('apt-get', ['install', ...flags, 'redis-server'], options);
}

/** Starts a server; `settings` are more words of its command line. Throws with the reason and its log. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  await installRedis();
  const folder = await mkdtemp(join(tmpdir(), 'polyphony-redis-'));
  const port = await freePort();
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const quiet = ['--save', '', '--appendonly', 'no', '--logfile', join(folder, 'log')];
  const start = () => startServer([...flags, ...quiet, ...settings], folder, port);
  let server = await start();
  const kill = async () => {
    if (gone(server)) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async restart() {
      server = await start();
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A cluster of three masters without replicas; resolves when all of them say that it is whole. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () => {
      const busPort = await freePort();
      const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)];
      // A node that is away costs its own slots, not all of them.
      const partial = ['--cluster-require-full-coverage', 'no', '--cluster-node-timeout', '2000'];
      return { server: await startRedis([...cluster, ...partial]), busPort };
    }),
  );
  const clients = nodes.map(({ server }) => new Redis(server.url));
  try {
    for (const [index, client] of clients.entries()) {
      const first = Math.ceil((index * CLUSTER_SLOTS) / nodes.length);
      const last = Math.ceil(((index + 1) * CLUSTER_SLOTS) / nodes.length) - 1;
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      const { server, busPort } = nodes[0]!;
      if (index > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
    }
    await untilWhole(clients);
  } finally {
    for (const client of clients) client.disconnect();
  }
  const servers = nodes.map(({ server }) => server);
  return {
    url: `${servers[0]!.url}?cluster=on${servers
      .slice(1)
      .map(({ port }) => `&node=127.0.0.1:${port}`)
      .join('')}`,
    nodes: servers,
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  };
}

async function untilWhole(clients: readonly Redis[]): Promise<void> {
  const whole = async (client: Redis) => {
    const info = String(await client.call('CLUSTER', 'INFO'));
    const all = `cluster_known_nodes:${clients.length}`;
    return (
      info.includes('cluster_state:ok') &&
      info.includes(all) &&
      info.includes(`cluster_slots_assigned:${CLUSTER_SLOTS}`)
    );
  };
  const deadline_ms = performance.now() + READY_WAIT_MS;
  while (!(await Promise.all(clients.map(whole))).every(Boolean)) {
    if (performance.now() > deadline_ms) throw new Error('the Redis cluster does not become whole');
    await sleep(50);
  }
}

async function startServer(
  flags: readonly string[],
  folder: string,
  port: number,
): Promise<ChildProcess> {
  const server = spawn(redisPath()!, flags, { cwd: folder, stdio: 'ignore' });
  const stopWithUs = () => server.kill('SIGKILL');
  process.once('exit', stopWithUs);
  server.once('exit', () => process.off('exit', stopWithUs));
  const deadline_ms = performance.now() + READY_WAIT_MS;
  while (!(await answers(port))) {
    const late = performance.now() > deadline_ms;
    if (late) server.kill('SIGKILL');
    if (late || gone(server)) {
      const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
      throw new Error(`Redis ${late ? 'does not answer' : 'ended at its start'}:\n${log}`);
    }
    await sleep(10);
  }
  return server;
}

/** True when it takes commands on this port. */
function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', (bytes) => end(bytes.toString().startsWith('+PONG')));
    socket.once('error', () => end(false));
  });
}

function gone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
