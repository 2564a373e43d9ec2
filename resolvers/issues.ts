/** Gathers what is wrong with an input, so that a caller mends all of it at once. */
import { Invalid, type Issue } from './errors.ts';

/** What is told at most; the rest is counted. */
export const ISSUES_MAX = 100;

export interface Issues {
  /** `path` is the place as the caller wrote it; `message` states the rule and what was received. */
  add(path: string, message: string): void;
  /** How many were added, told or not. */
  count(): number;
  /** Invalid with the first ISSUES_MAX and, at `root`, how many more there are. To be thrown. */
  refusal(root: string): Invalid;
}

/** An empty list of issues. */
export function collectIssues(): Issues {
  const told: Issue[] = [];
  let count = 0;
  return {
    add: (path, message) => {
      count += 1;
      if (told.length < ISSUES_MAX) told.push({ path, message });
    },
    count: () => count,
    refusal: (root) => {
      const untold = count - told.length;
      const rest = untold > 0 ? [{ path: root, message: `and ${untold} more` }] : [];
      return new Invalid([...told, ...rest]);
    },
  };
}

const SHOWN_MAX = 60;
const LONE_SURROGATE = /\p{Surrogate}/u; // With the flag, a pair is one character of another kind.

/** A caller's text for a message: quoted, escaped and cut. */
export function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}

/** What keeps a text out of Postgres or past its bound, or null. Bytes are of UTF-8. */
export function textFault(text: string, bytes_max: number): string | null {
  if (text.includes('\0')) return 'must not hold a NUL character';
  if (LONE_SURROGATE.test(text)) return 'must not hold half of a surrogate pair';
  const bytes = Buffer.byteLength(text);
  return bytes > bytes_max ? `may be at most ${bytes_max} bytes, has ${bytes}` : null;
}

/** Adds an issue when a text is empty, too long, or not storable. */
export function checkText(text: string, bytes_max: number, path: string, issues: Issues): void {
  const fault = text === '' ? 'must not be empty' : textFault(text, bytes_max);
  if (fault) issues.add(path, fault);
}
