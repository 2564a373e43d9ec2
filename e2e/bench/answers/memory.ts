/**
 * What an answer allocates, and how much of the server's time the collector takes: on servers started anew with a
 * probe inside (servers/probe.ts), apart from what measures CPU, which the probe would disturb.
 */
import { openLoad } from './load.ts';
import type { OperationName } from './operations.ts';
import { CONNECTIONS, startServer, type ServerName, type Setting } from './servers.ts';

/** Until compilers of JavaScript have settled. */
const WARM_s = 3;

/** Of one request. */
export interface Memory {
  /** Allocated on the heap; buffers lie beside it. */
  readonly heap_kb: number;
  /** Pauses of the main thread for the collector, as a share (0 to 1) of the time that its event loop was busy. */
  readonly collector: number;
}

/** What the probe prints. */
interface Probed {
  readonly heap_bytes: number;
  readonly collector_ms: number;
  readonly busy_ms: number;
}

/** Of each operation. `probe`: the file to import. */
export async function memoryOf(
  name: ServerName,
  setting: Setting,
  probe: string,
  operations: readonly OperationName[],
  seconds: number,
): Promise<Partial<Record<OperationName, Memory>>> {
  let printed = '';
  let told = (_probed: Probed) => {};
  const flags = [...setting.flags, '--import', probe];
  const server = await startServer(name, { ...setting, flags }, (text) => {
    printed += text;
    const line = /^PROBE (.*)\n/m.exec(printed)?.[1];
    if (line === undefined) return;
    printed = '';
    told(JSON.parse(line) as Probed);
  });
  const signalled = () =>
    new Promise<Probed>((done) => {
      told = done;
      server.process.signal('SIGUSR2');
    });
  const memory: Partial<Record<OperationName, Memory>> = {};
  try {
    for (const operation of operations) {
      const load = await openLoad(server.target(operation), CONNECTIONS);
      await load.pass(WARM_s);
      await signalled();
      const { requests } = await load.pass(seconds);
      const { heap_bytes, collector_ms, busy_ms } = await signalled();
      load.close();
      memory[operation] = {
        heap_kb: round(heap_bytes / requests / 1_024, 10),
        collector: round(collector_ms / busy_ms, 1_000),
      };
    }
  } finally {
    await server.process.stop();
  }
  return memory;
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
