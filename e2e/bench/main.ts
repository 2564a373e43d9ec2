/**
 * `npm run bench NAME [-- options]`: one benchmark in one run, with what it is compared to in the same run. Prints
 * JSON on stdout, and the machine it ran on: absolute figures are for a person, ratios for the baseline.
 */
import { cpus, loadavg, totalmem } from 'node:os';

const BENCHES: Record<string, () => Promise<{ run(args: string[]): Promise<unknown> }>> = {
  start: () => import('./start.ts'),
  ingest: () => import('./ingest.ts'),
  lists: () => import('./lists.ts'),
  fanout: () => import('./fanout.ts'),
  replay: () => import('./replay.ts'),
  emitter: () => import('./emitter.ts'),
  answers: () => import('./answers/bench.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = BENCHES[name];
if (!load) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')}`);
  process.exit(2);
}
const machine = {
  node: process.version,
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  memory_gib: Math.round(totalmem() / 2 ** 30),
  load: loadavg().map((value) => Math.round(value * 100) / 100),
};
const bench = await load();
console.log(
  JSON.stringify({ bench: name, machine, ...((await bench.run(args)) as object) }, null, 2),
);
process.exit(0);
