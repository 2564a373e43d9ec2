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

/** `before`: bytes of the payloads before it on the page, as they are stored, perhaps compressed. */
const PAGE = statement<StoredEvent>(
  'log.page',
  `SELECT run_id AS "runId", seq, event_id AS "eventId", type, step_key AS "stepKey", attempt,
    occurred_at AS "occurredAt", recorded_at AS "recordedAt", actor, causation_id AS "causationId",
    correlation_id AS "correlationId", schema_version AS "schemaVersion", payload
  FROM (
    SELECT e.*, sum(pg_column_size(e.payload)) OVER (ORDER BY e.seq ROWS UNBOUNDED PRECEDING)
      - pg_column_size(e.payload) AS before
    FROM run_event e WHERE e.run_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3
  ) x WHERE x.before < $4 ORDER BY x.seq`,
);

/**
 * The next `first` events of a run after `afterSeq` (0: from the beginning), in order and without a gap; fewer when
 * their payloads reach `bytes_max` as they are stored, and at least one. The caller has seen to it that the viewer may
 * read the run. Cost: 1 statement, a range of the primary key.
 */
export function readEvents(
  sql: Sql,
  runId: string,
  afterSeq: number,
  first: number,
  bytes_max = Number.MAX_SAFE_INTEGER,
): Promise<StoredEvent[]> {
  return sql.query(PAGE, [runId, afterSeq, first, bytes_max]);
}
