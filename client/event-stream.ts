/** GraphQL over server-sent events: one request per operation, read as it comes; goes on by Last-Event-ID. */
import type { Clock } from './clock.ts';
import { post, refusalIn, type Fetch } from './post.ts';
import {
  endBy,
  take,
  variablesOf,
  type Asked,
  type End,
  type Hear,
  type Transport,
  type WireResult,
} from './transport.ts';

export interface StreamOptions {
  readonly url: string;
  readonly fetch: Fetch;
  /** After so long without a byte the link counts as half open; the gateway sends comments more often. */
  readonly silence_max_ms: number;
  /** From the request to its first bytes: whoever holds the stream back has passed none by then. */
  readonly open_wait_ms: number;
  readonly clock: Clock;
}

/** Characters of one event that are kept until it is whole. */
const EVENT_CHARS_MAX = 64_000_000;

/** Each operation has a request of its own. */
export function streamTransport(options: StreamOptions): Transport {
  return {
    name: 'sse',
    async carry(asked, hear, signal) {
      const watched = watch(options, signal);
      try {
        const { query, after } = asked;
        const headers = {
          accept: 'text/event-stream',
          ...(after === null ? {} : { 'last-event-id': after }),
        };
        const body = JSON.stringify({ query, variables: variablesOf(asked) });
        const response = await post(options.fetch, options.url, body, headers, watched.signal);
        const type = response.headers.get('content-type') ?? '';
        if (!response.body || !type.startsWith('text/event-stream')) {
          const refusal = refusalIn(await response.text());
          if (refusal) return endBy(refusal);
          return { kind: 'broken', reason: `answered ${response.status} and no event stream` };
        }
        return await readStream(response.body, asked, hear, () => watched.heard());
      } catch (error) {
        if (signal.aborted) return { kind: 'stopped' };
        return watched.end() ?? { kind: 'broken', reason: reasonOf(error) };
      } finally {
        watched.close();
      }
    },
  };
}

/** Aborts the request when it is silent for too long, or with `signal`. */
function watch({ clock, silence_max_ms, open_wait_ms }: StreamOptions, signal: AbortSignal) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  let end: End | null = null;
  const silent = (silence: End) => () => {
    end = silence;
    abort();
  };
  const unopened: End = { kind: 'broken', reason: `no event stream within ${open_wait_ms} ms` };
  const halfOpen: End = { kind: 'half-open', reason: `nothing heard for ${silence_max_ms} ms` };
  let cancel = clock.after(open_wait_ms, silent(unopened));
  return {
    signal: controller.signal,
    heard() {
      cancel();
      cancel = clock.after(silence_max_ms, silent(halfOpen));
    },
    end: () => end,
    close() {
      cancel();
      signal.removeEventListener('abort', abort);
      abort(); // Lets go of a body that was not read to its end.
    },
  };
}

async function readStream<Item>(
  body: ReadableStream<Uint8Array>,
  asked: Asked<Item>,
  hear: Hear<Item>,
  heard: () => void,
): Promise<End> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let opened = false;
  let retry: { readonly wait_ms?: number } = {};
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { kind: 'broken', reason: 'the event stream ended', ...retry };
    heard();
    if (!opened) hear.opened();
    opened = true;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    if (text.length > EVENT_CHARS_MAX) {
      return { kind: 'broken', reason: `an event of more than ${EVENT_CHARS_MAX} characters` };
    }
    for (const block of blocks) {
      const fields = fieldsOf(block);
      const wait_ms = Number(fields.get('retry') ?? Number.NaN);
      if (wait_ms >= 0) retry = { wait_ms };
      if (fields.get('event') === 'complete') return { kind: 'complete' };
      if (fields.get('event') !== 'next') continue;
      const result = JSON.parse(fields.get('data') ?? '{}') as WireResult;
      const end = take(asked, hear, result, fields.get('id') ?? null);
      if (end) return end;
    }
  }
}

/** Of one event; comments have no name. The gateway writes one line per field and ends lines with LF. */
function fieldsOf(block: string): Map<string, string> {
  return new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    }),
  );
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
