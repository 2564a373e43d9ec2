/** A few workflows and runs that we wrote, so that no screen of a new gateway is empty. */
import type { Ctx } from '../context.ts';
import { appendIn } from '../events/append.ts';
import type { AppendCall } from '../events/log.ts';
import { queueRuns } from '../events/queue-run.ts';
import { derivedId, newId } from '../keys.ts';
import { authorize } from '../policy.ts';
import { storeWorkflowVersion, type StoredVersion } from '../runs/store-version.ts';
import { statement, type Sql } from '../sql.ts';
import { SEED_STORIES } from './small-world-stories.ts';
import { SEED_WORKFLOWS, type SeedWorkflow } from './small-world-workflows.ts';
import { tell, type Story, type ToldStory } from './story.ts';

/** What was added; nothing where the world is there already. */
export type SmallWorld = {
  readonly workflows: number;
  readonly runs: number;
  readonly events: number;
};

/**
 * Stores the small world: five workflows of five kinds, runs in every status, artifacts, checks, costs. Goes
 * through the log like everybody else. Once it is there nothing is written: what people did since stays.
 * Runs that are still going have no worker: the watch ends them as CRASHED after its time, as it would any.
 *
 * Refuses: Forbidden. Cost: one transaction of about 150 statements; half a second embedded.
 */
export async function seedSmallWorld(ctx: Ctx): Promise<SmallWorld> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'workflow.register', { workspaceId });
  authorize(ctx.viewer, 'run.append', { workspaceId });
  return ctx.sql.transaction(async (tx) => {
    await tx.query(LOCK, [`${workspaceId} small world`]);
    const [there] = await tx.query(THERE, [workspaceId, `key:${SEED_WORKFLOWS[0]?.key}`]);
    if (there) return { workflows: 0, runs: 0, events: 0 };

    const versions = new Map<string, StoredVersion>();
    for (const workflow of SEED_WORKFLOWS) {
      versions.set(workflow.key, await storeSeed(tx, workspaceId, workflow, ctx.now()));
    }
    const runs = SEED_STORIES.map((story, seed) => plan(story, seed, ctx.now()));
    await queueAll(tx, ctx, runs, versions);
    const queued = runs.reduce((sum, { story }) => sum + 1 + (story.kept?.length ?? 0), 0);
    const events = queued + (await appendAll(tx, workspaceId, runs));
    return { workflows: versions.size, runs: runs.length, events };
  });
}

interface PlannedRun {
  readonly id: string;
  readonly story: Story;
  readonly workflow: SeedWorkflow;
  readonly told: ToldStory;
}

function plan(story: Story, seed: number, now: Date): PlannedRun {
  const workflow = SEED_WORKFLOWS.find(({ key }) => key === story.of);
  if (!workflow) throw new Error(`there is no workflow ${story.of}`);
  const age_ms = (story.age_h ?? 0) * 3_600_000;
  const id = newId(now.getTime() - age_ms);
  return { id, story, workflow, told: tell(story, workflow, { runId: id, seed, now }) };
}

function storeSeed(
  tx: Sql,
  workspaceId: string,
  { key, name, kind, description, age_h, steps }: SeedWorkflow,
  now: Date,
): Promise<StoredVersion> {
  const registered = new Date(now.getTime() - age_h * 3_600_000);
  return storeWorkflowVersion(tx, {
    workspaceId,
    key,
    name,
    kind,
    description,
    rename: false,
    steps: steps.map((step) => ({
      key: step.key,
      name: step.name,
      parents: step.parents,
      settings: { cores: step.cores ?? 1, expectedMinutes: step.minutes },
    })),
    now: registered,
  });
}

async function queueAll(
  tx: Sql,
  { viewer: { id, workspaceId } }: Ctx,
  runs: readonly PlannedRun[],
  versions: ReadonlyMap<string, StoredVersion>,
): Promise<void> {
  const queued = runs.map((run) => {
    const version = versions.get(run.workflow.key) as StoredVersion;
    const { retries, kept = [], tags = [] } = run.story;
    return {
      id: run.id,
      workspaceId,
      workflowId: version.workflowId,
      workflowVersionId: version.versionId,
      createdAt: run.told.queuedAt,
      eventId: derivedId('seed:queued', run.id),
      actor: `user:${id}` as const,
      retryOf: retries === undefined ? null : (runs[retries]?.id ?? null),
      cachedSteps: kept,
      tags,
      metadata: { sample: true, region: 'eu-central' },
    };
  });
  await queueRuns(tx, queued);
}

/** The first chapters of all runs together, then the second ones …: workers carry the fence they were given. */
async function appendAll(
  tx: Sql,
  workspaceId: string,
  runs: readonly PlannedRun[],
): Promise<number> {
  const fences = new Map<string, string | null>();
  const longest = Math.max(...runs.map(({ told }) => told.chapters.length));
  let events = 0;
  for (let number = 0; number < longest; number += 1) {
    const calls = runs.flatMap(({ id, told }): AppendCall[] => {
      const chapter = told.chapters[number];
      if (!chapter) return [];
      const fence = chapter.actor === 'worker' ? (fences.get(id) ?? null) : null;
      return [{ runId: id, workspaceId, fence, ...chapter }];
    });
    for (const { runId, fence, events: appended } of await appendIn(tx, calls)) {
      if (fence !== null) fences.set(runId, fence);
      events += appended.length;
    }
  }
  return events;
}

const LOCK = statement('seed.lock', 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))');

const THERE = statement<{ id: string }>(
  'seed.there',
  'SELECT id FROM workflow WHERE workspace_id = $1 AND identity = $2',
);
