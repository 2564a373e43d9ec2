/** Our own programs as real processes, from dist/: the command line, and gateways that can be killed. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import type { World } from './gateway.ts';
import { BASELINE_WASM } from './wasm.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const READY_WAIT_MS = 60_000;

export type Settings = Readonly<Record<string, string>>;

/** Of a world, as a process is told them. */
export function settingsOf({ settings }: Pick<World, 'settings'>): Settings {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}

export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly written: { readonly stdout: string; readonly stderr: string };
  readonly finished: Promise<Finished>;
}

/**
 * Starts `polyphony …`, of this checkout and without stdin unless told. Settings of the surrounding process that are ours do not
 * reach it.
 */
export async function startPolyphony(
  words: readonly string[],
  settings: Settings = {},
  program = MAIN,
  stdin: 'ignore' | 'pipe' = 'ignore',
): Promise<Running> {
  await built();
  const { PATH = '', HOME = '' } = process.env;
  const how = program === MAIN ? BASELINE_WASM : []; // Others are as somebody starts them.
  const child = spawn(process.execPath, [...how, program, ...words], {
    cwd: ROOT,
    env: { PATH, HOME, ...settings },
    stdio: [stdin, 'pipe', 'pipe'],
  }) as ChildProcess & { stdout: Readable; stderr: Readable };
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (written[name] += text));
  }
  const stopWithUs = () => child.kill('SIGKILL');
  process.once('exit', stopWithUs);
  const finished = once(child, 'close').then(([code]) => {
    process.off('exit', stopWithUs);
    return { code: code as number | null, ...written };
  });
  return { child, written, finished };
}

/** Runs `polyphony …` to its end. */
export async function polyphony(
  words: readonly string[],
  settings: Settings = {},
): Promise<Finished> {
  return (await startPolyphony(words, settings)).finished;
}

const SET_UP = ['scripts/setup.mjs', '--build', '--no-install'];
let building: Promise<unknown> | undefined;

/** dist/ of the sources as they are: `npm test` has built it, a single test file may not have. */
export function built(): Promise<unknown> {
  building ??= promisify(execFile)(process.execPath, SET_UP, { cwd: ROOT });
  return building;
}

export interface GatewayProcess {
  readonly url: string;
  readonly port: number;
  /** kill -9. Resolves when it is gone. */
  kill(): Promise<void>;
  /** As when its machine hangs: connections stay and are taken, nothing is answered. */
  pause(): void;
  /** Goes on where it was paused. */
  resume(): void;
  /** Starts again with the same settings on the same port, and waits until it is ready. */
  restart(): Promise<void>;
  /** SIGTERM; answers how it ended. After `kill` it does nothing. */
  stop(): Promise<Finished>;
}

/** Starts a gateway and waits until it is ready. */
export async function startGatewayProcess(
  settings: Settings,
  program?: string,
): Promise<GatewayProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = async () => {
    const all = { PORT: String(port), SEED: 'off', LOG_LEVEL: 'warn', ...settings };
    const started = await startPolyphony(['serve'], all, program);
    await untilReady(url, started);
    return started;
  };
  let running = await start();
  return {
    url,
    port,
    pause: () => void running.child.kill('SIGSTOP'),
    resume: () => void running.child.kill('SIGCONT'),
    async kill() {
      running.child.kill('SIGKILL');
      await running.finished;
    },
    async restart() {
      running = await start();
    },
    async stop() {
      running.child.kill('SIGCONT'); // One that is paused hears no other signal.
      running.child.kill('SIGTERM');
      return running.finished;
    },
  };
}

async function untilReady(url: string, { child, written }: Running): Promise<void> {
  const deadline_ms = performance.now() + READY_WAIT_MS;
  while (performance.now() < deadline_ms) {
    const ready = await fetch(`${url}/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null)
      throw new Error(`the gateway ended:\n${written.stderr}${written.stdout}`);
    await sleep(25);
  }
  child.kill('SIGKILL');
  throw new Error(
    `the gateway is not ready within ${READY_WAIT_MS} ms:\n${written.stderr}${written.stdout}`,
  );
}

/** What a command printed on stdout: a JSON value a line. */
export function linesOf<Line>(stdout: string): Line[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
