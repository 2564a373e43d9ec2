/** Which JSON Postgres can store as jsonb: no NUL, no half of a surrogate pair, only finite numbers. */
import type { Issue } from '../errors.ts';

/** Deepest that `unstorable` looks, so that absurd nesting cannot fill the stack. */
const LOOK_MAX = 1_000;
/** NUL, and halves of surrogate pairs: with the flag `u` a whole pair is another character. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** True when `value` is JSON that can be stored and nests at most `depth_max` objects and lists. O(size). */
export function isStorable(value: unknown, depth_max: number): boolean {
  switch (typeof value) {
    case 'string':
      return isStorableText(value);
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      if (depth_max < 1) return false;
      if (Array.isArray(value)) {
        for (const item of value) if (!isStorable(item, depth_max - 1)) return false;
        return true;
      }
      return isStorableObject(value, depth_max);
    default:
      return false;
  }
}

function isStorableObject(value: object, depth_max: number): boolean {
  if (!isPlain(value)) return false;
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    // A field that is undefined is a field that is absent.
    if (fields[key] === undefined) continue;
    if (!isStorableText(key) || !isStorable(fields[key], depth_max - 1)) return false;
  }
  return true;
}

/** Says where and why `value` cannot be stored. Returns its depth: 1 for an object or list without others in it. */
export function unstorable(value: unknown, path: string, issues: Issue[], depth = 0): number {
  if (typeof value === 'string') {
    if (!isStorableText(value)) issues.push({ path, message: whyNot(value) });
    return depth;
  }
  if (typeof value === 'object' && value !== null) {
    if (depth >= LOOK_MAX) return depth + 1;
    if (!Array.isArray(value) && !isPlain(value)) {
      issues.push({ path, message: 'is not JSON' });
      return depth + 1;
    }
    let deepest = depth + 1;
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined && !Array.isArray(value)) continue;
      const at = Array.isArray(value) ? `${path}[${key}]` : `${path}.${printable(key)}`;
      if (!isStorableText(key)) issues.push({ path: at, message: `its name ${whyNot(key)}` });
      deepest = Math.max(deepest, unstorable(item, at, issues, depth + 1));
    }
    return deepest;
  }
  if (!isStorable(value, 0)) issues.push({ path, message: 'is not JSON' });
  return depth;
}

function isStorableText(text: string): boolean {
  return !UNSTORABLE.test(text);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function whyNot(text: string): string {
  return text.includes('\0') ? 'must not hold NUL' : 'holds half of a surrogate pair';
}

/** Characters of a name that are told to whoever sent it. */
const NAME_SHOWN_MAX = 100;

/** A name that can be shown: what cannot be stored in it is replaced, and a long one is cut. */
function printable(name: string): string {
  const cut = name.length > NAME_SHOWN_MAX ? `${name.slice(0, NAME_SHOWN_MAX)}…` : name;
  return cut.replace(new RegExp(UNSTORABLE, 'gu'), '\ufffd');
}
