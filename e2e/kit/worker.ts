/** A worker at one run, as tests drive it: by the public API, in order, with its fence. */
import type { EventType, RunEventInput } from '../../client/generated/graphql.ts';
import { operation } from '../../client/operation.ts';
import { newId } from '../../resolvers/keys.ts';
import { asked } from './ask.ts';

export interface Worker {
  readonly runId: string;
  /** Appends RUN_STARTED and begins the only step. */
  start(): Promise<void>;
  /** So many STEP_PROGRESS events, in calls of `batch`; their payloads also hold `more`. */
  progress(count: number, batch?: number, more?: object): Promise<void>;
  /** Ends the step and the run. */
  finish(): Promise<void>;
}

const REGISTER = operation(`mutation RegisterWatched {
  registerWorkflow(input: { key: "watched", name: "Watched", kind: "test", steps: [{ key: "only" }] }) {
    ... on RegisteredWorkflow { version { id } } ... on Refusal { code message }
  }
}`);
const START = operation(`mutation StartWatched($input: StartRunInput!) {
  startRun(input: $input) { ... on Run { uuid } ... on Refusal { code message } }
}`);
const APPEND = operation(`mutation AppendWatched($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) { ... on AppendedEvents { fence } ... on Refusal { code message } }
}`);

/** Queues a run of a workflow with one step. */
export async function newWorker(url: string, metadata: object = {}): Promise<Worker> {
  const { registerWorkflow } = await asked(url, REGISTER, {});
  const workflowVersionId = registerWorkflow.version.id;
  const { startRun } = await asked(url, START, { input: { workflowVersionId, metadata } });
  const runId = startRun.uuid;
  let fence: string | null = null;
  const append = async (events: RunEventInput[]) => {
    const { appendRunEvents } = await asked(url, APPEND, { input: { runId, fence, events } });
    fence = appendRunEvents.fence ?? fence;
  };
  return {
    runId,
    start: () => append([event('RUN_STARTED'), event('STEP_STARTED', 'only')]),
    async progress(count, batch = 1, more = {}) {
      for (let sent = 0; sent < count; sent += batch) {
        const size = Math.min(batch, count - sent);
        const events = Array.from({ length: size }, (_, at) =>
          event('STEP_PROGRESS', 'only', { progress: (sent + at + 1) / count, ...more }),
        );
        await append(events);
      }
    },
    finish: () => append([event('STEP_SUCCEEDED', 'only'), event('RUN_SUCCEEDED')]),
  };
}

function event(
  type: EventType,
  stepKey: string | null = null,
  payload: object = {},
): RunEventInput {
  return { eventId: newId(), type, stepKey, occurredAt: new Date().toISOString(), payload };
}
