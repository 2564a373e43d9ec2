/** setup.mjs in a checkout of straw: its npm, Prisma and build are scripts that note that they ran. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../e2e/kit/until.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOTE = `import { appendFileSync } from 'node:fs'; const note = (what) => appendFileSync('ran', what + '\\n');`;

const CODEGEN = 'node_modules/@graphql-codegen/cli/esm/bin.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'polyphony-setup-'));
  for (const file of ['scripts/setup.mjs', 'bin/node-version.mjs']) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await cp(join(ROOT, file), join(root, file));
  }
  await put('package-lock.json', lockOf('1.0.0'));
  await put('prisma/schema.prisma', 'model A');
  await put('prisma/migrations/1_init/migration.sql', 'CREATE');
  for (const folder of ['gateway', 'schema', 'resolvers', 'client'])
    await put(`${folder}/main.ts`, '1');
  await put('schema/schema.graphql', 'type A');
  await put('codegen.ts', '1');
  await put('e2e/a.test.ts', '1');
  await put('scripts/build.mjs', `${NOTE} note('build');`);
  await putNpm(`note('install');`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('everything is made in order the first time, and nothing the second', async () => {
  const first = await setUp('--build');
  expect(first.code).toBe(0);
  expect(first.stderr).toMatch(
    /installing packages[^]*done in \d+ s[^]*database client[^]*GraphQL operations[^]*building/,
  );
  expect(await ran()).toEqual(['install', 'generate', 'types', 'build']);
  expect(await setUp('--build')).toEqual({ code: 0, stderr: '' });
  expect(await ran()).toEqual(['install', 'generate', 'types', 'build']);
});

test('without --build nothing is built', async () => {
  await setUp();
  expect(await ran()).toEqual(['install', 'generate', 'types']);
});

test.each([
  { edit: 'package-lock.json', to: lockOf('1.0.1'), again: ['install', 'build'] },
  { edit: 'prisma/schema.prisma', to: 'model B', again: ['generate'] },
  { edit: 'schema/schema.graphql', to: 'type B', again: ['types'] },
  { edit: 'e2e/x.test.ts', to: 'operation(`{ b }`)', again: ['types'] },
  { edit: 'e2e/x.test.ts', to: 'nothing asked', again: [] },
  { edit: 'gateway/main.ts', to: '2', again: ['build'] },
  { edit: 'gateway/more.ts', to: '1', again: ['build'] },
  { edit: 'prisma/migrations/1_init/migration.sql', to: 'ALTER', again: ['build'] },
  { edit: 'gateway/main.test.ts', to: '2', again: [] },
])('an edit of $edit makes again only what depends on it: $again', async ({ edit, to, again }) => {
  await setUp('--build');
  await put(edit, to);
  await putNpm(`note('install');`);
  expect((await setUp('--build')).code).toBe(0);
  expect((await ran()).slice(4)).toEqual(again);
});

test('what somebody installed by hand is taken as it is', async () => {
  await put('node_modules/.package-lock.json', lockOf('1.0.0'));
  await putPrisma();
  await putCodegen();
  await setUp();
  expect(await ran()).toEqual(['generate', 'types']);
});

test('with --no-install packages are never touched: stale ones are an error', async () => {
  const refused = await setUp('--build', '--no-install');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/not those of package-lock\.json; run npm ci/);
  expect(await ran()).toEqual([]);
});

test('a step that fails says why, ends with 1 and is done again', async () => {
  await put('scripts/build.mjs', `console.error('no such thing'); process.exit(7);`);
  const failed = await setUp('--build');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/build\.mjs failed:\nno such thing/);
  await put('scripts/build.mjs', `${NOTE} note('build');`);
  await setUp('--build');
  expect(await ran()).toEqual(['install', 'generate', 'types', 'build']);
});

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'after %s in the middle, the next run makes what is missing',
  async (signal) => {
    await put(
      'scripts/build.mjs',
      `${NOTE} note('build begun'); setInterval(() => process.stdout.write('.'), 20);`,
    );
    const child = start('--build');
    const closed = once(child, 'close');
    await until('the build runs', async () => (await ran()).includes('build begun'));
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    expect(code).toBe(signal === 'SIGKILL' ? null : 130);

    await put('scripts/build.mjs', `${NOTE} note('build');`);
    expect((await setUp('--build')).code).toBe(0);
    expect(await ran()).toEqual(['install', 'generate', 'types', 'build begun', 'build']);
  },
);

test('set-ups at the same time wait for each other: each thing is made once', async () => {
  const answers = await Promise.all([setUp('--build'), setUp('--build'), setUp('--build')]);
  expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(await ran()).toEqual(['install', 'generate', 'types', 'build']);
});

test('the lock file has the packages of every platform, so that npm ci works anywhere', async () => {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`${path}/node_modules/${name}`] && !packages[`node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]);
});

function lockOf(version: string): string {
  return JSON.stringify({ packages: { '': {}, 'node_modules/prisma': { version } } });
}

/** An npm that installs a Prisma, and writes npm's record last. */
async function putNpm(body: string): Promise<void> {
  await putPrisma('straw/prisma.mjs', 'straw/package.json');
  await putCodegen('straw/codegen.mjs');
  await put(
    'npm/npm-cli.js',
    `const { appendFileSync, cpSync, rmSync, mkdirSync } = require('node:fs');
    const note = (what) => appendFileSync('ran', what + '\\n');
    rmSync('node_modules', { recursive: true, force: true });
    mkdirSync('node_modules/prisma/build', { recursive: true });
    cpSync('straw/package.json', 'node_modules/prisma/package.json');
    cpSync('straw/prisma.mjs', 'node_modules/prisma/build/index.js');
    cpSync('straw/codegen.mjs', '${CODEGEN}');
    ${body}
    cpSync('package-lock.json', 'node_modules/.package-lock.json');`,
  );
}

async function putPrisma(
  program = 'node_modules/prisma/build/index.js',
  manifest = 'node_modules/prisma/package.json',
): Promise<void> {
  await put(program, `${NOTE} note('generate');`);
  await put(manifest, '{"type":"module"}');
}

async function putCodegen(program = CODEGEN): Promise<void> {
  await put(program, `${NOTE} note('types');`);
}

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

async function ran(): Promise<string[]> {
  const notes = await readFile(join(root, 'ran'), 'utf8').catch(() => '');
  return notes.split('\n').filter((note) => note !== '');
}

function start(...flags: string[]) {
  const env = { ...process.env, npm_execpath: join(root, 'npm/npm-cli.js') };
  return spawn(process.execPath, [join(root, 'scripts/setup.mjs'), ...flags], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function setUp(...flags: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = start(...flags);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}
