/** `npm run migration -- name` writes prisma/migrations/<time>_<name>/migration.sql, without a server or a network. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMigrations } from '../gateway/stores/migrate.ts';
import {
  emptyDatabase,
  ENGINE_FILTERS,
  migrationsList,
  openSchemaEngine,
  schemaFiles,
} from './schema-engine.ts';

const name = process.argv[2];
if (!name || !/^[a-z0-9_]+$/.test(name)) {
  throw new Error('usage: npm run migration -- lower_case_name');
}

const files = await schemaFiles('prisma');
const { factory } = await emptyDatabase();
const engine = await openSchemaEngine(
  factory,
  files.map(({ path, content }) => [path, content]),
);
const result = await engine.diff({
  from: { tag: 'migrations', ...migrationsList(await readMigrations('prisma/migrations')) },
  to: { tag: 'schemaDatamodel', files },
  script: true,
  exitCode: null,
  shadowDatabaseUrl: null,
  filters: ENGINE_FILTERS,
} as Parameters<typeof engine.diff>[0]);

const sql = result.stdout ?? '';
if (/This is an empty migration/.test(sql) || sql.trim() === '') {
  console.log('No change.');
} else {
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const folder = join('prisma/migrations', `${stamp}_${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'migration.sql'), sql);
  await writeFile('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n');
  console.log(folder);
}
process.exit(0);
