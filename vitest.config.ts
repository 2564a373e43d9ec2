import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './e2e/kit/long-first.ts';
import { BASELINE_WASM } from './e2e/kit/wasm.ts';
import { summary } from './e2e/kit/summary.ts';

export default defineConfig({
  // With graphql 16, Vitest loads it as ESM for our files and as CommonJS for Pothos: "another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['{gateway,schema,resolvers,client,scripts,e2e}/**/*.test.ts'],
    pool: 'forks',
    // Files share what they import, which takes as long as a fifth of all tests: none may change it for the others.
    isolate: false,
    // By default one less than there are cores. Here one more: there is always a file that waits for something to start.
    maxWorkers: availableParallelism() + 1,
    execArgv: [...BASELINE_WASM],
    sequence: { sequencer: LongFirst },
    globalSetup: 'e2e/kit/global-setup.ts',
    reporters: ['default', summary],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
