/**
 * From request to answer: the one function that holds every rule of an operation. Transports and yoga call it and add
 * nothing to it, so an operation means the same whichever way it came in.
 */
import { GraphQLError, type ExecutionResult, type GraphQLSchema, OperationTypeNode } from 'graphql';
import type { LiveCtx } from '../../resolvers/context.ts';
import { Invalid, Refusal, type RefusalCode } from '../../resolvers/errors.ts';
import { seenBy } from '../../resolvers/events/feed/consistency.ts';
import { Rejected, renderError, type Report } from '../errors.ts';
import { allowed } from '../../resolvers/policy.ts';
import type { Found } from './documents.ts';
import { openExplanation } from './explain.ts';
import { Stop, type StopSignal } from '../../resolvers/stop.ts';
import type { Json } from './levels/out.ts';
import { executeToText, type Execution, type Prepared, type Written } from './levels/execute.ts';

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
  readonly signal: StopSignal;
  /** False for GET: it must not change anything. */
  readonly mayMutate: boolean;
  /** Asks for `extensions.explain`; given to whom policy allows it. */
  readonly explain?: boolean;
  /** Of a live field: where its reader left off, by the transport; wins over `after`. */
  readonly resumeAfter?: string | null;
  /** X-Consistency: what it has seen must be seen by this operation. `extensions.consistency` says the same. */
  readonly consistency?: string | undefined;
  /** Reads no copy of the truth: what was just written, or is told live, must not be older than itself. */
  readonly truthOnly?: true;
}

/** The answer and what logs and metrics tell of it. */
export interface Answer extends Told {
  /** As JSON. */
  readonly extensions?: string;
  /** Null when no operation was found. */
  readonly operation: `${OperationTypeNode}` | null;
  readonly operationName: string | null;
}

/** A result as clients are told it. */
export interface Told extends Written {
  /** The `extensions.code` of each error, each once. */
  readonly codes: readonly (RefusalCode | 'INTERNAL')[];
}

/** The result as an object, for who does not send text. */
export function resultOf({
  data,
  errors,
  extensions,
}: Written & Pick<Partial<Answer>, 'extensions'>): ExecutionResult {
  return {
    ...(errors.length > 0 ? { errors } : {}),
    ...(data === undefined ? {} : { data: JSON.parse(String(data)) as ExecutionResult['data'] }),
    ...(extensions === undefined ? {} : { extensions: JSON.parse(extensions) as object }),
  } as ExecutionResult;
}

/** The result as JSON, errors first. `extensions` are JSON of an object. */
export function textOf(written: Written, extensions?: string): string {
  return partsOf(written, extensions).join('');
}

/** The same in parts that are sent one after the other, so that long data are not copied. */
export function partsOf({ data, errors }: Written, extensions?: string): readonly Json[] {
  const members: string[] = [];
  if (errors.length > 0) members.push(`"errors":${JSON.stringify(errors)}`);
  if (data !== undefined) members.push('"data":');
  const before = `{${members.join(',')}`;
  if (extensions === undefined && typeof data === 'string') return [`${before}${data}}`];
  const comma = members.length > 0 ? ',' : '';
  const after = extensions === undefined ? '}' : `${comma}"extensions":${extensions}}`;
  return data === undefined ? [before + after] : [before, data, after];
}

export interface Answering {
  readonly schema: GraphQLSchema;
  readonly documentOf: (text: string) => Found;
  /** The context of one operation. `stop` aborts when the client left or the deadline passed. */
  readonly contextOf: (asker: Asker, stop: StopSignal) => LiveCtx;
  /** Throws Limited for an operation that asks for too much. */
  readonly check: (prepared: Prepared, variables: Readonly<Record<string, unknown>>) => void;
  /** Longest time that an answer is waited for. */
  readonly deadline_ms: number;
  /** Logs our bugs, of this request. */
  readonly reportOf: (requestId: string) => Report;
}

/** At once where nothing has to be waited for. */
export type AnswerFunction = (params: Params, asker: Asker) => Answer | Promise<Answer>;

/**
 * Makes the function. It never throws: what goes wrong is in the answer. An operation past its deadline is answered
 * UNAVAILABLE at once; what it began ends by the deadlines of the stores.
 */
export function answering(parts: Answering): AnswerFunction {
  return (params, asker) => {
    const asking = new Asking(parts, asker);
    let written: Written | Promise<Written>;
    try {
      written = executed(parts, params, asker, asking);
    } catch (error) {
      return asking.failed(error);
    }
    return written instanceof Promise ? asking.later(written) : asking.answered(written);
  };
}

/**
 * An operation while it is answered, and the signal of its execution: it aborts with a refusal, when the client leaves
 * or the deadline passes.
 */
