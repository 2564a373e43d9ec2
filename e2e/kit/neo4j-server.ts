/**
 * Real Neo4j servers for tests: Community Edition from its jars. They listen on 127.0.0.1 only, and end with the
 * process that started them. A start takes 6 seconds of CPU and a first query of each kind up to one more, so all files
 * share one (`sharedNeo4jOrNull`), but for those that harm it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { until } from './until.ts';
import { moveTo, neo4jPrograms, type Neo4jPrograms } from './neo4j-programs.ts';

const READY_WAIT_MS = 120_000;
const HEAP = '512m';
const MODULES = ['java.nio', 'java.io', 'sun.nio.ch', 'java.util.concurrent'];

export interface Neo4jServer {
  /** The same after a restart. Nobody signs in. */
  readonly url: string;
  readonly port: number;
  /** Another one after a restart. */
  readonly pid: number;
  /** kill -9. Resolves when it is gone. What was committed stays. */
  kill(): Promise<void>;
  /** As when its machine hangs: connections stay and are taken, nothing is answered. Resolves once that is so. */
  pause(): Promise<void>;
  /** Goes on where it was paused. */
  resume(): void;
  /** Starts again on the same folder and port, after `kill`. Resolves when it answers. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a server. Throws with the reason: no Java, no jars, or its log. `compilers`: no test lasts long enough to win
 * back what Java's second one takes; benchmarks do.
 */
