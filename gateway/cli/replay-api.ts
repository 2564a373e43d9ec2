/** What a worker asks of the public API: four operations, each of which may be repeated. */
import type { RunStatus } from '../../prisma/generated/enums.ts';
import { NotFound } from '../../resolvers/errors.ts';
import type { NewEvent } from '../../resolvers/events/log.ts';
import type { Recording } from '../../resolvers/recordings/recording.ts';
import { REFUSAL_FIELDS, type Api } from './api.ts';

export interface WorkerApi {
  /** Registers the workflow unless it is there and starts a run; the same key answers with the same run. */
  start(recording: Recording, idempotencyKey: string): Promise<RunSeen>;
  run(runId: string): Promise<RunSeen>;
  append(
    runId: string,
    fence: string | null,
    events: readonly NewEvent[],
  ): Promise<{ readonly status: RunStatus; readonly fence: string | null }>;
  /** Answers with what the run is now: so a worker hears of a pause or a cancel. */
  heartbeat(runId: string, fence: string): Promise<RunStatus>;
}

export interface RunSeen {
  readonly runId: string;
  readonly version: number;
}

const REGISTER = `mutation ReplayRegister($input: RegisterWorkflowInput!) {
  registerWorkflow(input: $input) { ... on RegisteredWorkflow { version { id } } ${REFUSAL_FIELDS} }
}`;
const START = `mutation ReplayStart($input: StartRunInput!) {
  startRun(input: $input) { ... on Run { runId: uuid version } ${REFUSAL_FIELDS} }
}`;
const RUN = `query ReplayRun($id: ID!) { run(id: $id) { runId: uuid version } }`;
const APPEND = `mutation ReplayAppend($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) { ... on AppendedEvents { status fence } ${REFUSAL_FIELDS} }
}`;
const HEARTBEAT = `mutation ReplayHeartbeat($input: HeartbeatInput!) {
  heartbeat(input: $input) { ... on Heartbeat { status } ${REFUSAL_FIELDS} }
}`;

/** Over an API that repeats what was not answered. */
export function workerApi(api: Api): WorkerApi {
  return {
    async start(recording, idempotencyKey) {
      const { name, kind, description, tasks, metadata } = recording;
      const steps = tasks.map((task) => ({
        key: task.key,
        name: task.name,
        parents: task.parents,
        settings: task.settings,
      }));
      const workflow = { name, kind, description, steps };
      const { registerWorkflow } = await api.ask<{
        registerWorkflow: { version: { id: string } };
      }>(REGISTER, { input: workflow });
      const workflowVersionId = registerWorkflow.version.id;
      const run = { workflowVersionId, idempotencyKey, metadata: { recording: metadata } };
      const { startRun } = await api.ask<{ startRun: RunSeen }>(START, { input: run });
      return startRun;
    },
    async run(runId) {
      const { run } = await api.ask<{ run: RunSeen | null }>(RUN, { id: runId });
      if (!run) throw new NotFound('Run', runId);
      return run;
    },
    async append(runId, fence, events) {
      const { appendRunEvents } = await api.ask<{
        appendRunEvents: { status: RunStatus; fence: string | null };
      }>(APPEND, { input: { runId, fence, events } });
      return appendRunEvents;
    },
    async heartbeat(runId, fence) {
      const { heartbeat } = await api.ask<{ heartbeat: { status: RunStatus } }>(HEARTBEAT, {
        input: { runId, fence },
      });
      return heartbeat.status;
    },
  };
}
