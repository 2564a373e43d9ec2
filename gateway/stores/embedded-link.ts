/** What embedded.ts and its thread say to each other. */

/** The number of the thread itself; clients count from 1. */
export const THREAD = 0;

/**
 * A client's bytes, or null: it left (to the thread) or is forgotten (from it). Of THREAD: the greeting when it is
 * ready; null asks it to close and answers that it has.
 */
export type Packet = readonly [client: number, bytes: Uint8Array<ArrayBuffer> | null];

export type ThreadSettings = {
  /** Two int32: the client whose statement runs (0: none), and how many batches were begun. Read while it is busy. */
  readonly running: SharedArrayBuffer;
  readonly idleInTransaction_ms: number;
} & (
  | { /** A folder that Postgres has initialised. */ readonly folder: string }
  | { /** In memory, from this tar.gz. */ readonly template: string }
);

/** Much is handed over; little is copied, which is cheaper. */
export function transferred(bytes: Uint8Array<ArrayBuffer> | null): ArrayBuffer[] {
  return bytes && bytes.length > 16_384 ? [bytes.buffer] : [];
}
