/** What events make of the artifacts of a run: made, used, judged. Pure. */
import { qualityOf, scoreOf } from '../../artifacts/model.ts';
import { Invalid } from '../../errors.ts';
import type { CheckedEvent } from './check.ts';
import { rowId } from '../ids.ts';
import type { InputPayload, OutputPayload } from '../payloads.ts';
import { artifactOf, putArtifact, putCheck, putUse, type Draft } from './state.ts';

/** A step (or, with a null key, nobody of the run) made it. What is told changes; the rest stays. */
export function produce(
  draft: Draft,
  output: OutputPayload,
  stepKey: string | null,
  event: CheckedEvent,
  seq: number,
): string {
  const before = artifactOf(draft, output.name);
  const id = before?.id ?? rowId(draft.base.id, `artifact ${output.name}`);
  putArtifact(draft, {
    id,
    name: output.name,
    isNew: before?.isNew ?? true,
    stepKey: stepKey ?? before?.stepKey ?? null,
    kind: output.kind ?? before?.kind ?? null,
    uri: output.uri ?? before?.uri ?? null,
    sizeBytes: output.sizeBytes ?? before?.sizeBytes ?? null,
    checksum: output.checksum ?? before?.checksum ?? null,
    metadata: output.metadata ?? before?.metadata ?? null,
    scores: before?.scores ?? new Map(),
    quality: before?.quality ?? null,
    createdAt: before?.createdAt ?? event.occurredAt,
    changedSeq: seq,
  });
  return id;
}

/** A step used it. Refuses Invalid when the id that the input names is not there. */
export function use(
  draft: Draft,
  input: InputPayload,
  stepKey: string,
  event: CheckedEvent,
  seq: number,
  path: string,
): void {
  const named = input.artifactId?.toLowerCase() ?? null;
  if (named !== null && !draft.base.elsewhere?.has(named)) {
    throw new Invalid(`${path}.artifactId`, `there is no artifact ${named}`);
  }
  const artifactId =
    named ?? artifactOf(draft, input.name)?.id ?? produce(draft, input, null, event, seq);
  putUse(draft, { runId: draft.base.id, stepKey, artifactId, changedSeq: seq });
}

/** Somebody judged it: the newest score of each check counts, and their mean is its quality. */
export function judge(draft: Draft, event: CheckedEvent, seq: number, path: string): void {
  const { artifact: name, check, outcome, score, details } = event.payload;
  const artifact = typeof name === 'string' ? artifactOf(draft, name) : undefined;
  if (!artifact || !check || !outcome) {
    throw new Invalid(
      `${path}.payload.artifact`,
      `the run has no artifact ${JSON.stringify(name)}`,
    );
  }
  const given = scoreOf(outcome, score);
  const scores = new Map(artifact.scores).set(check, given);
  putArtifact(draft, { ...artifact, scores, quality: qualityOf(scores), changedSeq: seq });
  putCheck(draft, {
    id: rowId(draft.base.id, `check ${event.eventId}`),
    artifactId: artifact.id,
    name: check,
    outcome,
    score: given,
    details: details ?? {},
    createdAt: event.occurredAt,
    changedSeq: seq,
  });
}
