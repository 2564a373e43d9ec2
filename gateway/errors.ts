/** How errors leave the gateway: refusals with their code, everything else masked. resolvers/errors.ts has the codes. */
import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import {
  Conflict,
  Invalid,
  Limited,
  NotFound,
  Refusal,
  Unavailable,
  type RefusalCode,
} from '../resolvers/errors.ts';
import { unavailable } from './stores/failures.ts';

/** The status of an answer that has no data. Answers that have some are 200, whatever their fields say. */
const STATUS: Record<RefusalCode, number> = {
  INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  CURSOR_EXPIRED: 410,
  LIMITED: 400,
  UNAVAILABLE: 503,
};

/** A refusal of the request as such, before any operation is looked at: it has a status and headers of its own. */
export class Rejected extends Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of `extensions`. */
  readonly details: Readonly<Record<string, unknown>>;
  constructor(
    code: RefusalCode,
    status: number,
    message: string,
    more: { headers?: Record<string, string>; details?: Record<string, unknown> } = {},
  ) {
    super(code, message);
    this.status = status;
    this.headers = more.headers ?? {};
    this.details = more.details ?? {};
  }
}

/** What `extensions` says of an error, beside its `code`. */
export function refusalExtensions(refusal: Refusal): Record<string, unknown> {
  return { code: refusal.code, ...detailsOf(refusal) };
}

function detailsOf(refusal: Refusal): Readonly<Record<string, unknown>> {
  if (refusal instanceof Invalid) return { issues: refusal.issues };
  if (refusal instanceof Limited) return { limit: refusal.limit, seen: refusal.seen };
  if (refusal instanceof Unavailable) return { store: refusal.store };
  if (refusal instanceof Conflict) return { expected: refusal.expected, actual: refusal.actual };
  if (refusal instanceof NotFound) return { id: refusal.id };
  if (refusal instanceof Rejected) return refusal.details;
  return {};
}

/** The HTTP status of an answer without data. */
export function statusOf(refusal: Refusal): number {
  return refusal instanceof Rejected ? refusal.status : STATUS[refusal.code];
}

/** Logs our bug under this id, which is all that the client is told of it. */
export type Report = (error: unknown, id: string) => void;

/**
 * One error as the client may see it: refusals and errors of the document as they are, with a code; anything else
 * masked. Path and locations stay. `whole` when it left no data at all: then `extensions.http` tells the transport
 * the status and headers, and is taken off by it.
 */
export function renderError(error: unknown, report: Report, whole: boolean): GraphQLError {
  const known =
    error instanceof GraphQLError ? error : new GraphQLError('', { originalError: asError(error) });
  const { message, http, ...extensions } = meaningOf(known, report);
  return new GraphQLError(message, {
    nodes: known.nodes ?? null,
    source: known.source ?? null,
    positions: known.positions ?? null,
    path: known.path ?? null,
    extensions: { ...extensions, ...(whole ? { http } : {}) },
  });
}

/** Errors for a client: without what `whole` ones tell HTTP. */
export function withoutHttp(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  return errors.map((error) => {
    if (!('http' in error.extensions)) return error;
    const { http: _, ...extensions } = error.extensions;
    const { nodes = null, source = null, positions = null, path = null } = error;
    return new GraphQLError(error.message, { nodes, source, positions, path, extensions });
  });
}

interface Meaning {
  readonly message: string;
  /** For yoga: with `spec`, it answers 200 where application/json is accepted, as the specification asks. */
  readonly http: { status: number; spec?: boolean; headers?: Readonly<Record<string, string>> };
  readonly [extension: string]: unknown;
}

function meaningOf(error: GraphQLError, report: Report): Meaning {
  const refusal = refusalIn(error);
  if (refusal) {
    return {
      message: error.message || refusal.message,
      ...refusalExtensions(refusal),
      http: {
        status: statusOf(refusal),
        headers: refusal instanceof Rejected ? refusal.headers : {},
      },
    };
  }
  if (isOfTheDocument(error)) {
    return {
      message: error.message,
      code: 'INVALID',
      http: { status: STATUS.INVALID, spec: true },
    };
  }
  const id = randomUUID();
  report(error.originalError ?? error, id);
  const message = `Internal error. Quote ${id} when you report it.`;
  return { message, code: 'INTERNAL', id, http: { status: 500 } };
}

/** The refusal below wrappings, such as those of graphql-js around what a scalar throws; or a store that is away. */
function refusalIn(error: GraphQLError): Refusal | undefined {
  let cause: unknown = error;
  while (cause instanceof GraphQLError) cause = cause.originalError;
  return cause instanceof Refusal ? cause : unavailable(cause);
}

/**
 * The caller's: syntax, validation and variables, which have no path yet (with nodes where a scalar refused a literal,
 * whatever it threw), and arguments, whose nodes graphql-js names. What it throws about our values, such as a result
 * that does not serialize, has a path and names none.
 */
function isOfTheDocument({ originalError, path, nodes }: GraphQLError): boolean {
  const own = originalError === undefined || originalError instanceof GraphQLError;
  if (path === undefined) return own || Boolean(nodes?.length);
  return own && Boolean((originalError as GraphQLError)?.nodes?.length);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${typeof thrown}`);
}
