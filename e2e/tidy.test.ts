import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as tidy from './kit/tidy.ts';

/** Each rule with a deliberate violation: a guard nobody has seen fail does not count. */
const RULES: { rule: tidy.Rule; violation: tidy.SourceFile; finding: RegExp }[] = [
  {
    rule: tidy.namesThatSaySomething,
    violation: { path: 'resolvers/run-helpers.ts', text: '' },
    finding: /"helpers" says nothing/,
  },
  {
    rule: tidy.shallowAndKebab,
    violation: { path: 'gateway/a/b/c/d/runLog.ts', text: '' },
    finding: /deeper than 4 folders/,
  },
  {
    rule: tidy.domainsInEveryLayer,
    violation: { path: 'resolvers/moons/commands.ts', text: '' },
    finding: /schema\/moons\.ts: missing/,
  },
  {
    rule: tidy.everyStatementNamed,
    violation: { path: 'resolvers/a.ts', text: 'await sql.query(`SELECT 1`)' },
    finding: /a\.ts:1: SQL without a name/,
  },
  {
    rule: tidy.nothingPutOff,
    violation: { path: 'resolvers/a.ts', text: '// TODO: later' },
    finding: /work put off/,
  },
  {
    rule: tidy.nothingPutOff,
    violation: { path: 'resolvers/a.test.ts', text: "test.only('x', () => {})" },
    finding: /runs alone/,
  },
  {
    rule: tidy.nothingPutOff,
    violation: { path: 'resolvers/a.ts', text: '// oxlint-disable-next-line no-console' },
    finding: /without a reason/,
  },
  {
    rule: tidy.documentsNameRealFiles,
    violation: { path: 'README.md', text: 'See `gateway/moon.ts`.' },
    finding: /names gateway\/moon\.ts/,
  },
  {
    rule: tidy.settingsInOneTable,
    violation: { path: 'gateway/server.ts', text: 'process.env.PORT' },
    finding: /gateway\/main\.ts only/,
  },
];

const READ = /\.(ts|mjs|md|prisma|sql)$/;
const OWN_VIOLATIONS = /^e2e\/(fixtures\/|tidy\.test\.ts|kit\/tidy\.ts)/;

/** What git holds or would hold; the text of what is not read, and of deliberate violations, is empty. */
function files(): tidy.SourceFile[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '' && existsSync(path))
    .map((path) => ({
      path,
      text: READ.test(path) && !OWN_VIOLATIONS.test(path) ? readFileSync(path, 'utf8') : '',
    }));
}

describe('the tree is tidy', () => {
  test.each(RULES)(
    '$rule.name: finds its violation and none in the tree',
    ({ rule, violation, finding }) => {
      expect(rule([violation]).join('\n')).toMatch(finding);
      expect(rule(files())).toEqual([]);
    },
  );
});

test('the lock file can be installed on every platform the tools support', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }>;
  };
  const missing = Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          !lock.packages[`${path}/node_modules/${name}`] && !lock.packages[`node_modules/${name}`],
      ),
    );
  expect(missing, 'run node scripts/complete-lock.mjs').toEqual([]);
  expect(Object.values(lock.packages).filter((entry) => entry.resolved)).toEqual([]);
});
