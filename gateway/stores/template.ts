/**
 * A migrated data folder of the embedded database as one tar.gz, made once at build: initdb and the migrations
 * cost 4 s of CPU and 1.5 GB for a moment, unpacking it 0.3 s.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { vector } from '@electric-sql/pglite-pgvector';
import { migrate, readMigrations, type Migration } from './migrate.ts';

/** prisma/migrations of this checkout or package, seen from gateway/stores/ and from dist/. */
export function migrationsFolder(): string {
  const candidates = ['../../prisma/migrations', '../prisma/migrations'];
  const found = candidates
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (!found) throw new Error('prisma/migrations is missing from this installation.');
  return found;
}

/**
 * The template for these migrations in `folder`, made when it is not there. Its name carries what it was made
 * from, so a stale one is never used; two processes may make it at once. Cost: 4 s of CPU the first time.
 */
export async function ensureTemplate(
  folder: string,
  migrations: readonly Migration[],
): Promise<string> {
  const path = join(folder, `postgres-${keyOf(migrations)}.tar.gz`);
  if (existsSync(path)) return path;
  const lite = await PGlite.create({ extensions: { pg_trgm, vector } });
  await migrate(
    { query: (sql, values) => lite.query(sql, values), script: (sql) => lite.exec(sql) },
    migrations,
  );
  await lite.exec('/* template.freeze */ VACUUM (FREEZE, ANALYZE)');
  const tar = await lite.dumpDataDir('none');
  await lite.close();
  await mkdir(folder, { recursive: true });
  const making = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(making, await promisify(gzip)(await tar.arrayBuffer()));
  await rename(making, path); // Whole or not at all, for whoever comes at the same time.
  return path;
}

/** The newest template of a build's folder for the migrations of this installation. */
export async function builtTemplate(): Promise<string> {
  const here = dirname(fileURLToPath(import.meta.url));
  const dist = basename(here) === 'stores' ? join(here, '../../dist') : here;
  return ensureTemplate(dist, await readMigrations(migrationsFolder()));
}

/**
 * Makes the folder from the template unless Postgres' files are in it. All or nothing: killed in the middle,
 * the next start begins anew. Only the process that holds the data folder may call it.
 */
export async function ensureFolder(folder: string, template: string): Promise<void> {
  if (existsSync(join(folder, 'PG_VERSION'))) return;
  const making = `${folder}.making`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true, mode: 0o700 });
  await unpack(await promisify(gunzip)(await readFile(template)), making);
  await rm(folder, { recursive: true, force: true }); // Empty: it has no PG_VERSION.
  await rename(making, folder);
}

const BLOCK_BYTES = 512;

/** Unpacks a ustar archive of plain files and folders, which is what PGlite dumps. */
async function unpack(tar: Buffer, folder: string): Promise<void> {
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + BLOCK_BYTES);
    const name = text(header, 0, 100);
    const prefix = text(header, 345, 155);
    const size = parseInt(text(header, 124, 12), 8);
    const target = join(folder, prefix, name);
    if (!target.startsWith(folder + sep)) throw new Error(`${name} leads out of ${folder}`);
    const body = at + BLOCK_BYTES;
    if (text(header, 156, 1) === '5') await mkdir(target, { recursive: true, mode: 0o700 });
    else {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, tar.subarray(body, body + size), { mode: 0o600 });
    }
    at = body + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field
    .subarray(0, end === -1 ? length : end)
    .toString()
    .trim();
}

function keyOf(migrations: readonly Migration[]): string {
  const hash = createHash('sha256');
  for (const name of ['@electric-sql/pglite', '@electric-sql/pglite-pgvector']) {
    const entry = createRequire(import.meta.url).resolve(name);
    hash.update(readFileSync(join(dirname(entry), '../package.json')));
  }
  for (const { name, checksum } of migrations) hash.update(name).update(checksum);
  return hash.digest('hex').slice(0, 16);
}
