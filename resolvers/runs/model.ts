/**
 * The moves of runs and steps: event → from which states, to which, by whom, and while the run is what.
 * Pure: no I/O, no clock. The log (resolvers/events) asks it under the run's lock; nobody else decides what is legal.
 */
import type {
  EventType,
  FailureReason,
  RunStatus,
  StepStatus,
} from '../../prisma/generated/enums.ts';

/** Who causes an event. */
export type Mover = 'worker' | 'user' | 'gateway';

export type RunEventType = Extract<EventType, `RUN_${string}`>;
export type StepEventType = Extract<EventType, `STEP_${string}`>;
/** Says something about a run and moves nothing. */
export type NoteEventType = Exclude<EventType, RunEventType | StepEventType>;

export interface RunMove {
  readonly from: readonly RunStatus[];
  readonly to: RunStatus;
  readonly by: readonly Mover[];
}

export interface StepMove {
  readonly from: readonly StepStatus[];
  readonly to: StepStatus;
  readonly by: readonly Mover[];
  /** What the run may be meanwhile. */
  readonly during: readonly RunStatus[];
}

export interface Note {
  readonly by: readonly Mover[];
  /** Who may still add one when the run has ended. */
  readonly afterEndBy: readonly Mover[];
}

/** RUN_QUEUED makes the run (queue-run.ts); no state leads to it. */
export const RUN_MOVES = {
  RUN_QUEUED: { from: [], to: 'QUEUED', by: ['user', 'gateway'] },
  RUN_STARTED: { from: ['QUEUED'], to: 'RUNNING', by: ['worker'] },
  RUN_PAUSED: { from: ['RUNNING'], to: 'PAUSED', by: ['user', 'worker'] },
  RUN_RESUMED: { from: ['PAUSED'], to: 'RUNNING', by: ['user', 'worker'] },
  RUN_CANCEL_REQUESTED: { from: ['QUEUED', 'RUNNING', 'PAUSED'], to: 'CANCELING', by: ['user'] },
  // A pause or a cancel may come when the work is done already: the worker's word about its end counts.
  RUN_SUCCEEDED: { from: ['RUNNING', 'PAUSED', 'CANCELING'], to: 'SUCCEEDED', by: ['worker'] },
  RUN_FAILED: { from: ['RUNNING', 'PAUSED', 'CANCELING'], to: 'FAILED', by: ['worker'] },
  RUN_CANCELED: { from: ['CANCELING'], to: 'CANCELED', by: ['worker', 'gateway'] },
  RUN_TIMED_OUT: {
    from: ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELING'],
    to: 'TIMED_OUT',
    by: ['worker', 'gateway'],
  },
  RUN_CRASHED: { from: ['RUNNING', 'PAUSED', 'CANCELING'], to: 'CRASHED', by: ['gateway'] },
} as const satisfies Record<RunEventType, RunMove>;

/** While work may begin. */
const WORKING = ['RUNNING'] as const;
/** While work that has begun may end: nobody takes back what is done. */
const ENDING = ['RUNNING', 'PAUSED', 'CANCELING'] as const;

export const STEP_MOVES = {
  STEP_QUEUED: { from: ['PENDING'], to: 'QUEUED', by: ['worker'], during: WORKING },
  STEP_STARTED: {
    from: ['PENDING', 'QUEUED', 'RETRYING'],
    to: 'RUNNING',
    by: ['worker'],
    during: WORKING,
  },
  STEP_PROGRESS: { from: ['RUNNING'], to: 'RUNNING', by: ['worker'], during: ENDING },
  STEP_RETRYING: { from: ['RUNNING', 'FAILED'], to: 'RETRYING', by: ['worker'], during: ENDING },
  STEP_SUCCEEDED: { from: ['RUNNING'], to: 'SUCCEEDED', by: ['worker'], during: ENDING },
  // Not only from RUNNING: what waits for a failed step fails with it (UPSTREAM_FAILED).
  STEP_FAILED: {
    from: ['PENDING', 'QUEUED', 'RUNNING', 'RETRYING'],
    to: 'FAILED',
    by: ['worker'],
    during: ENDING,
  },
  STEP_SKIPPED: { from: ['PENDING', 'QUEUED'], to: 'SKIPPED', by: ['worker'], during: ENDING },
  // The steps that a retry keeps are CACHED before a worker has the run.
  STEP_CACHED: {
    from: ['PENDING', 'QUEUED'],
    to: 'CACHED',
    by: ['worker', 'gateway'],
    during: ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELING'],
  },
  STEP_CANCELED: {
    from: ['PENDING', 'QUEUED', 'RUNNING', 'RETRYING'],
    to: 'CANCELED',
    by: ['worker'],
    during: ENDING,
  },
} as const satisfies Record<StepEventType, StepMove>;

