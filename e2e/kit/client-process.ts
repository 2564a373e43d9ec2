/** A follower that is a process of its own, so that it can be killed with all that it holds in memory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { RunEvent, TransportName } from '../../client/client.ts';
import { NOTHING, type OpenFollower } from './followers.ts';
import { openWire } from './tcp-proxy.ts';

const CLIENT = fileURLToPath(new URL('following-client.ts', import.meta.url));
let processes = 0;

const programs = new Map<string, Promise<string>>();

/** In one file without types, made once for a folder: it starts in a tenth of the time. */
function bundled(folder: string): Promise<string> {
  const there = programs.get(folder);
  if (there) return there;
  const outfile = join(folder, 'following-client.cjs');
  const how = { bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' } as const;
  const made = build({ entryPoints: [CLIENT], outfile, ...how }).then(() => outfile);
  programs.set(folder, made);
  return made;
}

/** Our client in a process of its own, which keeps what it has seen in a file of `folder`. */
export function clientProcess(transport: TransportName, folder: string): OpenFollower {
  return async ({ runId, port, heartbeat_ms }) => {
    const program = await bundled(folder);
    const wire = await openWire(port);
    processes += 1;
    const path = join(folder, `seen-${processes}`);
    const bytes = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    let before = 0;
    let answered = 0;
    let child: ChildProcess | null = null;
    // One that has written since its begin was answered.
    const isOpen = () => {
      if (child && hasEnded(child)) throw new Error(`a client ended by itself: ${child.exitCode}`);
      return bytes() > before;
    };
    const connections = () => answered + Number(bytes() > before);
    const begin = () => {
      answered = connections();
      before = bytes();
      const where = [`http://127.0.0.1:${wire.port}`, runId, transport, path];
      const started = spawn(process.execPath, [program, ...where, String(heartbeat_ms)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const stopWithUs = () => started.kill('SIGKILL');
      process.once('exit', stopWithUs);
      started.once('exit', () => process.off('exit', stopWithUs));
      return started;
    };
    child = begin();
    const end = async () => {
      if (!child || hasEnded(child)) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    };
    return {
      ...NOTHING,
      name: `events by ${transport} in a process`,
      runId,
      wire,
      faults: ['killed'],
      events: () => (bytes() > 0 ? eventsIn(path) : []),
      came: bytes,
      connections,
      isOpen,
      counts: () => ({ resumes: Math.max(0, connections() - 1), halfOpen: 0 }),
      async kill() {
        await end();
        child = begin();
      },
      async close() {
        await end();
        await wire.close();
      },
    };
  };
}

function eventsIn(path: string): RunEvent[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as RunEvent);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
