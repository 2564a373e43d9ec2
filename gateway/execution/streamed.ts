/** One result of a subscription on its way to its reader. */
import { textOf } from './answer.ts';
import type { Written } from './levels/execute.ts';

export interface Streamed {
  /** The result as JSON, which holds no line break: made once, however many are sent it. */
  readonly text: string;
  /** Where the client may go on after it; null where the field gives none. It is in the text as well. */
  readonly cursor: string | null;
  /** True when it has errors. */
  readonly failed: boolean;
}

/** The result of an item as it is sent: `extensions.cursor` is for clients that do not select the cursor. */
export function streamed(written: Written, cursor: string | null): Streamed {
  const extensions = cursor === null ? undefined : JSON.stringify({ cursor });
  return { text: textOf(written, extensions), cursor, failed: written.errors.length > 0 };
}

/** The cursor of an item, of whichever field. */
export function cursorOf(item: unknown): string | null {
  const { cursor } = (item ?? {}) as { cursor?: unknown };
  return typeof cursor === 'string' ? cursor : null;
}
