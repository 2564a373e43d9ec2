/** The graph of a workflow version, ready to be drawn. */
import type { Ctx } from '../context.ts';
import { Limited } from '../errors.ts';
import { groupBy } from '../group.ts';
import { statement } from '../sql.ts';
import type { StepRow, WorkflowVersionRow } from './rows.ts';

/** Steps and edges of all versions whose graphs one level may ask for. */
export const GRAPH_PARTS_MAX = 500_000;

export interface GraphNode extends StepRow {
  /** 0 for a step that waits for none, else 1 more than the highest it waits for. */
  readonly level: number;
}

export interface GraphEdge {
  readonly fromKey: string;
  readonly toKey: string;
}

export interface WorkflowGraph {
  /** In the order of the definition. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Number of levels. */
  readonly depth: number;
  /** Most steps on one level. */
  readonly width: number;
}

const STEPS = statement<StepRow>(
  'steps.byVersions',
  `SELECT workflow_version_id AS "workflowVersionId", key, name, position, settings FROM step
  WHERE workflow_version_id = ANY($1::uuid[]) ORDER BY workflow_version_id, position`,
);
const EDGES = statement<GraphEdge & { readonly versionId: string }>(
  'edges.graph',
  `SELECT workflow_version_id AS "versionId", from_key AS "fromKey", to_key AS "toKey" FROM edge
  WHERE workflow_version_id = ANY($1::uuid[]) ORDER BY workflow_version_id, from_key, to_key`,
);

/** The graph of each version. Two statements. Refuses with Limited past GRAPH_PARTS_MAX. */
export async function graphsOfVersions(
  ctx: Ctx,
  versions: readonly Pick<WorkflowVersionRow, 'id' | 'stepCount' | 'edgeCount'>[],
): Promise<readonly WorkflowGraph[]> {
  const parts = versions.reduce((sum, row) => sum + row.stepCount + row.edgeCount, 0);
  if (parts > GRAPH_PARTS_MAX) throw new Limited('steps and edges', GRAPH_PARTS_MAX, parts);
  const ids = [versions.map(({ id }) => id)];
  const [steps, edges] = await Promise.all([ctx.sql.query(STEPS, ids), ctx.sql.query(EDGES, ids)]);
  const stepsOf = groupBy(steps, (step) => step.workflowVersionId);
  const edgesOf = groupBy(edges, (edge) => edge.versionId);
  return versions.map(({ id }) => layered(stepsOf.get(id) ?? [], edgesOf.get(id) ?? []));
}

/** Puts each step on its level. Pure. O(steps + edges). The graph has no cycle: it was checked when stored. */
export function layered(steps: readonly StepRow[], edges: readonly GraphEdge[]): WorkflowGraph {
  const children = groupBy(edges, ({ fromKey }) => fromKey);
  const waits = new Map(steps.map(({ key }) => [key, 0]));
  for (const { toKey } of edges) waits.set(toKey, (waits.get(toKey) ?? 0) + 1);
  const levels = new Map<string, number>();
  let free = steps.filter(({ key }) => waits.get(key) === 0).map(({ key }) => key);
  let width = 0;
  let depth = 0;
  for (; free.length > 0; depth += 1) {
    width = Math.max(width, free.length);
    const next: string[] = [];
    for (const key of free) {
      levels.set(key, depth);
      for (const { toKey } of children.get(key) ?? []) {
        const left = (waits.get(toKey) ?? 0) - 1;
        waits.set(toKey, left);
        if (left === 0) next.push(toKey); // Its last parent is on this level.
      }
    }
    free = next;
  }
  return {
    nodes: steps.map((step) => ({ ...step, level: levels.get(step.key) ?? 0 })),
    edges,
    depth,
    width,
  };
}
