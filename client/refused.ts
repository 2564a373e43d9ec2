/** What a gateway says no with, as docs/PROTOCOL.md lists it. */

/** An error of a GraphQL answer, as it travels. */
export interface WireError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly [more: string]: unknown };
}

/** The gateway refused, and would refuse the same again: the program or its user has something to mend. */
export class Refused extends Error {
  override name = 'Refused';
  /** INVALID, NOT_FOUND, CONFLICT, CURSOR_EXPIRED …; CLOSED_4400 and the like for a socket that was closed. */
  readonly code: string;
  /** What else `extensions` said, such as `issues`, `limit` and `seen`. */
  readonly details: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Codes that mean: the same again, later. INTERNAL is a bug of the gateway, which may be gone with its restart. */
const PASSING: ReadonlySet<string> = new Set(['UNAVAILABLE', 'INTERNAL']);

/** Whether the same request may succeed later without anybody mending it. */
export function passes(code: string): boolean {
  return PASSING.has(code);
}

/** The refusal that the first of these errors is. */
export function refusedBy(errors: readonly WireError[]): Refused {
  const [error] = errors;
  const { code = 'UNKNOWN', ...details } = error?.extensions ?? {};
  return new Refused(code, error?.message ?? 'refused without a word', details);
}
