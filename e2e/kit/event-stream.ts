/** A reader of server-sent events, as plain as the specification: fields, blank line, comments left out. */

export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export interface EventStream {
  readonly status: number;
  readonly events: StreamEvent[];
  /** Lines of `retry:` so far. */
  readonly retries: string[];
  /** Resolves when the gateway ended the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Asks by POST with `Accept: text/event-stream`. */
export async function openEventStream(
  url: string,
  query: string,
  variables: object,
  lastId?: string,
): Promise<EventStream> {
  const stop = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    signal: stop.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
    },
    body: JSON.stringify({ query, variables }),
  });
  const events: StreamEvent[] = [];
  const retries: string[] = [];
  const ended = read(response.body!, events, retries).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return { status: response.status, events, retries, ended, close: () => stop.abort() };
}

async function read(
  body: ReadableStream<Uint8Array>,
  events: StreamEvent[],
  retries: string[],
): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => line.split(/:\s?(.*)/s).slice(0, 2) as [string, string]),
      );
      const retry = fields.get('retry');
      if (retry !== undefined) retries.push(retry);
      const event = fields.get('event');
      if (event === undefined) continue;
      const data = fields.get('data');
      events.push({ id: fields.get('id') ?? '', event, data: data ? JSON.parse(data) : null });
    }
  }
}
