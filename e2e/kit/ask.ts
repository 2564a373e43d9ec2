/** One GraphQL request over HTTP, without any of the client's kindness: no repeat, no patience. */

export type Answered<Data> =
  | { readonly data: Data }
  /** The connection broke or nobody listened: whether it was done is not known. */
  | { readonly lost: string }
  /** Refused, with the code of the first error. */
  | { readonly refused: string; readonly message: string };

/** Posts the operation. `Data` is what it answers when it succeeds whole. */
export async function ask<Data>(
  url: string,
  query: string,
  variables: object = {},
): Promise<Answered<Data>> {
  let text: string;
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query, variables }),
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
export async function asked<Data>(url: string, query: string, variables?: object): Promise<Data> {
  const answer = await ask<Data>(url, query, variables);
  if ('data' in answer) return answer.data;
  throw new Error(JSON.stringify(answer));
}

/** Every event of a run, page by page, as anybody reads them. */
export async function allEvents(url: string, runId: string): Promise<readonly ReadEvent[]> {
  const events: ReadEvent[] = [];
  for (let after: string | null = null; ;) {
    const { runEvents }: EventPage = await asked<EventPage>(url, EVENTS, { runId, after });
    events.push(...runEvents.nodes);
    if (!runEvents.pageInfo.hasNextPage) return events;
    after = runEvents.pageInfo.endCursor;
  }
}

export interface ReadEvent {
  readonly seq: number;
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly stepKey: string | null;
}

interface EventPage {
  readonly runEvents: {
    readonly nodes: readonly ReadEvent[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const EVENTS = `query AllEvents($runId: ID!, $after: Cursor) {
  runEvents(runId: $runId, after: $after, first: 1000) {
    nodes { seq eventId type occurredAt stepKey }
    pageInfo { hasNextPage endCursor }
  }
}`;
