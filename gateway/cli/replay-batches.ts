/** Which events of a replay go together, and when: the recorded clock, faster or slower. Pure. */
import type { NewEvent } from '../../resolvers/events/log.ts';

/** Times the recorded speed, or as fast as the gateway takes them. */
export type Speed = number | 'max';

/** One append: well below what the gateway takes (1,000 events, 4 MB of payloads, 8 MB of body). */
export const BATCH_EVENTS_MAX = 500;
export const BATCH_BYTES_MAX = 1_000_000;

export interface Pace {
  /** Milliseconds from `now_ms` until this event is due; 0 or less when it is. */
  wait_ms(event: NewEvent, now_ms: number): number;
  /** Goes on from here after a time in which the run stood still. */
  shift(by_ms: number): void;
}

/** A clock by which `first` is due at `now_ms`, and the others as much later as recorded, divided by the speed. */
export function openPace(speed: Speed, first: NewEvent, now_ms: number): Pace {
  let start_ms = now_ms;
  return {
    wait_ms(event, at_ms) {
      if (speed === 'max') return 0;
      const recorded_ms = event.occurredAt.getTime() - first.occurredAt.getTime();
      return start_ms + recorded_ms / speed - at_ms;
    },
    shift(by_ms) {
      start_ms += by_ms;
    },
  };
}

/** The end (exclusive) of the batch that begins at `from`: what is due, bounded by count and bytes; at least one. */
export function batchEnd(
  events: readonly NewEvent[],
  from: number,
  due: (event: NewEvent) => boolean,
): number {
  let bytes = 0;
  let end = from;
  for (; end < events.length && end - from < BATCH_EVENTS_MAX; end++) {
    const event = events[end]!;
    bytes += JSON.stringify(event).length;
    if (end > from && (bytes > BATCH_BYTES_MAX || !due(event))) break;
  }
  return end;
}
