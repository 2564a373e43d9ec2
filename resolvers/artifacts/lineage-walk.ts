/**
 * The walk of a lineage, as a store of the graph answers it: breadth first, from each root on its own. An artifact is
 * expanded once, so cycles end by themselves and the work is linear in the edges read. lineage.ts bounds it and puts it
 * together.
 */

/** To what an artifact was made from, or to what was made from it. */
export type LineageWay = 'UPSTREAM' | 'DOWNSTREAM';

/** One edge as it lies in the tables. */
export interface Found {
  /** `used`: by the step. `made`: by the step. `told`: `artifactId` was named in derivedFrom of `toId`. */
  readonly by: 'used' | 'made' | 'told';
  readonly artifactId: string;
  readonly toId: string | null;
  readonly runId: string | null;
  readonly stepKey: string | null;
}

/** One level of a walk. */
export interface Level {
  /** Artifacts away from the root, from 0. */
  readonly depth: number;
  /** First met here; newest first. */
  readonly ids: readonly string[];
  /** Read by expanding the level before, in no order. */
  readonly found: readonly Found[];
  /** The level before has edges that were not read. */
  readonly more: boolean;
}

/** Bounds of the walk from one root. */
export interface LineageWalkBounds {
  /** Artifacts away. */
  readonly depth: number;
  /** Artifacts at most, the root among them: of those met by one level the newest. */
  readonly artifacts: number;
  /**
   * Edges of one kind that a level reads at most, and one more, to know that there are more; which ones, if there are,
   * is not said but of the steps that used an artifact: those of the newest runs. Edges `made` are all read upstream.
   */
  readonly levelEdges: number;
  /** Once so many edges were read, no further level is. */
  readonly edges: number;
  /** No level tells edges or whether there are more, and the one beyond the depth is not read. */
  readonly nodesOnly?: boolean;
}

/**
 * For each root, in their order, levels 0 to depth, and one more that holds only the edges of the deepest unless
 * `nodesOnly`; fewer where nothing comes. Nothing for a root that is not there. One statement, whatever the number of roots. Refuses with
 * Limited past ROOTS_MAX of the graph, with Invalid what is no workspace.
 */
export type LineageWalk = (
  workspaceId: string,
  rootIds: readonly string[],
  way: LineageWay,
  bounds: LineageWalkBounds,
) => Promise<readonly (readonly Level[])[]>;
