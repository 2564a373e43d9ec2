/** GraphQL over HTTP, one request. */
import { refusedBy, type Refused, type WireError } from './refused.ts';

/** `fetch`, as far as it is used. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'POST';
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** Sends an operation; `body` is its JSON. Rejects when the connection breaks or `signal` aborts. */
export function post(
  fetch: Fetch,
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers };
  return fetch(url, { method: 'POST', headers: all, body, signal });
}

/** A GraphQL answer in a text, or null where it is none: a page of something between us and the gateway. */
export function answerIn(text: string): GraphQLAnswer | null {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null) return null;
    return 'data' in answer || 'errors' in answer ? (answer as GraphQLAnswer) : null;
  } catch {
    return null;
  }
}

/** An answer of GraphQL over HTTP. */
export interface GraphQLAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly WireError[];
}

/** The refusal that a text is, or null. */
export function refusalIn(text: string): Refused | null {
  const errors = answerIn(text)?.errors;
  return errors && errors.length > 0 ? refusedBy(errors) : null;
}
