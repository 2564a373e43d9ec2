/** Batches of what comes one by one, so that neither too much is held nor too little sent at once. */
import { BATCH_MAX } from '../port.ts';

export interface Sized {
  /** Characters, about. */
  readonly length: number;
}

/** After so many characters a batch ends. */
export const BATCH_LENGTH = 1_048_576;
/** Batches that are being written; one more is being filled. */
export const IN_FLIGHT_MAX = 2;

/**
 * Does the work for batches of at most BATCH_MAX items, in their order, IN_FLIGHT_MAX at once. Reads no further than it
 * has room for. Throws what the first that failed threw, or the signal's reason, once nothing is in flight.
 */
export async function inBatches<Item extends Sized>(
  items: AsyncIterable<Item>,
  signal: AbortSignal | undefined,
  work: (batch: readonly Item[]) => Promise<void>,
): Promise<void> {
  const flying: Promise<void>[] = [];
  let batch: Item[] = [];
  let length = 0;
  const send = async () => {
    if (flying.length >= IN_FLIGHT_MAX) await flying.shift();
    signal?.throwIfAborted();
    const flight = work(batch);
    flight.catch(() => undefined); // Heard of below.
    flying.push(flight);
    [batch, length] = [[], 0];
  };
  try {
    for await (const item of items) {
      batch.push(item);
      length += item.length;
      if (batch.length >= BATCH_MAX || length >= BATCH_LENGTH) await send();
    }
    if (batch.length > 0) await send();
    for (const flight of flying) await flight;
  } finally {
    await Promise.allSettled(flying);
  }
}
