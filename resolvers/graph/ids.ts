/** Which entity a client means. */
import { uuidOf } from '../keys.ts';
import { KEPT_KINDS } from './kept-kinds.ts';

const ALSO = [...KEPT_KINDS.nodes.keys()];

/**
 * The uuid of an entity, from its global id, from that of the row of its own that it has beside it (an agent's), or from
 * the uuid itself. Refuses with Invalid at `path`.
 */
export function entityUuid(text: string, path: string): string {
  return uuidOf('Entity', text, path, ALSO);
}

/** Of several; paths are `roots[0]` and so on. */
export function entityUuids(texts: readonly string[], path: string): string[] {
  return texts.map((text, at) => entityUuid(text, `${path}[${at}]`));
}
