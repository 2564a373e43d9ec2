/**
 * Ids of rows that come from events: always the same for the same log, so that folding it again gives the same
 * rows, and beside each other in the index like the runs they belong to.
 *
 *   018f3c2e-9a00-…             run, a uuid v7: its first 48 bits are its time
 *   018f3c2e-9a00-8xxx-xxxx-…   row: that time, then version 8 and 122 - 48 bits of SHA-256 (RFC 9562 §5.8)
 */
import { createHash } from 'node:crypto';

/** The id of what `name` says within a run, such as `artifact reads.bam`. */
export function rowId(runId: string, name: string): string {
  const hash = createHash('sha256').update(`${runId} ${name}`).digest('hex');
  const variant = ((Number.parseInt(hash[3]!, 16) & 0x3) | 0x8).toString(16);
  return `${runId.slice(0, 14)}8${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}
