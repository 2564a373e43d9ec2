/** A worker at a run of several steps, which it ends one after the other. It outlives its gateway. */
import { newId } from '../../resolvers/keys.ts';
import { asked } from './ask.ts';
import { event } from './commands.ts';
import { steadyWorker } from './steady-worker.ts';

export interface SteppingWorker {
  /** The run's global id, and its UUID. */
  readonly id: string;
  readonly runId: string;
  start(): Promise<void>;
  /** Begins and ends the next step. Answers false when there is none. */
  step(): Promise<boolean>;
  /** The next step fails, and with it the run. */
  fail(): Promise<void>;
  /** Ends the run well, after the last step. */
  finish(): Promise<void>;
}

const REGISTER = `mutation ($input: RegisterWorkflowInput!) { registerWorkflow(input: $input) {
  ... on RegisteredWorkflow { version { id } } ... on Refusal { code message }
} }`;
const START = `mutation ($input: StartRunInput!) {
  startRun(input: $input) { ... on Run { id uuid } ... on Refusal { code message } }
}`;

/** Queues a run of a new workflow of that name, with these steps in a row. */
export async function newSteppingWorker(
  url: string,
  { name, steps }: { readonly name: string; readonly steps: readonly string[] },
): Promise<SteppingWorker> {
  const workflow = { key: newId(), name, kind: 'test', steps: steps.map((key) => ({ key })) };
  const { registerWorkflow } = await asked<{ registerWorkflow: { version: { id: string } } }>(
    url,
    REGISTER,
    { input: workflow },
  );
  const { startRun } = await asked<{ startRun: { id: string; uuid: string } }>(url, START, {
    input: { workflowVersionId: registerWorkflow.version.id },
  });
  const worker = steadyWorker(url, startRun.uuid);
  const left = [...steps];
  return {
    id: startRun.id,
    runId: startRun.uuid,
    start: () => worker.append([event('RUN_STARTED')]),
    async step() {
      const key = left.shift();
      if (key === undefined) return false;
      await worker.append([event('STEP_STARTED', key), event('STEP_SUCCEEDED', key)]);
      return true;
    },
    async fail() {
      const key = left.shift()!;
      const failure = { failureReason: 'ERROR', error: 'as the test wants it' };
      await worker.append([
        event('STEP_STARTED', key),
        event('STEP_FAILED', key, failure),
        event('RUN_FAILED', null, failure),
      ]);
    },
    finish: () => worker.append([event('RUN_SUCCEEDED')]),
  };
}
