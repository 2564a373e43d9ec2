/** Judges a delivery only from what workers were told and what a client saw. */

/** An event that a worker's append was answered for. */
export interface Acknowledged {
  readonly eventId: string;
  readonly seq: number;
}

/** An event as it was handed to a client. */
export interface Delivered {
  readonly eventId: string;
  readonly seq: number;
}

/**
 * What is wrong with it, in words; nothing when every acknowledged event came exactly once and in order. Events that
 * no worker was answered for (RUN_QUEUED, an answer that got lost) must fit in, without a gap.
 */
export function deliveryFaults(
  acknowledged: readonly Acknowledged[],
  delivered: readonly Delivered[],
  from = 1,
): string[] {
  const faults: string[] = [];
  delivered.forEach(({ seq }, at) => {
    const expected = from + at;
    if (seq !== expected) faults.push(`item ${at} is event ${seq}, expected ${expected}`);
  });
  const ids = new Set(delivered.map(({ eventId }) => eventId));
  if (ids.size !== delivered.length) faults.push(`${delivered.length - ids.size} came twice`);
  const bySeq = new Map(delivered.map((event) => [event.seq, event.eventId]));
  for (const { eventId, seq } of acknowledged) {
    if (seq >= from && bySeq.get(seq) !== eventId) {
      faults.push(`event ${seq} was acknowledged as ${eventId}, came as ${bySeq.get(seq)}`);
    }
  }
  return faults.slice(0, 10);
}
