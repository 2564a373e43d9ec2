/** Ids: made by us, in order of time. */
import { v5, v7, validate } from 'uuid';
import { Invalid } from './errors.ts';
import { shown } from './issues.ts';

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

/**
 * The id of a node in the graph, opaque to clients: base64url of `Type:key`. Worked example:
 * `Run:019a5f00-0000-7000-8000-000000000001` is `UnVuOjAxOWE1ZjAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMQ`.
 */
export function globalId(type: string, key: string): string {
  return Buffer.from(`${type}:${key}`).toString('base64url');
}

/** What a global id names, or null when it is damaged. */
export function readGlobalId(text: string): { type: string; key: string } | null {
  const bytes = Buffer.from(text, 'base64url');
  const match = /^(\w+):(.+)$/s.exec(bytes.toString());
  if (!match?.[1] || !match[2] || bytes.toString('base64url') !== text) return null;
  return { type: match[1], key: match[2] };
}

/**
 * The uuid of a node of this type, from its global id or from the uuid itself, as logs show it. `also`: other types of
 * the same uuids. Refuses with Invalid at `path`.
 */
export function uuidOf(
  type: string,
  text: string,
  path: string,
  also: readonly string[] = [],
): string {
  let uuid = canonicalId(text); // No global id looks like a uuid: types begin with a capital.
  for (const one of [type, ...also]) uuid ??= uuidIn(one, text);
  if (uuid === null) {
    const why = LIKE_UUID.test(text) ? ', whose version or variant no UUID has' : '';
    throw new Invalid(path, `must be an id of type ${type}, or its UUID, got ${shown(text)}${why}`);
  }
  return uuid;
}

const LIKE_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function uuidIn(type: string, text: string): string | null {
  const read = readGlobalId(text);
  return read?.type === type ? canonicalId(read.key) : null;
}
