/**
 * What stock GraphQL clients must be told, so that they go on where they were. They come again by themselves, with the
 * variables that they first had: here these hold the cursor of the last item. docs/PROTOCOL.md shows the same.
 */

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown> | null | undefined;
}

interface Result {
  readonly data?: unknown;
  readonly extensions?: unknown;
}

interface Sink<R> {
  next(result: R): void;
  error(error: unknown): void;
  complete(): void;
}

/** graphql-ws and graphql-sse both have it. */
export interface Subscribing {
  subscribe(operation: never, sink: never): () => void;
}

/**
 * The same client, whose subscriptions resume. The document takes `$after: Cursor` and hands it to its field; by
 * server-sent events it also selects `cursor`, for graphql-sse shows neither `id` nor anything else of a frame.
 */
export function resuming<Client extends Subscribing>(client: Client): Client {
  const inner = client as unknown as {
    subscribe(operation: Operation, sink: Sink<Result>): () => void;
  };
  const subscribe = (operation: Operation, sink: Sink<Result>) => {
    const variables: Record<string, unknown> = { ...operation.variables };
    // Both clients write the operation out again for each connection: so a change here is in the next attempt.
    return inner.subscribe(
      { ...operation, variables },
      {
        next(result) {
          if (isFarewell(result)) return;
          sink.next(result);
          variables['after'] = cursorOf(result) ?? variables['after'];
        },
        error: (error) => sink.error(error),
        complete: () => sink.complete(),
      },
    );
  };
  return { ...client, subscribe };
}

/** A draining gateway's last word: no item. urql would show the item before it once more. */
function isFarewell({ extensions }: Result): boolean {
  return (extensions as { resume?: unknown } | undefined)?.resume !== undefined;
}

/** By WebSocket each result has it in its extensions; else it is in the item, where it is selected. */
function cursorOf({ data, extensions }: Result): string | undefined {
  const { cursor } = (extensions ?? {}) as { cursor?: string };
  if (cursor !== undefined) return cursor;
  const [item] = Object.values((data ?? {}) as Record<string, { cursor?: string } | null>);
  return item?.cursor;
}
