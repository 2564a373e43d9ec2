/** What an event that is legal makes of the rows of its run. Pure; the moves were checked before (decide.ts). */
import type { FailureReason } from '../../../prisma/generated/enums.ts';
import {
  OPEN_STEPS_AT_END,
  REASON_UNTOLD,
  RUN_MOVES,
  RUN_TERMINAL,
  STEP_COUNTED,
  STEP_MOVES,
  STEP_OPEN,
  STEP_TERMINAL,
  type NoteEventType,
  type RunEventType,
  type StepEventType,
} from '../../runs/model.ts';
import type { StepStatus } from '../../../prisma/generated/enums.ts';
import { judge, produce, use } from './artifacts.ts';
import type { CheckedEvent } from './check.ts';
import { label } from './labels.ts';
import {
  attemptOf,
  putAttempt,
  putStep,
  type Draft,
  type RunFields,
  type StepState,
} from './state.ts';

/** A change of the run's own row; at its end, of the steps still open. */
export function moveRun(
  draft: Draft,
  type: RunEventType,
  event: CheckedEvent,
  seq: number,
  newFence: () => string,
): void {
  const { payload } = event;
  const status = RUN_MOVES[type].to;
  if (RUN_TERMINAL.has(status)) closeOpenSteps(draft, status, event, seq);
  draft.run = {
    ...draft.run,
    status,
    version: seq,
    statusName: payload.statusName ?? null, // It explained the status before.
    fence: type === 'RUN_STARTED' ? newFence() : draft.run.fence,
    failureReason: reasonOf(event),
    error: payload.error ?? null,
    startedAt: type === 'RUN_STARTED' ? event.occurredAt : draft.run.startedAt,
    finishedAt: RUN_TERMINAL.has(status) ? event.occurredAt : draft.run.finishedAt,
    movedSeq: seq,
  };
}

/** A change of a step, of its attempt, and of the run's counters. */
export function moveStep(
  draft: Draft,
  type: StepEventType,
  step: StepState,
  attempt: number,
  event: CheckedEvent,
  seq: number,
  path: string,
): void {
  const { payload } = event;
  const begins = type === 'STEP_STARTED';
  const status = STEP_MOVES[type].to;
  const failureReason = reasonOf(event);
  const error = payload.error ?? null;
  setStep(draft, step, seq, {
    runId: step.runId,
    stepKey: step.stepKey,
    status,
    attempt,
    progress: payload.progress ?? (begins ? null : step.progress),
    message: payload.message ?? null, // It belongs to the newest event.
    failureReason,
    error,
    startedAt: begins && attempt === 1 ? event.occurredAt : step.startedAt,
    finishedAt: STEP_TERMINAL.has(status) ? event.occurredAt : null,
    changedSeq: seq,
  });
  if (begins) {
    putAttempt(draft, {
      runId: step.runId,
      stepKey: step.stepKey,
      attempt,
      status,
      worker: payload.worker ?? null,
      startedAt: event.occurredAt,
      failureReason: null,
      error: null,
      finishedAt: null,
      changedSeq: seq,
    });
    for (const [at, input] of (payload.inputs ?? []).entries()) {
      use(draft, input, step.stepKey, event, seq, `${path}.payload.inputs[${at}]`);
    }
  } else if (step.status === STEP_MOVES.STEP_STARTED.to && status !== step.status) {
    // The next try is another attempt: this one failed.
    endAttempt(
      draft,
      step,
      status === 'RETRYING' ? 'FAILED' : status,
      failureReason,
      error,
      event,
      seq,
    );
  }
  for (const output of payload.outputs ?? []) produce(draft, output, step.stepKey, event, seq);
}

/** An event that moves nothing; some of them change rows all the same. */
export function takeNote(
  draft: Draft,
  type: NoteEventType,
  event: CheckedEvent,
  seq: number,
  path: string,
): void {
  draft.run = { ...draft.run, version: seq };
  const { artifact } = event.payload;
  switch (type) {
    case 'ARTIFACT_PRODUCED':
      if (typeof artifact === 'object' && artifact) {
        produce(draft, artifact, event.stepKey, event, seq);
      }
      break;
    case 'CHECK_EVALUATED':
      judge(draft, event, seq, path);
      break;
    case 'METADATA_UPDATED':
      label(draft, event, seq, path);
      break;
    case 'COST_RECORDED':
    case 'LOG_APPENDED':
      break; // The log alone tells of them.
  }
}

function closeOpenSteps(
  draft: Draft,
  status: RunFields['status'],
  event: CheckedEvent,
  seq: number,
): void {
  const { to, reason } = OPEN_STEPS_AT_END[status]!;
  const open = new Map<string, StepState>();
  for (const steps of [draft.base.steps ?? [], draft.steps ?? []]) {
    for (const [key, step] of steps) open.set(key, step);
  }
  for (const step of open.values()) {
    if (!STEP_OPEN.has(step.status)) continue;
    setStep(draft, step, seq, {
      ...step,
      status: to,
      message: null,
      failureReason: reason,
      error: null,
      finishedAt: event.occurredAt,
      changedSeq: seq,
    });
    if (step.status === STEP_MOVES.STEP_STARTED.to) {
      endAttempt(draft, step, to, reason, null, event, seq);
    }
  }
}

/** Puts the step in its new state and keeps the run's counters true. */
function setStep(draft: Draft, before: StepState, seq: number, step: StepState): void {
  putStep(draft, step);
  const { run } = draft;
  const left = STEP_COUNTED[before.status];
  const entered = STEP_COUNTED[step.status];
  draft.run =
    left === entered
      ? { ...run, version: seq }
      : {
          ...run,
          version: seq,
          stepsDone: run.stepsDone + Number(entered === 'done') - Number(left === 'done'),
          stepsFailed: run.stepsFailed + Number(entered === 'failed') - Number(left === 'failed'),
          stepsRunning:
            run.stepsRunning + Number(entered === 'running') - Number(left === 'running'),
        };
}

function endAttempt(
  draft: Draft,
  step: StepState,
  status: StepStatus,
  failureReason: FailureReason | null,
  error: string | null,
  event: CheckedEvent,
  seq: number,
): void {
  const begun = attemptOf(draft, step.stepKey, step.attempt);
  putAttempt(draft, {
    runId: step.runId,
    stepKey: step.stepKey,
    attempt: step.attempt,
    status,
    worker: begun?.worker ?? null,
    startedAt: begun?.startedAt ?? null,
    failureReason,
    error,
    finishedAt: event.occurredAt,
    changedSeq: seq,
  });
}

function reasonOf(event: CheckedEvent): FailureReason | null {
  return event.payload.reason ?? REASON_UNTOLD[event.type] ?? null;
}
