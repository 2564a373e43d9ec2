/** Ids: made by us, in order of time. */
import { v5, v7, validate } from 'uuid';

/** A new uuid v7: sorts by creation. `at_ms` sets its time, for recorded history. */
export function newId(at_ms?: number): string {
  return at_ms === undefined ? v7() : v7({ msecs: at_ms });
}

/** The same id for the same name, always: what is sent twice is stored once. RFC 9562 version 5. */
export function derivedId(name: string, namespace: string): string {
  return v5(name, namespace);
}

/** The canonical form (lower case), or null when it is not a uuid. */
export function canonicalId(text: string): string | null {
  return validate(text) ? text.toLowerCase() : null;
}
