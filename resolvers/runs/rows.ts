/** Rows of this domain as statements answer them. Of `int8`: below 2^53. */
import type {
  EventType,
  FailureReason,
  RunStatus,
  StepStatus,
} from '../../prisma/generated/enums.ts';
import type { JsonObject } from '../events/log.ts';

export interface WorkflowRow {
  readonly id: string;
  readonly workspaceId: string;
  readonly identity: string;
  readonly name: string;
  readonly kind: string;
  readonly description: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: number;
}

export interface WorkflowVersionRow {
  readonly id: string;
  readonly workflowId: string;
  readonly number: number;
  readonly hash: string;
  readonly stepCount: number;
  readonly edgeCount: number;
  readonly createdAt: Date;
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
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly updatedAt: Date;
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
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
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
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
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
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  readonly actor: string;
  readonly causationId: string | null;
  readonly correlationId: string | null;
  readonly schemaVersion: number;
  readonly payload: JsonObject;
}
