import type { PGlite } from '@electric-sql/pglite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Client } from 'pg';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import {
  emptyDatabase,
  ENGINE_FILTERS as filters,
  migrationsList,
  openSchemaEngine,
  schemaFiles,
} from '../../scripts/schema-engine.ts';
import { migrate, readMigrations, type Migration } from './migrate.ts';
import { migrationsFolder } from './template.ts';

const migrations = await readMigrations(migrationsFolder());
const names = migrations.map(({ name }) => name);

describe('beside Prisma’s own engine', () => {
  let lite: PGlite;
  let engine: Awaited<ReturnType<typeof openSchemaEngine>>;
  beforeAll(async () => {
    const files = await schemaFiles('prisma');
    const database = await emptyDatabase();
    lite = database.lite;
    engine = await openSchemaEngine(
      database.factory,
      files.map(({ path, content }) => [path, content]),
    );
  });
  afterAll(() => lite.close());

  const ours = () =>
    migrate(
      { query: (sql, values) => lite.query(sql, values), script: (sql) => lite.exec(sql) },
      migrations,
    );
  const theirs = () => engine.applyMigrations({ migrationsList: list, filters });
  const list = migrationsList(migrations);

  test('what one has applied the other carries on', async () => {
    expect(await ours()).toEqual(names);
    const history = await engine.diagnoseMigrationHistory({
      migrationsList: list,
      optInToShadowDatabase: false,
      filters,
    });
    expect(history).toMatchObject({
      history: null,
      failedMigrationNames: [],
      editedMigrationNames: [],
    });
    expect(await theirs()).toEqual({ appliedMigrationNames: [] });
    expect(await ours()).toEqual([]);

    await engine.reset({ filter: filters });
    await lite.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public;');
    expect(await theirs()).toEqual({ appliedMigrationNames: names });
    expect(await ours()).toEqual([]);
  });

  test('the migrations make what the .prisma files say', async () => {
    const files = await schemaFiles('prisma');
    expect(await differences(files)).toMatch(/^$|This is an empty migration/);
    const more = { path: 'prisma/more.prisma', content: 'model More {\n  id Int @id\n}\n' };
    expect(await differences([...files, more])).toMatch(/CREATE TABLE "More"/);
  });

  /** The migration that is still to be written. */
  async function differences(files: { path: string; content: string }[]): Promise<string> {
    const { stdout } = await engine.diff({
      from: { tag: 'migrations', ...list },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      shadowDatabaseUrl: null,
      filters,
    } as Parameters<typeof engine.diff>[0]);
    return stdout?.trim() ?? '';
  }
});

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  afterEach(() => database.close());

  async function migrateTo(list: readonly Migration[]): Promise<string[]> {
    const client = await database.pool.connect();
    try {
      return await migrate(
        { query: (sql, values) => client.query(sql, values), script: (sql) => client.query(sql) },
        list,
      );
    } finally {
      client.release();
    }
  }

  const next = (sql: string): Migration => ({ name: '99990101000000_next', sql, checksum: 'x' });

  test('a migration that fails leaves nothing, and is begun anew when it is mended', async () => {
    database = await open();
    const broken = next('CREATE TABLE half (id int); SELECT 1 / 0;');
    await expect(migrateTo([...migrations, broken])).rejects.toThrow(/next cannot be applied/);
    expect(await tables(database)).not.toContain('half');
    const mended = { ...next('CREATE TABLE half (id int);'), checksum: 'y' };
    expect(await migrateTo([...migrations, mended])).toEqual([mended.name]);
    expect(await tables(database)).toContain('half');
    expect(await migrateTo([...migrations, mended])).toEqual([]);
  });

  test('an edited migration is refused, and one that another tool left unfinished', async () => {
    database = await open();
    const edited = migrations.map((migration) => ({ ...migration, checksum: 'z' }));
    await expect(migrateTo(edited)).rejects.toThrow(/was edited after it was applied/);
    await database.pool.query('UPDATE _prisma_migrations SET finished_at = NULL');
    await expect(migrateTo(migrations)).rejects.toThrow(/failed before; repair it/);
  });

  test('those who migrate at once do it once', async () => {
    database = await open();
    const once = next('CREATE TABLE once (id int);');
    const applied = await Promise.all([1, 2, 3].map(() => migrateTo([...migrations, once])));
    expect(applied.flat()).toEqual([once.name]);
  });
});

test.runIf(DATABASES.length > 1)(
  'both stores have the same schema, to the last trigger',
  async () => {
    const [embedded, server] = await Promise.all(DATABASES.map(({ open }) => open()));
    try {
      const [one, other] = await Promise.all([catalog(embedded!), catalog(server!)]);
      expect(one.length).toBeGreaterThan(200);
      expect(other).toEqual(one);
      const client = new Client({ connectionString: server!.url });
      await client.connect();
      await client.query('ALTER TABLE run ALTER COLUMN error SET DEFAULT 0'); // The guard sees it.
      await client.end();
      expect(await catalog(server!)).not.toEqual(one);
    } finally {
      await Promise.all([embedded?.close(), server?.close()]);
    }
  },
);

async function tables({ pool }: TestDatabase): Promise<string[]> {
  const { rows } = await pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
  return (rows as { tablename: string }[]).map(({ tablename }) => tablename);
}

/**
 * One line for everything in the schema: columns, constraints, indexes, triggers, functions, types. Without what
 * extensions bring, and what vectors rest in: that hangs on whether the server has pgvector (decision 0013).
 */
async function catalog({ pool }: TestDatabase): Promise<string[]> {
  const { rows } = await pool.query(`SELECT line FROM (
    SELECT format('column %s.%s %s %s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
      attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid)) AS line
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('relation %s %s %s %s', oid::regclass, relkind, reloptions, pg_get_partkeydef(oid))
      FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('index %s', pg_get_indexdef(indexrelid)) FROM pg_index
      WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT format('trigger %s %s', tgenabled, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace AND prolang <> 13 AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
    UNION ALL SELECT format('enum %s %s %s', enumtypid::regtype, enumsortorder, enumlabel) FROM pg_enum
    UNION ALL SELECT format('extension %s', extname) FROM pg_extension
  ) all_lines ORDER BY line COLLATE "C"`);
  const vectors = /^(column \w+_embedding\.vector |extension vector$)/;
  return (rows as { line: string }[]).map(({ line }) => line).filter((line) => !vectors.test(line));
}
