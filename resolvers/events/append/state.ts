/**
 * A run as a flush sees it: what was read under its lock, and what the calls accepted so far made of it. The log
 * holds nothing else in memory. Rows changed in this flush are those whose `changedSeq` is above `loadedVersion`.
 */
import type {
  CheckOutcome,
  FailureReason,
  RunStatus,
  StepStatus,
} from '../../../prisma/generated/enums.ts';
import type { CheckedEvent } from './check.ts';
import type { Actor, JsonObject } from '../log.ts';

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
  readonly runId: string;
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
  readonly runId: string;
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
  /** Of `scores`, once this flush judged it. */
  readonly quality: number | null;
  readonly createdAt: string;
  readonly changedSeq: number;
}

export interface UseRow {
  readonly runId: string;
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

/** Rows of a run by their keys; null as long as there are none, which is how most of them stay. */
interface Rows {
  run: RunFields;
  steps: Map<string, StepState> | null;
  attempts: Map<string, AttemptState> | null;
  /** By name. */
  artifacts: Map<string, ArtifactState> | null;
  uses: Map<string, UseRow> | null;
  checks: CheckRow[] | null;
  /** To be written, in order of seq. */
  events: PlacedEvent[] | null;
  /** `events` by id, once somebody asked. */
  placed: Map<string, PlacedEvent> | null;
}

export interface RunState extends Rows {
  readonly id: string;
  readonly workspaceId: string;
  readonly loadedVersion: number;
  /** Stored events that the calls repeat, by id. */
  known: Map<string, PlacedEvent> | null;
  /** Ids of artifacts that inputs name and that are there, in this workspace. */
  elsewhere: Set<string> | null;
}

/** A run as its row says, before anything else of it is read. */
export function runState(id: string, workspaceId: string, run: RunFields): RunState {
  return {
    id,
    workspaceId,
    loadedVersion: run.version,
    run,
    steps: null,
    attempts: null,
    artifacts: null,
    uses: null,
    checks: null,
    events: null,
    placed: null,
    known: null,
    elsewhere: null,
  };
}

/** What one call makes of a run, beside it: a refused call is dropped with its draft and leaves no trace. */
export interface Draft extends Rows {
  readonly base: RunState;
}

export function draftOf(base: RunState): Draft {
  return {
    base,
    run: base.run,
    steps: null,
    attempts: null,
    artifacts: null,
    uses: null,
    checks: null,
    events: null,
    placed: null,
  };
}

export function stepOf(draft: Draft, stepKey: string): StepState | undefined {
  return draft.steps?.get(stepKey) ?? draft.base.steps?.get(stepKey);
}

export function putStep(to: Rows, step: StepState): void {
  (to.steps ??= new Map()).set(step.stepKey, step);
}

export function attemptOf(draft: Draft, stepKey: string, n: number): AttemptState | undefined {
  const key = attemptKey(stepKey, n);
  return draft.attempts?.get(key) ?? draft.base.attempts?.get(key);
}

export function putAttempt(draft: Draft, attempt: AttemptState): void {
  (draft.attempts ??= new Map()).set(attemptKey(attempt.stepKey, attempt.attempt), attempt);
}

export function artifactOf(draft: Draft, name: string): ArtifactState | undefined {
  return draft.artifacts?.get(name) ?? draft.base.artifacts?.get(name);
}

export function putArtifact(to: Rows, artifact: ArtifactState): void {
  (to.artifacts ??= new Map()).set(artifact.name, artifact);
}

/** The first use of an artifact by a step counts; later ones change nothing. */
export function putUse(draft: Draft, use: UseRow): void {
  const key = `${use.artifactId} ${use.stepKey}`;
  if (draft.base.uses?.has(key) || draft.uses?.has(key)) return;
  (draft.uses ??= new Map()).set(key, use);
}

export function putCheck(draft: Draft, check: CheckRow): void {
  (draft.checks ??= []).push(check);
}

export function putEvent(draft: Draft, placed: PlacedEvent): void {
  (draft.events ??= []).push(placed);
  draft.placed?.set(placed.event.eventId, placed);
}

/** The event of that id: stored before, of this flush, or of this very call. */
export function eventOf(draft: Draft, eventId: string): PlacedEvent | undefined {
  return (
    draft.base.known?.get(eventId) ?? placedIn(draft.base, eventId) ?? placedIn(draft, eventId)
  );
}

/** Makes the draft part of its run. O(what the call changed). */
export function accept(draft: Draft): void {
  const { base, events } = draft;
  base.run = draft.run;
  base.steps = merged(base.steps, draft.steps);
  base.attempts = merged(base.attempts, draft.attempts);
  base.artifacts = merged(base.artifacts, draft.artifacts);
  base.uses = merged(base.uses, draft.uses);
  base.checks =
    base.checks && draft.checks ? base.checks.concat(draft.checks) : (base.checks ?? draft.checks);
  if (!base.events) {
    base.events = events;
    base.placed = draft.placed;
    return;
  }
  for (const placed of events ?? []) {
    base.events.push(placed);
    base.placed?.set(placed.event.eventId, placed);
  }
}

function placedIn(rows: Rows, eventId: string): PlacedEvent | undefined {
  if (!rows.events) return undefined;
  rows.placed ??= new Map(rows.events.map((placed) => [placed.event.eventId, placed]));
  return rows.placed.get(eventId);
}

function merged<Value>(
  into: Map<string, Value> | null,
  from: Map<string, Value> | null,
): Map<string, Value> | null {
  if (!into || !from) return into ?? from;
  for (const [key, value] of from) into.set(key, value);
  return into;
}

function attemptKey(stepKey: string, attempt: number): string {
  return `${attempt} ${stepKey}`;
}
