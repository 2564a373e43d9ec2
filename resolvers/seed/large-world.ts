/** A world as large as wanted, for lists and reports under load: `polyphony seed --scale`. */
import type { Ctx } from '../context.ts';
import { queueRuns } from '../events/append/queue-run.ts';
import { derivedId, newId } from '../keys.ts';
import { authorize } from '../policy.ts';
import { dynamicStatement, statement, type Sql, type Tx } from '../sql.ts';
import { appendChapters } from './append-chapters.ts';
import { largeRun, LARGE_WORKFLOWS, libraryArtifact } from './large-world-plan.ts';
import { storeSeedWorkflows, type SeedVersions } from './seed-workflows.ts';
import { tell } from './story.ts';

export interface LargeWorldOptions {
  /** Of the large world all together, what is there counts. Ten step runs and artifacts each, on average. */
  readonly runs: number;
  /** Told after each transaction: artifacts there, artifacts wanted. */
  readonly told: (done: number, total: number) => void;
}

/** What there is of the large world. */
export type LargeWorld = {
  readonly workflows: number;
  readonly runs: number;
  readonly stepRuns: number;
  readonly artifacts: number;
};

/** Runs in one transaction, with some 5,000 events: embedded, everybody else waits for it. */
const RUNS_AT_ONCE = 200;
const ARTIFACTS_AT_ONCE = 5_000;
/** Leads the source hash of its runs, so that they are known again. */
const SOURCE = 'seed:large:';

/**
 * Adds runs of the last 90 days to forty workflows until there are as many as asked: artifacts with words in their
 * names, some judged, failures of each sort; then artifacts of nobody's run up to ten per run. Runs go through the
 * log like everybody's (measured: as quick as SQL past it, 2.7 s of CPU per 1,000 runs). Broken off, or asked for
 * more, it goes on where it was; where there are enough, nothing is written. The same each time, but for ids and now.
 *
 * Refuses: Forbidden. Cost: about 25 statements per 200 runs.
 */
export async function seedLargeWorld(
  ctx: Ctx,
  { runs, told }: LargeWorldOptions,
): Promise<LargeWorld> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'workflow.register', { workspaceId });
  authorize(ctx.viewer, 'run.append', { workspaceId });
  const versions = await ctx.sql.transaction((tx) =>
    storeSeedWorkflows(tx, workspaceId, LARGE_WORKFLOWS, ctx.now()),
  );
  let there = await count(ctx.sql, workspaceId);
  const wanted = runs * 10;
  const grown = there.runs < runs || there.artifacts < wanted;
  for (let from = there.runs; from < runs; from += RUNS_AT_ONCE) {
    const numbers = range(from, Math.min(RUNS_AT_ONCE, runs - from));
    const made = await ctx.sql.transaction((tx) => addRuns(tx, ctx, numbers, versions));
    there = { ...there, artifacts: there.artifacts + made };
    told(Math.min(there.artifacts, wanted), wanted);
  }
  while (there.artifacts < wanted) {
    const more = Math.min(ARTIFACTS_AT_ONCE, wanted - there.artifacts);
    await addLibrary(ctx.sql, workspaceId, range(there.library, more), ctx.now());
    there = { ...there, artifacts: there.artifacts + more, library: there.library + more };
    told(there.artifacts, wanted);
  }
  if (grown) for (const one of TIDY_UP) await ctx.sql.query(one);
  const { runs: all, stepRuns, artifacts } = await count(ctx.sql, workspaceId);
  return { workflows: LARGE_WORKFLOWS.length, runs: all, stepRuns, artifacts };
}

function range(from: number, length: number): number[] {
  return Array.from({ length }, (_, index) => from + index);
}

/** Answers how many artifacts they made. */
async function addRuns(
  tx: Tx,
  { viewer: { id, workspaceId }, now }: Ctx,
  numbers: readonly number[],
  versions: SeedVersions,
): Promise<number> {
  const runs = numbers.map((number) => {
    const { story, workflow, subject, site } = largeRun(number);
    const runId = newId(now().getTime() - (story.age_h ?? 0) * 3_600_000);
    const told = tell(story, workflow, { runId, seed: number, now: now() });
    return { id: runId, number, story, told, metadata: { subject, site } };
  });
  await queueRuns(
    tx,
    runs.map((run) => ({
      id: run.id,
      workspaceId,
      ...versions(run.story.of),
      createdAt: run.told.queuedAt,
      eventId: derivedId('seed:queued', run.id),
      actor: `user:${id}`,
      tags: run.story.tags ?? [],
      metadata: run.metadata,
      sourceHash: `${SOURCE}${run.number}`,
    })),
  );
  await appendChapters(tx, workspaceId, runs);
  const events = runs.flatMap(({ told }) => told.chapters.flatMap((chapter) => chapter.events));
  return events.filter(({ type }) => type === 'STEP_SUCCEEDED').length; // Each makes one.
}

async function addLibrary(
  sql: Sql,
  workspaceId: string,
  numbers: readonly number[],
  now: Date,
): Promise<void> {
  const artifacts = numbers.map((number) => {
    const artifact = libraryArtifact(number);
    return { ...artifact, at: new Date(now.getTime() - artifact.age_h * 3_600_000) };
  });
  await sql.query(ADD_LIBRARY, [
    workspaceId,
    artifacts.map(({ at }) => newId(at.getTime())),
    artifacts.map(({ name }) => name),
    artifacts.map(({ kind }) => kind),
    artifacts.map(({ sizeBytes }) => sizeBytes),
    artifacts.map(({ at }) => at),
  ]);
}

const ADD_LIBRARY = statement(
  'seed.addLibrary',
  `INSERT INTO artifact (id, workspace_id, name, kind, size_bytes, metadata, created_at)
   SELECT id, $1, name, kind, size_bytes, '{"world": "large"}', at
   FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[])
     AS given(id, name, kind, size_bytes, at)`,
);

async function count(sql: Sql, workspaceId: string): Promise<Counted> {
  const [counted] = await sql.query(COUNT, [workspaceId]);
  return counted ?? { runs: 0, stepRuns: 0, library: 0, artifacts: 0 };
}

interface Counted {
  readonly runs: number;
  readonly stepRuns: number;
  /** Artifacts without a run. */
  readonly library: number;
  readonly artifacts: number;
}

const COUNT = statement<Counted>(
  'seed.count',
  `WITH runs AS MATERIALIZED (
     SELECT id, steps_total FROM run WHERE workspace_id = $1 AND source_hash LIKE '${SOURCE}%'
   ), library AS (
     SELECT count(*) AS count FROM artifact
     WHERE workspace_id = $1 AND run_id IS NULL AND metadata @> '{"world": "large"}')
   SELECT (SELECT count(*) FROM runs) AS runs, (SELECT coalesce(sum(steps_total), 0) FROM runs)::bigint AS "stepRuns",
     library.count AS library,
     library.count + (SELECT count(*) FROM artifact JOIN runs ON runs.id = artifact.run_id) AS artifacts
   FROM library`,
);

/** Plans for the new sizes, and no search through what GIN indexes have not taken in yet. */
const TIDY_UP = [
  ...['artifact_search_idx', 'artifact_name_idx', 'artifact_metadata_idx', 'run_tags_idx'].map(
    (index) => dynamicStatement('seed.cleanIndex', `SELECT gin_clean_pending_list('${index}')`),
  ),
  ...['workflow', 'run', 'step_run', 'attempt', 'run_event', 'artifact', 'artifact_use'].map(
    (table) => dynamicStatement('seed.analyze', `ANALYZE ${table}`),
  ),
];