/**
 * What happened is over when the run is: no status, artifact, cost or line comes after its end. What people say of
 * it is not: they may judge its artifacts and label it later, through the same log.
 */
export const NOTES = {
  ARTIFACT_PRODUCED: { by: ['worker', 'user', 'gateway'], afterEndBy: [] },
  CHECK_EVALUATED: { by: ['worker', 'user', 'gateway'], afterEndBy: ['user'] },
  COST_RECORDED: { by: ['worker', 'user', 'gateway'], afterEndBy: [] },
  LOG_APPENDED: { by: ['worker', 'gateway'], afterEndBy: [] },
  METADATA_UPDATED: { by: ['worker', 'user', 'gateway'], afterEndBy: ['user'] },
} as const satisfies Record<NoteEventType, Note>;

/** Final: nothing leads out of these. */
export const RUN_TERMINAL: ReadonlySet<RunStatus> = new Set<RunStatus>([
  'SUCCEEDED',
  'FAILED',
  'CANCELED',
  'TIMED_OUT',
  'CRASHED',
]);

/** Over for this run; only FAILED may be left, by STEP_RETRYING. */
export const STEP_TERMINAL: ReadonlySet<StepStatus> = new Set<StepStatus>([
  'SUCCEEDED',
  'FAILED',
  'SKIPPED',
  'CACHED',
  'CANCELED',
]);

/** A worker is at it or means to be again. */
export const STEP_OPEN: ReadonlySet<StepStatus> = new Set<StepStatus>(['RUNNING', 'RETRYING']);

/** In which counter of its run a step counts. */
export const STEP_COUNTED: Readonly<Record<StepStatus, 'done' | 'failed' | 'running' | null>> = {
  PENDING: null,
  QUEUED: null,
  RUNNING: 'running',
  RETRYING: null,
  SUCCEEDED: 'done',
  FAILED: 'failed',
  SKIPPED: 'done',
  CACHED: 'done',
  CANCELED: null,
};

/** What becomes of open steps when their run ends; steps that never began stay as they are. */
export const OPEN_STEPS_AT_END: Readonly<
  Partial<Record<RunStatus, { readonly to: StepStatus; readonly reason: FailureReason | null }>>
> = {
  SUCCEEDED: { to: 'CANCELED', reason: null },
  FAILED: { to: 'CANCELED', reason: null },
  CANCELED: { to: 'CANCELED', reason: null },
  TIMED_OUT: { to: 'FAILED', reason: 'TIMEOUT' },
  CRASHED: { to: 'FAILED', reason: 'WORKER_LOST' },
};

/**
 * How the gateway ends a run whose worker is gone. Who asked for a cancel gets it: nothing works any more. A paused run
 * is not here: nothing has to work, so nothing can be lost; once resumed, its worker has a full grace to come back.
 */
export const WORKER_LOST: Readonly<
  Partial<
    Record<
      RunStatus,
      { readonly type: RunEventType; readonly payload: Readonly<Record<string, string>> }
    >
  >
> = {
  RUNNING: { type: 'RUN_CRASHED', payload: { reason: 'WORKER_LOST' } },
  CANCELING: { type: 'RUN_CANCELED', payload: { statusName: 'Worker lost' } },
};

/** Why it failed, where the event does not say. */
export const REASON_UNTOLD: Readonly<Partial<Record<EventType, FailureReason>>> = {
  RUN_FAILED: 'ERROR',
  RUN_TIMED_OUT: 'TIMEOUT',
  RUN_CRASHED: 'WORKER_LOST',
  STEP_FAILED: 'ERROR',
  STEP_RETRYING: 'ERROR',
};

export function isRunEvent(type: EventType): type is RunEventType {
  return type in RUN_MOVES;
}

export function isStepEvent(type: EventType): type is StepEventType {
  return type in STEP_MOVES;
}

/** Who may cause an event of this type at all. */
export function moversOf(type: EventType): readonly Mover[] {
  if (isRunEvent(type)) return RUN_MOVES[type].by;
  return isStepEvent(type) ? STEP_MOVES[type].by : NOTES[type].by;
}
