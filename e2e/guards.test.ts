/** Each guard that a tool gives is seen failing: a guard nobody has seen fail does not count. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const VIOLATIONS: {
  name: string;
  files: Record<string, string>;
  tool: string[];
  finding: RegExp;
}[] = [
  {
    name: 'resolvers/ may not import gateway/',
    files: {
      'resolvers/bad.ts':
        "import { port } from '../gateway/port.ts';\nexport const twice = port * 2;\n",
      'gateway/port.ts': 'export const port = 1;\n',
    },
    tool: ['oxlint'],
    finding: /Imports go one way/,
  },
  {
    name: 'resolvers/ may not import graphql',
    files: { 'resolvers/bad.ts': "import { parse } from 'graphql';\nexport const read = parse;\n" },
    tool: ['oxlint'],
    finding: /GraphQL belongs to schema/,
  },
  {
    name: 'schema/ may not import the Prisma client',
    files: {
      'schema/bad.ts':
        "import { PrismaClient } from '../prisma/generated/client.ts';\nexport const Client = PrismaClient;\n",
    },
    tool: ['oxlint'],
    finding: /no Prisma in schema/,
  },
  {
    name: 'imports may not go in circles',
    files: {
      'resolvers/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
      'resolvers/b.ts': "import { a } from './a.ts';\nexport const b = () => a;\n",
    },
    tool: ['oxlint'],
    finding: /no-cycle/,
  },
  {
    name: 'a promise must be awaited',
    files: {
      'resolvers/bad.ts':
        'async function save(): Promise<void> {}\nexport function forget(): void {\n  save();\n}\n',
    },
    tool: ['oxlint', '--type-aware'],
    finding: /no-floating-promises/,
  },
  {
    name: 'a type is imported as a type',
    files: {
      'resolvers/bad.ts': "import { Moon } from './moon.ts';\nexport type Sky = Moon[];\n",
      'resolvers/moon.ts': 'export interface Moon {\n  name: string;\n}\n',
    },
    tool: ['tsc', '--noEmit'],
    finding: /TS1484/,
  },
  {
    name: 'an index may be missing',
    files: { 'resolvers/bad.ts': 'export const first = (list: number[]): number => list[0];\n' },
    tool: ['tsc', '--noEmit'],
    finding: /TS2322/,
  },
  {
    name: 'a file has at most 300 lines',
    files: { 'resolvers/long.ts': 'export {};\n'.repeat(301) },
    tool: ['oxlint'],
    finding: /max-lines/,
  },
  {
    name: 'the format is the formatter’s',
    files: { 'resolvers/bad.ts': 'export const a = {b:1}\n' },
    tool: ['oxfmt', '--check'],
    finding: /resolvers\/bad\.ts/,
  },
  {
    name: 'a file that nobody imports is unused',
    files: { 'resolvers/lonely.ts': 'export const lonely = 1;\n' },
    tool: ['knip'],
    finding: /resolvers\/lonely\.ts/,
  },
];

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'polyphony-guards-'));
  for (const file of ['.oxlintrc.json', '.oxfmtrc.json', 'tsconfig.json', 'knip.json']) {
    cpSync(file, join(root, file));
  }
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ name: 'guards', type: 'module', dependencies: { graphql: '*' } }),
  );
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a guard is seen failing', () => {
  test.each(VIOLATIONS)('$name', ({ files, tool: [name, ...args], finding }) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    try {
      const { status, stdout, stderr } = spawnSync(resolve('node_modules/.bin', name!), args, {
        cwd: root,
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toMatch(finding);
      expect(status).not.toBe(0);
    } finally {
      for (const path of Object.keys(files)) rmSync(join(root, path));
    }
  });
});
