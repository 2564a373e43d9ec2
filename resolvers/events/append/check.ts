/** What can be said of an append before any SQL: form, bounds, and who may cause what. */
import type { EventType } from '../../../prisma/generated/enums.ts';
import { Invalid, Limited, type Issue } from '../../errors.ts';
import { canonicalId } from '../../keys.ts';
import { isRunEvent, isStepEvent, moversOf, type Mover } from '../../runs/model.ts';
import type { Actor, AppendCall, JsonObject, NewEvent } from '../log.ts';
import { isStorable, unstorable } from '../json.ts';
import { checkPayload, type Told } from '../payloads.ts';

export interface CallLimits {
  /** Events in one call. */
  readonly call_events_max: number;
  /** UTF-8 bytes of the payloads of one call; no more than a flush holds. */
  readonly call_bytes_max: number;
  /** UTF-8 bytes of one payload. */
  readonly payload_bytes_max: number;
  /** Objects and lists in each other; the payload itself is 1. */
  readonly payload_depth_max: number;
}

export const CALL_LIMITS: CallLimits = {
  call_events_max: 1_000,
  call_bytes_max: 4 * 1_048_576,
  payload_bytes_max: 1_048_576,
  payload_depth_max: 32,
};

/** An event whose form is right, in the form in which it is stored. */
export interface CheckedEvent {
  readonly eventId: string;
  readonly type: EventType;
  readonly stepKey: string | null;
  readonly attempt: number | null;
  /** ISO 8601, UTC, milliseconds. */
  readonly occurredAt: string;
  readonly causationId: string | null;
  readonly correlationId: string | null;
  readonly schemaVersion: number;
  readonly payload: JsonObject & Told;
  readonly payloadText: string;
}

export interface CheckedCall {
  readonly runId: string;
  readonly workspaceId: string;
  readonly actor: Actor;
  readonly mover: Mover;
  readonly fence: string | null;
  readonly expectedVersion: number | null;
  readonly events: readonly CheckedEvent[];
  /** UTF-8 bytes of all payloads. */
  readonly bytes: number;
}

/** Bytes of UTF-8: a step's key lies in an index, whose entries Postgres bounds at 2,704. */
export const STEP_KEY_BYTES_MAX = 1_024;
/** Postgres knows times outside of these, but not every client does. */
const OCCURRED_AT_MIN = Date.UTC(1970, 0, 1);
const OCCURRED_AT_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const ACTOR_MAX = 256;
const SMALLINT_MAX = 32_767;
const INT_MAX = 2_147_483_647;

/**
 * The call in its stored form: ids in lower case, defaults filled in. Refuses: Invalid with every issue found;
 * Limited when there are too many events or bytes, or a payload nests too deep.
 */
export function checkCall(call: AppendCall, limits: CallLimits): CheckedCall {
  if (call.events.length > limits.call_events_max) {
    throw new Limited('events of one append', limits.call_events_max, call.events.length);
  }
  const issues: Issue[] = [];
  if (call.events.length === 0) issues.push({ path: 'events', message: 'must not be empty' });
  const mover = moverOf(call.actor);
  const events: CheckedEvent[] = [];
  let bytes = 0;
  for (let at = 0; at < call.events.length; at += 1) {
    const event = checkEvent(call.events[at]!, mover, `events[${at}]`, limits, issues);
    bytes += Buffer.byteLength(event.payloadText);
    events.push(event);
  }
  if (bytes > limits.call_bytes_max) {
    throw new Limited('bytes of the payloads of one append', limits.call_bytes_max, bytes);
  }
  const checked: CheckedCall = {
    runId: id(call.runId, 'runId', issues),
    workspaceId: id(call.workspaceId, 'workspaceId', issues),
    actor: call.actor,
    mover,
    fence: idOrNull(call.fence, 'fence', issues),
    expectedVersion: call.expectedVersion ?? null,
    events,
    bytes,
  };
  if (call.actor.length > ACTOR_MAX || !isStorable(call.actor, 0)) {
    issues.push({ path: 'actor', message: `must be storable text of at most ${ACTOR_MAX}` });
  }
  if (checked.expectedVersion !== null) {
    whole(checked.expectedVersion, 0, Number.MAX_SAFE_INTEGER, 'expectedVersion', issues);
  }
  if (issues.length > 0) throw new Invalid(issues);
  return checked;
}

