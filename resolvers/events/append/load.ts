/** What a flush reads once it holds the runs' locks: only what its calls touch. */
import type { EventType, StepStatus } from '../../../prisma/generated/enums.ts';
import { NEWEST_SCORES } from '../../artifacts/scores.ts';
import { STEP_OPEN, isRunEvent, RUN_MOVES, RUN_TERMINAL } from '../../runs/model.ts';
import { statement, type Sql } from '../../sql.ts';
import { idArray, textArray } from './arrays.ts';
import type { CheckedCall, CheckedEvent } from './check.ts';
import type { Actor, JsonObject } from '../log.ts';
import { putArtifact, putStep, type ArtifactState, type RunState } from './state.ts';

const KNOWN = statement<{
  runId: string;
  seq: number;
  eventId: string;
  type: EventType;
  stepKey: string | null;
  attempt: number | null;
  occurredAt: Date;
  actor: Actor;
  causationId: string | null;
  correlationId: string | null;
  schemaVersion: number;
  payload: JsonObject;
}>(
  'log.known',
  `SELECT asked.run_id AS "runId", e.seq, e.event_id AS "eventId", e.type, e.step_key AS "stepKey", e.attempt,
    e.occurred_at AS "occurredAt", e.actor, e.causation_id AS "causationId",
    e.correlation_id AS "correlationId", e.schema_version AS "schemaVersion", e.payload
  FROM unnest($1::uuid[], $2::uuid[]) AS asked(run_id, event_id)
  JOIN run_event e ON e.run_id = asked.run_id AND e.event_id = asked.event_id`,
);
interface StepRow {
  readonly runId: string;
  readonly stepKey: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly progress: number | null;
}
const STEPS = statement<StepRow>(
  'log.steps',
  `SELECT asked.run_id AS "runId", s.step_key AS "stepKey", s.status, s.attempt, s.progress
  FROM unnest($1::uuid[], $2::text[]) AS asked(run_id, step_key)
  JOIN step_run s ON s.run_id = asked.run_id AND s.step_key = asked.step_key`,
);
const OPEN_STEPS = statement<StepRow>(
  'log.openSteps',
  `SELECT run_id AS "runId", step_key AS "stepKey", status, attempt, progress
  FROM step_run WHERE run_id = ANY($1::uuid[]) AND status = ANY($2::step_status[])`,
);
const ARTIFACTS = statement<{ runId: string; id: string; name: string }>(
  'log.artifacts',
  `SELECT asked.run_id AS "runId", a.id, a.name
  FROM unnest($1::uuid[], $2::text[]) AS asked(run_id, name)
  JOIN artifact a ON a.run_id = asked.run_id AND a.name = asked.name`,
);
const ELSEWHERE = statement<{ id: string; workspaceId: string }>(
  'log.elsewhere',
  'SELECT id, workspace_id AS "workspaceId" FROM artifact WHERE id = ANY($1::uuid[])',
);
// Against recordCheck, which holds no run: the newest scores stay the newest until this flush has written its own.
const LOCK_JUDGED = statement(
  'log.lockJudged',
  'SELECT id FROM artifact WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE',
);
const LABELS = statement<{ id: string; tags: string[]; metadata: JsonObject }>(
  'log.labels',
  'SELECT id, tags, metadata FROM run WHERE id = ANY($1::uuid[])',
);

/**
 * Reads into the locked runs what these calls touch: the events they repeat, their steps and artifacts, what a run's
 * end closes. Comes after the lock, in READ COMMITTED, or it would miss what the last holder wrote.
 * At most 8 statements; 1 or 2 for most flushes.
 */
export async function loadTouched(
  tx: Sql,
  runs: ReadonlyMap<string, RunState>,
  calls: readonly CheckedCall[],
): Promise<void> {
  const touched = touchedBy(calls);
  await loadKnown(tx, runs, calls);
  await loadSteps(tx, runs, touched);
  await loadArtifacts(tx, runs, touched);
  if (touched.labels.size > 0) {
    for (const { id, tags, metadata } of await tx.query(LABELS, [idArray(touched.labels)])) {
      const run = runs.get(id)!;
      run.run = { ...run.run, tags, metadata };
    }
  }
}

/** Pairs of a run and a word of it, as two arrays; the same pair may come twice. */
interface Pairs {
  readonly runIds: string[];
  readonly words: string[];
}

interface Touched {
  /** Keys of steps. */
  readonly steps: Pairs;
  /** Names of artifacts. */
  readonly artifacts: Pairs;
  /** Names of artifacts that are judged; of any run. */
  readonly judged: Set<string>;
  /** Ids of artifacts that inputs name. */
  readonly elsewhere: Set<string>;
  /** Runs that may end. */
  readonly ending: Set<string>;
  /** Runs whose tags or metadata change. */
  readonly labels: Set<string>;
}

