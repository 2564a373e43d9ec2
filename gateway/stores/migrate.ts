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

/**
 * Applies what is missing and answers its names. Each migration is one transaction with its record: killed or
 * failed in the middle it leaves nothing, and the next call begins it anew. Throws on an edited one, and on one that
 * another tool began and did not finish. Several at once wait for each other.
 */
export async function migrate(
  session: Session,
  migrations: readonly Migration[],
): Promise<string[]> {
  const applied: string[] = [];
  for (;;) {
    const name = await applyNext(session, migrations);
    if (name === null) return applied;
    applied.push(name);
  }
}

/** In one transaction, which holds the lock: embedded all connections share a session, and its locks. */
async function applyNext(
  session: Session,
  migrations: readonly Migration[],
): Promise<string | null> {
  await session.script('/* migrate.begin */ BEGIN');
  try {
    await session.query('/* migrate.lock */ SELECT pg_advisory_xact_lock($1)', [PRISMA_LOCK_ID]);
    await session.script(TABLE);
    const [next] = missingOf(await recordedIn(session), migrations);
    if (next) await apply(session, next);
    await session.script('/* migrate.commit */ COMMIT');
    return next?.name ?? null;
  } catch (error) {
    await session.script('/* migrate.rollback */ ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function recordedIn(session: Session): Promise<Map<string, Recorded>> {
  const { rows } =
    await session.query(`/* migrate.recorded */ SELECT migration_name, checksum, finished_at
    FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY started_at`);
  return new Map((rows as Recorded[]).map((row) => [row.migration_name, row]));
}

function missingOf(
  recorded: ReadonlyMap<string, Recorded>,
  migrations: readonly Migration[],
): Migration[] {
  return migrations.filter(({ name, checksum }) => {
    const known = recorded.get(name);
    if (known && !known.finished_at) {
      throw new Error(`Migration ${name} failed before; repair it, then set rolled_back_at.`);
    }
    if (known && known.checksum !== checksum) {
      throw new Error(`Migration ${name} was edited after it was applied.`);
    }
    return !known;
  });
}

async function apply(session: Session, { name, checksum, sql }: Migration): Promise<void> {
  try {
    await session.script(sql);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Migration ${name} cannot be applied: ${why}`, { cause: error });
  }
  await session.query(
    `/* migrate.record */ INSERT INTO "_prisma_migrations"
      (id, checksum, migration_name, finished_at, applied_steps_count)
    VALUES ($1, $2, $3, clock_timestamp(), 1)`,
    [randomUUID(), checksum, name],
  );
}
