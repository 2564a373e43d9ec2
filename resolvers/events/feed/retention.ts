/**
 * What is removed once it is old: changes, idempotency keys, whole finished runs. Each function removes one batch in
 * the transaction that it is given, and answers how many: fewer than `batch_max` means that nothing is left for now.
 */
import { statement, type Sql } from '../../sql.ts';

/**
 * The oldest changes written before `before`, in the order of their transactions: it stops at the first younger one,
 * at the oldest open transaction (of any database on the server, or those who follow would all expire) and before
 * the newest change, by which epoch.ts sees that ids went back. Records the highest id removed, in the same
 * statement: positions that would need it are expired from then on.
 */
export function removeOldChanges(tx: Sql, before: Date, batch_max: number): Promise<number> {
  return removed(tx, CHANGES, before, batch_max);
}

/** Idempotency keys first used before `before`, the oldest first. */
export function removeIdempotencyKeys(tx: Sql, before: Date, batch_max: number): Promise<number> {
  return removed(tx, KEYS, before, batch_max);
}

/**
 * Finished runs that ended, and last changed by our clock, before `before`, with their logs, steps and artifacts:
 * whole or not at all. A recorded run that was brought in today is old by its own clock and young by ours, so it
 * stays. Runs that are locked are left for the next time. Followers hear of each.
 */
export function removeOldRuns(tx: Sql, before: Date, batch_max: number): Promise<number> {
  return removed(tx, RUNS, before, batch_max);
}

type Removed = { count: number };

const CHANGES = statement<Removed>(
  'feed.removeChanges',
  `WITH oldest AS (
    SELECT row, bool_and(recorded_at < $1) OVER (ORDER BY xid, position) AS old FROM (
      SELECT change.ctid AS row, xid, position, recorded_at FROM change CROSS JOIN feed_state
      WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
        AND (xid, position) < (SELECT xid, position FROM change ORDER BY xid DESC, position DESC LIMIT 1)
      ORDER BY xid, position LIMIT $2) first
  ), removed AS (
    DELETE FROM change WHERE ctid = ANY (ARRAY(SELECT row FROM oldest WHERE old)) RETURNING xid
  ), highest AS (
    SELECT xid, count(*) OVER () AS count FROM removed ORDER BY xid DESC LIMIT 1)
  UPDATE feed_state SET removed_xid = greatest(removed_xid, highest.xid) FROM highest RETURNING highest.count`,
);

const KEYS = statement<Removed>(
  'feed.removeKeys',
  `WITH removed AS (
    DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM idempotency_key WHERE created_at < $1
      ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING 1)
  SELECT count(*) FROM removed`,
);

const RUNS = statement<Removed>(
  'feed.removeRuns',
  `WITH removed AS (
    DELETE FROM run WHERE id = ANY (ARRAY(
      SELECT id FROM run WHERE finished_at < $1 AND updated_at < $1
        AND status IN ('SUCCEEDED', 'FAILED', 'CANCELED', 'TIMED_OUT', 'CRASHED')
      ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING 1)
  SELECT count(*) FROM removed`,
);

async function removed(
  tx: Sql,
  batch: typeof CHANGES,
  before: Date,
  batch_max: number,
): Promise<number> {
  const [row] = await tx.query(batch, [before, batch_max]);
  return row?.count ?? 0;
}
