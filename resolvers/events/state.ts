/**
 * A run as a flush sees it: what was read under its lock, and what the calls accepted so far made of it. The log
 * holds nothing else in memory. Rows changed in this flush are those whose `changedSeq` is above `loadedVersion`.
 */
import type {
  CheckOutcome,
  FailureReason,
  RunStatus,
  StepStatus,
} from '../../prisma/generated/enums.ts';
import type { CheckedEvent } from './check.ts';
import type { Actor, JsonObject } from './log.ts';

/** Of the run's row. Replaced, never changed. */
export interface RunFields {
  readonly status: RunStatus;
  readonly statusName: string | null;
  readonly version: number;
  readonly fence: string | null;
  readonly failureReason: FailureReason | null;
  readonly error: string | null;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  readonly stepsRunning: number;
  /** Set by this flush; null leaves the row's. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Null unless METADATA_UPDATED asked for them. */
  readonly tags: readonly string[] | null;
  readonly metadata: JsonObject | null;
  /** Seq of the newest event of this flush that changed more than version and counters; 0 without one. */
  readonly movedSeq: number;
}

export interface StepState {
  readonly stepKey: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly progress: number | null;
  readonly message: string | null;
  readonly failureReason: FailureReason | null;
  readonly error: string | null;
  /** Set by this flush; null leaves the row's. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly changedSeq: number;
}

/** Only attempts changed in this flush are here. */
export interface AttemptState {
  readonly stepKey: string;
  readonly attempt: number;
  readonly status: StepStatus;
  /** Known when it began in this flush; null leaves the row's. */
  readonly worker: string | null;
  readonly startedAt: string | null;
  readonly failureReason: FailureReason | null;
  readonly error: string | null;
  readonly finishedAt: string | null;
  readonly changedSeq: number;
}

/** What is null was not told in this flush: it leaves the row's, or the column's default. */
export interface ArtifactState {
  readonly id: string;
  readonly name: string;
  readonly isNew: boolean;
  readonly stepKey: string | null;
  readonly kind: string | null;
  readonly uri: string | null;
  readonly sizeBytes: number | null;
  readonly checksum: string | null;
  readonly metadata: JsonObject | null;
  /** Newest score by name of check; read only for artifacts that this flush judges. */
  readonly scores: ReadonlyMap<string, number>;
  /** Mean of `scores` once this flush judged it. */
  readonly quality: number | null;
  readonly createdAt: string;
  readonly changedSeq: number;
}

export interface UseRow {
  readonly stepKey: string;
  readonly artifactId: string;
  readonly changedSeq: number;
}

export interface CheckRow {
  readonly id: string;
  readonly artifactId: string;
  readonly name: string;
  readonly outcome: CheckOutcome;
  readonly score: number;
  readonly details: JsonObject;
  readonly createdAt: string;
  readonly changedSeq: number;
}

/** An event with its place in the log. `attempt` is what the step's was, if the caller did not say. */
export interface PlacedEvent {
  readonly runId: string;
  readonly seq: number;
  readonly actor: Actor;
  readonly attempt: number | null;
  readonly event: Omit<CheckedEvent, 'payloadText'> & { readonly payloadText?: string };
}

export interface RunState {
  readonly id: string;
  readonly workspaceId: string;
  readonly loadedVersion: number;
  run: RunFields;
  readonly steps: Map<string, StepState>;
  readonly attempts: Map<string, AttemptState>;
  /** By name. */
  readonly artifacts: Map<string, ArtifactState>;
  /** Ids that inputs name and that are there, in this workspace. */
  readonly elsewhere: Set<string>;
  readonly uses: Map<string, UseRow>;
  readonly checks: CheckRow[];
  /** By event id: stored ones that the calls repeat, and those of this flush. */
  readonly known: Map<string, PlacedEvent>;
  /** To be written, in order of seq. */
  readonly events: PlacedEvent[];
}

/** A run as its row says, before anything else of it is read. */
export function runState(id: string, workspaceId: string, run: RunFields): RunState {
  return {
    id,
    workspaceId,
    loadedVersion: run.version,
    run,
    steps: new Map(),
    attempts: new Map(),
    artifacts: new Map(),
    elsewhere: new Set(),
    uses: new Map(),
    checks: [],
    known: new Map(),
    events: [],
  };
}

/** What one call makes of a run, beside it: a refused call is dropped with its draft and leaves no trace. */
export interface Draft {
  readonly base: RunState;
  run: RunFields;
  steps: Map<string, StepState> | null;
  attempts: Map<string, AttemptState> | null;
  artifacts: Map<string, ArtifactState> | null;
  uses: Map<string, UseRow> | null;
  checks: CheckRow[] | null;
  readonly events: PlacedEvent[];
  /** `events` by id; null for a call of one event, which cannot repeat itself. */
  readonly placed: Map<string, PlacedEvent> | null;
}

export function draftOf(base: RunState, events: number): Draft {
  return {
    base,
    run: base.run,
    steps: null,
    attempts: null,
    artifacts: null,
    uses: null,
    checks: null,
    events: [],
    placed: events > 1 ? new Map() : null,
  };
}

export function stepOf(draft: Draft, stepKey: string): StepState | undefined {
  return draft.steps?.get(stepKey) ?? draft.base.steps.get(stepKey);
}

export function putStep(draft: Draft, step: StepState): void {
  (draft.steps ??= new Map()).set(step.stepKey, step);
}

export function attemptOf(draft: Draft, stepKey: string, n: number): AttemptState | undefined {
  const key = attemptKey(stepKey, n);
  return draft.attempts?.get(key) ?? draft.base.attempts.get(key);
}

export function putAttempt(draft: Draft, attempt: AttemptState): void {
  (draft.attempts ??= new Map()).set(attemptKey(attempt.stepKey, attempt.attempt), attempt);
}

export function artifactOf(draft: Draft, name: string): ArtifactState | undefined {
  return draft.artifacts?.get(name) ?? draft.base.artifacts.get(name);
}

export function putArtifact(draft: Draft, artifact: ArtifactState): void {
  (draft.artifacts ??= new Map()).set(artifact.name, artifact);
}

/** The first use of an artifact by a step counts; later ones change nothing. */
export function putUse(draft: Draft, use: UseRow): void {
  const key = `${use.artifactId} ${use.stepKey}`;
  if (draft.base.uses.has(key) || draft.uses?.has(key)) return;
  (draft.uses ??= new Map()).set(key, use);
}

export function putCheck(draft: Draft, check: CheckRow): void {
  (draft.checks ??= []).push(check);
}

/** Makes the draft part of its run. O(what the call changed). */
export function accept(draft: Draft): void {
  const { base } = draft;
  base.run = draft.run;
  merge(base.steps, draft.steps);
  merge(base.attempts, draft.attempts);
  merge(base.artifacts, draft.artifacts);
  merge(base.uses, draft.uses);
  if (draft.checks) base.checks.push(...draft.checks);
  for (const placed of draft.events) {
    base.known.set(placed.event.eventId, placed);
    base.events.push(placed);
  }
}

function merge<Value>(into: Map<string, Value>, from: ReadonlyMap<string, Value> | null): void {
  if (from) for (const [key, value] of from) into.set(key, value);
}

function attemptKey(stepKey: string, attempt: number): string {
  return `${attempt} ${stepKey}`;
}
