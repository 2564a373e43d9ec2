/** Which steps a step waits for, near and far, and which wait for it: the graph of a version, walked from some of its steps. */
import type { Ctx } from '../context.ts';
import { Invalid, Limited } from '../errors.ts';
import { groupBy } from '../group.ts';
import { statement, type Statement } from '../sql.ts';
import { graphsOfVersions, type GraphNode } from './graph-view.ts';
import { versionsById } from './loaders.ts';
import type { StepRow } from './rows.ts';

/** UPSTREAM: to what it waits for. DOWNSTREAM: to what waits for it. */
export type StepWay = 'UPSTREAM' | 'DOWNSTREAM';

/** Bounds of one answer. */
export const STEP_WALK_LIMITS = {
  depth_max: 100,
  first_max: 1_000,
  /** Steps of all the answers that one level may ask for: `first`, times the steps that it is asked of. */
  steps_max: 100_000,
} as const;

export interface StepWalkBounds {
  /** Edges away: from 1 to depth_max. */
  readonly depth: number;
  /** Steps at most, without the one asked about; from 1 to first_max. */
  readonly first: number;
}

/** A step that was reached, by its key in the graph of the one asked about. */
export interface ReachedStep {
  readonly stepKey: string;
  /** Edges away, by the shortest way: from 1. */
  readonly depth: number;
}

/** The bound that kept something out of the answer. */
export type StepWalkCut = 'DEPTH' | 'FIRST';

export interface StepWalk {
  /** Nearest first, within a depth in the order of the definition. */
  readonly steps: readonly ReachedStep[];
  readonly cut: StepWalkCut | null;
}

interface LevelRow {
  /** From 1, of the steps asked about. */
  readonly place: number;
  readonly depth: number;
  readonly keys: readonly string[];
}

/**
 * From `roots`: (place, version, key). A row per root and level; one level beyond the depth has a single step, and one
 * step more than may be is read, which only tell that they are there. A step is expanded once, so a cycle, though none
 * is ever stored, would end by itself. OFFSET 0 has edges found by the steps of a level, for each root and level anew.
 */
function walk(name: string, roots: string, way: StepWay): Statement<LevelRow> {
  const [near, far] = way === 'UPSTREAM' ? ['to_key', 'from_key'] : ['from_key', 'to_key'];
  return statement(
    name,
    `WITH RECURSIVE level AS (
      SELECT place, version_id, 0 AS depth, ARRAY[key] AS keys, ARRAY[key] AS seen FROM (${roots}) root
      UNION ALL
      SELECT level.place, level.version_id, level.depth + 1, next.keys, level.seen || next.keys
      FROM level CROSS JOIN LATERAL (SELECT ARRAY(
        SELECT met.key FROM (
          SELECT edge.key FROM unnest(level.keys) AS at(key) CROSS JOIN LATERAL (
            SELECT x.${far} AS key FROM edge x
            WHERE x.workflow_version_id = level.version_id AND x.${near} = at.key OFFSET 0
          ) AS edge
          EXCEPT SELECT unnest(level.seen)
        ) AS met CROSS JOIN LATERAL (
          SELECT x.position FROM step x
          WHERE x.workflow_version_id = level.version_id AND x.key = met.key OFFSET 0
        ) AS step
        ORDER BY step.position
        LIMIT CASE WHEN level.depth < $3::int THEN $4::int + 2 - cardinality(level.seen) ELSE 1 END
      ) AS keys OFFSET 0) AS next
      WHERE level.depth <= $3::int AND cardinality(level.seen) <= $4::int + 1 AND cardinality(level.keys) > 0
    )
    SELECT place, depth, keys FROM level WHERE depth > 0 AND cardinality(keys) > 0 ORDER BY place, depth`,
  );
}

const OF_STEPS = `SELECT place, version_id, key
  FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS x(version_id, key, place)`;
const OF_STEP_RUNS = `SELECT x.place, run.workflow_version_id AS version_id, x.key
  FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS x(run_id, key, place) JOIN run ON run.id = x.run_id`;

const STEP_WALKS = {
  UPSTREAM: walk('steps.upstream', OF_STEPS, 'UPSTREAM'),
  DOWNSTREAM: walk('steps.downstream', OF_STEPS, 'DOWNSTREAM'),
};
const STEP_RUN_WALKS = {
  UPSTREAM: walk('stepRuns.upstream', OF_STEP_RUNS, 'UPSTREAM'),
  DOWNSTREAM: walk('stepRuns.downstream', OF_STEP_RUNS, 'DOWNSTREAM'),
};

/**
 * From each step, in its version. One statement, linear in the edges of the steps that are reached.
 * Refuses: Invalid when a bound is passed; Limited past steps_max.
 */
