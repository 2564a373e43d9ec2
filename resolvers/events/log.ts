/** The log of a run, as its callers see it. append/append.ts implements it; ARCHITECTURE.md §2 tells how. */
import type { EventType, RunStatus } from '../../prisma/generated/enums.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** Who caused an event; the moves say who may cause what. */
export type Actor = 'worker' | 'gateway' | `user:${string}`;

/** An event before it has a seq. Ids are canonical uuids. */
export interface NewEvent {
  readonly eventId: string;
  readonly type: EventType;
  readonly stepKey?: string | null;
  /** From 1; null means the step's current one. */
  readonly attempt?: number | null;
  /** The worker's clock. */
  readonly occurredAt: Date;
  readonly causationId?: string | null;
  readonly correlationId?: string | null;
  readonly schemaVersion?: number;
  readonly payload?: JsonObject;
}

/** The unit of appending: all of its events or none, answered in order. */
export interface AppendCall {
  readonly runId: string;
  /** Scope: a run of another workspace is NotFound. */
  readonly workspaceId: string;
  readonly actor: Actor;
  /** What the append that held the winning RUN_STARTED was answered; workers carry it from then on. */
  readonly fence?: string | null;
  /** Conflict unless the run's version before this call is this. */
  readonly expectedVersion?: number;
  readonly events: readonly NewEvent[];
}

/** The answer to an append: committed, with synchronous_commit as the database has it. */
export interface Appended {
  readonly runId: string;
  readonly status: RunStatus;
  /** The run's version after this call, or now when all of it was known. */
  readonly version: number;
  readonly fence: string | null;
  /** In the order of the call. `repeated`: stored by an earlier call, this is its first answer. */
  readonly events: readonly {
    readonly eventId: string;
    readonly seq: number;
    readonly repeated: boolean;
  }[];
}

/** A sign of life from the worker that holds the run's fence. */
export interface Beat {
  readonly runId: string;
  /** Scope: a run of another workspace is NotFound. */
  readonly workspaceId: string;
  readonly fence: string;
}

export interface RunLog {
  /**
   * Appends in order of calls per run. Refuses: Invalid, NotFound, Conflict (illegal move, stale version or fence,
   * known id with another body), Limited (queue full), Unavailable.
   */
  append(call: AppendCall): Promise<Appended>;
  /** Counts as a sign of life and answers the run's status; heartbeat.ts has the rules. */
  beat(beat: Beat): Promise<RunStatus>;
  /** Answers what is queued, then refuses. */
  close(): Promise<void>;
}