class Asking extends Stop {
  operation: Answer['operation'] = null;
  operationName: string | null = null;
  extensions: string | undefined;
  readonly #parts: Answering;
  readonly #asker: Asker;

  constructor(parts: Answering, asker: Asker) {
    super();
    this.#parts = parts;
    this.#asker = asker;
    if (asker.signal.aborted) this.#refuse(LEFT);
  }

  answered(made: Written): Answer {
    const { operation, operationName, extensions } = this;
    if (made.errors.length === 0 && extensions === undefined) {
      return { data: made.data, errors: made.errors, codes: NONE, operation, operationName };
    }
    const { data, errors, codes } = told(made, this.#parts.reportOf(this.#asker.requestId));
    const answer = { data, errors, codes, operation, operationName };
    return extensions === undefined ? answer : { ...answer, extensions };
  }

  failed(error: unknown): Answer {
    return this.answered(notExecuted([error]));
  }

  /** From now on the deadline is counted. */
  later(written: Promise<Written>): Promise<Answer> {
    const { signal } = this.#asker;
    const { deadline_ms } = this.#parts;
    const leave = () => this.#refuse(LEFT);
    const late = () =>
      this.#refuse(`no answer within ${deadline_ms} ms; a mutation may have taken effect`);
    signal.addEventListener('abort', leave);
    const timer = setTimeout(late, deadline_ms);
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    };
    return written.then(
      (made) => {
        over();
        return this.answered(made);
      },
      (error: unknown) => {
        over();
        return this.failed(error);
      },
    );
  }

  #refuse(why: string): void {
    this.abort(new Refusal('UNAVAILABLE', why));
  }
}

const NONE: Told['codes'] = [];
const LEFT = 'the client left before its answer';

function executed(
  { documentOf, contextOf, check }: Answering,
  params: Params,
  asker: Asker,
  asking: Asking,
): Written | Promise<Written> {
  const { query, operationName, variables } = params;
  const found = documentOf(query);
  if (found.errors) return notExecuted(found.errors);
  const prepared = found.operation(operationName);
  const { operation, name } = prepared.operation;
  asking.operation = operation;
  asking.operationName = name?.value ?? null;
  if (operation === OperationTypeNode.MUTATION && !asker.mayMutate) throw MUTATION_BY_GET;
  if (operation === OperationTypeNode.SUBSCRIPTION) throw SUBSCRIPTION_ALONE;
  check(prepared, variables ?? {});
  const isMutation = operation === OperationTypeNode.MUTATION;
  const contextValue = contextOf(isMutation ? { ...asker, truthOnly: true } : asker, asking);
  const run = (context: LiveCtx) => {
    const execution = { variables, contextValue: context, signal: asking };
    if (!asker.explain || !allowed(context.viewer, 'explain.read', context.viewer)) {
      return executeToText(prepared, execution);
    }
    return explained(prepared, execution, asking);
  };
  const token = consistencyOf(params, asker);
  if (token === null) return run(contextValue);
  return seenBy(contextValue.live.feed, token).then((consistency) =>
    run({ ...contextValue, consistency }),
  );
}

/** The consistency token of a request; null without one. Refuses with Invalid what is none, and two of them. */
export function consistencyOf({ extensions }: Params, { consistency }: Asker): string | null {
  const inBody = extensions?.['consistency'] ?? null;
  if (inBody === null) return consistency ?? null;
  if (typeof inBody !== 'string') throw new Invalid('extensions.consistency', 'must be a string');
  if (consistency !== undefined && consistency !== inBody) {
    throw new Invalid('consistency', 'X-Consistency and extensions.consistency differ; send one');
  }
  return inBody;
}

async function explained(
  prepared: Prepared,
  execution: Execution & { readonly contextValue: LiveCtx },
  asking: Asking,
): Promise<Written> {
  const { contextValue } = execution;
  const explanation = openExplanation();
  const written = await executeToText(prepared, {
    ...execution,
    contextValue: {
      ...contextValue,
      sql: explanation.explained(contextValue.sql),
      graphTold: explanation.graphTold,
    },
    trace: (made) => explanation.trace(made),
  });
  asking.extensions = JSON.stringify({ explain: explanation.shown() });
  return written;
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

/** Of what never came to be executed. */
export function notExecuted(errors: readonly unknown[]): Written {
  return { data: undefined, errors: errors.map(asGraphQL) };
}

/** A result as clients are told it: errors by code, ours masked. `whole`: see renderError. */
export function told({ data, errors }: Written, report: Report, whole = data === undefined): Told {
  if (errors.length === 0) return { data, errors, codes: [] };
  const shown = errors.map((error) => renderError(error, report, whole));
  const codes = new Set(shown.map(({ extensions }) => extensions['code'] as RefusalCode));
  return { data, errors: shown, codes: [...codes] };
}
