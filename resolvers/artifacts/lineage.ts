/**
 * Lineage: what an artifact was made from (upstream) and what was made from it (downstream), through runs. Two
 * artifacts are neighbours when one step used the one and made the other, or when somebody said so
 * (artifact_derivation). The graph walks it (lineage-walk.ts); here that is
 * bounded and put together.
 */
import type { Ctx } from '../context.ts';
import { Invalid, NotFound } from '../errors.ts';
import { distinctIds } from '../group.ts';
import { statement } from '../sql.ts';
import type { Found, Level, LineageWay } from './lineage-walk.ts';

export const LINEAGE_DIRECTIONS = ['UPSTREAM', 'DOWNSTREAM', 'BOTH'] as const;
export type LineageDirection = (typeof LINEAGE_DIRECTIONS)[number];

/** Bounds of one answer. */
export const LINEAGE_LIMITS = {
  depth_max: 50,
  first_max: 1_000,
  /** A direction that has read so many goes no further; of each kind a level reads at most as many. */
  edges_max: 5_000,
} as const;

/** Of edges, for each artifact that the answer may hold: so many of each kind a level reads, and so many a direction. */
const LEVEL_EDGES_PER_NODE = 5;
export const EDGES_PER_NODE = 25;

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
  /** Neither edges nor what was left out is asked for: `edges` is empty, `cut` null, `hasMore` false whatever is so. */
  readonly nodesOnly?: boolean;
  /** Tests lower it. */
  readonly edges_max?: number;
}

/**
 * The lineage of an artifact.
 *
 * Refuses: Invalid when a bound is passed; NotFound.
 * Cost: one statement per direction, linear in the edges read: at most four times edges_max; where nothing else was found
 * one more, to tell whether it is there. A store that is behind may still know one that was removed.
 */
export async function artifactLineage(
  ctx: Ctx,
  id: string,
  direction: LineageDirection,
  bounds: LineageBounds,
): Promise<Lineage> {
  const [lineage] = await lineagesOfArtifacts(ctx, [{ id }], direction, bounds);
  if (lineage!.nodes.length === 1) {
    const root = await ctx.sql.query(ROOT, [id, ctx.viewer.workspaceId]);
    if (root.length === 0) throw new NotFound('Artifact', id);
  }
  return lineage!;
}

/**
 * The lineage of each artifact, of those that the viewer sees. One that a store of the graph does not know yet comes
 * alone.
 *
 * Refuses: Invalid when a bound is passed; Limited past ROOTS_MAX artifacts.
 * Cost: one statement per direction, whatever their number; of each artifact as much as artifactLineage reads.
 */
export async function lineagesOfArtifacts(
  ctx: Ctx,
  artifacts: readonly { readonly id: string }[],
  direction: LineageDirection,
  bounds: LineageBounds,
): Promise<readonly Lineage[]> {
  checkBounds(bounds);
  const { depth, first, nodesOnly = false, edges_max = LINEAGE_LIMITS.edges_max } = bounds;
  const ids = distinctIds(artifacts);
  const ways = direction === 'BOTH' ? (['UPSTREAM', 'DOWNSTREAM'] as const) : [direction];
  const graph = ctx.graphFor(ctx);
  const walked = await Promise.all(
    ways.map((way) =>
      graph.lineage(ctx.viewer.workspaceId, ids, way, {
        depth,
        artifacts: first,
        levelEdges: Math.min(edges_max, first * LEVEL_EDGES_PER_NODE),
        edges: Math.min(edges_max, first * EDGES_PER_NODE),
        nodesOnly,
      }),
    ),
  );
  const lineages = new Map(
    ids.map((id, at) => {
      const sides = ways.map((way, side) => sideOf(way, walked[side]![at]!, depth, nodesOnly));
      return [id, putTogether(id, sides, { depth, first })];
    }),
  );
  return artifacts.map(({ id }) => lineages.get(id)!);
}

function checkBounds({ depth, first }: LineageBounds): void {
  checkBound('depth', depth, LINEAGE_LIMITS.depth_max);
  checkBound('first', first, LINEAGE_LIMITS.first_max);
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

/** One direction as it was read. */
interface Side {
  readonly forward: boolean;
  /** Artifact to distance from the root. */
  readonly distances: ReadonlyMap<string, number>;
  readonly found: readonly Found[];
  /** Artifacts at these distances may have neighbours that were not read. */
  readonly unsure: ReadonlySet<number>;
}

function sideOf(
  way: LineageWay,
  levels: readonly Level[],
  depth: number,
  nodesOnly: boolean,
): Side {
  const unsure = new Set(levels.flatMap((level) => (level.more ? level.depth - 1 : [])));
  const last = levels.at(-1);
  const isOpen = last && last.depth <= depth && last.ids.length > 0;
  if (isOpen && !nodesOnly) unsure.add(last.depth); // Never expanded: enough was read.
  return {
    forward: way === 'DOWNSTREAM',
    distances: new Map(levels.flatMap((level) => level.ids.map((id) => [id, level.depth]))),
    found: levels.flatMap((level) => level.found),
    unsure,
  };
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
    cut: cutOf(open, depth),
  };
}

/** The kept artifacts, with their distance, that have a neighbour which is not kept or was not read. */
function openEnds(side: Side, kept: ReadonlyMap<string, number>): OpenEnd[] {
  const leavingSteps = new Set<string>();
  const leaving = new Set<string>();
  const [near, far] = kindsOf(side);
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
    .filter(([id]) => kept.has(id))
    .map(([id, distance]) => ({ id, distance, sure: leaving.has(id) }))
    .filter(({ distance, sure }) => sure || side.unsure.has(distance));
}

interface OpenEnd {
  readonly id: string;
  readonly distance: number;
  /** A neighbour was read and is not kept; else it may have one that was not read. */
  readonly sure: boolean;
}

/** Seen from the root: the edges that lead to a step, and those that lead on. */
function kindsOf({ forward }: Side) {
  return forward ? (['used', 'made'] as const) : (['made', 'used'] as const);
}

function cutOf(open: readonly OpenEnd[], depth: number): LineageCut | null {
  if (open.some(({ sure, distance }) => sure && distance < depth)) return 'FIRST';
  if (open.some(({ sure }) => !sure)) return 'EDGES';
  return open.length > 0 ? 'DEPTH' : null;
}

/** Each edge once: between kept artifacts, and between those and the steps that were passed. */
function edgesOf(kept: ReadonlyMap<string, number>, sides: readonly Side[]): LineageEdge[] {
  const edges = new Map<string, LineageEdge>();
  for (const side of sides) {
    const passed = passedSteps(side, kept);
    for (const found of side.found) {
      const { by, artifactId, toId } = found;
      if (!kept.has(artifactId)) continue;
      if (!(toId === null ? passed.has(stepName(found)) : kept.has(toId))) continue;
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

/** Those next to a kept artifact that lead on to another, or to none at all. */
function passedSteps(side: Side, kept: ReadonlyMap<string, number>): Set<string> {
  const [near, far] = kindsOf(side);
  const passed = new Set<string>();
  const dangling = new Set<string>();
  for (const edge of side.found) {
    if (edge.by === near && kept.has(edge.artifactId)) passed.add(stepName(edge));
    if (edge.by === far) dangling.add(stepName(edge));
  }
  for (const edge of side.found) {
    if (edge.by === far && kept.has(edge.artifactId)) dangling.delete(stepName(edge));
  }
  return new Set([...passed].filter((step) => !dangling.has(step)));
}

function stepName({ runId, stepKey }: Found): string {
  return `${runId} ${stepKey}`;
}
