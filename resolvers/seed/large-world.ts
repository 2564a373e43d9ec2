/** A world large enough to measure on: every row by the same log as real ones, so its counts and versions are true. */
import type { Ctx } from '../context.ts';
import { appendIn } from '../events/append.ts';
import type { JsonObject, NewEvent } from '../events/log.ts';
import { queueRuns } from '../events/queue-run.ts';
import { derivedId, newId } from '../keys.ts';
import { authorize } from '../policy.ts';
import { storeWorkflowVersion, type StoredVersion } from '../runs/store-version.ts';
import { statement, type Sql } from '../sql.ts';
import { randomFrom } from './random.ts';

export interface LargeWorldOptions {
  /** All of the large world's runs together; what is there already counts. */
  readonly runs: number;
  /** After each transaction. */
  readonly told: (runs: number, of: number) => void;
}

/** What there is of the large world. */
export type LargeWorld = {
  readonly workflows: number;
  readonly runs: number;
  readonly stepRuns: number;
  readonly artifacts: number;
};

const KINDS = ['genomics', 'training', 'evaluation', 'ingestion', 'imaging'];
const WORKFLOWS = 20;
const STEPS = 10;
/** Of one transaction: about 2,800 events. */
const RUNS_AT_ONCE = 100;
const DAYS_MS = 90 * 86_400_000;

/**
 * Adds runs until there are as many as asked: 10 steps and 10 artifacts each, 5 of them checked, over the last 90
 * days; 8 % failed. Stopped halfway, the next call goes on; where there are enough, nothing is written.
 * Refuses: Forbidden. Cost: about 15 statements per 100 runs.
 */
export async function seedLargeWorld(
  ctx: Ctx,
  { runs, told }: LargeWorldOptions,
): Promise<LargeWorld> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'workflow.register', { workspaceId });
  authorize(ctx.viewer, 'run.append', { workspaceId });
  const versions = await ctx.sql.transaction((tx) => storeWorkflows(tx, ctx));
  const ids = versions.map(({ workflowId }) => workflowId);
  const [found] = await ctx.sql.query(COUNT, [ids]);
  let there = found?.runs ?? 0;
  told(there, runs);
  while (there < runs) {
    const from = there;
    const until = Math.min(runs, from + RUNS_AT_ONCE);
    await ctx.sql.transaction((tx) => addRuns(tx, ctx, versions, { from, until, of: runs }));
    there = until;
    told(there, runs);
  }
  return { workflows: WORKFLOWS, runs: there, stepRuns: there * STEPS, artifacts: there * STEPS };
}

async function storeWorkflows(tx: Sql, { viewer, now }: Ctx): Promise<StoredVersion[]> {
  const versions: StoredVersion[] = [];
  for (let number = 0; number < WORKFLOWS; number++) {
    const kind = KINDS[number % KINDS.length]!;
    versions.push(
      await storeWorkflowVersion(tx, {
        workspaceId: viewer.workspaceId,
        key: `large-world-${number}`,
        name: `${kind} ${number}`,
        kind,
        rename: false,
        steps: Array.from({ length: STEPS }, (_, step) => ({
          key: keyOf(step),
          name: `step ${step} of ${kind} ${number}`,
          parents: parentsOf(step).map(keyOf),
        })),
        now: now(),
      }),
    );
  }
  return versions;
}

/** Each waits for the two before it. */
function parentsOf(step: number): number[] {
  return [step - 2, step - 1].filter((parent) => parent >= 0);
}

function keyOf(step: number): string {
  return `step-${step}`;
}

async function addRuns(
  tx: Sql,
  { viewer: { id, workspaceId }, now }: Ctx,
  versions: readonly StoredVersion[],
  { from, until, of }: { from: number; until: number; of: number },
): Promise<void> {
  const runs = Array.from({ length: until - from }, (_, at) => {
    const number = from + at;
    const createdAt = new Date(now().getTime() - DAYS_MS * (1 - number / of));
    const random = randomFrom(number);
    return {
      id: newId(createdAt.getTime()),
      random,
      // A few workflows run often, most of them now and then.
      version: versions[Math.floor(random() ** 2 * versions.length)]!,
      createdAt,
      number,
    };
  });
  await queueRuns(
    tx,
    runs.map((run) => ({
      id: run.id,
      workspaceId,
      workflowId: run.version.workflowId,
      workflowVersionId: run.version.versionId,
      createdAt: run.createdAt,
      eventId: derivedId('large:queued', run.id),
      actor: `user:${id}` as const,
      tags: run.number % 10 === 0 ? ['nightly'] : [],
      metadata: { region: pick(['eu', 'us', 'ap'], run.random) },
    })),
  );
  await appendIn(
    tx,
    runs.map((run) => ({
      runId: run.id,
      workspaceId,
      actor: 'worker' as const,
      events: eventsOf(run.id, run.number, run.createdAt, run.random),
    })),
  );
}

const FAILED_SHARE = 0.08;
const WORDS =
  'amber basalt cedar delta ember fjord granite harbor indigo juniper kelp lichen'.split(' ');
const FILES = ['bam', 'vcf', 'parquet', 'safetensors', 'png', 'json', 'csv', 'html'];

function eventsOf(runId: string, number: number, queuedAt: Date, random: () => number): NewEvent[] {
  const fails = random() < FAILED_SHARE;
  const events: NewEvent[] = [];
  let at_ms = queuedAt.getTime();
  const add = (type: NewEvent['type'], stepKey: string | null, payload: JsonObject) => {
    at_ms += 1 + Math.floor(random() * 60_000);
    const eventId = derivedId(`large:${events.length}`, runId);
    events.push({ eventId, type, stepKey, occurredAt: new Date(at_ms), payload });
  };
  const outputs = Array.from({ length: STEPS }, (_, step) => outputOf(number, step, random));
  add('RUN_STARTED', null, {});
  for (let step = 0; step < STEPS; step++) {
    const output = outputs[step]!;
    const lost = fails && step === STEPS - 1;
    const inputs = parentsOf(step).map((parent) => ({ name: outputs[parent]!.name }));
    add('STEP_STARTED', keyOf(step), { inputs, worker: `worker-${number % 40}` });
    if (lost) {
      add('ARTIFACT_PRODUCED', keyOf(step), { artifact: output });
      add('STEP_FAILED', keyOf(step), { reason: 'OUT_OF_MEMORY', error: 'killed at 64 GB' });
    } else add('STEP_SUCCEEDED', keyOf(step), { outputs: [output] });
    if (step % 2 === 1) add('CHECK_EVALUATED', null, checkOf(output.name, random));
  }
  if (fails) add('RUN_FAILED', null, { reason: 'OUT_OF_MEMORY' });
  else add('RUN_SUCCEEDED', null, {});
  return events;
}

function outputOf(number: number, step: number, random: () => number) {
  const kind = pick(FILES, random);
  const name = `${pick(WORDS, random)}-${pick(WORDS, random)}-${number}/${keyOf(step)}.${kind}`;
  return {
    name,
    kind,
    sizeBytes: Math.floor(2 ** (10 + random() * 28)),
    uri: `s3://large/${name}`,
  };
}

function checkOf(artifact: string, random: () => number): JsonObject {
  const score = Math.round((1 - random() ** 2) * 1_000) / 1_000;
  return { artifact, check: 'completeness', outcome: score < 0.2 ? 'FAILED' : 'PASSED', score };
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}

const COUNT = statement<{ runs: number }>(
  'seed.countRuns',
  'SELECT count(*) AS runs FROM run WHERE workflow_id = ANY($1)',
);
