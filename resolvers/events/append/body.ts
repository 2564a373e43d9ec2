/** Whether two sendings of an event id say the same. */
import { isDeepStrictEqual } from 'node:util';
import type { CheckedEvent } from './check.ts';
import type { Actor } from '../log.ts';
import type { PlacedEvent } from './state.ts';

/**
 * True when `event` from `actor` says what `placed` said. An attempt left out is the one it was given then. The
 * order of keys in the payload does not count, as in jsonb.
 */
export function sameBody(placed: PlacedEvent, event: CheckedEvent, actor: Actor): boolean {
  const before = placed.event;
  return (
    before.type === event.type &&
    placed.actor === actor &&
    before.stepKey === event.stepKey &&
    (event.attempt === null || event.attempt === placed.attempt) &&
    before.occurredAt === event.occurredAt &&
    before.causationId === event.causationId &&
    before.correlationId === event.correlationId &&
    before.schemaVersion === event.schemaVersion &&
    (before.payloadText === event.payloadText ||
      isDeepStrictEqual(asStored(before.payload), asStored(event.payload)))
  );
}

/** Without absent fields and with one zero, as it comes back from the database. */
function asStored(payload: object): unknown {
  return JSON.parse(JSON.stringify(payload));
}
