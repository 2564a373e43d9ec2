/**
 * Applies prisma/migrations to any Postgres, the way `prisma migrate deploy` does: same lock, same
 * table, same checksums. A database migrated by one can be carried on by the other.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The lock id that Prisma's schema engine takes. */
const PRISMA_LOCK_ID = 72_707_369;

const TABLE = `/* migrate.table */ CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

type Recorded = { migration_name: string; checksum: string; finished_at: unknown };

/** One connection, not a pool: the lock belongs to the session. */
export interface Session {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  /** Several statements in one text. */
  script(sql: string): Promise<unknown>;
}

export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** Migrations in the order in which they apply. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Applies what is missing and returns its names. Throws on an edited or half-applied migration. */
export async function migrate(
  session: Session,
  migrations: readonly Migration[],
): Promise<string[]> {
  await session.query('/* migrate.lock */ SELECT pg_advisory_lock($1)', [PRISMA_LOCK_ID]);
  try {
    await session.script(TABLE);
    const { rows } =
      await session.query(`/* migrate.recorded */ SELECT migration_name, checksum, finished_at
      FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY started_at`);
    const recorded = new Map((rows as Recorded[]).map((row) => [row.migration_name, row]));
    const applied: string[] = [];
    for (const migration of migrations) {
      const known = recorded.get(migration.name);
      if (known && !known.finished_at)
        throw new Error(
          `Migration ${migration.name} failed before; repair it, then set rolled_back_at.`,
        );
      if (known && known.checksum !== migration.checksum)
        throw new Error(`Migration ${migration.name} was edited after it was applied.`);
      if (known) continue;
      const id = randomUUID();
      await session.query(
        `/* migrate.started */ INSERT INTO "_prisma_migrations" (id, checksum, migration_name)
        VALUES ($1, $2, $3)`,
        [id, migration.checksum, migration.name],
      );
      try {
        await session.script(migration.sql);
      } catch (error) {
        await session.query(
          '/* migrate.failed */ UPDATE "_prisma_migrations" SET logs = $2 WHERE id = $1',
          [id, String(error)],
        );
        throw error;
      }
      await session.query(
        `/* migrate.finished */ UPDATE "_prisma_migrations"
        SET finished_at = now(), applied_steps_count = 1 WHERE id = $1`,
        [id],
      );
      applied.push(migration.name);
    }
    return applied;
  } finally {
    await session.query('/* migrate.unlock */ SELECT pg_advisory_unlock($1)', [PRISMA_LOCK_ID]);
  }
}
