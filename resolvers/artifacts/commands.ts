/** What people bring in and judge. What steps make and use comes by the log of their run. */
import type { Ctx } from '../context.ts';
import { appendIn } from '../events/append/append.ts';
import type { JsonObject } from '../events/log.ts';
import { NotFound } from '../errors.ts';
import { once, type Repeatable } from '../idempotency.ts';
import { collectIssues } from '../issues.ts';
import { newId, uuidOf } from '../keys.ts';
import { forgetLoaded } from '../loaders.ts';
import { authorize } from '../policy.ts';
import { actorOf } from '../runs/commands.ts';
import { statement, type Sql, type Tx } from '../sql.ts';
import { artifactsById, checksById } from './loaders.ts';
import {
  checkJudgement,
  checkRegistration,
  qualityOf,
  scoreOf,
  type Judgement,
  type Registration,
} from './model.ts';
import type { ArtifactRow, CheckRow } from './rows.ts';
import { NEWEST_SCORES } from './scores.ts';

/**
 * Stores an artifact that no run made: a dataset, an upload, something made elsewhere.
 *
 * Writes: artifact, artifact_derivation, idempotency_key (one transaction).
 * Refuses: Invalid (every problem), Forbidden, NotFound (an artifact of `derivedFrom`), Conflict (idempotency key).
 * Cost: 2 statements, 2 more with `derivedFrom`, 3 more with a key.
 */
export async function registerArtifact(
  ctx: Ctx,
  input: Registration & Repeatable,
): Promise<ArtifactRow> {
  authorize(ctx.viewer, 'artifact.register', ctx.viewer);
  const issues = collectIssues();
  checkRegistration(input, issues);
  if (issues.count() > 0) throw issues.refusal('input');
  const upstreamIds = [
    ...new Set(
      input.derivedFrom?.map((id, at) => uuidOf('Artifact', id, `input.derivedFrom[${at}]`)),
    ),
  ];
  const request = { ...input, derivedFrom: upstreamIds };
  const id = await once(ctx, 'registerArtifact', request, async (tx) => {
    if (upstreamIds.length > 0) await keepArtifacts(tx, ctx, upstreamIds);
    const now = ctx.now();
    const made = newId(now.getTime());
    await tx.query(INSERT_ARTIFACT, [
      made,
      ctx.viewer.workspaceId,
      input.name,
      input.kind,
      input.uri ?? null,
      input.sizeBytes ?? 0,
      input.checksum ?? null,
      JSON.stringify(input.metadata ?? {}),
      now,
    ]);
    if (upstreamIds.length > 0) await tx.query(INSERT_DERIVATIONS, [made, upstreamIds]);
    return made;
  });
  forgetLoaded(ctx);
  const [artifact] = await artifactsById(ctx, [id]);
  if (!artifact) throw new NotFound('Artifact', id);
  return artifact;
}

