/**
 * The graph: nodes, and relations that lead from one to another. Two adapters: SQL over the tables that are the truth
 * (embedded, and where the server is away), and Neo4j, which a projector keeps (graph-sql.ts, graph-neo4j.ts in
 * gateway/stores). Same answers from both, as the contract suite has it; where several are right (shortest paths), one
 * of them.
 */

import type { LineageWalk } from '../artifacts/lineage-walk.ts';

/** A thing of the graph. */
export interface GraphNode {
  /** A uuid, in lower case. */
  readonly id: string;
  /** What it is, in the words of whoever made it: `airport`, `Gene`. 1 to 100 characters, as code points. */
  readonly kind: string;
  /** What its makers call it; unique within workspace and kind. 1 to 500 characters. */
  readonly key: string;
  /** For people. At most 1,000 characters, and 2,500 bytes. */
  readonly name: string;
  readonly properties: GraphProperties;
  /** From 0; rises with each change, and the newest wins. */
  readonly version: number;
}

/** A relation. There may be several between two nodes, of one kind too, and from a node to itself. */
export interface GraphRelation {
  /** A uuid, in lower case. */
  readonly id: string;
  /** As of a node. */
  readonly kind: string;
  readonly fromId: string;
  readonly toId: string;
  readonly properties: GraphProperties;
  readonly version: number;
}

/** JSON, at most 64 KiB as text. */
export type GraphProperties = Readonly<Record<string, unknown>>;

/** Which way relations are walked: as they lead, against it, or both. */
export type Direction = 'OUT' | 'IN' | 'BOTH';

/** What is walked, of all there is. Kinds that nothing can have match nothing. */
export interface Walk {
  readonly direction: Direction;
  /** Kinds of relations; all when left out. None are walked when empty. */
  readonly relationKinds?: readonly string[];
  /** Kinds of nodes that are walked to; all when left out. Where a walk begins may be of any. */
  readonly nodeKinds?: readonly string[];
}

/** Bounds of one walk: beyond them the answer is cut, and says so. Roots count as nodes. */
export interface WalkBounds {
  /** Relations one after the other: 1 to DEPTH_MAX. */
  readonly depth: number;
  /** Nodes of one answer: 1 to NODES_MAX. */
  readonly nodes: number;
  /** Relations of one answer: 1 to RELATIONS_MAX, which it is when left out. */
  readonly relations?: number;
  /** Relations are not looked for, nor what lies beyond the depth: `cut` tells of NODES alone. */
  readonly nodesOnly?: boolean;
}

export const DEPTH_MAX = 32;
export const NODES_MAX = 10_000;
/** Between nodes of one answer: a dense graph has the square of them. */
export const RELATIONS_MAX = 20_000;
/** Roots, or pairs, of one call. */
export const ROOTS_MAX = 1_000;
/** Neighbours of one page. */
export const PAGE_MAX = 100;
/** Paths of one answer of `allPaths`. */
export const PATHS_MAX = 1_000;
/** Kinds of relations, or of nodes, that one walk names. */
export const KINDS_MAX = 100;
/** Nodes, relations and removals of one batch, together. */
export const BATCH_MAX = 1_000;

/** Why an answer is not all there is. */
export interface Cut {
  /** The bound that was reached. */
  readonly by: 'DEPTH' | 'NODES' | 'RELATIONS' | 'PATHS';
  /** The bound's value. */
  readonly at: number;
}

/** A node, and how far from the nearest root it was found: 0 for a root. */
export interface Reached {
  readonly node: GraphNode;
  readonly depth: number;
}

/**
 * What a walk from some roots found: nodes in the order of depth, then id; every relation of the walked kinds between
 * two of them, in the order of id.
 */
export interface Network {
  readonly nodes: readonly Reached[];
  readonly relations: readonly GraphRelation[];
  /**
   * By NODES where there were more within the depth: the nearest are there, of the farthest depth those of least id.
   * Else by RELATIONS where there are more between them: those of least id are there. Else by DEPTH where a node lies
   * beyond it.
   */
  readonly cut: Cut | null;
}

/** A neighbour, and the relation that leads to it. Neighbours come in the order of the relation's id. */
export interface Neighbour {
  readonly relation: GraphRelation;
  readonly node: GraphNode;
}

