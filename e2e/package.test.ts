/** The package as somebody installs it: packed, installed into an empty folder, and run there. */
import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asked } from './kit/ask.ts';
import { npm } from './kit/npm.ts';
import { built, linesOf, startGatewayProcess, type GatewayProcess } from './kit/process.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

let folder: string;
let packed: { filename: string; files: { path: string }[] };
let program: string;
beforeAll(async () => {
  await built();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'polyphony-package-')));
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  [packed] = JSON.parse(await npm(pack, ROOT)) as [typeof packed];
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const how = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await npm(['install', ...how, join(folder, packed.filename)], folder);
  program = join(folder, 'node_modules/.bin/polyphony');
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('it holds what it needs to run, and nothing else', () => {
  const kinds = new Set(
    packed.files.map(({ path }) =>
      path.replace(/^(dist\/.*?)[^/]+?(\.js|\.d\.ts|\.tar\.gz)$/, '$1*$2'),
    ),
  );
  expect([...kinds].toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'bin/node-version.mjs',
    'bin/polyphony.mjs',
    'dist/*.js',
    'dist/*.tar.gz',
    'dist/client/*.d.ts',
    'e2e/samples/evaluation.json',
    'e2e/samples/mosaic.json',
    'package.json',
    ...packed.files.map(({ path }) => path).filter((path) => path.startsWith('prisma/migrations/')),
  ]);
});

test.each(['prisma', 'esbuild', 'tsx', 'typescript', 'vitest'])(
  'it runs without %s',
  async (name) => {
    await expect(access(join(folder, 'node_modules', name))).rejects.toThrow('ENOENT');
  },
);

test('it serves, replays and answers, from its own template and migrations', async () => {
  const gateway: GatewayProcess = await startGatewayProcess(
    { DATA_DIR: join(folder, 'store') },
    program,
  );
  try {
    const samples = join(folder, 'node_modules/polyphony/e2e/samples');
    const files = (await readdir(samples)).map((file) => join(samples, file));
    const how = ['--url', `${gateway.url}/graphql`, '--speed', 'max'];
    const { stdout } = await promisify(execFile)(program, ['replay', ...how, ...files], {
      cwd: folder,
    });
    expect(linesOf(stdout)).toHaveLength(2);
    const { runs } = await asked<{ runs: { nodes: { status: string }[] } }>(
      gateway.url,
      '{ runs { nodes { status } } }',
    );
    expect(runs.nodes).toEqual([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
  } finally {
    await gateway.stop();
  }
});
