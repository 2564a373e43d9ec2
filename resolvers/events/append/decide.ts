/**
 * Whether a call may be appended, and what becomes of its run. Pure: no I/O, no clock; the caller holds the run's
 * lock and has read what the call touches.
 */
import { Conflict, Invalid, NotFound } from '../../errors.ts';
import {
  isRunEvent,
  isStepEvent,
  NOTES,
  RUN_MOVES,
  RUN_TERMINAL,
  STEP_MOVES,
  type Mover,
  type NoteEventType,
  type RunEventType,
  type StepEventType,
} from '../../runs/model.ts';
import { sameBody } from './body.ts';
import type { CheckedCall, CheckedEvent } from './check.ts';
import type { Appended } from '../log.ts';
import { moveRun, moveStep, takeNote } from './project.ts';
import {
  draftOf,
  eventOf,
  putEvent,
  stepOf,
  type Draft,
  type PlacedEvent,
  type RunState,
  type StepState,
} from './state.ts';

export interface Decision {
  readonly appended: Appended;
  /** Null when all of the call was known: there is nothing to write. */
  readonly draft: Draft | null;
}

/**
 * Idempotency first: a call that is known whole gets its first answer, whatever became of the run. Then
 * `expectedVersion`, the fence, and the legality of each move in turn. Changes nothing: `accept` the draft.
 * Refuses: NotFound, Conflict, Invalid (a step or artifact that is not there), Limited. O(events).
 */
export function decide(state: RunState, call: CheckedCall, newFence: () => string): Decision {
  if (state.workspaceId !== call.workspaceId) throw new NotFound('Run', call.runId);
  const draft = draftOf(state);
  const events: { eventId: string; seq: number; repeated: boolean }[] = [];
  let allowed = false;
  for (let at = 0; at < call.events.length; at += 1) {
    const event = call.events[at]!;
    const known = knownIn(draft, event, at, call);
    if (!known && !allowed) {
      checkVersion(state, call);
      checkFence(state, call);
      allowed = true;
    }
    const seq = known?.seq ?? place(draft, event, at, call, newFence);
    events.push({ eventId: event.eventId, seq, repeated: known !== undefined });
  }
  const { status, version } = draft.run;
  const fence = provesFence(draft, call) ? draft.run.fence : null;
  return {
    appended: { runId: state.id, status, version, fence, events },
    draft: draft.events ? draft : null,
  };
}

/** The event as it was placed before, in the log, in this flush or in this very call. Conflict on another body. */
function knownIn(
  draft: Draft,
  event: CheckedEvent,
  at: number,
  call: CheckedCall,
): PlacedEvent | undefined {
  const known = eventOf(draft, event.eventId);
  if (known && !sameBody(known, event, call.actor)) {
    throw new Conflict(`events[${at}] ${event.eventId}`, 'a new id', 'stored with another body');
  }
  return known;
}

function checkVersion(state: RunState, call: CheckedCall): void {
  const { expectedVersion } = call;
  if (expectedVersion !== null && expectedVersion !== state.run.version) {
    const actual = `at version ${state.run.version}`;
    throw new Conflict(`Run ${state.id}`, `version ${expectedVersion}`, actual);
  }
}

/** The worker whose RUN_STARTED won carries the fence; nobody else's word about the work counts. */
function checkFence(state: RunState, call: CheckedCall): void {
  if (call.mover !== 'worker') return;
  const { fence } = state.run;
  if (call.fence === fence || (fence !== null && holdsStart(state, call))) return;
  throw fence === null
    ? new Conflict(`Fence of run ${state.id}`, 'given to a worker', 'not given yet')
    : new Conflict(`Fence of run ${state.id}`, 'the one in this call', 'held by another worker');
}

/** A stored RUN_STARTED is the winning one: there is at most one in a log. */
function holdsStart(state: RunState, call: CheckedCall): boolean {
  return call.events.some(
    (event) => event.type === 'RUN_STARTED' && state.known?.has(event.eventId),
  );
}

