/**
 * Lineage: what an artifact was made from (upstream) and what was made from it (downstream), through runs. Two
 * artifacts are neighbours when one step used the one and made the other, or when somebody said so
 * (artifact_derivation). lineage-walk.ts reads it; here it is bounded and put together.
 */
import type { Ctx } from '../context.ts';
import { Invalid, NotFound } from '../errors.ts';
import { statement } from '../sql.ts';
import { walkDownstream, walkUpstream, type Found, type Level } from './lineage-walk.ts';

export const LINEAGE_DIRECTIONS = ['UPSTREAM', 'DOWNSTREAM', 'BOTH'] as const;
export type LineageDirection = (typeof LINEAGE_DIRECTIONS)[number];

/** Bounds of one answer. */
export const LINEAGE_LIMITS = { depth_max: 50, first_max: 1_000, edges_max: 5_000 } as const;

export interface LineageNode {
  readonly artifactId: string;
  /** Artifacts away from the root: 0 itself, negative upstream, positive downstream; on both sides the shorter way. */
  readonly depth: number;
  /** It has neighbours that are not in this answer; after the cut EDGES: it may have. */
  readonly hasMore: boolean;
}

/** One end of an edge. */
export type LineageEnd =
  | { readonly artifactId: string }
  | { readonly runId: string; readonly stepKey: string };

/**
 * Artifact to step run: used by it. Step run to artifact: made by it. Artifact to artifact: the second was registered as
 * derived from the first.
 */
export interface LineageEdge {
  readonly from: LineageEnd;
  readonly to: LineageEnd;
}

/** The bound that kept something out of the answer. */
export type LineageCut = 'DEPTH' | 'FIRST' | 'EDGES';

export interface Lineage {
  readonly rootId: string;
  /** Nearest first, within a depth newest first. */
  readonly nodes: readonly LineageNode[];
  /** What the walk passed between nodes and steps, each once. */
  readonly edges: readonly LineageEdge[];
  /** Null when nothing was left out; else nodes with `hasMore` are where. */
  readonly cut: LineageCut | null;
}

export interface LineageBounds {
  /** From 1 to depth_max. */
  readonly depth: number;
  /** Artifacts at most, the root among them; from 1 to first_max. */
  readonly first: number;
  /** Tests lower it. */
  readonly edges_max?: number;
}

/**
 * The lineage of an artifact.
 *
 * Refuses: Invalid when a bound is passed; NotFound.
 * Cost: one statement to find it and one per direction, which read at most edges_max + 1 edges.
 */
export async function artifactLineage(
  ctx: Ctx,
  id: string,
  direction: LineageDirection,
  { depth, first, edges_max = LINEAGE_LIMITS.edges_max }: LineageBounds,
): Promise<Lineage> {
  checkBound('depth', depth, LINEAGE_LIMITS.depth_max);
  checkBound('first', first, LINEAGE_LIMITS.first_max);
  const { workspaceId } = ctx.viewer;
  const root = await ctx.sql.query(ROOT, [id, workspaceId]);
  if (root.length === 0) throw new NotFound('Artifact', id);

  const values = [id, workspaceId, depth, first, edges_max];
  const ways = direction === 'BOTH' ? (['UPSTREAM', 'DOWNSTREAM'] as const) : [direction];
  const sides = await Promise.all(
    ways.map(async (way) =>
      bounded(way === 'DOWNSTREAM', await ctx.sql.query(WALKS[way], values), edges_max),
    ),
  );
  return putTogether(id, sides, { depth, first });
}

function checkBound(field: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new Invalid(field, `must be from 1 to ${max}, got ${value}`);
  }
}

const ROOT = statement<{ id: string }>(
  'artifacts.lineageRoot',
  'SELECT id FROM artifact WHERE id = $1 AND workspace_id = $2',
);

const WALKS = { UPSTREAM: walkUpstream, DOWNSTREAM: walkDownstream } as const;

/** One direction as it was read. */
interface Side {
  readonly forward: boolean;
  /** Artifact to distance from the root. */
  readonly distances: ReadonlyMap<string, number>;
  readonly found: readonly Found[];
  /** Artifacts at this distance and beyond may have neighbours that were not read. */
  readonly unsure_min: number;
}

