/**
 * From request to answer: the one function that holds every rule of an operation. Transports and yoga call it and add
 * nothing to it, so an operation means the same whichever way it came in.
 */
import {
  execute,
  getOperationAST,
  GraphQLError,
  type ExecutionResult,
  type GraphQLSchema,
  OperationTypeNode,
} from 'graphql';
import type { LiveCtx } from '../../resolvers/context.ts';
import { Refusal, type RefusalCode } from '../../resolvers/errors.ts';
import { Rejected, renderError, type Report } from '../errors.ts';
import type { Found } from './documents.ts';

/** What is asked: the four parameters of GraphQL over HTTP, checked by `paramsIn`. */
export interface Params {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly extensions?: Readonly<Record<string, unknown>> | null;
}

/** Who asks, by which way. */
export interface Asker {
  readonly requestId: string;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  /** False for GET: it must not change anything. */
  readonly mayMutate: boolean;
  /** Of a live field: where its reader left off, by the transport; wins over `after`. */
  readonly resumeAfter?: string | null;
}

/** The answer and what logs and metrics tell of it. */
export interface Answer {
  readonly result: ExecutionResult;
  /** Null when no operation was found. */
  readonly operation: `${OperationTypeNode}` | null;
  readonly operationName: string | null;
  /** The `extensions.code` of each error, each once. */
  readonly codes: readonly (RefusalCode | 'INTERNAL')[];
}

export interface Answering {
  readonly schema: GraphQLSchema;
  readonly documentOf: (text: string) => Found;
  /** The context of one operation. `signal` aborts when the client left or the deadline passed. */
  readonly contextOf: (asker: Asker, signal: AbortSignal) => LiveCtx;
  /** Longest time from here to the answer. */
  readonly deadline_ms: number;
  /** Logs our bugs, of this request. */
  readonly reportOf: (requestId: string) => Report;
}

/**
 * Makes the function. It never throws: what goes wrong is in the answer. An operation past its deadline is answered
 * UNAVAILABLE at once; what it began ends by the deadlines of the stores.
 */
export function answering(parts: Answering): (params: Params, asker: Asker) => Promise<Answer> {
  return async (params, asker) => {
    const known: Known = { operation: null, operationName: null };
    const report = parts.reportOf(asker.requestId);
    const clock = startClock(asker.signal, parts.deadline_ms);
    try {
      const result = await executed(parts, params, asker, clock, known);
      return { ...rendered(result, report), ...known };
    } catch (error) {
      return { ...rendered({ errors: [asGraphQL(error)] }, report), ...known };
    } finally {
      clock.stop();
    }
  };
}

/** What is known of the operation so far. */
type Known = { -readonly [Key in 'operation' | 'operationName']: Answer[Key] };

async function executed(
  { schema, documentOf, contextOf }: Answering,
  { query, operationName, variables }: Params,
  asker: Asker,
  clock: Clock,
  known: Known,
): Promise<ExecutionResult> {
  const { document, errors } = documentOf(query);
  if (errors) return { errors: errors.map(asGraphQL) };

  const operation = getOperationAST(document, operationName);
  known.operation = operation?.operation ?? null;
  known.operationName = operation?.name?.value ?? null;
  if (operation?.operation === OperationTypeNode.MUTATION && !asker.mayMutate)
    throw MUTATION_BY_GET;
  if (operation?.operation === OperationTypeNode.SUBSCRIPTION) throw SUBSCRIPTION_ALONE;

  const executing = execute({
    schema,
    document,
    contextValue: contextOf(asker, clock.signal),
    variableValues: variables,
    operationName,
    hideSuggestions: true,
  });
  return Promise.race([executing, clock.passed]);
}

const MUTATION_BY_GET = new Rejected(
  'INVALID',
  405,
  'GET does not mutate; send mutations by POST',
  {
    headers: { allow: 'POST' },
  },
);

const SUBSCRIPTION_ALONE = new Rejected(
  'INVALID',
  406,
  'subscriptions are answered over WebSocket (graphql-transport-ws), or with Accept: text/event-stream',
);

function asGraphQL(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  return new GraphQLError('', {
    originalError: error instanceof Error ? error : new Error(String(error)),
  });
}

/** A result as clients are shown it: errors by code, ours masked. `whole`: see renderError. */
export function rendered(
  result: ExecutionResult,
  report: Report,
  whole = result.data === undefined,
): Pick<Answer, 'result' | 'codes'> {
  if (!result.errors) return { result, codes: [] };
  const errors = result.errors.map((error) => renderError(error, report, whole));
  const codes = new Set(errors.map(({ extensions }) => extensions['code'] as RefusalCode));
  return { result: { ...result, errors }, codes: [...codes] };
}

interface Clock {
  readonly signal: AbortSignal;
  /** Rejects when the deadline passes; never settles otherwise. */
  readonly passed: Promise<never>;
  stop(): void;
}

/** Not AbortSignal.any over AbortSignal.timeout: those live until they are collected, one pair a request. */
function startClock(gone: AbortSignal, deadline_ms: number): Clock {
  const controller = new AbortController();
  const leave = () => controller.abort(gone.reason);
  if (gone.aborted) leave();
  gone.addEventListener('abort', leave, { once: true });
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const late = new Refusal(
        'UNAVAILABLE',
        `no answer within ${deadline_ms} ms; a mutation may have taken effect`,
      );
      controller.abort(late);
      reject(late);
    }, deadline_ms);
  });
  return {
    signal: controller.signal,
    passed,
    stop() {
      clearTimeout(timer);
      gone.removeEventListener('abort', leave);
    },
  };
}
