/** From rows to their vectors: those that need one are embedded, and stored if they still are what they were. */
import { Invalid } from '../errors.ts';
import type { Sql } from '../sql.ts';
import type { Embedder, Space } from './embedder.ts';
import {
  vectorStoreOf,
  wantedOf,
  writeVectors,
  type EmbeddedKind,
  type Wanted,
} from './embeddings.ts';

/** What embeds, and who is told of a text that it refuses. */
export interface EmbedWork {
  readonly sql: Sql;
  readonly embedder: Embedder;
  readonly refused: ((kind: EmbeddedKind, id: string, error: Invalid) => void) | undefined;
}

/**
 * Embeds the rows of a kind with these ids, as far as they need it. Rejects as the embedder does; what was embedded by
 * then is stored. Cost: 1 statement, and 1 more for each batch of the embedder and for the first.
 */
export async function embedRows(
  work: EmbedWork,
  kind: EmbeddedKind,
  ids: readonly string[],
  space: Space,
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return;
  const { sql, embedder } = work;
  const wanted = await wantedOf(sql, kind, ids, space, embedder.text_chars_max);
  if (wanted.length === 0) return;
  const store = await vectorStoreOf(sql, space);
  for (let at = 0; at < wanted.length; at += embedder.batch_max) {
    const batch = wanted.slice(at, at + embedder.batch_max);
    const made = await embedBatch(work, kind, batch, signal);
    if (made.length > 0) await writeVectors(sql, kind, store, space, made);
  }
}

/** Divides what is refused until the refused text is alone, and leaves that out. */
async function embedBatch(
  work: EmbedWork,
  kind: EmbeddedKind,
  batch: readonly Wanted[],
  signal: AbortSignal,
): Promise<(Wanted & { vector: readonly number[] })[]> {
  const { embedder, refused } = work;
  try {
    const vectors = await embedder.embed(
      batch.map(({ text }) => text),
      signal,
    );
    return batch.map((wanted, index) => ({ ...wanted, vector: vectors[index]! }));
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    if (batch.length === 1) {
      refused?.(kind, batch[0]!.id, error);
      return [];
    }
    const middle = Math.ceil(batch.length / 2);
    return [
      ...(await embedBatch(work, kind, batch.slice(0, middle), signal)),
      ...(await embedBatch(work, kind, batch.slice(middle), signal)),
    ];
  }
}
