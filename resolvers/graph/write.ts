/**
 * The one way to write entities and relations: set-based, within a transaction of the caller's. Their followers hear
 * of it by the change feed, whose triggers give versions: what stays as it was gets none.
 */
import type { Sql } from '../sql.ts';
import { NONE_KEPT, type KeptKinds } from './kept-kinds.ts';
import type { GraphProperties } from './port.ts';
import { checkWrites } from './write-check.ts';
import { removeNodes, storeNodes } from './write-nodes.ts';
import { holdRelations, removeRelations, storeRelations } from './write-relations.ts';

/**
 * A node as it shall be. By its id, or else by kind and key: what is there is changed, what is not is made (with kind
 * and key, under that id or a new one). Left out or null: stays as it is; of a new node the name is its key, and the
 * properties are none. A kind never changes.
 */
export interface NodeWrite {
  /** A uuid, in lower case. */
  readonly id?: string | null | undefined;
  readonly kind?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly name?: string | null | undefined;
  /** All of them: those that were there before are gone. */
  readonly properties?: GraphProperties | null | undefined;
  /** Conflict unless it is there, at this version. */
  readonly expectedVersion?: number | null | undefined;
}

/** Which node: by its id, or by kind and key. It may be of the same batch. */
export interface End {
  readonly id?: string | null | undefined;
  readonly kind?: string | null | undefined;
  readonly key?: string | null | undefined;
}

/**
 * A relation as it shall be. By its id; or else by kind, ends and `key`, from which its id is made (`derivedId`): so
 * there is one for each of these, and whoever writes it twice writes the same. One that was made under an id of its own
 * is another one, even between the same ends. Kind and ends never change.
 */
export interface RelationWrite {
  readonly id?: string | null | undefined;
  readonly kind?: string | null | undefined;
  readonly from?: End | null | undefined;
  readonly to?: End | null | undefined;
  /** Tells several of one kind between the same two apart. Not stored, and not with an id. */
  readonly key?: string | null | undefined;
  readonly properties?: GraphProperties | null | undefined;
  readonly expectedVersion?: number | null | undefined;
}

/** What is written together: at most BATCH_MAX. */
export interface GraphWrites {
  readonly nodes?: readonly NodeWrite[];
  readonly relations?: readonly RelationWrite[];
  /** Ids; those that are not there are gone already. With a node go its relations. */
  readonly removedNodes?: readonly string[];
  readonly removedRelations?: readonly string[];
}

export interface Stored {
  readonly id: string;
  readonly did: 'CREATED' | 'CHANGED' | 'NOTHING';
}

/** In the order of what was given. */
export interface Written {
  readonly nodes: readonly Stored[];
  readonly relations: readonly Stored[];
  /** Ids of those that were there. */
  readonly removedNodes: readonly string[];
  readonly removedRelations: readonly string[];
}

/** Where the lists stand in the input of a caller. */
export type Paths = Readonly<Record<keyof GraphWrites, string>>;

export interface WriteOptions {
  readonly paths?: Partial<Paths>;
  /** Kinds that this caller may not write; relations of such may be removed. */
  readonly keptKinds?: KeptKinds;
}

/**
 * Writes nodes, then relations, then removals. Locks nodes before relations, each in the order of ids, so callers that
 * write once in a transaction do not dead-lock, unless they remove and make nodes at once: who meets that tries again.
 *
 * Writes: graph_node, graph_relation. READ COMMITTED only.
 * Refuses: Invalid (each with its path: what cannot be stored, the same thing twice, an id or a key that is another's,
 * an end that is not there, a kind or an end that would change, a kind of `keptKinds`), NotFound (an id without kind and
 * key, of nothing), Conflict (`expectedVersion`), Limited. The transaction is to be rolled back then.
 * Cost: 1 to 3 statements for the nodes, 2 to 4 for the relations, 1 for each list of removals and 1 for what hangs on
 * removed nodes; whatever their number.
 */
export async function writeGraph(
  tx: Sql,
  workspaceId: string,
  writes: GraphWrites,
  { paths: given, keptKinds = NONE_KEPT }: WriteOptions = {},
): Promise<Written> {
  const paths = { ...PATHS, ...given };
  checkWrites(writes, paths);
  const { nodes = [], relations = [], removedNodes = [], removedRelations = [] } = writes;
  const removing = { ids: removedNodes, path: paths.removedNodes };
  const stored = await storeNodes(
    tx,
    workspaceId,
    { nodes, path: paths.nodes },
    { removing, keptKinds: keptKinds.nodes },
  );
  await holdRelations(tx, workspaceId, removedRelations, removedNodes);
  return {
    nodes: stored,
    relations: await storeRelations(
      tx,
      workspaceId,
      { relations, path: paths.relations },
      keptKinds.relations,
    ),
    removedRelations: await removeRelations(tx, workspaceId, removedRelations),
    removedNodes: await removeNodes(tx, workspaceId, removedNodes),
  };
}

const PATHS: Paths = {
  nodes: 'nodes',
  relations: 'relations',
  removedNodes: 'removedNodes',
  removedRelations: 'removedRelations',
};