export async function startNeo4j(compilers: 'first' | 'all' = 'first'): Promise<Neo4jServer> {
  const programs = await neo4jPrograms(warm);
  const folder = await mkdtemp(join(tmpdir(), 'polyphony-neo4j-'));
  await cp(programs.emptyStore, join(folder, 'data'), { recursive: true });
  const port = await freePort();
  const start = () =>
    startServer(programs, folder, port, [
      `-XX:SharedArchiveFile=${programs.archive}`,
      `-XX:TieredStopAtLevel=${compilers === 'first' ? 1 : 4}`,
    ]);
  let server: ChildProcess;
  try {
    server = await start();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `bolt://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid!;
    },
    kill: () => end(server, 'SIGKILL'),
    pause: () => pause(server),
    resume: () => void server.kill('SIGCONT'),
    async restart() {
      server = await start();
    },
    async stop() {
      await end(server, 'SIGKILL'); // A clean stop takes seconds, for a store that nobody needs any more.
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The server that all test files share, started by the global set-up for the first that asks; TEST_NEO4J_URL's where that
 * is set. Each test in a workspace of its own (the local one is that of e2e/graph-fields.test.ts): nobody wipes it, nobody
 * harms it. Null with the reason printed where it
 * cannot be had: suites are skipped then, but with REQUIRE_STORES=1 that is a failure.
 */
export function sharedNeo4jOrNull(): Promise<{ readonly url: string } | null> {
  return orNull(async () => {
    const url = process.env['TEST_NEO4J_URL'];
    if (url) return { url };
    const answer = await fetch(process.env['TEST_NEO4J_ON_DEMAND']!);
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return { url: text };
  });
}

/** As the shared one, for a file that kills or pauses its server, or needs the whole database. To be stopped. */
export function ownNeo4jOrNull(): Promise<Neo4jServer | null> {
  return orNull(() => startNeo4j());
}

async function orNull<Server>(have: () => Promise<Server>): Promise<Server | null> {
  try {
    return await have();
  } catch (error) {
    if (process.env['REQUIRE_STORES'] === '1') {
      throw new Error('REQUIRE_STORES=1, but no Neo4j starts', { cause: error });
    }
    console.warn(`No Neo4j: ${(error as Error).message}`);
    return null;
  }
}

/** One start and one clean stop, of which the classes read and the empty store are kept: in this order. */
async function warm(programs: Neo4jPrograms): Promise<void> {
  const folder = await mkdtemp(`${programs.emptyStore}.`);
  try {
    const archive = join(folder, 'classes.jsa');
    const keep = `-XX:ArchiveClassesAtExit=${archive}`;
    await end(await startServer(programs, folder, await freePort(), [keep]), 'SIGTERM');
    await moveTo(programs.archive, archive);
    await rm(join(folder, 'data', 'server_id'), { force: true, recursive: true });
    await moveTo(programs.emptyStore, join(folder, 'data'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function settings(port: number): string {
  return [
    'server.default_listen_address=127.0.0.1',
    'server.bolt.enabled=true',
    `server.bolt.listen_address=127.0.0.1:${port}`,
    `server.bolt.advertised_address=127.0.0.1:${port}`,
    'server.http.enabled=false',
    'server.https.enabled=false',
    'dbms.security.auth_enabled=false',
    'dbms.usage_report.enabled=false',
    'server.memory.pagecache.size=64m',
    'db.tx_log.preallocate=false',
    'db.tx_log.rotation.retention_policy=keep_none',
    '',
  ].join('\n');
}

async function startServer(
  { jars }: Neo4jPrograms,
  folder: string,
  port: number,
  more: readonly string[],
): Promise<ChildProcess> {
  await mkdir(join(folder, 'conf'), { recursive: true });
  await writeFile(join(folder, 'conf', 'neo4j.conf'), settings(port));
  const names = (await readdir(jars)).toSorted(); // The archive of classes is for this very path.
  const flags = [
    `-Xms${HEAP}`,
    `-Xmx${HEAP}`,
    '-XX:MaxDirectMemorySize=256m',
    '-XX:+UseSerialGC',
    '-XX:+ExitOnOutOfMemoryError',
    '-XX:-OmitStackTraceInFastThrow',
    '-Xshare:auto',
    ...more,
    ...MODULES.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    '--add-modules=jdk.incubator.vector',
    '-Dfile.encoding=UTF-8',
    '-Dlog4j2.disable.jmx=true',
    '-cp',
    names.map((name) => join(jars, name)).join(':'),
    'org.neo4j.server.CommunityEntryPoint',
    `--home-dir=${folder}`,
    `--config-dir=${join(folder, 'conf')}`,
    '--console-mode',
  ];
  const server = await spawnLogged(flags, folder);
  const stopWithUs = () => server.kill('SIGKILL');
  process.once('exit', stopWithUs);
  server.once('exit', () => process.off('exit', stopWithUs));
  const deadline_ms = performance.now() + READY_WAIT_MS;
  while (!(await answers(port))) {
    const late = performance.now() > deadline_ms;
    if (late || gone(server)) {
      await end(server, 'SIGKILL');
      const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
      throw new Error(`Neo4j ${late ? 'does not answer' : 'ended at its start'}:\n${log}`);
    }
    await sleep(50);
  }
  return server;
}

async function spawnLogged(flags: readonly string[], folder: string): Promise<ChildProcess> {
  const log = await open(join(folder, 'log'), 'a');
  try {
    const stdio = ['ignore', log.fd, log.fd] as ['ignore', number, number];
    const child = spawn('java', flags, { cwd: folder, stdio });
    await once(child, 'spawn');
    return child;
  } finally {
    await log.close();
  }
}

/** The magic of Bolt and four versions we could speak: one that answers which of them is there. */
const HELLO = Buffer.from('6060b01700080805000404050000030400000003', 'hex');

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(HELLO));
    const finish = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(5_000, () => finish(false));
    socket.once('data', (bytes) => finish(bytes.length === 4 && bytes.readUInt32BE(0) !== 0));
    socket.once('close', () => finish(false));
    socket.once('error', () => finish(false));
  });
}

/** Threads stop one by one, and on a busy machine one of them may answer meanwhile. */
async function pause(server: ChildProcess): Promise<void> {
  server.kill('SIGSTOP');
  const threads = `/proc/${server.pid}/task`;
  const stopped = async (thread: string) => {
    const stat = await readFile(join(threads, thread, 'stat'), 'utf8').catch(() => ') T');
    return /\) [TtZX]/.test(stat.slice(stat.lastIndexOf(')')));
  };
  await until('Neo4j stands still', async () => {
    const names = await readdir(threads).catch(() => []); // Elsewhere than on Linux nothing can be seen.
    return (await Promise.all(names.map(stopped))).every(Boolean);
  });
}

async function end(server: ChildProcess, how: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (gone(server)) return;
  const exited = once(server, 'exit');
  server.kill('SIGCONT'); // One that is paused hears only SIGKILL.
  server.kill(how);
  await exited;
}

function gone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
