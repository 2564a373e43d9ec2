/** What the server promises of a commit: it decides what figures of writing mean. */
import type { Pool } from 'pg';

export async function durability(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; setting: string }>(
    `/* bench.durability */ SELECT name, setting FROM pg_settings
     WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version')`,
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
