/** Which errors of Neo4j mean that it is away, too slow or too full, rather than that a statement is wrong. */
import { Unavailable } from '../../../resolvers/errors.ts';

/** Codes of status, whole or by their beginning; Neo4j's operations manual, "Status codes for errors & notifications". */
const AWAY: readonly (readonly [code: string, why: string])[] = [
  ['ServiceUnavailable', 'it cannot be reached'],
  ['SessionExpired', 'the connection was lost'],
  ['Neo.TransientError.General.MemoryPool', 'the walk needs more memory than it has'],
  ['Neo.TransientError.General.OutOfMemory', 'the walk needs more memory than it has'],
  ['Neo.TransientError.', 'it could not do it now'],
  ['Neo.ClientError.Transaction.TransactionTimedOut', 'the statement took too long'],
  ['Neo.ClientError.Transaction.LockClientStopped', 'the statement took too long'],
  ['Neo.ClientError.Transaction.Terminated', 'the statement was ended'],
  ['Neo.ClientError.Security.', 'it refused our credentials'],
  ['Neo.ClientError.Database.DatabaseNotFound', 'the database does not exist'],
  ['Neo.ClientError.Cluster.', 'the server only reads now'],
  ['Neo.ClientError.Statement.EntityNotFound', 'another writer was at it'],
  ['Neo.ClientError.Schema.ConstraintValidationFailed', 'another writer was at it'],
  ['Neo.DatabaseError.', 'it failed'],
];

/** Those after which the same may go well in a moment. */
const PASSING =
  /^(ServiceUnavailable|SessionExpired|Neo\.TransientError\.|Neo\.ClientError\.Cluster\.|Neo\.ClientError\.Statement\.EntityNotFound|Neo\.ClientError\.Schema\.ConstraintValidationFailed)/;
const LASTING = /Memory/;

/** The code of what the driver threw, or null. */
export function codeOf(error: unknown): string | null {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : null;
}

/** The Unavailable it amounts to, or undefined when the statement, or its caller, is at fault. */
export function unavailable(error: unknown): Unavailable | undefined {
  if (error instanceof Unavailable) return error;
  const code = codeOf(error);
  const why =
    AWAY.find(([known]) => code?.startsWith(known))?.[1] ??
    // The driver's own, without a code: no connection in time, or its pool was closed.
    (/acquisition timed out|[Pp]ool is closed|driver has been closed/.test(messageOf(error))
      ? 'no connection was free in time'
      : undefined);
  return why === undefined ? undefined : new Unavailable('neo4j', why, { cause: error });
}

/** Whether another try may succeed at once. Ours are idempotent, writes too: the same version changes nothing. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return PASSING.test(code) && !LASTING.test(code);
}

/** Whether the next connection may lead to another server, or to one that has begun anew. */
export function isGone({ cause }: Unavailable): boolean {
  return ['ServiceUnavailable', 'SessionExpired'].includes(codeOf(cause) ?? '');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