/** Drops what was read past edges_max (only ever in the last level), and the artifacts met by that alone. */
function bounded(forward: boolean, levels: readonly Level[], edges_max: number): Side {
  const found = levels.flatMap((level) => level.found);
  const over = found.length > edges_max;
  const kept = over ? found.slice(0, edges_max) : found;
  const linked = new Set(kept.flatMap(({ artifactId, toId }) => [artifactId, toId]));
  const distances = new Map<string, number>();
  for (const { depth, ids } of levels) {
    for (const id of ids) if (depth === 0 || linked.has(id)) distances.set(id, depth);
  }
  return { forward, distances, found: kept, unsure_min: over ? levels.length - 2 : Infinity };
}

function putTogether(
  rootId: string,
  sides: readonly Side[],
  { depth, first }: Pick<LineageBounds, 'depth' | 'first'>,
): Lineage {
  const depths = new Map([[rootId, 0]]);
  for (const { forward, distances } of sides) {
    for (const [id, distance] of distances) {
      if (distance < Math.abs(depths.get(id) ?? Infinity)) {
        depths.set(id, forward ? distance : -distance);
      }
    }
  }
  const nearest = [...depths]
    .toSorted(([a, x], [b, y]) => Math.abs(x) - Math.abs(y) || (a < b ? 1 : -1))
    .slice(0, first);
  const kept = new Map(nearest);
  const open = sides.flatMap((side) => openEnds(side, kept));
  const openIds = new Set(open.map(({ id }) => id));
  return {
    rootId,
    nodes: nearest.map(([artifactId, at]) => ({
      artifactId,
      depth: at,
      hasMore: openIds.has(artifactId),
    })),
    edges: edgesOf(kept, sides),
    cut: cutOf(open, sides, depth),
  };
}

/** The kept artifacts, with their distance, that have a neighbour which is not kept or was not read. */
function openEnds(
  side: Side,
  kept: ReadonlyMap<string, number>,
): { id: string; distance: number }[] {
  const leavingSteps = new Set<string>();
  const leaving = new Set<string>();
  const [near, far] = side.forward ? (['used', 'made'] as const) : (['made', 'used'] as const);
  for (const edge of side.found) {
    if (edge.by === far && !kept.has(edge.artifactId)) leavingSteps.add(stepName(edge));
    if (edge.by === 'told') {
      const [from, to] = side.forward
        ? [edge.artifactId, edge.toId!]
        : [edge.toId!, edge.artifactId];
      if (!kept.has(to)) leaving.add(from);
    }
  }
  for (const edge of side.found) {
    if (edge.by === near && leavingSteps.has(stepName(edge))) leaving.add(edge.artifactId);
  }
  return [...side.distances]
    .map(([id, distance]) => ({ id, distance }))
    .filter(({ id, distance }) => leaving.has(id) || distance >= side.unsure_min)
    .filter(({ id }) => kept.has(id));
}

function cutOf(
  open: readonly { readonly distance: number }[],
  sides: readonly Side[],
  depth: number,
): LineageCut | null {
  if (sides.some(({ unsure_min }) => unsure_min < Infinity)) return 'EDGES';
  if (open.length === 0) return null;
  return open.some(({ distance }) => distance < depth) ? 'FIRST' : 'DEPTH';
}

/** Each edge once. A step is there for a kept artifact that the walk came from; its other ends if they are kept. */
function edgesOf(kept: ReadonlyMap<string, number>, sides: readonly Side[]): LineageEdge[] {
  const edges = new Map<string, LineageEdge>();
  for (const side of sides) {
    const near = side.forward ? 'used' : 'made';
    const passed = side.found.filter(({ by, artifactId }) => by === near && kept.has(artifactId));
    const steps = new Set(passed.map(stepName));
    for (const found of side.found) {
      const { by, artifactId, toId } = found;
      if (!kept.has(artifactId) || !(toId === null ? steps.has(stepName(found)) : kept.has(toId)))
        continue;
      const artifact = { artifactId };
      const other =
        toId === null ? { runId: found.runId!, stepKey: found.stepKey! } : { artifactId: toId };
      edges.set(
        `${by} ${artifactId} ${toId ?? stepName(found)}`,
        by === 'made' ? { from: other, to: artifact } : { from: artifact, to: other },
      );
    }
  }
  return [...edges.values()];
}

function stepName({ runId, stepKey }: Found): string {
  return `${runId} ${stepKey}`;
}
