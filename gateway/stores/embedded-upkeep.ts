/**
 * What the checkpointer and autovacuum do on a server. PGlite has neither: without it every update grows the tables
 * (measured: 52 MB after ten updates of a table of 4 MB) and the write-ahead log is never given back.
 */
import type { Client } from 'pg';
import { dynamicStatement, statement } from '../../resolvers/sql.ts';

/** What one round did. */
export interface Upkeep {
  readonly checkpointed: boolean;
  /** Tables vacuumed and analyzed. */
  readonly vacuumed: readonly string[];
}

/** Between rounds. A round that finds nothing costs one statement of 2 ms. */
const EVERY_ms = 30_000;

/** Log written since the last checkpoint. One of so much takes 0.3 s, and everybody waits. */
const LOG_BYTES_MAX = 67_108_864;

/** Autovacuum's own rules and numbers: changed rows against rows, and the age of the oldest transaction id. */
const DUE = statement<{ table: string; freeze: boolean }>(
  'upkeep.due',
  `SELECT c.oid::regclass::text AS table, age(c.relfrozenxid) > 200000000 AS freeze
  FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
    AND (age(c.relfrozenxid) > 200000000
      OR s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
      OR s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)
      OR s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0))
  ORDER BY 1`,
);

const LOG = statement<{ bytes: string }>(
  'upkeep.log',
  `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn) AS bytes FROM pg_control_checkpoint()`,
);

/** Keeps up in the background until stopped; `stop` waits for the round that runs. A failed round is tried again. */
export function startUpkeep(
  connect: () => Promise<Client>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let round: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (!busy) round = work();
  }, EVERY_ms).unref();

  async function work(): Promise<void> {
    busy = true;
    try {
      const client = await connect();
      try {
        await keepUp(client);
      } finally {
        await client.end();
      }
    } catch (error) {
      failed(error);
    }
    busy = false;
  }
  return () => {
    clearInterval(timer);
    return round;
  };
}

/** Vacuums what is due, table by table so that others come between, then writes a checkpoint when one is. */
export async function keepUp(
  client: Pick<Client, 'query'>,
  log_bytes_max = LOG_BYTES_MAX,
): Promise<Upkeep> {
  await client.query('/* upkeep.counts */ SELECT pg_stat_force_next_flush()'); // Else up to 1 s old.
  const due = await client.query<{ table: string; freeze: boolean }>(DUE.text);
  for (const { table, freeze } of due.rows) {
    const options = freeze ? 'FREEZE, ANALYZE' : 'ANALYZE';
    await client.query(dynamicStatement('upkeep.vacuum', `VACUUM (${options}) ${table}`).text);
  }
  const log = await client.query<{ bytes: string }>(LOG.text);
  const checkpointed = Number(log.rows[0]?.bytes) > log_bytes_max;
  if (checkpointed) await client.query('/* upkeep.checkpoint */ CHECKPOINT');
  return { checkpointed, vacuumed: due.rows.map(({ table }) => table) };
}
