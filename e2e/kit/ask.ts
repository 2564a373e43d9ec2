/**
 * One GraphQL request over HTTP, without any of the client's kindness: no repeat, no patience. What is asked is an
 * operation(`…`) of client/operation.ts, which the type check holds to the schema, or a bare text.
 */
import type { ResultOf } from '@graphql-typed-document-node/core';
import { operation, textOf, type Operation } from '../../client/operation.ts';

export type Answered<Data> =
  | { readonly data: Data }
  /** The connection broke or nobody listened: whether it was done is not known. */
  | { readonly lost: string }
  /** Refused, with the code of the first error. */
  | { readonly refused: string; readonly message: string };

/** What it answers when nothing is refused: of the union of a result and refusals, the result. */
export type Whole<Result> = {
  readonly [Field in keyof Result]: Exclude<Result[Field], { code: string }>;
};

/** Posts the operation. `Data` is what a bare text answers when it succeeds whole. */
export function ask<Result, Variables extends object>(
  url: string,
  query: Operation<Result, Variables>,
  variables: Variables,
): Promise<Answered<Whole<Result>>>;
export function ask<Data>(url: string, query: string, variables?: object): Promise<Answered<Data>>;
export async function ask<Data>(
  url: string,
  query: string | Operation<unknown, never>,
  variables: object = {},
): Promise<Answered<Data>> {
  let text: string;
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: textOf(query), variables }),
    });
    text = await response.text();
  } catch (error) {
    return { lost: String((error as Error).cause ?? error) };
  }
  const { data, errors } = JSON.parse(text) as {
    data?: (Data & object) | null;
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  const [error] = errors ?? [];
  if (error) return { refused: error.extensions?.code ?? 'INTERNAL', message: error.message };
  for (const result of Object.values<{ code?: string; message?: string } | null>(data ?? {})) {
    if (result?.code) return { refused: result.code, message: result.message ?? '' };
  }
  return { data: data as Data };
}

/** The same where anything but success is a failure of the test. */
export function asked<Result, Variables extends object>(
  url: string,
  query: Operation<Result, Variables>,
  variables: Variables,
): Promise<Whole<Result>>;
export function asked<Data>(url: string, query: string, variables?: object): Promise<Data>;
export async function asked<Data>(
  url: string,
  query: string | Operation<unknown, never>,
  variables?: object,
): Promise<Data> {
  const answer = await ask<Data>(url, textOf(query), variables);
  if ('data' in answer) return answer.data;
  throw new Error(JSON.stringify(answer));
}

/** Every event of a run, page by page, as anybody reads them. */
export async function allEvents(url: string, runId: string): Promise<readonly ReadEvent[]> {
  const events: ReadEvent[] = [];
  for (let after: string | null = null; ;) {
    const answer: Whole<ResultOf<typeof EVENTS>> = await asked(url, EVENTS, { runId, after });
    const { nodes, pageInfo } = answer.runEvents!;
    events.push(...nodes);
    if (!pageInfo.hasNextPage) return events;
    after = pageInfo.endCursor;
  }
}

/** An event as `allEvents` reads it. */
export type ReadEvent = NonNullable<ResultOf<typeof EVENTS>['runEvents']>['nodes'][number];

const EVENTS = operation(`query AllEvents($runId: ID!, $after: Cursor) {
  runEvents(runId: $runId, after: $after, first: 1000) {
    nodes { seq eventId type occurredAt stepKey }
    pageInfo { hasNextPage endCursor }
  }
}`);