/** The word of the moves for an actor. */
export function moverOf(actor: Actor): Mover {
  return actor === 'worker' || actor === 'gateway' ? actor : 'user';
}

function checkEvent(
  event: NewEvent,
  mover: Mover,
  path: string,
  limits: CallLimits,
  issues: Issue[],
): CheckedEvent {
  const stepKey = event.stepKey ?? null;
  const attempt = event.attempt ?? null;
  const schemaVersion = event.schemaVersion ?? 1;
  const payload = event.payload ?? {};
  checkType(event.type, mover, stepKey, path, issues);
  if (stepKey !== null) checkStepKey(stepKey, `${path}.stepKey`, issues);
  if (attempt !== null) {
    whole(attempt, 1, INT_MAX, `${path}.attempt`, issues);
    if (stepKey === null) {
      issues.push({ path: `${path}.attempt`, message: 'belongs to a step: stepKey is missing' });
    }
  }
  whole(schemaVersion, 1, SMALLINT_MAX, `${path}.schemaVersion`, issues);
  return {
    eventId: id(event.eventId, `${path}.eventId`, issues),
    type: event.type,
    stepKey,
    attempt,
    occurredAt: time(event.occurredAt, `${path}.occurredAt`, issues),
    causationId: idOrNull(event.causationId, `${path}.causationId`, issues),
    correlationId: idOrNull(event.correlationId, `${path}.correlationId`, issues),
    schemaVersion,
    payload,
    payloadText: payloadTextOf(event.type, payload, `${path}.payload`, limits, issues),
  };
}

function checkType(
  type: EventType,
  mover: Mover,
  stepKey: string | null,
  path: string,
  issues: Issue[],
): void {
  const movers = moversOf(type);
  if (!movers.includes(mover)) {
    issues.push({
      path: `${path}.type`,
      message: `${type} may come from ${movers.join(' or ')}, not from ${mover}`,
    });
  }
  if (stepKey === null && isStepEvent(type)) {
    issues.push({ path: `${path}.stepKey`, message: `is required for ${type}` });
  } else if (stepKey !== null && isRunEvent(type)) {
    issues.push({ path: `${path}.stepKey`, message: `does not belong to ${type}` });
  }
}

function checkStepKey(stepKey: string, path: string, issues: Issue[]): void {
  const bytes = Buffer.byteLength(stepKey);
  if (bytes < 1 || bytes > STEP_KEY_BYTES_MAX) {
    issues.push({ path, message: `must have 1 to ${STEP_KEY_BYTES_MAX} bytes, got ${bytes}` });
  } else if (!isStorable(stepKey, 0)) unstorable(stepKey, path, issues);
}

function payloadTextOf(
  type: EventType,
  payload: JsonObject,
  path: string,
  limits: CallLimits,
  issues: Issue[],
): string {
  if (!isStorable(payload, limits.payload_depth_max)) {
    const deepest = unstorable(payload, path, issues);
    if (deepest > limits.payload_depth_max) {
      throw new Limited(`depth of ${path}`, limits.payload_depth_max, deepest);
    }
    return '{}'; // Refused below, with the other issues.
  }
  checkPayload(type, payload, path, issues);
  const text = JSON.stringify(payload);
  if (text.length * 3 > limits.payload_bytes_max) {
    const bytes = Buffer.byteLength(text);
    if (bytes > limits.payload_bytes_max) {
      throw new Limited(`bytes of ${path}`, limits.payload_bytes_max, bytes);
    }
  }
  return text;
}

function id(text: string, path: string, issues: Issue[]): string {
  const canonical = canonicalId(text);
  if (canonical === null) issues.push({ path, message: 'must be a UUID' });
  return canonical ?? '';
}

function idOrNull(text: string | null | undefined, path: string, issues: Issue[]): string | null {
  return text === null || text === undefined ? null : id(text, path, issues);
}

function whole(value: number, min: number, max: number, path: string, issues: Issue[]): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    issues.push({ path, message: `must be a whole number from ${min} to ${max}, got ${value}` });
  }
}

function time(value: Date, path: string, issues: Issue[]): string {
  const at_ms = value.getTime();
  if (at_ms >= OCCURRED_AT_MIN && at_ms <= OCCURRED_AT_MAX) return value.toISOString();
  issues.push({ path, message: 'must be a time from 1970 to 9999' }); // NaN, too, is neither.
  return '';
}