/** Neighbours of one node. */
export interface NeighbourPage {
  readonly items: readonly Neighbour[];
  readonly hasMore: boolean;
}

/** From one node to another: one more node than relations, each relation between its two. */
export interface GraphPath {
  readonly nodes: readonly GraphNode[];
  readonly relations: readonly GraphRelation[];
}

export interface Degree {
  readonly out: number;
  readonly in: number;
}

/** What is written together. */
export interface GraphBatch {
  readonly nodes?: readonly GraphNode[];
  readonly relations?: readonly GraphRelation[];
  /** Ids. With a node go its relations. */
  readonly removedNodes?: readonly string[];
  readonly removedRelations?: readonly string[];
}

/**
 * Reads of one workspace. Each takes many roots at once and is one statement of its store, whatever their number; ids
 * that are not there are left out of answers. Throws Limited past a bound of its arguments, and Unavailable where the
 * store is away or does not answer in time.
 */
export interface GraphReads {
  /** In the order of the ids; null for what is not there. */
  nodes(workspaceId: string, ids: readonly string[]): Promise<readonly (GraphNode | null)[]>;
  /** A page for each id, in their order, of relations whose ids are greater than `after`. A self-loop comes once. */
  neighbours(
    workspaceId: string,
    ids: readonly string[],
    walk: Walk,
    page: { readonly first: number; readonly after?: string },
  ): Promise<readonly NeighbourPage[]>;
  network(
    workspaceId: string,
    rootIds: readonly string[],
    walk: Walk,
    bounds: WalkBounds,
  ): Promise<Network>;
  /** A path of fewest relations for each pair, null where there is none within the depth. A node has none to itself. */
  shortestPaths(
    workspaceId: string,
    pairs: readonly { readonly fromId: string; readonly toId: string }[],
    walk: Walk,
    depth: number,
  ): Promise<readonly (GraphPath | null)[]>;
  /**
   * All paths that meet no node twice, shorter ones first, then in the order of their relations' ids; `limit` at most.
   * Cut by PATHS where there are more within the depth; longer ones were not asked for.
   */
  allPaths(
    workspaceId: string,
    pair: { readonly fromId: string; readonly toId: string },
    walk: Walk,
    bounds: { readonly depth: number; readonly limit: number },
  ): Promise<{ readonly paths: readonly GraphPath[]; readonly cut: Cut | null }>;
  /** Relations of the walked kinds that begin and end at each node, in the order of the ids. A self-loop counts in both. */
  degrees(
    workspaceId: string,
    ids: readonly string[],
    relationKinds?: readonly string[],
  ): Promise<readonly Degree[]>;
  /**
   * The nodes with the most relations that are walked from them (a self-loop counts twice in BOTH), then by id; those
   * with none are left out. `limit`: 1 to PAGE_MAX.
   */
  topByDegree(
    workspaceId: string,
    walk: Walk,
    limit: number,
  ): Promise<readonly { readonly node: GraphNode; readonly degree: number }[]>;
  /**
   * The relations of the walked kinds between these nodes, in the order of id: `limit` of them, which is from 1 to
   * RELATIONS_MAX. Cut by RELATIONS where there are more.
   */
  relationsAmong(
    workspaceId: string,
    ids: readonly string[],
    relationKinds?: readonly string[],
    limit?: number,
  ): Promise<{ readonly relations: readonly GraphRelation[]; readonly cut: Cut | null }>;
  /** Of artifacts, which are no nodes of the others' graph; their derivations and the steps of runs are its relations. */
  lineage: LineageWalk;
}

/** Reads, and what keeps a store: commands write the tables in their own transaction, the projector the rest. */
export interface Graph extends GraphReads {
  /**
   * Writes in one transaction: nodes, then relations, then removals. What is stored with the same or a higher version
   * stays as it is; so it is with an id that comes twice. A newer relation may lead elsewhere. Invalid, and nothing of
   * the batch is written: a relation from or to a node that is not there once the nodes are written, an id that another
   * workspace has, a value that breaks a rule of its field; in the tables also a key that another node of the kind has
   * (what follows them may meet a key twice, between a removal and what takes its place).
   */
  write(workspaceId: string, batch: GraphBatch): Promise<void>;
}
