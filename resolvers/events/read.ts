/** The log of a run, read in order. */
import type { EventType } from '../../prisma/generated/enums.ts';
import { statement, type Sql } from '../sql.ts';
import type { Actor, JsonObject } from './log.ts';

/** An event as it is stored. */
export interface StoredEvent {
  readonly runId: string;
  readonly seq: number;
  readonly eventId: string;
  readonly type: EventType;
  readonly stepKey: string | null;
  /** From 1; null without a step, or before its first attempt. */
  readonly attempt: number | null;
  /** The worker's clock. */
  readonly occurredAt: Date;
  /** Ours. */
  readonly recordedAt: Date;
  readonly actor: Actor;
  readonly causationId: string | null;
  readonly correlationId: string | null;
  readonly schemaVersion: number;
  readonly payload: JsonObject;
}

const PAGE = statement<StoredEvent>(
  'log.page',
  `SELECT run_id AS "runId", seq, event_id AS "eventId", type, step_key AS "stepKey", attempt,
    occurred_at AS "occurredAt", recorded_at AS "recordedAt", actor, causation_id AS "causationId",
    correlation_id AS "correlationId", schema_version AS "schemaVersion", payload
  FROM run_event WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
);

/**
 * The next `first` events of a run after `afterSeq` (0: from the beginning), in order and without a gap. The caller
 * has seen to it that the viewer may read the run. Cost: 1 statement, a range of the primary key.
 */
export function readEvents(
  sql: Sql,
  runId: string,
  afterSeq: number,
  first: number,
): Promise<StoredEvent[]> {
  return sql.query(PAGE, [runId, afterSeq, first]);
}
