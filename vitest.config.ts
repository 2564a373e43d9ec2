import { defineConfig } from 'vitest/config';

export default defineConfig({
  // With graphql 16, Vitest loads it as ESM for our files and as CommonJS for Pothos: "another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['{gateway,schema,resolvers,client,scripts,e2e}/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
