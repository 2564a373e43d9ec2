/** One recorded run, sent to a gateway as its worker would have sent it. */
import type { RunStatus } from '../../prisma/generated/enums.ts';
import { Refusal } from '../../resolvers/errors.ts';
import type { NewEvent } from '../../resolvers/events/log.ts';
import { derivedId, newId } from '../../resolvers/keys.ts';
import type { Recording } from '../../resolvers/recordings/recording.ts';
import { replayEvents } from '../../resolvers/recordings/replay-events.ts';
import { pause, type Api } from './api.ts';
import { workerApi, type WorkerApi } from './replay-api.ts';
import { batchEnd, openPace, type Pace, type Speed } from './replay-batches.ts';

export interface ReplayOptions {
  readonly speed: Speed;
  /** Goes on with this run instead of starting one. */
  readonly resume?: string;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** As soon as the run is there. */
  readonly started: (runId: string) => void;
  readonly told: (events: number, total: number) => void;
}

/** What is printed of a run, as one line of JSON. */
export interface Replayed {
  readonly runId: string;
  readonly workflow: string;
  /** In the run's log, RUN_QUEUED included. */
  readonly events: number;
  readonly seconds: number;
  /** Other than SUCCEEDED when somebody canceled the run. */
  readonly status: RunStatus;
}

/** A worker is taken for lost after 60 s without a sign (HEARTBEAT_GRACE_MS by default). */
const HEARTBEAT_MS = 5_000;
/** How soon a paused run hears that it goes on. */
const PAUSED_POLL_MS = 1_000;

/**
 * Registers the workflow, starts a run (or goes on with one) and appends its events in order, each batch acknowledged
 * before the next. Every request may be repeated: ids are derived from the run and the event's number.
 * A pause by a user is waited out; a cancel is obeyed.
 */
export async function replayRun(
  api: Api,
  recording: Recording,
  options: ReplayOptions,
): Promise<Replayed> {
  const began_ms = performance.now();
  const worker = workerApi(api);
  const run = options.resume
    ? await worker.run(options.resume)
    : await worker.start(recording, newId());
  options.started(run.runId);
  const events = replayEvents(recording, run.runId);
  // After a resume, what is stored already is sent again at once: it is answered as the first time.
  const stored = Math.min(run.version - 1, events.length - 1);
  const status = await send({ worker, runId: run.runId, events, stored, ...options });
  return {
    runId: run.runId,
    workflow: recording.name,
    events: events.length + 1,
    seconds: Math.round(performance.now() - began_ms) / 1_000,
    status,
  };
}

interface Sending extends ReplayOptions {
  readonly worker: WorkerApi;
  readonly runId: string;
  readonly events: readonly NewEvent[];
  readonly stored: number;
}

async function send(sending: Sending): Promise<RunStatus> {
  const { worker, runId, events, stored } = sending;
  const pace = openPace(sending.speed, events[stored]!, performance.now());
  let fence: string | null = null;
  let status: RunStatus = 'QUEUED';
  for (let sent = 0; sent < events.length;) {
    await untilDue(sending, pace, events[sent]!, fence);
    const now_ms = performance.now();
    const end = batchEnd(events, sent, (event) => pace.wait_ms(event, now_ms) <= 0);
    try {
      const answer = await worker.append(runId, fence, events.slice(sent, end));
      ({ status } = answer);
      fence ??= answer.fence;
      sent = end;
      sending.told(sent, events.length);
    } catch (error) {
      // A user may have paused or canceled it since the last answer: then the batch is refused as a whole.
      if (!isConflict(error) || fence === null) throw error;
      status = await worker.heartbeat(runId, fence);
      if (status !== 'PAUSED' && status !== 'CANCELING') throw error;
    }
    if (status === 'PAUSED' && fence !== null) status = await waitOut(sending, pace, fence);
    if (status === 'CANCELING') return cancel(sending, fence, sent);
  }
  return status;
}

/** Sleeps until the event is due, with a sign of life now and then. */
async function untilDue(
  { worker, runId, signal }: Sending,
  pace: Pace,
  event: NewEvent,
  fence: string | null,
): Promise<void> {
  signal.throwIfAborted();
  for (;;) {
    const wait_ms = pace.wait_ms(event, performance.now());
    if (wait_ms <= 0) return;
    await pause(Math.min(wait_ms, HEARTBEAT_MS), signal);
    if (wait_ms > HEARTBEAT_MS && fence !== null) await worker.heartbeat(runId, fence);
  }
}

async function waitOut(sending: Sending, pace: Pace, fence: string): Promise<RunStatus> {
  const began_ms = performance.now();
  for (;;) {
    await pause(PAUSED_POLL_MS, sending.signal);
    const status = await sending.worker.heartbeat(sending.runId, fence);
    if (status === 'PAUSED') continue;
    pace.shift(performance.now() - began_ms);
    return status;
  }
}

async function cancel(
  { worker, runId, events }: Sending,
  fence: string | null,
  sent: number,
): Promise<RunStatus> {
  const canceled: NewEvent = {
    eventId: derivedId('replay:canceled', runId),
    type: 'RUN_CANCELED',
    occurredAt: events[Math.max(0, sent - 1)]!.occurredAt,
  };
  const { status } = await worker.append(runId, fence, [canceled]);
  return status;
}

function isConflict(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'CONFLICT';
}
