/**
 * The log that a recording becomes. RUN_QUEUED (seq 1) comes with the run; the event of number n in the data set's
 * README has seq n + 2: RUN_STARTED, STEP_STARTED and STEP_SUCCEEDED in order of time, RUN_SUCCEEDED.
 */
import type { JsonObject, NewEvent } from '../events/log.ts';
import { derivedId } from '../keys.ts';
import type { Recording } from './recording.ts';
import { scheduleOf, type ScheduledTask } from './schedule.ts';

/** The seq of the first event that a recording gives a run. */
const FIRST_SEQ = 2;

/** The id of the event that gets this seq: the same however often it is sent. */
function replayEventId(runId: string, seq: number): string {
  return derivedId(`replay:${seq}`, runId);
}

/** All events after RUN_QUEUED, in order of seq: 2 per task and 2 for the run. */
export function replayEvents(recording: Recording, runId: string): NewEvent[] {
  const { tasks, makespan_ms } = scheduleOf(recording);
  const moments = tasks
    .flatMap((scheduled, position) => [
      { type: 'STEP_STARTED' as const, at_ms: scheduled.start_ms, scheduled, position },
      { type: 'STEP_SUCCEEDED' as const, at_ms: scheduled.end_ms, scheduled, position },
    ])
    .toSorted(
      (a, b) =>
        a.at_ms - b.at_ms ||
        Number(a.type === 'STEP_STARTED') - Number(b.type === 'STEP_STARTED') || // Ends first.
        a.position - b.position,
    );
  const told: Omit<NewEvent, 'eventId' | 'occurredAt'>[] = [
    { type: 'RUN_STARTED' },
    ...moments.map(({ type, scheduled }) => ({
      type,
      stepKey: scheduled.task.key,
      payload: type === 'STEP_STARTED' ? begun(recording, scheduled) : done(recording, scheduled),
    })),
    { type: 'RUN_SUCCEEDED' },
  ];
  const times_ms = [0, ...moments.map(({ at_ms }) => at_ms), makespan_ms];
  return told.map((event, number) => ({
    ...event,
    eventId: replayEventId(runId, number + FIRST_SEQ),
    occurredAt: new Date(recording.startedAt.getTime() + (times_ms[number] ?? makespan_ms)),
  }));
}

function begun(recording: Recording, { task, machine }: ScheduledTask): JsonObject {
  const worker = machine === null ? {} : { worker: machine };
  return { inputs: task.inputs.map((name) => fileOf(recording, name)), ...worker };
}

function done(recording: Recording, { task }: ScheduledTask): JsonObject {
  const usage = Object.keys(task.usage).length > 0 ? { usage: task.usage } : {};
  return { outputs: task.outputs.map((name) => fileOf(recording, name)), ...usage };
}

function fileOf(recording: Recording, name: string): JsonObject {
  return { name, kind: kindOfFile(name), sizeBytes: recording.files.get(name) ?? 0 };
}

const PACKED = new Set(['gz', 'bz2', 'xz', 'zst', 'bgz']);
const LIKE = /^[a-z][a-z0-9_]{0,11}$/;
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['fq', 'fastq'],
  ['fa', 'fasta'],
  ['fna', 'fasta'],
  ['htm', 'html'],
  ['jpeg', 'jpg'],
  ['yaml', 'yml'],
]);

/** `reads_1.fq.gz` is a fastq, `small.fasta.0` a fasta, `nt` a file. */
export function kindOfFile(name: string): string {
  const [, ...extensions] = name.slice(name.lastIndexOf('/') + 1).split('.');
  const kind = extensions
    .map((extension) => extension.toLowerCase())
    .findLast((extension) => LIKE.test(extension) && !PACKED.has(extension));
  return kind === undefined ? 'file' : (ALIASES.get(kind) ?? kind);
}
