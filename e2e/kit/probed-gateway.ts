/** A gateway as a process, which tells what it holds: its heap without garbage, and the statements its connections keep. */
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { startPolyphony, type Settings } from './process.ts';
import { until } from './until.ts';

/** What a process holds. */
export interface Holding {
  /** Once its garbage is gone. */
  readonly heap_bytes: number;
  /** Of that, compiled code and what belongs to it. */
  readonly code_bytes: number;
  /** By connection: statements that the server keeps prepared for it, by its own account. */
  readonly prepared: readonly number[];
}

export interface ProbedGateway {
  readonly url: string;
  /** Asks the process. Nothing may be running in it. */
  holding(): Promise<Holding>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Runs before the gateway's own code: it knows each connection as it is made, and answers SIGUSR2 by a line. */
const PROBE = `
  import { createRequire } from 'node:module';
  import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  const { Client } = createRequire(${JSON.stringify(fileURLToPath(import.meta.url))})('pg');
  const { connect, query } = Client.prototype;
  const clients = new Set();
  Client.prototype.connect = function (...given) {
    clients.add(this);
    this.once('end', () => clients.delete(this));
    return connect.apply(this, given);
  };
  const COUNT = 'SELECT count(*)::int AS count FROM pg_prepared_statements';
  process.on('SIGUSR2', async () => {
    const prepared = [];
    for (const client of clients) prepared.push((await query.call(client, COUNT)).rows[0].count);
    for (let i = 0; i < 4; i += 1) {
      collectGarbage();
      await new Promise((done) => setTimeout(done, 10)); // What is finalised later than it is found.
    }
    const heap_bytes = process.memoryUsage().heapUsed;
    const code_bytes = getHeapCodeStatistics().code_and_metadata_size;
    process.stderr.write('\\nholding ' + JSON.stringify({ heap_bytes, code_bytes, prepared }) + '\\n');
  });`;

/** Starts one and waits until it is ready. */
export async function startProbedGateway(settings: Settings): Promise<ProbedGateway> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { child, written, finished } = await startPolyphony(['serve'], {
    PORT: String(port),
    SEED: 'off',
    LOG_LEVEL: 'warn',
    NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(PROBE)}"`,
    ...settings,
  });
  const told = () => written.stderr.split('\n').filter((line) => line.startsWith('holding '));
  await until('the gateway is ready', async () => {
    if (child.exitCode !== null) throw new Error(`it ended:\n${written.stderr}`);
    return fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    url,
    async holding() {
      const before = told().length;
      child.kill('SIGUSR2');
      await until('what it holds', () => told().length > before);
      return JSON.parse(told().at(-1)!.slice('holding '.length)) as Holding;
    },
    async stop() {
      child.kill('SIGTERM');
      await finished;
    },
  };
}
