/**
 * The programs that are measured beside the gateway: built as it is, and run by their own packages, which are
 * installed when first needed: from e2e/bench/package-lock.json, into a folder that nothing else reads.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const BENCH = fileURLToPath(new URL('..', import.meta.url));
const SERVERS = fileURLToPath(new URL('servers', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../../node_modules/.rivals', import.meta.url));
const NPM_CI = 'ci --ignore-scripts --no-audit --no-fund --loglevel=error'.split(' ');
const run = promisify(execFile);

export type Program = 'bare' | 'levels' | 'mercurius' | 'postgraphile' | 'yoga' | 'probe';

/** What needs no package, or pg alone, which the gateway has. */
const OWN: readonly Program[] = ['bare', 'levels', 'probe'];

/** Installs what these need, builds them, and answers the path of each. */
export async function buildServers(
  programs: readonly Program[],
): Promise<(program: Program) => string> {
  if (programs.some((program) => !OWN.includes(program))) await install();
  await buildPrograms(programs.map((program) => join(SERVERS, `${program}.ts`)));
  return (program) => join(FOLDER, 'dist', `${program}.mjs`);
}

/** Builds programs of another benchmark, whose packages are installed with the rivals', and answers the path of each. */
export async function buildRivals(files: readonly string[]): Promise<string[]> {
  await install();
  await buildPrograms(files);
  return files.map((file) => join(FOLDER, 'dist', `${basename(file, '.ts')}.mjs`));
}

async function buildPrograms(entryPoints: readonly string[]): Promise<void> {
  await build({
    entryPoints: [...entryPoints],
    outdir: join(FOLDER, 'dist'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
}

async function install(): Promise<void> {
  const lock = await readFile(join(BENCH, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  const stamp = join(FOLDER, '.installed');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  console.error('installing what the gateway is measured against …');
  await rm(stamp, { force: true });
  await mkdir(FOLDER, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    await cp(join(BENCH, file), join(FOLDER, file));
  await run('npm', NPM_CI, { cwd: FOLDER });
  await writeFile(stamp, wanted);
}
