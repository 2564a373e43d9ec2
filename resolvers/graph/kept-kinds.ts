/** Kinds of entities that have rows of their own beside those of the graph. */

/** Kind → what whoever tries to write one as an entity is told. */
export const KEPT_KINDS: ReadonlyMap<string, string> = new Map([
  ['Agent', 'agents are written by createAgent, updateAgent and removeAgent'],
  ['Document', 'documents are written by putDocument and removeDocument'],
]);
