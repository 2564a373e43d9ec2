/** A few workflows and runs that we wrote, so that no screen of a new gateway is empty. */
import type { Ctx } from '../context.ts';
import { queueRuns } from '../events/append/queue-run.ts';
import { writeGraph } from '../graph/write.ts';
import { derivedId, newId } from '../keys.ts';
import { authorize } from '../policy.ts';
import { statement, type Tx } from '../sql.ts';
import { appendChapters } from './append-chapters.ts';
import { storeSeedWorkflows, type SeedVersions } from './seed-workflows.ts';
import { SEED_GRAPH } from './small-world-graph.ts';
import { SEED_STORIES } from './small-world-stories.ts';
import { SEED_WORKFLOWS, type SeedWorkflow } from './small-world-workflows.ts';
import { tell, type Story, type ToldStory } from './story.ts';

/** What was added; nothing where the world is there already. */
export type SmallWorld = {
  readonly workflows: number;
  readonly runs: number;
  readonly events: number;
  readonly entities: number;
  readonly relations: number;
};

const NOTHING: SmallWorld = { workflows: 0, runs: 0, events: 0, entities: 0, relations: 0 };

/**
 * Stores the small world: five workflows of five kinds, runs in every status, artifacts, checks, costs, and a graph of
 * what they are about. Goes through the log like everybody else. Once it is there nothing is written: what people did since stays.
 * Runs that are still going have no worker: the watch ends them as CRASHED after its time, as it would any.
 *
 * Refuses: Forbidden. Cost: one transaction of about 55 statements.
 */
export async function seedSmallWorld(ctx: Ctx): Promise<SmallWorld> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'workflow.register', { workspaceId });
  authorize(ctx.viewer, 'run.append', { workspaceId });
  authorize(ctx.viewer, 'graph.write', { workspaceId });
  return ctx.sql.transaction(async (tx) => {
    await tx.query(LOCK, [`${workspaceId} small world`]);
    const [there] = await tx.query(THERE, [workspaceId, `key:${SEED_WORKFLOWS[0]?.key}`]);
    if (there) return NOTHING;

    const versions = await storeSeedWorkflows(tx, workspaceId, SEED_WORKFLOWS, ctx.now());
    const runs = SEED_STORIES.map((story, seed) => plan(story, seed, ctx.now()));
    await queueAll(tx, ctx, runs, versions);
    const queued = runs.reduce((sum, { story }) => sum + 1 + (story.kept?.length ?? 0), 0);
    const events = queued + (await appendChapters(tx, workspaceId, runs));
    const { nodes, relations } = await writeGraph(tx, workspaceId, SEED_GRAPH);
    return {
      workflows: SEED_WORKFLOWS.length,
      runs: runs.length,
      events,
      entities: nodes.length,
      relations: relations.length,
    };
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

async function queueAll(
  tx: Tx,
  { viewer: { id, workspaceId } }: Ctx,
  runs: readonly PlannedRun[],
  versions: SeedVersions,
): Promise<void> {
  const queued = runs.map((run) => {
    const { retries, kept = [], tags = [] } = run.story;
    return {
      id: run.id,
      workspaceId,
      ...versions(run.story.of),
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

const LOCK = statement('seed.lock', 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))');

const THERE = statement<{ id: string }>(
  'seed.there',
  'SELECT id FROM workflow WHERE workspace_id = $1 AND identity = $2',
);
