/**
 * `npm run bench NAME [-- options]`: one benchmark in one run, with what it is compared to in the same run. Prints
 * JSON on stdout, and the machine it ran on: absolute figures are for a person, ratios for the baseline. Without a name
 * it is the guard: `answers --check`, which fails when something is worse than e2e/bench/baseline.json says.
 */
import { machine } from './machine.ts';

const BENCHES: Record<string, () => Promise<{ run(args: string[]): Promise<unknown> }>> = {
  start: () => import('./start.ts'),
  ingest: () => import('./ingest.ts'),
  lists: () => import('./lists.ts'),
  fanout: () => import('./fanout.ts'),
  replay: () => import('./replay.ts'),
  emitter: () => import('./emitter.ts'),
  answers: () => import('./answers/bench.ts'),
  graph: () => import('./graph/bench.ts'),
  vectors: () => import('./vectors.ts'),
};

const asked = process.argv.slice(2);
const [name = '', ...args] = asked.length > 0 ? asked : ['answers', '--check'];
const load = BENCHES[name];
if (!load) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')}`);
  process.exit(2);
}
const ranOn = machine();
const bench = await load();
const figures = (await bench.run(args)) as { failures?: readonly string[] };
console.log(JSON.stringify({ bench: name, machine: ranOn, ...figures }, null, 2));
const { failures = [] } = figures;
for (const failure of failures) console.error(`worse than the baseline: ${failure}`);
if (failures.length > 0)
  console.error(`if that is meant, say why in the commit: npm run bench -- ${name} --update`);
process.exit(failures.length > 0 ? 1 : 0);