export function walkSteps(
  ctx: Ctx,
  steps: readonly Pick<StepRow, 'workflowVersionId' | 'key'>[],
  way: StepWay,
  bounds: StepWalkBounds,
): Promise<readonly StepWalk[]> {
  const roots = steps.map(({ workflowVersionId, key }) => [workflowVersionId, key] as const);
  return walkFrom(ctx, STEP_WALKS[way], roots, bounds);
}

/** As walkSteps, from each step run in the version of its run. */
export function walkStepRuns(
  ctx: Ctx,
  steps: readonly { readonly runId: string; readonly stepKey: string }[],
  way: StepWay,
  bounds: StepWalkBounds,
): Promise<readonly StepWalk[]> {
  const roots = steps.map(({ runId, stepKey }) => [runId, stepKey] as const);
  return walkFrom(ctx, STEP_RUN_WALKS[way], roots, bounds);
}

async function walkFrom(
  ctx: Ctx,
  walked: Statement<LevelRow>,
  roots: readonly (readonly [id: string, key: string])[],
  { depth, first }: StepWalkBounds,
): Promise<readonly StepWalk[]> {
  checkBound('depth', depth, STEP_WALK_LIMITS.depth_max);
  checkBound('first', first, STEP_WALK_LIMITS.first_max);
  const { steps_max } = STEP_WALK_LIMITS;
  if (roots.length * first > steps_max) {
    throw new Limited('steps that may be reached', steps_max, roots.length * first);
  }
  const [ids, keys] = [roots.map(([id]) => id), roots.map(([, key]) => key)];
  const rows = await ctx.sql.query(walked, [ids, keys, depth, first]);
  const levels = groupBy(rows, ({ place }) => place);
  return roots.map((_, at) => walkOf(levels.get(at + 1) ?? [], { depth, first }));
}

function walkOf(levels: readonly LevelRow[], { depth, first }: StepWalkBounds): StepWalk {
  const within = levels.filter((level) => level.depth <= depth);
  const steps = within.flatMap((level) =>
    level.keys.map((stepKey) => ({ stepKey, depth: level.depth })),
  );
  if (steps.length > first) return { steps: steps.slice(0, first), cut: 'FIRST' };
  return { steps, cut: levels.length > within.length ? 'DEPTH' : null };
}

function checkBound(field: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new Invalid(field, `must be from 1 to ${max}, got ${value}`);
  }
}

const BY_KEYS = statement<StepRow>(
  'steps.byKeys',
  `SELECT x.workflow_version_id AS "workflowVersionId", x.key, x.name, x.position, x.settings
  FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[])) AS wanted(version_id, key)
  JOIN step x ON x.workflow_version_id = wanted.version_id AND x.key = wanted.key`,
);

/** Steps by version and key, of versions that the viewer sees; null where there is none. One statement. */
export async function stepsByKeys(
  ctx: Ctx,
  wanted: readonly { readonly versionId: string; readonly key: string }[],
): Promise<readonly (StepRow | null)[]> {
  const isKey = ({ key }: { readonly key: string }) => !key.includes('\0');
  const known = wanted.filter(isKey);
  const values = [known.map(({ versionId }) => versionId), known.map(({ key }) => key)];
  const rows = known.length > 0 ? await ctx.sql.query(BY_KEYS, values) : [];
  const found = new Map(rows.map((row) => [`${row.workflowVersionId} ${row.key}`, row]));
  return wanted.map(({ versionId, key }) => found.get(`${versionId} ${key}`) ?? null);
}

/**
 * The level of each step: what its graph told, where it was read with it; else their whole graphs are read, in three
 * statements. Refuses with Limited as graphsOfVersions.
 */
export async function levelsOfSteps(
  ctx: Ctx,
  steps: readonly (StepRow & Partial<Pick<GraphNode, 'level'>>)[],
): Promise<readonly number[]> {
  const unknown = steps.filter(({ level }) => level === undefined);
  if (unknown.length === 0) return steps.map(({ level }) => level!);
  const ids = [...new Set(unknown.map(({ workflowVersionId }) => workflowVersionId))];
  const versions = (await versionsById(ctx, ids)).filter((version) => version !== null);
  const graphs = await graphsOfVersions(ctx, versions);
  const levels = new Map(
    graphs.flatMap(({ nodes }) =>
      nodes.map((node) => [`${node.workflowVersionId} ${node.key}`, node.level] as const),
    ),
  );
  return steps.map(
    ({ workflowVersionId, key, level }) => level ?? levels.get(`${workflowVersionId} ${key}`) ?? 0,
  );
}
