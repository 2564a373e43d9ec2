/** One result of a subscription on its way to its reader. */
import type { ExecutionResult } from 'graphql';

export interface Streamed {
  /** The result as JSON, which holds no line break: made once, however many are sent it. */
  readonly text: string;
  /** Where the client may go on after it; null where the field gives none. It is in the text as well. */
  readonly cursor: string | null;
  /** True when it has errors. */
  readonly failed: boolean;
}

/** The result of an item as it is sent: `extensions.cursor` is for clients that do not select the cursor. */
export function streamed({ result }: { result: ExecutionResult }, cursor: string | null): Streamed {
  const extended =
    cursor === null ? result : { ...result, extensions: { ...result.extensions, cursor } };
  return { text: JSON.stringify(extended), cursor, failed: result.errors !== undefined };
}

/** The cursor of an item, of whichever field. */
export function cursorOf(item: unknown): string | null {
  const { cursor } = (item ?? {}) as { cursor?: unknown };
  return typeof cursor === 'string' ? cursor : null;
}
