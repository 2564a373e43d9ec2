/** Where the programs of Neo4j come from: Java by apt where it is missing and we may, the server's jars by Maven. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const VERSION = '5.26.30'; // As in neo4j/pom.xml.
const POM = fileURLToPath(new URL('./neo4j/pom.xml', import.meta.url));
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const INSTALL_WAIT_MS = 600_000;

export interface Neo4jPrograms {
  readonly jars: string;
  /** Classes that Java need not read again, of jars at this very path; made by `warm`, saves ten seconds of a start. */
  readonly archive: string;
  /** An empty store, made by `warm`. */
  readonly emptyStore: string;
}

const run = promisify(execFile);

/** The programs, installed on first use (123 MB, about a minute) and kept. Throws when they cannot be had, saying why. */
export async function neo4jPrograms(
  warm: (programs: Neo4jPrograms) => Promise<void>,
): Promise<Neo4jPrograms> {
  if (!onPath('java')) await installPackages('openjdk-17-jre-headless');
  const home = join(cacheFolder(), `neo4j-${VERSION}`);
  const programs = {
    jars: join(home, 'lib'),
    archive: join(home, 'classes.jsa'),
    emptyStore: join(home, 'empty'),
  };
  if (!existsSync(home)) await install(home);
  if (!existsSync(programs.emptyStore)) await warm(programs);
  return programs;
}

/** Beside its place first, then by one rename: an interrupted or a second install does no harm. */
async function install(home: string): Promise<void> {
  if (!onPath('mvn')) await installPackages('maven');
  await mkdir(dirname(home), { recursive: true });
  const work = await mkdtemp(`${home}.`);
  try {
    await cp(POM, join(work, 'pom.xml'));
    const flags = ['-q', '-B', COPY, `-DoutputDirectory=${join(work, 'lib')}`];
    await run('mvn', [...flags, '-DincludeScope=runtime'], { cwd: work, timeout: INSTALL_WAIT_MS });
    await moveTo(home, work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** By one rename; whoever was there before stays. */
export async function moveTo(place: string, made: string): Promise<void> {
  await rename(made, place).catch((error: unknown) => {
    if (!existsSync(place)) throw error;
  });
}

async function installPackages(name: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(`${name} is not installed; we are not root.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: INSTALL_WAIT_MS };
  await run('apt-get', ['update', '-qq'], options);
  await run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', name], options);
}

function onPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

function cacheFolder(): string {
  const given = process.env['POLYPHONY_TEST_CACHE'];
  if (given) return given;
  if (process.getuid?.() === 0) return join(tmpdir(), 'polyphony-test-cache');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'polyphony-test');
}
