/**
 * What the projector of the graph needs of the store that it keeps, Neo4j. The store holds what the rows of Postgres
 * said when they were read, and beside it a state: how far that goes. All that changes either goes through `locked`, so
 * one writer at a time reads rows and writes them, whichever gateway it is in: what is written last was read last.
 */
import type { Position } from '../events/feed/position.ts';
import type { HeldLineage, StoredLineage } from './lineage-projection.ts';

/**
 * What is projected, as a number: of what resolvers/projectors/graph-step.ts lists, and of the form that it has in the
 * store. One that projects more, or otherwise, raises it: gateways rebuild then, and what is of another shape than
 * their own they neither keep nor read.
 */
export const SHAPE = 2;

/** A row of graph_node, as it is kept. */
export interface ProjectedNode {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  /** JSON, as Postgres writes it. */
  readonly properties: string;
  readonly version: number;
}

/** A row of graph_relation, as it is kept. */
export interface ProjectedRelation {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: string;
  readonly fromId: string;
  readonly toId: string;
  readonly properties: string;
  readonly version: number;
}

/** How far the store is. */
export interface ProjectionState {
  /** Of the change feed: each row that was changed up to here is as new as that change, or newer. If `complete`. */
  readonly position: Position;
  /** False from the begin of a first rebuild to its end: then rows may be missing that did not change since. */
  readonly complete: boolean;
  /**
   * Of the newest rebuild, the time at which it began (ms since 1970), or one more than the last where that is later.
   * What is written is marked with it: so the rebuild knows what it has not met.
   */
  readonly generation: number;
  /** SHAPE of the gateway that began the newest rebuild. */
  readonly shape: number;
  /** Of the rebuild that is under way: what it is at, and the last id that is done of that. Null when there is none. */
  readonly rebuild: { readonly stage: string; readonly after: string | null } | null;
  /** Changes applied since `position` was first set, each once. */
  readonly changes: number;
  /** When `position` was last moved, by the clock of the gateway that moved it; ms since 1970. */
  readonly confirmed_ms: number;
}

/** Of a walk through all that is stored, in the order of ids. */
export interface Swept {
  /** The last id that was looked at; null when none was left. */
  readonly last: string | null;
  readonly removed: number;
}

/** The state is locked by this transaction, which is READ COMMITTED. Each method is one statement. */
export interface Held {
  /** As the last one to hold the lock left it; null when nothing was ever projected. */
  readonly state: ProjectionState | null;
  move(state: ProjectionState): Promise<void>;
  /** Of these ids what is stored, in any order. */
  nodes(ids: readonly string[]): Promise<readonly ProjectedNode[]>;
  relations(ids: readonly string[]): Promise<readonly ProjectedRelation[]>;
  /** As given, whatever there is, and marked. Each id once. */
  writeNodes(nodes: readonly ProjectedNode[], mark: number): Promise<void>;
  /**
   * The same; one that leads elsewhere now takes the place of the older. Answers ids of those that were left out, since
   * an end is not there *with this mark*: what has an older one may be about to be swept, and they with it.
   */
  writeRelations(relations: readonly ProjectedRelation[], mark: number): Promise<readonly string[]>;
  removeNodes(ids: readonly string[]): Promise<void>;
  removeRelations(ids: readonly string[]): Promise<void>;
  /** Looks at the next `limit` after an id and removes those with another mark. */
  sweep(
    what: 'nodes' | 'relations',
    mark: number,
    after: string | null,
    limit: number,
  ): Promise<Swept>;
  readonly lineage: HeldLineage & StoredLineage;
}

/** Throws Unavailable where the store is away or does not answer in time. */
export interface Projection {
  /** Null when nothing was ever projected. One statement, which waits for no lock. */
  state(): Promise<ProjectionState | null>;
  /**
   * Locks the state, then works, in one transaction; rolled back when `work` throws. It may be tried again, whole, also
   * after it was committed and the answer got lost: compare `state` first. A gateway that stalls loses the lock with
   * its transaction, which the store ends after a time.
   */
  locked<T>(work: (held: Held) => Promise<T>): Promise<T>;
  /**
   * What is stored after an id (null: from the begin), in the order of ids, at most `limit`: for who compares. Waits for
   * no lock. One statement.
   */
  nodesAfter(after: string | null, limit: number): Promise<readonly ProjectedNode[]>;
  relationsAfter(after: string | null, limit: number): Promise<readonly ProjectedRelation[]>;
  readonly lineage: StoredLineage;
}