/** Holds them against deletion until the transaction ends. In the order of ids: two at once do not dead-lock. */
async function keepArtifacts(tx: Sql, ctx: Ctx, ids: readonly string[]): Promise<void> {
  const rows = await tx.query(KEEP_ARTIFACTS, [ids, ctx.viewer.workspaceId]);
  const found = new Set(rows.map((row) => row.id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined) throw new NotFound('Artifact', missing);
}

const KEEP_ARTIFACTS = statement<{ id: string }>(
  'artifacts.keep',
  `SELECT id FROM artifact WHERE id = ANY($1::uuid[]) AND workspace_id = $2
  ORDER BY id FOR KEY SHARE`,
);
const INSERT_ARTIFACT = statement(
  'artifacts.insert',
  `INSERT INTO artifact (id, workspace_id, name, kind, uri, size_bytes, checksum, metadata, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);
const INSERT_DERIVATIONS = statement(
  'artifacts.insertDerivations',
  `INSERT INTO artifact_derivation (upstream_id, downstream_id)
  SELECT upstream_id, $1 FROM unnest($2::uuid[]) AS made(upstream_id)`,
);

/**
 * Records a judgement on any artifact and makes its quality anew. On an artifact of a run it is an event of that run,
 * so that whoever follows the run hears of it; callers at the same time wait for each other, so none is lost.
 *
 * Writes: artifact_check, artifact.quality, idempotency_key; of a run's artifact also run_event (one transaction).
 * Refuses: Invalid (every problem), Forbidden, NotFound, Conflict (idempotency key).
 * Cost: 5 statements without a run, 3 more with a key; within a run those of an append and 2.
 */
export async function recordCheck(ctx: Ctx, input: Judgement & Repeatable): Promise<CheckRow> {
  authorize(ctx.viewer, 'artifact.check', ctx.viewer);
  const issues = collectIssues();
  checkJudgement(input, issues);
  if (issues.count() > 0) throw issues.refusal('input');
  const artifactId = uuidOf('Artifact', input.artifactId, 'input.artifactId');
  const request: Judgement & Repeatable = { ...input, artifactId };
  const id = await once(ctx, 'recordCheck', request, async (tx) => {
    const [artifact] = await tx.query(FIND_ARTIFACT, [artifactId, ctx.viewer.workspaceId]);
    if (!artifact) throw new NotFound('Artifact', artifactId);
    return artifact.runId === null
      ? judgeAlone(tx, ctx, artifactId, input)
      : judgeInRun(tx, ctx, { ...artifact, runId: artifact.runId }, input);
  });
  forgetLoaded(ctx);
  const [check] = await checksById(ctx, [id]);
  if (!check) throw new NotFound('Check', id);
  return check;
}

/** The run is locked before its artifact, as every append does. */
async function judgeInRun(
  tx: Tx,
  ctx: Ctx,
  artifact: { readonly id: string; readonly runId: string; readonly name: string },
  { name, outcome, score, details }: Judgement,
): Promise<string> {
  const now = ctx.now();
  const payload = { artifact: artifact.name, check: name, outcome, score, details };
  const [appended] = await appendIn(tx, [
    {
      runId: artifact.runId,
      workspaceId: ctx.viewer.workspaceId,
      actor: actorOf(ctx),
      events: [
        {
          eventId: newId(now.getTime()),
          type: 'CHECK_EVALUATED',
          occurredAt: now,
          payload: JSON.parse(JSON.stringify(payload)) as JsonObject, // Leaves out what was not given.
        },
      ],
    },
  ]);
  const [check] = await tx.query(CHECK_OF_EVENT, [artifact.id, appended?.version]);
  if (!check) throw new Error('an appended judgement has its check');
  return check.id;
}

async function judgeAlone(
  tx: Sql,
  ctx: Ctx,
  artifactId: string,
  { name, outcome, score: given, details }: Judgement,
): Promise<string> {
  const locked = await tx.query(LOCK_ARTIFACT, [artifactId, ctx.viewer.workspaceId]);
  if (locked.length === 0) throw new NotFound('Artifact', artifactId);
  const newest = await tx.query(NEWEST_SCORES, [[artifactId]]);
  const score = scoreOf(outcome, given);
  const scores = new Map(newest.map((check) => [check.name, check.score]));
  const now = ctx.now();
  const made = newId(now.getTime());
  await tx.query(RECORD_CHECK, [
    made,
    artifactId,
    name,
    outcome,
    score,
    JSON.stringify(details ?? {}),
    now,
    qualityOf(scores.set(name, score)),
  ]);
  return made;
}

const FIND_ARTIFACT = statement<{ id: string; runId: string | null; name: string }>(
  'artifacts.find',
  'SELECT id, run_id AS "runId", name FROM artifact WHERE id = $1 AND workspace_id = $2',
);
const CHECK_OF_EVENT = statement<{ id: string }>(
  'artifacts.checkOfEvent',
  'SELECT id FROM artifact_check WHERE artifact_id = $1 AND changed_seq = $2',
);
const LOCK_ARTIFACT = statement<{ id: string }>(
  'artifacts.lock',
  'SELECT id FROM artifact WHERE id = $1 AND workspace_id = $2 FOR NO KEY UPDATE',
);
const RECORD_CHECK = statement(
  'artifacts.recordCheck',
  `WITH recorded AS (
    INSERT INTO artifact_check (id, artifact_id, name, outcome, score, details, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
  )
  UPDATE artifact SET quality = $8 WHERE id = $2`,
);
