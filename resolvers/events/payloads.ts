/**
 * What events carry. Each type has a shape; keys beyond it are kept as they are; null counts as absent.
 *
 *   STEP_SUCCEEDED  { "outputs": [{ "name": "reads.bam", "kind": "bam", "sizeBytes": 1048576, "checksum": "sha256:…" }] }
 *   STEP_PROGRESS   { "progress": 0.4, "message": "4 of 10 chunks" }
 */
import { CheckOutcome, FailureReason, type EventType } from '../../prisma/generated/enums.ts';
import type { Issue } from '../errors.ts';
import { canonicalId } from '../keys.ts';
import type { JsonObject, JsonValue } from './log.ts';

/** Made by a step: becomes an artifact of the run, or changes the one of that name. */
export interface OutputPayload {
  readonly name: string;
  readonly kind?: string | null;
  readonly sizeBytes?: number | null;
  readonly uri?: string | null;
  readonly checksum?: string | null;
  readonly metadata?: JsonObject | null;
}

/** Used by a step: the artifact of that id, else the run's of that name, made as an external one if there is none. */
export interface InputPayload extends OutputPayload {
  readonly artifactId?: string | null;
}

/** Every field that a projection reads, whatever the type: `checkPayload` has seen to its form. */
export interface Told {
  readonly inputs?: readonly InputPayload[] | null;
  readonly outputs?: readonly OutputPayload[] | null;
  /** ARTIFACT_PRODUCED: what was made. CHECK_EVALUATED: the name of what was judged. */
  readonly artifact?: OutputPayload | string | null;
  readonly worker?: string | null;
  readonly progress?: number | null;
  readonly message?: string | null;
  readonly statusName?: string | null;
  readonly reason?: FailureReason | null;
  readonly error?: string | null;
  readonly check?: string;
  readonly outcome?: CheckOutcome;
  readonly score?: number | null;
  readonly details?: JsonObject | null;
  /** Merged into the run's by top-level key; null deletes. */
  readonly metadata?: JsonObject | null;
  readonly addTags?: readonly string[] | null;
}

/** Bytes of UTF-8: a name lies in an index, whose entries Postgres bounds at 2,704. */
const NAME_BYTES_MAX = 1_024;
const WORD_BYTES_MAX = 256;
const MESSAGE_BYTES_MAX = 4_096;
const ERROR_BYTES_MAX = 65_536;
/** Of inputs, outputs, lines and tags in one payload. */
const ITEMS_MAX = 10_000;

type Check = (value: JsonValue, path: string, issues: Issue[]) => void;
type Shape = Readonly<Record<string, { readonly check: Check; readonly required?: true }>>;

const word = text(WORD_BYTES_MAX, 'filled');
const name = text(NAME_BYTES_MAX, 'filled');
const OUTPUT: Shape = {
  name: { check: name, required: true },
  kind: { check: word },
  sizeBytes: { check: number(0, Number.MAX_SAFE_INTEGER, 'whole') },
  uri: { check: text(MESSAGE_BYTES_MAX) },
  checksum: { check: word },
  metadata: { check: freeForm },
};
const INPUT: Shape = { ...OUTPUT, artifactId: { check: id } };
const MESSAGE: Shape = { message: { check: text(MESSAGE_BYTES_MAX) } };
const STATUS: Shape = { ...MESSAGE, statusName: { check: word } };
const FAILURE: Shape = {
  ...STATUS,
  reason: { check: oneOf(Object.values(FailureReason)) },
  error: { check: text(ERROR_BYTES_MAX) },
};
const MADE: Shape = { ...MESSAGE, outputs: { check: list(object(OUTPUT)) } };

