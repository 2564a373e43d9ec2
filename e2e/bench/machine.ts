/** What a benchmark ran on. */
import { cpus, loadavg, totalmem } from 'node:os';

export function machine(): object {
  return {
    node: process.version,
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    load: loadavg().map((value) => Math.round(value * 100) / 100),
  };
}
