/**
 * Everything we say no with. One code per reaction of the caller, not per cause; schema/errors.ts and
 * gateway/errors.ts only render it. Anything else thrown is our bug: masked, and logged with an id.
 */

/** What a caller can do about it. */
export const REFUSAL_CODES = {
  INVALID: 'Mend the input; the message names the field and the rule.',
  UNAUTHENTICATED: 'Sign in.',
  FORBIDDEN: 'Ask somebody who may.',
  NOT_FOUND: 'It is not there, or you may not know of it.',
  CONFLICT: 'Read the current state, then decide again.',
  CURSOR_EXPIRED: 'Start over without a cursor.',
  LIMITED: 'Send less; the message names the limit and what was seen.',
  UNAVAILABLE: 'Try again later; the message names the store.',
} as const;

export type RefusalCode = keyof typeof REFUSAL_CODES;

/** The base of all refusals. `message` states the rule and what was received. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** One rule that the input broke. `path` is the field as the caller wrote it: `input.events[3].payload`. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** The input breaks a rule. Every issue found is told, not only the first. */
export class Invalid extends Refusal {
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[] | string, message?: string) {
    const list =
      typeof issues === 'string' ? [{ path: issues, message: message ?? 'invalid' }] : issues;
    super('INVALID', list.map((issue) => `${issue.path}: ${issue.message}`).join('; '));
    this.issues = list;
  }
}

/** It is not there, or the viewer may not know that it is: the same answer. */
export class NotFound extends Refusal {
  readonly id: string;
  constructor(what: string, id: string) {
    super('NOT_FOUND', `${what} ${id} was not found`);
    this.id = id;
  }
}

/** The row moved on since the caller read it. `actual` lets the client show what it lost to. */
export class Conflict extends Refusal {
  readonly expected: string;
  readonly actual: string;
  constructor(what: string, expected: string, actual: string) {
    super('CONFLICT', `${what} is ${actual}, expected ${expected}`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** The viewer sees it but may not do this to it. */
export class Forbidden extends Refusal {
  constructor(action: string) {
    super('FORBIDDEN', `you may not ${action}`);
  }
}

/** A bound was passed. */
export class Limited extends Refusal {
  readonly limit: number;
  readonly seen: number;
  constructor(what: string, limit: number, seen: number) {
    super('LIMITED', `${what} may be at most ${limit}, got ${seen}`);
    this.limit = limit;
    this.seen = seen;
  }
}

/** A store is away or too slow. Idempotent requests may be repeated. */
export class Unavailable extends Refusal {
  readonly store: string;
  constructor(store: string, why: string, options?: ErrorOptions) {
    super('UNAVAILABLE', `${store} is unavailable: ${why}`, options);
    this.store = store;
  }
}

/** A position that can no longer be continued from. */
export class CursorExpired extends Refusal {
  constructor(why: string) {
    super('CURSOR_EXPIRED', why);
  }
}
