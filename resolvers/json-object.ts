/** Free-form JSON objects that callers give us to keep. */
import { isStorable, unstorable } from './events/json.ts';
import type { Issue } from './errors.ts';
import type { Issues } from './issues.ts';

/** Objects and lists in each other. */
export const JSON_DEPTH_MAX = 32;

/** Adds an issue when it is no object, nests too deep, cannot be stored, or has too many bytes of UTF-8. */
export function checkObject(value: unknown, bytes_max: number, path: string, issues: Issues): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.add(path, 'must be an object');
    return;
  }
  if (!isStorable(value, JSON_DEPTH_MAX)) {
    const found: Issue[] = [];
    const depth = unstorable(value, path, found);
    for (const issue of found) issues.add(issue.path, issue.message);
    if (depth > JSON_DEPTH_MAX) {
      issues.add(path, `may be nested at most ${JSON_DEPTH_MAX} deep, is ${depth}`);
    }
    return;
  }
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > bytes_max) issues.add(path, `may be at most ${bytes_max} bytes, has ${bytes}`);
}
