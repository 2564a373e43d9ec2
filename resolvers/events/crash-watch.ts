/**
 * Ends the runs whose worker is gone: those of which neither an append nor a heartbeat was heard for a time of grace.
 * Any number of gateways may watch: the first end counts.
 */
import type { RunStatus } from '../../prisma/generated/enums.ts';
import { Conflict, NotFound } from '../errors.ts';
import { derivedId } from '../keys.ts';
import { WORKER_LOST } from '../runs/model.ts';
import { statement, type Sql } from '../sql.ts';
import type { RunLog } from './log.ts';

export interface CrashWatchOptions {
  /** Silence after which a worker counts as gone. Several times the interval of heartbeats. */
  readonly grace_ms: number;
  readonly every_ms: number;
  /** Monotonic, in milliseconds; tells the watch that it was itself asleep. */
  readonly clock?: () => number;
  /** A check failed; the next one comes all the same. */
  readonly onError?: (error: unknown) => void;
}

export interface CrashWatch {
  /** Looks once, now; answers how many runs it ended. Throws what the store throws. */
  check(): Promise<number>;
  /** Resolves when the check under way is over. */
  stop(): Promise<void>;
}

interface SilentRun {
  readonly id: string;
  readonly workspaceId: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly now: Date;
}

/** Runs ended by one check; the next one goes on. */
const RUNS_MAX = 1_000;

const NOW = statement<{ now: Date }>('log.now', 'SELECT now()');

// The statuses stand in the text, or the index of live runs could not be used. A run canceled before any worker had
// it has nobody to wait for.
const SILENT = statement<SilentRun>(
  'log.silent',
  `SELECT run.id, run.workspace_id AS "workspaceId", run.version, run.status, now() AS now
  FROM run LEFT JOIN run_heartbeat beat ON beat.run_id = run.id
  WHERE run.status IN (${Object.keys(WORKER_LOST)
    .map((status) => `'${status}'`)
    .join(', ')})
    AND (GREATEST(run.updated_at, beat.beat_at, $1::timestamptz) < now() - $2 * interval '1 ms'
      OR run.status = 'CANCELING' AND run.fence IS NULL)
  ORDER BY run.id LIMIT ${RUNS_MAX}`,
);

/**
 * Watches until stopped. Ages are told by the database's clock. Nobody can be heard while this gateway or the database
 * is away: after its start, after a check that failed and after it was itself asleep, every run gets a full grace.
 * Cost of a check: 1 statement, and an append per run that ends.
 */
export function watchForCrashes(log: RunLog, sql: Sql, options: CrashWatchOptions): CrashWatch {
  const { grace_ms, every_ms, onError = () => undefined } = options;
  const clock = options.clock ?? (() => performance.now());
  /** Since when it has been listening without a gap, by the database's clock. */
  let since: Date | null = null;
  let checked_ms = clock();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<unknown> = Promise.resolve();

  async function check(): Promise<number> {
    const start_ms = clock();
    if (start_ms - checked_ms > 2 * every_ms) since = null; // It slept: so did the ears of the gateway.
    try {
      since ??= (await sql.query(NOW))[0]!.now;
      const silent = await sql.query(SILENT, [since, grace_ms]);
      const ended = await Promise.all(silent.map((run) => end(log, run, grace_ms)));
      checked_ms = start_ms;
      return ended.filter(Boolean).length;
    } catch (error) {
      since = null;
      throw error;
    }
  }

  function again(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      checking = check().catch(onError).finally(again);
    }, every_ms);
    timer.unref();
  }
  again();

  return {
    check,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await checking;
    },
  };
}

/** False when the run moved on, or another gateway was first. */
async function end(log: RunLog, run: SilentRun, grace_ms: number): Promise<boolean> {
  const { type, payload } = WORKER_LOST[run.status]!;
  try {
    const { events } = await log.append({
      runId: run.id,
      workspaceId: run.workspaceId,
      actor: 'gateway',
      expectedVersion: run.version,
      events: [
        {
          eventId: derivedId(type, run.id),
          type,
          occurredAt: run.now,
          payload: { ...payload, grace_ms },
        },
      ],
    });
    return events.every(({ repeated }) => !repeated);
  } catch (error) {
    if (error instanceof Conflict || error instanceof NotFound) return false;
    throw error;
  }
}
