/** `npm run soak NAME [-- CASES SEED]`: what CI does a little of, at length. Ends with 1 at the first failure. */
import { runCase } from '../../gateway/execution/levels/oracle/differential.ts';
import { countUnhandled } from '../../gateway/execution/levels/oracle/unhandled.ts';
import type { Met } from '../../gateway/execution/levels/oracle/values.ts';

const SOAKS: Readonly<Record<string, (cases: number, seed: number) => Promise<void>>> = {
  executor,
  'import-graph': importGraph,
};
const CASES = 1_000_000;
const TOLD_EVERY = 10_000;

const [name = '', cases = CASES, seed = Math.floor(Math.random() * 2 ** 31)] =
  process.argv.slice(2);
const soak = SOAKS[name];
if (!soak) {
  console.error(`soak: there is ${Object.keys(SOAKS).join(', ')}, not ${name || 'nothing'}`);
  process.exit(2);
}
await soak(Number(cases), Number(seed));

/** Random operations, by the executor and by graphql-js. */
async function executor(count: number, from: number): Promise<void> {
  const met: Met = {};
  const unhandled = countUnhandled();
  console.info(`${count} operations from seed ${from}`);
  for (let at = 0; at < count; at += 1) {
    const { wrong, text, variables } = await runCase(from + at, met, unhandled.count);
    if (wrong) {
      console.error(`case ${from + at}: ${wrong}\n${text}\n${JSON.stringify(variables)}`);
      process.exit(1);
    }
    if ((at + 1) % TOLD_EVERY === 0) console.info(`${at + 1} as graphql-js answers them`);
  }
  console.info(JSON.stringify(met, null, 2));
  process.exit(0); // Without waiting for what graphql-js left behind.
}

/** All shared graphs into the embedded store, Postgres and Neo4j, and what is known of each asked of all three. */
async function importGraph(): Promise<void> {
  const { loadEverywhere } = await import('./import-graph.ts');
  await loadEverywhere();
  process.exit(0); // Without waiting for pools that are empty.
}
