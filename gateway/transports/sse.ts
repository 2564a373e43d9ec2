/**
 * GraphQL over server-sent events, in distinct connections mode: a subscription asked by GET or POST with
 * `Accept: text/event-stream` is answered by one stream of `next` events. Each carries `id: <cursor>`, so that a
 * browser's EventSource goes on by itself where it was.
 */
import type { ServerResponse } from 'node:http';
import type { Params, Asker } from '../execution/answer.ts';
import type { Stream } from '../execution/stream.ts';
import type { Streamed } from '../execution/streamed.ts';
import type { Exchange } from './exchange.ts';

export interface StreamLimits {
  /** A comment is sent after so long without an item: middle boxes cut what is silent. */
  readonly heartbeat_ms: number;
  /** A reader that takes nothing for so long is cut off; it goes on with its last id. */
  readonly stalled_ms: number;
  /** What a reader is told to wait before it comes again, at least; up to twice that by chance. */
  readonly retry_ms: number;
}

export interface Streams {
  /** True when the request asks for a stream of events. */
  asked(exchange: Exchange): boolean;
  /** Sends the stream until it ends, the reader leaves, or the gateway drains. */
  send(exchange: Exchange, params: Params, asker: Asker): Promise<void>;
  /** Ends all streams without `complete`, so that readers come again with their last id. */
  drain(): void;
  count(): number;
}

/** Longest Last-Event-ID that is read; cursors are shorter. */
export const LAST_ID_CHARS_MAX = 48_000;

/** Streams for the operations that `stream` begins. */
export function openStreams(
  stream: (params: Params, asker: Asker) => Promise<Stream>,
  limits: StreamLimits,
): Streams {
  /** What ends the source of each. */
  const open = new Map<ServerResponse, () => void>();
  let draining = false;

  const end = (response: ServerResponse) => {
    const retry_ms = Math.round(limits.retry_ms * (1 + Math.random()));
    response.end(`retry: ${retry_ms}\n\n`);
  };

  return {
    asked: ({ request }) => request.headers.accept?.includes('text/event-stream') ?? false,
    async send({ request, response }, params, asker) {
      const lastId = request.headers['last-event-id'];
      const resumeAfter =
        typeof lastId === 'string' && lastId !== '' ? lastId.slice(0, LAST_ID_CHARS_MAX) : null;
      const begun = draining ? null : await stream(params, { ...asker, resumeAfter });
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      if (begun === null || draining) {
        // Came on a kept connection, or began meanwhile: it must not hold up the drain, and 503 ends an EventSource.
        end(response);
        if (begun && 'items' in begun) await begun.items.return?.();
        return;
      }
      if ('refused' in begun) {
        response.end(`${frame({ text: JSON.stringify(begun.refused), cursor: null })}${COMPLETE}`);
        return;
      }
      response.write(':\n\n'); // So that the reader knows at once that it is open.
      const beat = setInterval(() => {
        if (!response.writableEnded) response.write(':\n\n');
      }, limits.heartbeat_ms);
      const leave = () => void begun.items.return?.();
      open.set(response, leave);
      asker.signal.addEventListener('abort', leave, { once: true });
      try {
        for await (const item of begun.items) {
          if (response.writableEnded || response.destroyed) break;
          if (!response.write(frame(item)) && !(await drained(response, limits.stalled_ms))) break;
        }
        if (!response.writableEnded) response.end(draining ? '' : COMPLETE);
      } finally {
        clearInterval(beat);
        asker.signal.removeEventListener('abort', leave);
        open.delete(response);
        await begun.items.return?.();
      }
    },
    drain() {
      draining = true;
      for (const [response, leave] of open) {
        end(response);
        leave();
      }
    },
    count: () => open.size,
  };
}

const COMPLETE = 'event: complete\ndata:\n\n';

function frame({ text, cursor }: Pick<Streamed, 'text' | 'cursor'>): string {
  const id = cursor === null ? '' : `id: ${cursor}\n`;
  return `${id}event: next\ndata: ${text}\n\n`;
}

/** False when the reader took nothing for too long: it was cut off. */
function drained(response: ServerResponse, stalled_ms: number): Promise<boolean> {
  return new Promise((done) => {
    const settle = (went: boolean) => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      response.off('close', onClose);
      done(went);
    };
    const onDrain = () => settle(true);
    const onClose = () => settle(false);
    const timer = setTimeout(() => {
      response.destroy();
      settle(false);
    }, stalled_ms);
    response.on('drain', onDrain);
    response.on('close', onClose);
  });
}
