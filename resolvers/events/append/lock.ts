/** The locks of runs: whoever appends holds them, for as long as one transaction takes. */
import { statement, type Sql } from '../../sql.ts';
import { idArray } from './arrays.ts';
import { runState, type RunFields, type RunState } from './state.ts';

type RunRow = Omit<RunFields, 'startedAt' | 'finishedAt' | 'tags' | 'metadata' | 'movedSeq'> & {
  readonly id: string;
  readonly workspaceId: string;
};

const COLUMNS = `id, workspace_id AS "workspaceId", status, status_name AS "statusName", version, fence,
  failure_reason AS "failureReason", error, steps_done AS "stepsDone", steps_failed AS "stepsFailed",
  steps_running AS "stepsRunning"`;

/**
 * Every join of the log is a look into a unique index per row. Plans are kept for long, and one made while a table is
 * small would read all of it for each flush once it is big; embedded, no autovacuum ever corrects it.
 */
const PLAN_BY_INDEX = statement(
  'log.planByIndex',
  `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true)`,
);

// In order of ids: two gateways that wait for each other's runs would dead-lock.
const LOCK = statement<RunRow>(
  'log.lock',
  `SELECT ${COLUMNS} FROM run WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
);
const LOCK_WAITING = statement<RunRow>(
  'log.lockWaiting',
  `SELECT ${COLUMNS} FROM run WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
);
const THERE = statement<{ id: string }>(
  'log.there',
  'SELECT id FROM run WHERE id = ANY($1::uuid[])',
);

/** Has the statements of this transaction planned by index. 1 statement. */
export async function planByIndex(tx: Sql): Promise<void> {
  await tx.query(PLAN_BY_INDEX);
}

/** Locks the runs in order of id and reads their rows. `skip` leaves those that others hold. 1 statement. */
export async function lockRuns(
  tx: Sql,
  ids: Iterable<string>,
  lock: 'skip' | 'wait',
): Promise<Map<string, RunState>> {
  const rows = await tx.query(lock === 'skip' ? LOCK : LOCK_WAITING, [idArray(ids)]);
  const runs = new Map<string, RunState>();
  for (const row of rows) {
    const run: RunFields = {
      status: row.status,
      statusName: row.statusName,
      version: row.version,
      fence: row.fence,
      failureReason: row.failureReason,
      error: row.error,
      stepsDone: row.stepsDone,
      stepsFailed: row.stepsFailed,
      stepsRunning: row.stepsRunning,
      startedAt: null,
      finishedAt: null,
      tags: null,
      metadata: null,
      movedSeq: 0,
    };
    runs.set(row.id, runState(row.id, row.workspaceId, run));
  }
  return runs;
}

/** Those of the ids that are runs. 1 statement. */
export async function runsThere(tx: Sql, ids: Iterable<string>): Promise<Set<string>> {
  const rows = await tx.query(THERE, [idArray(ids)]);
  return new Set(rows.map(({ id }) => id));
}
