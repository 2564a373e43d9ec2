/** The executor means what graphql-js means: random operations over a schema with everything in it, by both. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCase } from './oracle/differential.ts';
import { countUnhandled } from './oracle/unhandled.ts';
import type { Met } from './oracle/values.ts';

/** The same cases each time; `npm run soak executor` tries others, at length. */
const SEED = Number(process.env['POLYPHONY_SEED'] ?? 20_261_121);
const CASES = Number(process.env['POLYPHONY_CASES'] ?? 50_000);
/** How often each must have been met, in as many cases. */
const MET_MIN = CASES / 50;
const MET = [
  'null propagation',
  'abstract fragments',
  'named fragments',
  'variables in directives',
  'variables in arguments',
  'delays',
  'mutations',
  'batched parents',
  'promised items',
  'promised properties',
  'odd null',
  'odd fail',
  'odd error',
  'odd wrong',
  'odd thrown',
];

let unhandled: ReturnType<typeof countUnhandled>;
beforeAll(() => {
  unhandled = countUnhandled();
});
afterAll(() => unhandled.stop());

test(`${CASES} random operations from seed ${SEED} are answered as graphql-js answers them`, async () => {
  const met: Met = {};
  for (let seed = SEED; seed < SEED + CASES; seed += 1) {
    const { wrong, text, variables } = await runCase(seed, met, unhandled.count);
    if (wrong) throw new Error(`case ${seed}: ${wrong}\n${text}\n${JSON.stringify(variables)}`);
  }
  console.info(`seed ${SEED}, ${CASES} cases: ${JSON.stringify(met)}`);
  const seldom = MET.filter((what) => (met[what] ?? 0) < MET_MIN);
  expect(seldom).toEqual([]);
}, 900_000);
