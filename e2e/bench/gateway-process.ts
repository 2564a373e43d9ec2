/** A gateway as a process of its own, as users start it, measured from outside (Linux: /proc). */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Linux counts process time in ticks of 10 ms (sysconf(_SC_CLK_TCK) = 100 on all its common builds). */
const TICK_ms = 10;

export interface GatewayProcess {
  readonly url: string;
  /** User and system time so far, all threads. */
  cpu_ms(): number;
  rss_mb(): number;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
}

/** The built gateway, as node is told it. */
export const GATEWAY: readonly string[] = ['dist/main.js', 'serve'];

/**
 * Starts the built gateway on a free port, or another program that prints where it listens; resolves when it does.
 * `printed` is told all that it prints.
 */
export async function startProcess(
  env: Record<string, string>,
  command: readonly string[] = GATEWAY,
  printed: (text: string) => void = () => undefined,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, command, {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk: Buffer) => printed(chunk.toString()));
  const url = await listening(child);
  return {
    url,
    cpu_ms: () => cpuOf(child),
    rss_mb: () => rssOf(child),
    signal: (name) => void child.kill(name),
    stop: async () => {
      const exited = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The address it prints, wherever it prints it. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let printed = '';
    let found = false;
    const look = (chunk: Buffer) => {
      if (found) return; // What it prints later is not kept.
      printed += chunk.toString();
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (!url) return;
      found = true;
      done(url);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', (code) => {
      fail(new Error(`the gateway ended with ${code}:\n${printed}`));
    });
  });
}

/** User and system time of a process so far, all its threads. */
export function cpuOf({ pid }: Pick<ChildProcess, 'pid'>): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_ms;
}

function rssOf({ pid }: ChildProcess): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}
