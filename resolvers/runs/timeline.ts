/** What a run did when, and which steps its length came from. */
import type { Ctx } from '../context.ts';
import { selectList } from '../entity.ts';
import { Limited } from '../errors.ts';
import { distinctIds, groupBy } from '../group.ts';
import type { Instant } from '../instant.ts';
import { statement } from '../sql.ts';
import { ATTEMPT, STEP_RUN } from './entities.ts';
import type { AttemptRow, RunRow, StepRunRow } from './rows.ts';

/** Spans told of one run; the earliest are. */
export const SPANS_MAX = 10_000;
/** Steps of all runs whose paths one level may ask for. */
export const PATH_STEPS_MAX = 100_000;

/** One attempt of a step as a bar. */
export interface TimelineSpan extends AttemptRow {
  readonly name: string;
  readonly position: number;
  /** Milliseconds after the run's start, or after its creation while it has none. */
  readonly offsetMs: number;
}

export interface RunTimeline {
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  /** By start. */
  readonly spans: readonly TimelineSpan[];
  /** True when there are more than SPANS_MAX. */
  readonly truncated: boolean;
}

const SPANS = statement<AttemptRow & { name: string; position: number; startedAt: Date }>(
  'attempts.timeline',
  `SELECT spans.* FROM unnest($1::uuid[]) AS wanted(run_id) CROSS JOIN LATERAL (
    SELECT ${selectList(ATTEMPT, 'x')}, step.name, step.position FROM attempt x
    JOIN step_run step ON step.run_id = x.run_id AND step.step_key = x.step_key
    WHERE x.run_id = wanted.run_id AND x.started_at IS NOT NULL
    ORDER BY x.started_at, step.position, x.attempt LIMIT ${SPANS_MAX + 1}) spans`,
);

/** The timeline of each run. One statement. */
export async function timelinesOfRuns(
  ctx: Ctx,
  runs: readonly Pick<RunRow, 'id' | 'createdAt' | 'startedAt' | 'finishedAt'>[],
): Promise<readonly RunTimeline[]> {
  const rows = await ctx.sql.query(SPANS, [distinctIds(runs)]);
  const spans = groupBy(rows, ({ runId }) => runId);
  return runs.map((run) => {
    const all = spans.get(run.id) ?? [];
    const origin_ms = (run.startedAt ?? run.createdAt).getTime();
    return {
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
      spans: all
        .slice(0, SPANS_MAX)
        .map((span) => ({ ...span, offsetMs: span.startedAt.getTime() - origin_ms })),
      truncated: all.length > SPANS_MAX,
    };
  });
}

/** A step on the path, and how long it waited after the one before it ended. */
export interface CriticalStep {
  readonly step: StepRunRow;
  readonly waitMs: number;
}

export interface CriticalPath {
  /** From the start of the first to the end of the last; null while nothing has ended. */
  readonly durationMs: number | null;
  readonly steps: readonly CriticalStep[];
}

const ENDED_STEPS = statement<StepRunRow>(
  'stepRuns.ended',
  `SELECT ${selectList(STEP_RUN, 'x')} FROM step_run x
  WHERE x.run_id = ANY($1::uuid[]) AND x.started_at IS NOT NULL AND x.finished_at IS NOT NULL
  ORDER BY x.run_id, x.position`,
);
const EDGES = statement<{ versionId: string; fromKey: string; toKey: string }>(
  'edges.byVersions',
  `SELECT workflow_version_id AS "versionId", from_key AS "fromKey", to_key AS "toKey" FROM edge
  WHERE workflow_version_id = ANY($1::uuid[])`,
);

/**
 * The chain of steps that each run's length came from: the step that ended last, the one it waited for longest, and
 * so on to a step that waited for none. Two statements. Refuses with Limited past PATH_STEPS_MAX.
 */
export async function criticalPathsOfRuns(
  ctx: Ctx,
  runs: readonly Pick<RunRow, 'id' | 'stepsTotal' | 'workflowVersionId'>[],
): Promise<readonly CriticalPath[]> {
  const count = runs.reduce((sum, run) => sum + run.stepsTotal, 0);
  if (count > PATH_STEPS_MAX) throw new Limited('steps of critical paths', PATH_STEPS_MAX, count);
  const versions = [...new Set(runs.map((run) => run.workflowVersionId))];
  const [steps, edges] = await Promise.all([
    ctx.sql.query(ENDED_STEPS, [runs.map(({ id }) => id)]),
    ctx.sql.query(EDGES, [versions]),
  ]);
  const stepsByRun = groupBy(steps, ({ runId }) => runId);
  const edgesByVersion = groupBy(edges, ({ versionId }) => versionId);
  return runs.map((run) =>
    criticalPath(stepsByRun.get(run.id) ?? [], edgesByVersion.get(run.workflowVersionId) ?? []),
  );
}

/** Pure. O(steps + edges). `steps` have begun and ended. */
export function criticalPath(
  steps: readonly StepRunRow[],
  edges: readonly { readonly fromKey: string; readonly toKey: string }[],
): CriticalPath {
  const byKey = new Map(steps.map((step) => [step.stepKey, step]));
  const waitedFor = new Map<string, StepRunRow>();
  for (const { fromKey, toKey } of edges) {
    const from = byKey.get(fromKey);
    if (from && end_ms(from) > end_ms(waitedFor.get(toKey))) waitedFor.set(toKey, from);
  }
  let last: StepRunRow | undefined;
  for (const step of steps) if (end_ms(step) > end_ms(last)) last = step;
  const path: CriticalStep[] = [];
  for (let at = last; at; at = waitedFor.get(at.stepKey)) {
    const before = waitedFor.get(at.stepKey);
    path.push({ step: at, waitMs: before ? start_ms(at) - end_ms(before) : 0 });
  }
  path.reverse();
  const [first] = path;
  return {
    durationMs: first && last ? end_ms(last) - start_ms(first.step) : null,
    steps: path,
  };
}

function end_ms(step: StepRunRow | undefined): number {
  return step?.finishedAt?.getTime() ?? -Infinity;
}

function start_ms(step: StepRunRow): number {
  return step.startedAt?.getTime() ?? -Infinity;
}
