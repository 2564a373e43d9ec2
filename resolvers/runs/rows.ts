/** Rows of this domain as statements answer them. Of `int8`: below 2^53. */
import type {
  EventType,
  FailureReason,
  RunStatus,
  StepStatus,
} from '../../prisma/generated/enums.ts';
import type { JsonObject } from '../events/log.ts';
import type { Instant } from '../instant.ts';

export interface WorkflowRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly identity: string;
  readonly name: string;
  readonly kind: string;
  readonly description: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly version: number;
}

export interface WorkflowVersionRow {
  readonly id: string;
  readonly workflowId: string;
  readonly number: number;
  readonly hash: string;
  readonly stepCount: number;
  readonly edgeCount: number;
  readonly createdAt: Instant;
}

/** One node of a version's graph. */
export interface StepRow {
  readonly workflowVersionId: string;
  readonly key: string;
  readonly name: string;
  readonly position: number;
  readonly settings: JsonObject;
}

export interface RunRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly workflowId: string;
  readonly workflowVersionId: string;
  readonly status: RunStatus;
  readonly statusName: string | null;
  readonly version: number;
  readonly retryOf: string | null;
  readonly failureReason: FailureReason | null;
  readonly error: string | null;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly stepsTotal: number;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  readonly stepsRunning: number;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly updatedAt: Instant;
  readonly durationMs: number | null;
}

export interface StepRunRow {
  readonly runId: string;
  readonly stepKey: string;
  readonly name: string;
  readonly position: number;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly progress: number | null;
  readonly message: string | null;
  readonly failureReason: FailureReason | null;
  readonly error: string | null;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly changedSeq: number;
  readonly durationMs: number | null;
}

export interface AttemptRow {
  readonly runId: string;
  readonly stepKey: string;
  readonly attempt: number;
  readonly status: StepStatus;
  readonly worker: string | null;
  readonly failureReason: FailureReason | null;
  readonly error: string | null;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly changedSeq: number;
  readonly durationMs: number | null;
}

export interface RunEventRow {
  readonly runId: string;
  readonly seq: number;
  readonly eventId: string;
  readonly type: EventType;
  readonly stepKey: string | null;
  readonly attempt: number | null;
  readonly occurredAt: Instant;
  readonly recordedAt: Instant;
  readonly actor: string;
  readonly causationId: string | null;
  readonly correlationId: string | null;
  readonly schemaVersion: number;
  readonly payload: JsonObject;
}
