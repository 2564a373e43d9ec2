/** The public API of a running gateway, as any other client sees it. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Invalid,
  Refusal,
  REFUSAL_CODES,
  Unavailable,
  type Issue,
  type RefusalCode,
} from '../../resolvers/errors.ts';
import { Interrupted } from './exit.ts';

export interface ApiOptions {
  /** Of its GraphQL endpoint. */
  readonly url: string;
  /** Give up after so long without any answer. */
  readonly patience_ms: number;
  /** One request; the gateway's own deadline is shorter. */
  readonly timeout_ms?: number;
  /** Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Called once for each time that the gateway goes away, with the reason. */
  readonly waiting?: (reason: string) => void;
}

export interface Api {
  /**
   * Asks, again and again while the gateway is away or answers UNAVAILABLE: only for operations that may be repeated.
   * Throws the refusal it was answered, of the whole or in the union of a mutation's result; Unavailable when its
   * patience ends.
   */
  ask<Data>(operation: string, variables?: Readonly<Record<string, unknown>>): Promise<Data>;
}

const TIMEOUT_MS = 60_000;
const BACKOFF_MS = { first: 50, max: 1_000 };

/** `{ again }` says why the same request is to be sent once more. */
type Outcome<Data> = { readonly data: Data } | { readonly again: string };

/** Speaks GraphQL over HTTP. Opens nothing before the first request. */
export function openApi(options: ApiOptions): Api {
  return {
    async ask<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}) {
      const body = JSON.stringify({ query, variables });
      const began_ms = performance.now();
      for (let wait_ms = BACKOFF_MS.first, tries = 1; ; tries++) {
        const outcome = await request<Data>(options, body);
        if ('data' in outcome) return outcome.data;
        if (performance.now() - began_ms > options.patience_ms) {
          throw new Unavailable(options.url, outcome.again);
        }
        if (tries === 1) options.waiting?.(outcome.again);
        await pause(wait_ms * (0.5 + Math.random()), options.signal);
        wait_ms = Math.min(wait_ms * 2, BACKOFF_MS.max);
      }
    },
  };
}

async function request<Data>(options: ApiOptions, body: string): Promise<Outcome<Data>> {
  const timeout = AbortSignal.timeout(options.timeout_ms ?? TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  let response: Response;
  let text: string;
  try {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    };
    response = await fetch(options.url, { method: 'POST', headers, body, signal });
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw new Interrupted();
    return { again: reasonOf(error) };
  }
  return outcomeOf<Data>(response, text);
}

interface GraphQLAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string; readonly issues?: readonly Issue[] };
  }[];
}

function outcomeOf<Data>(response: Response, text: string): Outcome<Data> {
  const answer = parsed(text);
  if (!answer) {
    const what = `${response.url} answered ${response.status} and no GraphQL`;
    if (response.status >= 500) return { again: what };
    throw new Invalid('--url', `${what}; is it a Polyphony gateway?`);
  }
  const [error] = answer.errors ?? [];
  if (error) {
    const { code = 'INTERNAL', issues } = error.extensions ?? {};
    if (code === 'UNAVAILABLE') return { again: error.message };
    throw refusalOf({ code, message: error.message, ...(issues ? { issues } : {}) });
  }
  for (const result of Object.values(answer.data ?? {})) {
    if (isRefusal(result)) throw refusalOf(result);
  }
  return { data: answer.data as Data };
}

function parsed(text: string): GraphQLAnswer | null {
  try {
    const answer: unknown = JSON.parse(text);
    const found =
      typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer);
    return found ? (answer as GraphQLAnswer) : null;
  } catch {
    return null;
  }
}

/** A refusal as it travels: `... on Refusal { code message … }`, or the body of the control socket's answers. */
export interface WireRefusal {
  readonly code: string;
  readonly message: string;
  readonly issues?: readonly Issue[];
}

/** What a mutation's result must select for `ask` to know a refusal. */
export const REFUSAL_FIELDS = `... on Refusal { code message } ... on Invalid { issues { path message } }`;

function isRefusal(result: unknown): result is WireRefusal {
  return typeof result === 'object' && result !== null && 'code' in result && 'message' in result;
}

/** The error that it was on the other side; INTERNAL and unknown codes are plain errors. */
export function refusalOf(wire: WireRefusal): Error {
  const { code, message, issues } = wire;
  if (issues) return new Invalid(issues);
  return code in REFUSAL_CODES ? new Refusal(code as RefusalCode, message) : new Error(message);
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code === undefined ? message : `no answer (${code})`;
}

/** Waits, or throws Interrupted on Ctrl-C. */
export async function pause(wait_ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(wait_ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
    if (signal?.aborted) throw new Interrupted();
    throw error;
  });
}