function touchedBy(calls: readonly CheckedCall[]): Touched {
  const touched: Touched = {
    steps: { runIds: [], words: [] },
    artifacts: { runIds: [], words: [] },
    judged: new Set(),
    elsewhere: new Set(),
    ending: new Set(),
    labels: new Set(),
  };
  for (const { runId, events } of calls) {
    for (const event of events) {
      const { type, stepKey } = event;
      if (stepKey !== null) add(touched.steps, runId, stepKey);
      if (isRunEvent(type)) {
        if (RUN_TERMINAL.has(RUN_MOVES[type].to)) touched.ending.add(runId);
      } else if (type === 'METADATA_UPDATED') touched.labels.add(runId);
      touchArtifacts(touched, runId, event);
    }
  }
  return touched;
}

function touchArtifacts(touched: Touched, runId: string, { type, payload }: CheckedEvent): void {
  const { inputs, outputs, artifact } = payload;
  for (const input of inputs ?? []) {
    if (input.artifactId) touched.elsewhere.add(input.artifactId.toLowerCase());
    else add(touched.artifacts, runId, input.name);
  }
  for (const { name } of outputs ?? []) add(touched.artifacts, runId, name);
  if (type === 'ARTIFACT_PRODUCED' && typeof artifact === 'object' && artifact) {
    add(touched.artifacts, runId, artifact.name);
  } else if (type === 'CHECK_EVALUATED' && typeof artifact === 'string') {
    add(touched.artifacts, runId, artifact);
    touched.judged.add(artifact);
  }
}

async function loadKnown(
  tx: Sql,
  runs: ReadonlyMap<string, RunState>,
  calls: readonly CheckedCall[],
): Promise<void> {
  const runIds: string[] = [];
  const eventIds: string[] = [];
  for (const { runId, events } of calls) {
    for (const { eventId } of events) {
      runIds.push(runId);
      eventIds.push(eventId);
    }
  }
  for (const row of await tx.query(KNOWN, [idArray(runIds), idArray(eventIds)])) {
    const { runId, seq, actor, attempt, ...event } = row;
    const occurredAt = event.occurredAt.toISOString();
    const run = runs.get(runId)!;
    (run.known ??= new Map()).set(event.eventId, {
      runId,
      seq,
      actor,
      attempt,
      event: { ...event, attempt, occurredAt },
    });
  }
}

async function loadSteps(
  tx: Sql,
  runs: ReadonlyMap<string, RunState>,
  touched: Touched,
): Promise<void> {
  const { steps, ending } = touched;
  if (steps.runIds.length > 0) addSteps(runs, await tx.query(STEPS, parameters(steps)));
  if (ending.size > 0) {
    addSteps(runs, await tx.query(OPEN_STEPS, [idArray(ending), idArray(STEP_OPEN)]));
  }
}

function addSteps(runs: ReadonlyMap<string, RunState>, rows: readonly StepRow[]): void {
  for (const { runId, stepKey, status, attempt, progress } of rows) {
    putStep(runs.get(runId)!, {
      runId,
      stepKey,
      status,
      attempt,
      progress,
      message: null,
      failureReason: null,
      error: null,
      startedAt: null,
      finishedAt: null,
      changedSeq: 0,
    });
  }
}

async function loadArtifacts(
  tx: Sql,
  runs: ReadonlyMap<string, RunState>,
  touched: Touched,
): Promise<void> {
  const { artifacts, judged: names } = touched;
  const rows = artifacts.runIds.length > 0 ? await tx.query(ARTIFACTS, parameters(artifacts)) : [];
  const judged = rows.filter(({ name }) => names.has(name));
  const scores = await loadScores(
    tx,
    judged.map(({ id }) => id),
  );
  for (const { runId, id, name } of rows) {
    const untold = { stepKey: null, kind: null, uri: null, sizeBytes: null, checksum: null };
    const artifact: ArtifactState = {
      ...untold,
      id,
      name,
      isNew: false,
      metadata: null,
      scores: scores.get(id) ?? new Map(),
      quality: null,
      createdAt: '',
      changedSeq: 0,
    };
    putArtifact(runs.get(runId)!, artifact);
  }
  if (touched.elsewhere.size === 0) return;
  const elsewhere = await tx.query(ELSEWHERE, [idArray(touched.elsewhere)]);
  for (const run of runs.values()) {
    for (const { id, workspaceId } of elsewhere) {
      if (workspaceId === run.workspaceId) (run.elsewhere ??= new Set()).add(id);
    }
  }
}

/** Artifact → newest score by name of check. */
async function loadScores(
  tx: Sql,
  artifactIds: readonly string[],
): Promise<Map<string, Map<string, number>>> {
  const scores = new Map<string, Map<string, number>>();
  if (artifactIds.length === 0) return scores;
  const values = [idArray(artifactIds)];
  await tx.query(LOCK_JUDGED, values);
  for (const { artifactId, name, score } of await tx.query(NEWEST_SCORES, values)) {
    let of = scores.get(artifactId);
    if (!of) scores.set(artifactId, (of = new Map()));
    of.set(name, score);
  }
  return scores;
}

function add(to: Pairs, runId: string, word: string): void {
  to.runIds.push(runId);
  to.words.push(word);
}

function parameters({ runIds, words }: Pairs): [string, string] {
  return [idArray(runIds), textArray(words)];
}
