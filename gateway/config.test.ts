import { expect, test } from 'vitest';
import { describeConfig, printConfigDocs, redactUrl } from './config-docs.ts';
import { ConfigError, parseConfig, type Environment } from './config.ts';
import { SETTINGS } from './settings.ts';

function problemsOf(environment: Environment): readonly string[] {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** The settings that are numbers, with the bounds that docs/CONFIG.md promises. */
const NUMBERS = [
  ...printConfigDocs().matchAll(/^\| `(\w+)` \| `\d+` \| ([\d,]+) to ([\d,]+) \|/gm),
].map(([, name = '', min = '', max = '']) => ({
  name,
  min: Number(min.replaceAll(',', '')),
  max: Number(max.replaceAll(',', '')),
}));

/** Lets a setting reach its bounds without contradicting its relatives. */
const ROOM = {
  DATABASE_POOL_MAX: 1_000,
  DATABASE_POOL_MIN: 0,
  HTTP_BODY_BYTES_MAX: 1_024,
  HTTP_BODIES_BYTES_MAX: 4_294_967_296,
  APPEND_CALL_EVENTS_MAX: 1,
  APPEND_CALL_BYTES_MAX: 1_024,
  FLUSH_EVENTS_MAX: 100_000,
  FLUSH_BYTES_MAX: 67_108_864,
};

test('without a single variable set, every setting has its default', () => {
  expect(parseConfig({})).toMatchObject({
    port: 4_000,
    host: '127.0.0.1',
    database_url: undefined,
    database_pool_max: 50,
    database_pool_min: 10,
    database_acquire_timeout_ms: 3_000,
  });
  expect(parseConfig({ PORT: '', DATABASE_URL: '' })).toEqual(parseConfig({}));
});

test('the bounds of all numbers are found in the printed table', () => {
  expect(NUMBERS.length).toBeGreaterThan(12);
});

test.each(NUMBERS)(
  '$name is taken at its bounds and refused one past them',
  ({ name, min, max }) => {
    expect(problemsOf({ ...ROOM, [name]: String(min) })).toEqual([]);
    expect(problemsOf({ ...ROOM, [name]: String(max) })).toEqual([]);
    for (const past of [min - 1, max + 1]) {
      const rule = `${name} must be a whole number from ${min} to ${max}, got "${past}"`;
      expect(problemsOf({ ...ROOM, [name]: String(past) })).toEqual([rule]);
    }
  },
);

test('every problem is told at once, each with its rule and what was received', () => {
  const problems = problemsOf({
    PORT: 'http',
    HOST: '0.0.0.0',
    LOG_LEVEL: 'loud',
    DRAIN_MS: '1e3',
  });
  expect(problems).toEqual([
    'PORT must be a whole number from 0 to 65535, got "http"',
    expect.stringMatching(/^HOST must be a loopback address .* identities, got "0\.0\.0\.0"$/),
    'DRAIN_MS must be a whole number from 0 to 600000, got "1e3"',
    'LOG_LEVEL must be one of silent, error, warn, info, debug, got "loud"',
  ]);
});

test.each(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost'])('HOST may be %s', (host) => {
  expect(parseConfig({ HOST: host }).host).toBe(host);
});

test.each([
  '0.0.0.0',
  '::',
  '10.0.0.1',
  'example.org',
  '127.0.0.1.example.org',
  'localhost.example.org',
])('HOST may not be %s before there are identities', (host) => {
  expect(problemsOf({ HOST: host })).toHaveLength(1);
});

test('settings that contradict each other are refused together', () => {
  expect(
    problemsOf({
      DATABASE_POOL_MIN: 11,
      DATABASE_POOL_MAX: 10,
      HTTP_BODY_BYTES_MAX: 2_048,
      HTTP_BODIES_BYTES_MAX: 2_047,
    }),
  ).toEqual([
    'DATABASE_POOL_MIN (11) must not be above DATABASE_POOL_MAX (10)',
    'HTTP_BODY_BYTES_MAX (2048) must not be above HTTP_BODIES_BYTES_MAX (2047)',
  ]);
});

test('Neo4j must leave time for SQL', () => {
  const told = (timeout: number) =>
    problemsOf({ NEO4J_URL: 'bolt+s://db', NEO4J_TIMEOUT_MS: timeout, REQUEST_DEADLINE_MS: 100 });
  expect(told(99)).toEqual([]);
  expect(told(100)).toEqual([
    'NEO4J_TIMEOUT_MS (100) must be below REQUEST_DEADLINE_MS (100), or SQL has no time left',
  ]);
  expect(problemsOf({ NEO4J_URL: 'http://db:7474' })).toEqual([
    'NEO4J_URL must be a URL that begins with bolt://',
  ]);
});

test('an embedder has an endpoint and a model, or neither', () => {
  const told = 'EMBEDDER_URL and EMBEDDER_MODEL go together: set both or none';
  expect(problemsOf({ EMBEDDER_URL: 'https://e/v1' })).toEqual([told]);
  expect(problemsOf({ EMBEDDER_MODEL: 'm' })).toEqual([told]);
  const both = { EMBEDDER_URL: 'https://e/v1', EMBEDDER_MODEL: 'a.b/c-1' };
  expect(problemsOf(both)).toEqual([]);
  expect(problemsOf({ ...both, EMBEDDER_MODEL: "m'" })).toHaveLength(1);
});

test('a smaller pool needs no second setting', () => {
  expect(parseConfig({ DATABASE_POOL_MAX: 4 })).toMatchObject({
    database_pool_max: 4,
    database_pool_min: 4,
  });
});

test('a password is never shown: not in a problem, not in the list of settings', () => {
  expect(problemsOf({ DATABASE_URL: 'mysql://me:hunter2@db/x' }).join()).not.toContain('hunter2');
  const config = parseConfig({
    DATABASE_URL: 'postgresql://me:hunter2@db/x?sslpassword=hunter2',
    NEO4J_URL: 'neo4j+s://me:hunter2@graph/?database=x',
    EMBEDDER_KEY: 'hunter2',
  });
  expect(JSON.stringify(describeConfig(config))).not.toContain('hunter2');
  expect(redactUrl('postgresql://me:hunter2@db:1/x?sslmode=require')).toBe(
    'postgresql://me:***@db:1/x?sslmode=require',
  );
  expect(redactUrl('no url, hunter2')).toBe('***');
});

test('the printed table has a row with a reason for every setting', () => {
  const docs = printConfigDocs();
  for (const { name, reason } of Object.values(SETTINGS)) {
    expect(docs).toContain(`| \`${name}\` | `);
    expect(docs).toContain(` | ${reason} |\n`);
  }
});