/** By type: what its payload may hold. */
export const SHAPES: Readonly<Record<EventType, Shape>> = {
  RUN_QUEUED: STATUS,
  RUN_STARTED: STATUS,
  RUN_PAUSED: STATUS,
  RUN_RESUMED: STATUS,
  RUN_CANCEL_REQUESTED: STATUS,
  RUN_SUCCEEDED: STATUS,
  RUN_FAILED: FAILURE,
  RUN_CANCELED: FAILURE,
  RUN_TIMED_OUT: FAILURE,
  RUN_CRASHED: FAILURE,
  STEP_QUEUED: MESSAGE,
  STEP_STARTED: { ...MESSAGE, inputs: { check: list(object(INPUT)) }, worker: { check: word } },
  STEP_PROGRESS: { ...MESSAGE, progress: { check: number(0, 1), required: true } },
  STEP_RETRYING: FAILURE,
  STEP_SUCCEEDED: MADE,
  STEP_FAILED: { ...FAILURE, ...MADE },
  STEP_SKIPPED: MESSAGE,
  STEP_CACHED: MADE,
  STEP_CANCELED: MESSAGE,
  ARTIFACT_PRODUCED: { artifact: { check: object(OUTPUT), required: true } },
  CHECK_EVALUATED: {
    artifact: { check: name, required: true },
    check: { check: word, required: true },
    outcome: { check: oneOf(Object.values(CheckOutcome)), required: true },
    score: { check: number(0, 1) },
    details: { check: freeForm },
  },
  COST_RECORDED: {
    kind: { check: word, required: true },
    amount: { check: number(0, Number.MAX_SAFE_INTEGER), required: true },
    unit: { check: word, required: true },
  },
  LOG_APPENDED: { lines: { check: list(line), required: true } },
  METADATA_UPDATED: { metadata: { check: freeForm }, addTags: { check: list(word) } },
};

/** Adds an issue for each field that breaks the shape of its type, or for what is no object. O(fields); no SQL. */
export function checkPayload(
  type: EventType,
  payload: JsonValue,
  path: string,
  issues: Issue[],
): void {
  object(SHAPES[type])(payload, path, issues);
}

function checkShape(shape: Shape, value: JsonObject, path: string, issues: Issue[]): void {
  for (const key in shape) {
    const field = value[key];
    if (field !== undefined && field !== null) shape[key]!.check(field, `${path}.${key}`, issues);
    else if (shape[key]!.required) issues.push({ path: `${path}.${key}`, message: 'is required' });
  }
}

function text(bytes_max: number, filled?: 'filled'): Check {
  return (value, path, issues) => {
    if (typeof value !== 'string') issues.push({ path, message: 'must be text' });
    else if (filled && value === '') issues.push({ path, message: 'must not be empty' });
    else if (tooLong(value, bytes_max)) {
      const bytes = Buffer.byteLength(value);
      issues.push({ path, message: `may have at most ${bytes_max} bytes, got ${bytes}` });
    }
  };
}

/** Counts bytes only where the length leaves it open: UTF-8 takes at most 3 per UTF-16 unit. */
function tooLong(value: string, bytes_max: number): boolean {
  return value.length * 3 > bytes_max && Buffer.byteLength(value) > bytes_max;
}

function number(min: number, max: number, whole?: 'whole'): Check {
  return (value, path, issues) => {
    const fits = typeof value === 'number' && value >= min && value <= max;
    if (fits && (!whole || Number.isInteger(value))) return;
    issues.push({
      path,
      message: `must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, got ${shown(value)}`,
    });
  };
}

function oneOf(words: readonly string[]): Check {
  return (value, path, issues) => {
    if (typeof value !== 'string' || !words.includes(value)) {
      issues.push({ path, message: `must be one of ${words.join(', ')}, got ${shown(value)}` });
    }
  };
}

function list(check: Check): Check {
  return (value, path, issues) => {
    if (!Array.isArray(value)) issues.push({ path, message: 'must be a list' });
    else if (value.length > ITEMS_MAX) {
      issues.push({ path, message: `may have at most ${ITEMS_MAX} items, got ${value.length}` });
    } else {
      for (let at = 0; at < value.length; at += 1) check(value[at]!, `${path}[${at}]`, issues);
    }
  };
}

function object(shape: Shape): Check {
  return (value, path, issues) => {
    if (isObject(value)) checkShape(shape, value, path, issues);
    else issues.push({ path, message: 'must be an object' });
  };
}

function freeForm(value: JsonValue, path: string, issues: Issue[]): void {
  if (!isObject(value)) issues.push({ path, message: 'must be an object' });
}

function line(value: JsonValue, path: string, issues: Issue[]): void {
  if (typeof value !== 'string' && !isObject(value)) {
    issues.push({ path, message: 'must be text or an object' });
  }
}

function id(value: JsonValue, path: string, issues: Issue[]): void {
  if (typeof value !== 'string' || canonicalId(value) === null) {
    issues.push({ path, message: `must be a UUID, got ${shown(value)}` });
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was received, short enough for a message. */
function shown(value: JsonValue): string {
  const json = JSON.stringify(value);
  return json.length > 40 ? `${json.slice(0, 40)}…` : json;
}
