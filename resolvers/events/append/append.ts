/** The one way into the log: for many callers at once, and inside a transaction that a caller holds. */
import type { Sql, Tx } from '../../sql.ts';
import { CALL_LIMITS, checkCall, type CallLimits } from './check.ts';
import { openBeats } from '../heartbeat.ts';
import { flush } from './flush.ts';
import type { AppendCall, Appended, RunLog } from '../log.ts';
import { openQueue, type QueueLimits } from './queue.ts';
import { settle } from './settle.ts';

export interface LogOptions extends CallLimits, QueueLimits {
  /** A run that others keep locked is waited for this long, then its calls are Unavailable. */
  readonly lockWait_ms: number;
  /** While the database is away, a flush is tried again for this long, then its calls are Unavailable. */
  readonly retry_max_ms: number;
  /** Told of each flush, for metrics. */
  readonly onFlush: (flush: FlushSeen) => void;
}

export interface FlushSeen {
  readonly calls: number;
  readonly events: number;
  readonly took_ms: number;
  /** Of the calls: those whose runs were locked elsewhere. */
  readonly skipped: number;
}

const DEFAULTS: LogOptions = {
  ...CALL_LIMITS,
  flush_events_max: 1_000,
  flush_bytes_max: 4 * 1_048_576,
  queue_calls_max: 10_000,
  queue_bytes_max: 64 * 1_048_576,
  alone_max: 4,
  lockWait_ms: 2_000,
  retry_max_ms: 5_000,
  onFlush: () => undefined,
};

/**
 * The log of all runs, for many callers: group commit, one flush at a time. One per process; gateways on the same
 * database share it by locking runs. Cost of a flush: one transaction, 4 to 11 statements (flush.ts).
 */
export function openRunLog(sql: Sql, options: Partial<LogOptions> = {}): RunLog {
  const chosen = { ...DEFAULTS, ...options };
  const queue = openQueue(async (calls, how) => {
    const start_ms = performance.now();
    const lockWait_ms = how === 'alone' ? chosen.lockWait_ms : null;
    const outcomes = await settle(sql, calls, { lockWait_ms, retry_max_ms: chosen.retry_max_ms });
    chosen.onFlush({
      calls: calls.length,
      events: calls.reduce((sum, { events }) => sum + events.length, 0),
      took_ms: performance.now() - start_ms,
      skipped: outcomes.filter((outcome) => outcome === 'skipped').length,
    });
    return outcomes;
  }, chosen);
  return {
    append(call) {
      try {
        return queue.push(checkCall(call, chosen));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    beat: openBeats(sql),
    close: () => queue.close(),
  };
}

/** Calls without bounds of their own: who holds the transaction has checked what it was given. */
const UNBOUNDED = {
  ...CALL_LIMITS,
  call_events_max: Number.MAX_SAFE_INTEGER,
  call_bytes_max: Number.MAX_SAFE_INTEGER,
};

/**
 * Appends within the caller's transaction (READ COMMITTED) by the same rules: all of the calls or, by throwing the
 * first refusal, none. Waits for runs that others hold. Calls may hold many thousands of events.
 * Refuses as RunLog.append does. Cost: 4 to 11 statements, and one per 2,000 events.
 */
export async function appendIn(tx: Tx, calls: readonly AppendCall[]): Promise<Appended[]> {
  if (calls.length === 0) return [];
  const outcomes = await flush(
    tx,
    calls.map((call) => checkCall(call, UNBOUNDED)),
    'wait',
  );
  return outcomes.map((outcome) => {
    if (outcome === 'skipped') throw new Error('a flush that waits for locks skipped a run');
    if ('refused' in outcome) throw outcome.refused;
    return outcome.appended;
  });
}
