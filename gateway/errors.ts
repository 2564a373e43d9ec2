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

/** Logs our bug under this id, which is all that the client is told. */
export type Report = (error: unknown, id: string) => void;

/**
 * One error of an operation as the client may see it: refusals and errors of the document as they are, with a code;
 * anything else masked. Path and locations stay. `extensions.http` is for the transport, which takes it off.
 */
export function renderError(error: unknown, report: Report): GraphQLError {
  const known =
    error instanceof GraphQLError ? error : new GraphQLError('', { originalError: asError(error) });
  const { nodes, source, positions, path } = known;
  const place = {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
  };
  const refusal = refusalIn(known);
  if (refusal) {
    return new GraphQLError(known.message || refusal.message, {
      ...place,
      extensions: { ...refusalExtensions(refusal), http: httpOf(refusal) },
    });
  }
  if (isOfTheDocument(known)) {
    return new GraphQLError(known.message, {
      ...place,
      // `spec`: where application/json is accepted, the specification asks for 200 here.
      extensions: { code: 'INVALID', http: { spec: true, status: STATUS.INVALID } },
    });
  }
  const id = randomUUID();
  report(known.originalError ?? known, id);
  return new GraphQLError(`Internal error. Quote ${id} when you report it.`, {
    ...place,
    extensions: { code: 'INTERNAL', id, http: { status: 500 } },
  });
}

function httpOf(refusal: Refusal): object {
  return {
    status: statusOf(refusal),
    headers: refusal instanceof Rejected ? refusal.headers : {},
  };
}

/** The refusal below wrappings, such as those of graphql-js around what a scalar throws. */
function refusalIn(error: GraphQLError): Refusal | undefined {
  let cause: unknown = error;
  while (cause instanceof GraphQLError) cause = cause.originalError;
  return cause instanceof Refusal ? cause : undefined;
}

/**
 * The caller's: syntax, validation, variables, arguments. graphql-js names their nodes before any path is known; what
 * it throws about our values (a result that does not serialize) has none.
 */
function isOfTheDocument(error: GraphQLError): boolean {
  const { originalError } = error;
  if (originalError instanceof GraphQLError) return Boolean(originalError.nodes?.length);
  return originalError === undefined && error.path === undefined;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${typeof thrown}`);
}
