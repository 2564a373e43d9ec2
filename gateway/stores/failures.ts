/** Which errors of the driver mean that the store is away or too slow, rather than that the statement is wrong. */
import { Unavailable } from '../../resolvers/errors.ts';

/** SQLSTATE classes, or whole codes, after which the same call may succeed on another try or another day. */
const AWAY: Readonly<Record<string, string>> = {
  '08': 'the connection was lost',
  '25006': 'the server only reads: it is a standby now',
  '25P03': 'a transaction was idle too long',
  '25P04': 'a transaction took too long',
  '28': 'the server refused our credentials',
  '3D000': 'the database does not exist',
  '53': 'the server is out of connections, memory or disk',
  '53300': 'the server has no connection left',
  '55P03': 'a lock was not free in time',
  '57014': 'the statement took too long',
  '57P': 'the server is shutting down or restarting',
  '58': 'the server had an input or output error',
};

const NODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was lost',
  ECONNABORTED: 'the connection was lost',
  EPIPE: 'the connection was lost',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'its host name is unknown',
  EAI_AGAIN: 'its host name cannot be looked up',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ENOENT: 'its socket is not there',
};

/** Prisma's own codes for the same; what the adapter could not translate has none of them. */
const PRISMA: Readonly<Record<string, string>> = {
  P1001: 'it cannot be reached',
  P1002: 'no answer',
  P1003: 'the database does not exist',
  P1008: 'no answer',
  P1017: 'the connection was lost',
  P2024: 'no connection was free in time',
  P2028: 'a transaction was not begun or not ended in time',
  P2037: 'the server has no connection left',
};

/** pg throws these without a code. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/^timeout exceeded when trying to connect/, 'no connection was free in time'],
  [/^Connection terminated due to connection timeout/, 'it did not take a connection in time'],
  [/^Connection terminated/, 'the connection was lost'],
  [/^Client (has encountered a connection error|was closed)/, 'the connection was lost'],
  [/^Cannot use a pool after calling end/, 'the gateway is shutting down'],
];

/**
 * The Unavailable that an error of pg or Prisma amounts to, or undefined when the statement itself is at fault.
 * `cause` keeps the original.
 */
export function unavailable(error: unknown): Unavailable | undefined {
  if (error instanceof Unavailable) return error;
  const why = reasonOf(error);
  return why === undefined ? undefined : new Unavailable('postgres', why, { cause: error });
}

/** True when the connection that threw it is of no more use. */
export function connectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code === null) return reasonOf(error) !== undefined;
  return code in NODE || /^(08|57P)/.test(code) || code === '25P03' || code === '25P04';
}

/** SQLSTATE, Node's or Prisma's code of an error; null where it has none. */
export function codeOf(error: unknown): string | null {
  const { code, cause, meta } = (error ?? {}) as Wrapped;
  if (typeof code === 'string' && code !== RAW_QUERY_FAILED) return code;
  const inner = meta?.driverAdapterError?.cause ?? cause;
  return typeof inner?.originalCode === 'string' ? inner.originalCode : (code ?? null);
}

/** How Prisma hands on what the driver threw: raw queries under P2010, others as the adapter made it. */
interface Wrapped {
  readonly code?: string;
  readonly cause?: { readonly originalCode?: unknown };
  readonly meta?: { readonly driverAdapterError?: { readonly cause?: Wrapped['cause'] } };
}

const RAW_QUERY_FAILED = 'P2010';

function reasonOf(error: unknown): string | undefined {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : '';
  if (code === 'UNAVAILABLE') return /is unavailable: (.*)$/.exec(message)?.[1] ?? 'no answer';
  if (code !== null) {
    return (
      AWAY[code] ?? AWAY[code.slice(0, 3)] ?? AWAY[code.slice(0, 2)] ?? NODE[code] ?? PRISMA[code]
    );
  }
  return MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
}