function provesFence(draft: Draft, call: CheckedCall): boolean {
  const { fence } = draft.run;
  if (fence === null || call.mover !== 'worker') return false;
  return call.fence === fence || call.events.some((event) => event.type === 'RUN_STARTED');
}

/** Applies one new event to the draft and returns its seq. */
function place(
  draft: Draft,
  event: CheckedEvent,
  at: number,
  call: CheckedCall,
  newFence: () => string,
): number {
  const seq = draft.run.version + 1;
  const path = `events[${at}]`;
  const { type } = event;
  let attempt: number | null = null;
  if (isRunEvent(type)) {
    checkRunMove(draft, type, path);
    moveRun(draft, type, event, seq, newFence);
  } else {
    const step = event.stepKey === null ? null : stepNamed(draft, event.stepKey, path);
    if (isStepEvent(type)) {
      checkStepMove(draft, type, step!, path);
      attempt = attemptOfMove(type, step!, event, path);
      moveStep(draft, type, step!, attempt, event, seq, path);
    } else {
      checkNote(draft, type, call.mover, path);
      attempt = step === null ? null : attemptOfNote(step, event, path);
      takeNote(draft, type, event, seq, path);
    }
  }
  putEvent(draft, {
    runId: draft.base.id,
    seq,
    actor: call.actor,
    attempt: attempt || null, // 0 before the first.
    event,
  });
  return seq;
}

function checkRunMove(draft: Draft, type: RunEventType, path: string): void {
  const from: readonly string[] = RUN_MOVES[type].from;
  if (!from.includes(draft.run.status)) {
    throw new Conflict(`${path} ${type}: run`, from.join(' or ') || 'not there', draft.run.status);
  }
}

function checkStepMove(draft: Draft, type: StepEventType, step: StepState, path: string): void {
  const during: readonly string[] = STEP_MOVES[type].during;
  if (!during.includes(draft.run.status)) {
    throw new Conflict(`${path} ${type}: run`, during.join(' or '), draft.run.status);
  }
  const from: readonly string[] = STEP_MOVES[type].from;
  if (!from.includes(step.status)) {
    throw new Conflict(`${path} ${type}: step ${step.stepKey}`, from.join(' or '), step.status);
  }
}

function checkNote(draft: Draft, type: NoteEventType, mover: Mover, path: string): void {
  const afterEndBy: readonly Mover[] = NOTES[type].afterEndBy;
  if (RUN_TERMINAL.has(draft.run.status) && !afterEndBy.includes(mover)) {
    throw new Conflict(`${path} ${type}: run`, 'not ended', draft.run.status);
  }
}

function stepNamed(draft: Draft, stepKey: string, path: string): StepState {
  const step = stepOf(draft, stepKey);
  if (!step) throw new Invalid(`${path}.stepKey`, `the run has no step ${JSON.stringify(stepKey)}`);
  return step;
}

/** The attempt that a move belongs to; what the caller says must be that. */
function attemptOfMove(
  type: StepEventType,
  step: StepState,
  event: CheckedEvent,
  path: string,
): number {
  const attempt = type === 'STEP_STARTED' ? step.attempt + 1 : step.attempt;
  if (event.attempt !== null && event.attempt !== attempt) {
    const actual = `at attempt ${attempt}`;
    throw new Conflict(`${path} ${type}: step ${step.stepKey}`, `attempt ${event.attempt}`, actual);
  }
  return attempt;
}

/** Notes may be late: about any attempt there was. */
function attemptOfNote(step: StepState, event: CheckedEvent, path: string): number {
  if (event.attempt !== null && event.attempt > step.attempt) {
    const actual = `at attempt ${step.attempt}`;
    throw new Conflict(
      `${path} ${event.type}: step ${step.stepKey}`,
      `attempt ${event.attempt}`,
      actual,
    );
  }
  return event.attempt ?? step.attempt;
}
