/** Kinds of the graph that have commands of their own: what the general ones write would not fit what those keep. */

/** Kind → what whoever tries to write one is told. */
export interface KeptKinds {
  readonly nodes: ReadonlyMap<string, string>;
  readonly relations: ReadonlyMap<string, string>;
}

export const KEPT_KINDS: KeptKinds = {
  /** These have rows of their own beside those of the graph. */
  nodes: new Map([
    ['Agent', 'agents are written by createAgent, updateAgent and removeAgent'],
    ['Document', 'documents are written by putDocument and removeDocument'],
  ]),
  /** A mention leads from a document, with a count. */
  relations: new Map([['MENTIONS', 'mentions are written by mention and unmention']]),
};

export const NONE_KEPT: KeptKinds = { nodes: new Map(), relations: new Map() };
