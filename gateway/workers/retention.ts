/** The jobs that keep the store bounded: what is old leaves in batches, months of the log come and go. */
import {
  removeIdempotencyKeys,
  removeOldChanges,
  removeOldRuns,
} from '../../resolvers/events/feed/retention.ts';
import { IDEMPOTENCY_KEPT_MS } from '../../resolvers/idempotency.ts';
import type { Sql } from '../../resolvers/sql.ts';
import { alone, type Job } from './jobs.ts';
import { dropEmptyPartitions, makePartitions } from './partitions.ts';

export interface RetentionOptions {
  /** Changes stay readable for so long: a follower that was away longer starts over. */
  readonly changeKeep_ms: number;
  /** 0 keeps finished runs for ever. */
  readonly runKeep_days: number;
  /** Our clock. */
  readonly now: () => Date;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

/** One batch is one transaction, during which everybody waits on the embedded store. */
const CHANGES_BATCH_MAX = 5_000;
const KEYS_BATCH_MAX = 5_000;
/** Each run takes its log, steps and artifacts along. */
const RUNS_BATCH_MAX = 20;

/** Appends wait for as long as we wait for a lock. */
const PARTITION_LOCK_MS = 250;
const MONTHS_AHEAD_MAX = 2;

/** The jobs of a gateway; startJobs runs them. */
export function retentionJobs(sql: Sql, options: RetentionOptions): Job[] {
  const { changeKeep_ms, runKeep_days, now } = options;
  const ago = (ms: number) => new Date(now().getTime() - ms);
  const runs: Job = {
    name: 'remove old runs',
    every_ms: HOUR_MS,
    work: (signal) =>
      inBatches(signal, RUNS_BATCH_MAX, (limit) =>
        alone(sql, 'runs', (tx) => removeOldRuns(tx, ago(runKeep_days * DAY_MS), limit)),
      ),
  };
  return [
    {
      name: 'remove old changes',
      every_ms: 60 * SECOND_MS,
      work: (signal) =>
        inBatches(signal, CHANGES_BATCH_MAX, (limit) =>
          alone(sql, 'changes', (tx) => removeOldChanges(tx, ago(changeKeep_ms), limit)),
        ),
    },
    {
      name: 'remove old idempotency keys',
      every_ms: HOUR_MS,
      work: (signal) =>
        inBatches(signal, KEYS_BATCH_MAX, (limit) =>
          alone(sql, 'keys', (tx) => removeIdempotencyKeys(tx, ago(IDEMPOTENCY_KEPT_MS), limit)),
        ),
    },
    ...(runKeep_days > 0 ? [runs] : []),
    {
      name: 'keep months of the log',
      every_ms: HOUR_MS,
      work: () => keepMonths(sql, options),
    },
  ];
}

/**
 * Makes the months of the log that are missing, and drops those that are over and empty. Once before anything is
 * served, so that the first run of a month finds its partition; then a job. Throws when a lock was not to be had:
 * appends then go where they went before.
 */
export async function keepMonths(
  sql: Sql,
  { now, runKeep_days }: Pick<RetentionOptions, 'now' | 'runKeep_days'>,
): Promise<Record<string, unknown> | null> {
  const locks = { lockTimeout_ms: PARTITION_LOCK_MS };
  const { made, left } = await makePartitions(sql, now(), {
    ...locks,
    ahead_max: MONTHS_AHEAD_MAX,
  });
  const before = new Date(now().getTime() - runKeep_days * DAY_MS);
  const dropped = await dropEmptyPartitions(sql, before, locks);
  return made.length + dropped.length > 0 ? { made, left, dropped } : null;
}

/** Batch after batch until one is not full, another gateway is at it, or the gateway stops. */
async function inBatches(
  signal: AbortSignal,
  batch_max: number,
  batch: (limit: number) => Promise<number | null>,
): Promise<{ removed: number } | null> {
  let removed = 0;
  for (;;) {
    const count = await batch(batch_max);
    removed += count ?? 0;
    if (count === null || count < batch_max || signal.aborted) break;
  }
  return removed > 0 ? { removed } : null;
}
