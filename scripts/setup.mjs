/**
 * Brings a checkout to where it can run: packages, database client, types of GraphQL operations and, on request, dist/
 * with the first state of the embedded store. Plain Node without packages: npm runs it before `start` and `test`, when
 * there may be nothing installed. Interrupted at any point, the next run makes what is missing.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireNode } from '../bin/node-version.mjs';

requireNode();

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const NPM_CI = 'ci --ignore-scripts --include=dev --no-audit --no-fund --loglevel=error'.split(' ');

/**
 * Resolves when everything is there, and tells on stderr what takes time. Rejects with what went wrong, with
 * `exitCode` 130 when it was interrupted. Costs 50 ms when nothing is stale. `install: false` where programs run
 * from node_modules, such as tests: then stale packages are an error.
 */
export async function setUp({ build = false, install = true } = {}) {
  const steps = [
    {
      name: 'installing packages (npm ci, about a minute)',
      fresh: packagesInstalled,
      make: install ? installPackages : refuseInstall,
    },
    stamped({
      name: 'generating the database client',
      folder: 'prisma/generated',
      inputs: () => [...filesOf('prisma', /^[^/]*\.prisma$/), 'node_modules/prisma/package.json'],
      make: () => node('node_modules/prisma/build/index.js', 'generate'),
    }),
    stamped({
      name: 'generating the types of GraphQL operations',
      folder: 'client/generated',
      inputs: () => ['schema/schema.graphql', 'codegen.ts', ...filesWithOperations()],
      make: () => node('node_modules/@graphql-codegen/cli/esm/bin.js', '--config', 'codegen.ts'),
    }),
  ];
  if (build) {
    steps.push(
      stamped({
        name: 'building the gateway and the first state of its embedded database',
        folder: 'dist',
        inputs: () => [
          ...['gateway', 'schema', 'resolvers', 'prisma', 'client'].flatMap((folder) =>
            filesOf(folder, /(?<!\.test)\.ts$|migration\.sql$/).filter(
              (file) => !file.startsWith('client/generated/'), // Types only, also of tests.
            ),
          ),
          'package-lock.json',
          'scripts/build.mjs',
        ],
        make: () => node('scripts/build.mjs'),
      }),
    );
  }
  if (steps.every(isFresh)) return;
  const unlock = await lock();
  try {
    for (const step of steps) if (!isFresh(step)) await telling(step);
  } finally {
    unlock();
  }
}

/** What cannot be read, because somebody is making it, is not fresh. */
function isFresh(step) {
  try {
    return step.fresh();
  } catch {
    return false;
  }
}

/** Whether what npm finished installing is what package-lock.json wants; optional packages may be missing. */
function packagesInstalled() {
  const record = inRoot('node_modules/.package-lock.json'); // Removed first by `npm ci`, written last.
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([name, { version, optional }]) =>
      name === '' || optional || installed[name]?.version === version,
  );
}

/** By the npm that runs us, if one does. Install scripts stay off: none of our packages needs its own. */
function installPackages() {
  const npm = process.env.npm_execpath;
  if (npm && /^np[mx]/.test(basename(npm))) return node(npm, ...NPM_CI);
  return run('npm', NPM_CI, { shell: process.platform === 'win32' });
}

function refuseInstall() {
  throw new Error('the packages are not those of package-lock.json; run npm ci');
}

/** A step whose output folder holds the hash of what it was made from, while the output is whole. */
function stamped({ name, folder, inputs, make }) {
  const stamp = inRoot(folder, '.setup');
  const now = () => {
    const hash = createHash('sha256').update(process.platform + process.arch);
    for (const file of inputs()) hash.update(`\0${file}\0`).update(readFileSync(inRoot(file)));
    return hash.digest('hex');
  };
  return {
    name,
    fresh: () => existsSync(stamp) && readFileSync(stamp, 'utf8') === now(),
    async make() {
      rmSync(stamp, { force: true });
      const made = now(); // Before, so that an edit meanwhile is not taken for built.
      await make();
      mkdirSync(inRoot(folder), { recursive: true });
      writeFileSync(stamp, made);
    },
  };
}

function filesOf(folder, pattern) {
  return readdirSync(inRoot(folder), { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => pattern.test(file))
    .map((file) => `${folder}/${file}`)
    .toSorted();
}

/** Those whose operations have types: client/operation.ts. */
function filesWithOperations() {
  const files = ['client', 'e2e'].flatMap((folder) => filesOf(folder, /(?<!^generated.*)\.ts$/));
  return files.filter((file) => readFileSync(inRoot(file), 'utf8').includes('operation(`'));
}

function node(...command) {
  return run(process.execPath, command);
}

/** Runs to the end, quietly; what it wrote is told when it fails. */
async function run(file, command, options = {}) {
  const PATH = inRoot('node_modules/.bin') + delimiter + process.env.PATH; // Prisma starts generators by name.
  const child = spawn(file, command, {
    cwd: ROOT,
    env: { ...process.env, PATH, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  let interrupted = false;
  const stop = (signal) => {
    interrupted = true;
    child.kill(signal);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const [code] = await once(child, 'close');
  process.off('SIGINT', stop).off('SIGTERM', stop);
  if (interrupted) {
    throw Object.assign(new Error('interrupted; the next run goes on from here'), {
      exitCode: 130,
    });
  }
  if (code !== 0) throw new Error(`${basename(file)} ${command.join(' ')} failed:\n${output}`);
}

/** Says what is being done, and for how long already where somebody watches. */
async function telling({ name, make }) {
  const started = performance.now();
  const seconds = () => `${Math.round((performance.now() - started) / 1_000)} s`;
  const live = process.stderr.isTTY;
  const say = (text) => process.stderr.write(live ? `\r\u001B[K${text}` : `${text}\n`);
  say(`set-up: ${name} …`);
  const clock = live && setInterval(() => say(`set-up: ${name} … ${seconds()}`), 1_000);
  try {
    await make();
    say(`set-up: ${name}: done in ${seconds()}`);
  } finally {
    if (clock) clearInterval(clock);
    if (live) process.stderr.write('\n');
  }
}

/**
 * One set-up of a checkout at a time; others wait. The lock is a socket, which goes away with its process however
 * that ends; whoever connects to it hears when it does.
 */
async function lock() {
  const path = lockPath();
  for (;;) {
    const waiting = new Set();
    const server = createServer((socket) => waiting.add(socket.on('error', () => undefined)));
    try {
      await once(server.listen(path), 'listening');
      return () => {
        server.close();
        for (const socket of waiting) socket.destroy();
      };
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
    const reason = await new Promise((ended) => {
      const holder = connect(path).on('error', ended).on('close', ended);
      holder.on('connect', () => {
        process.stderr.write('set-up: waiting for another set-up of this checkout …\n');
      });
    });
    // Where sockets are files, a process that was killed leaves its own.
    if (reason?.code === 'ECONNREFUSED' && existsSync(path)) rmSync(path, { force: true });
  }
}

/** Linux and Windows have sockets without a file. */
function lockPath() {
  const name = `polyphony-set-up-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

function inRoot(...path) {
  return join(ROOT, ...path);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const flag = (name) => process.argv.includes(name);
  setUp({ build: flag('--build'), install: !flag('--no-install') }).catch((error) => {
    process.stderr.write(`set-up: ${error.message}\n`);
    process.exitCode = error.exitCode ?? 1;
  });
}
