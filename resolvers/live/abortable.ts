import type { StopSignal } from '../stop.ts';

/**
 * A source of a subscription that stops at once. An async generator that waits for its next item does not hear
 * `return()` before that item comes, so a client that leaves would hold its listeners until then. Here `return()`
 * first aborts the signal on which the generator waits.
 */
export function abortable<T>(
  outer: StopSignal,
  make: (signal: AbortSignal) => AsyncGenerator<T>,
): AsyncIterableIterator<T> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  if (outer.aborted) abort();
  outer.addEventListener('abort', abort, { once: true });
  const source = make(stop.signal);
  const end = () => {
    outer.removeEventListener('abort', abort);
    stop.abort();
  };
  const look = ({ done }: IteratorResult<T>) => {
    if (done) end();
  };
  return {
    next() {
      const step = source.next();
      step.then(look, end); // Beside it: one more promise in the way would cost each item.
      return step;
    },
    return() {
      end();
      return source.return(undefined);
    },
    throw(error: unknown) {
      end();
      return source.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
