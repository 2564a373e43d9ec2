// Brings a checkout to where it can run: packages, database client, build. Plain Node, no packages:
// npm runs it before `start` and `test`, when there may be nothing installed. Costs 30 ms when nothing is stale.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
// Prisma starts its generators by name; npm puts them on the path, a plain `node scripts/setup.mjs` does not.
process.env.PATH = join(root, 'node_modules', '.bin') + delimiter + process.env.PATH;

/** Runs `make` when the content of `inputs` is not what it was the last time it succeeded. */
function unlessFresh(name, stamp, inputs, make) {
  const hash = createHash('sha256');
  for (const path of inputs) hash.update(path).update(readFileSync(path));
  const now = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  console.error(`setup: ${name}`);
  make();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
}

const run = (...args) => execFileSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
const files = (folder, end) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(end))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .toSorted();

const npm = process.env.npm_execpath;
unlessFresh('installing packages', 'node_modules/.setup', ['package-lock.json'], () => {
  if (npm) run(npm, 'ci', '--no-audit', '--no-fund', '--loglevel=error');
  else
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
});
unlessFresh(
  'generating the database client',
  'prisma/generated/.setup',
  [...files('prisma', '.prisma'), 'node_modules/prisma/package.json'],
  () => run('node_modules/prisma/build/index.js', 'generate'),
);
if (process.argv.includes('--build')) {
  unlessFresh(
    'building',
    'dist/.setup',
    [
      ...['gateway', 'schema', 'resolvers', 'prisma'].flatMap((folder) => files(folder, '.ts')),
      'package.json',
    ],
    () => run('scripts/build.mjs'),
  );
}
