/** A run of many steps and a worker that does not rest: for state that changes all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asked } from './ask.ts';
import type { Acknowledged } from './checker.ts';
import { event } from './commands.ts';
import { steadyWorker } from './steady-worker.ts';

export interface BusyRun {
  readonly runId: string;
  /** Everything that was answered for so far, in order. */
  readonly acknowledged: readonly Acknowledged[];
  /** Sends that were not answered, and were repeated. */
  repeats(): number;
  /** Rests: resolves once nothing is under way. */
  pause(): Promise<void>;
  /** Works on. */
  resume(): void;
  /** Ends the steps and the run. */
  finish(): Promise<void>;
}

const REGISTER = `mutation ($input: RegisterWorkflowInput!) { registerWorkflow(input: $input) {
  ... on RegisteredWorkflow { version { id } } ... on Refusal { code message }
} }`;
const START = `mutation ($input: StartRunInput!) {
  startRun(input: $input) { ... on Run { uuid } ... on Refusal { code message } }
}`;
const STEPS = ['fetch', 'align', 'sort', 'call', 'filter', 'report'];
const ARTIFACTS = 5;

/** Begins a run and works at it, a call every `rest_ms` or as fast as it is answered; `url` as of now. */
export async function startBusyRun(url: () => string, rest_ms = 25): Promise<BusyRun> {
  const steps = STEPS.map((key) => ({ key }));
  const { registerWorkflow } = await asked<{ registerWorkflow: { version: { id: string } } }>(
    url(),
    REGISTER,
    { input: { key: 'busy', name: 'Busy', kind: 'test', steps } },
  );
  const { startRun } = await asked<{ startRun: { uuid: string } }>(url(), START, {
    input: { workflowVersionId: registerWorkflow.version.id },
  });
  const worker = steadyWorker(url, startRun.uuid);
  await worker.append([event('RUN_STARTED'), ...STEPS.map((key) => event('STEP_STARTED', key))]);

  let calls = 0;
  let resting = new AbortController();
  const work = async () => {
    const { signal } = resting;
    while (!signal.aborted) {
      await worker.append(nextOf(calls));
      calls += 1;
      await sleep(rest_ms);
    }
  };
  let working = work();
  working.catch(() => undefined); // Told by pause() and finish().
  const pause = async () => {
    resting.abort();
    await working;
  };
  return {
    runId: startRun.uuid,
    acknowledged: worker.acknowledged,
    repeats: () => worker.repeats(),
    pause,
    resume() {
      resting = new AbortController();
      working = work();
      working.catch(() => undefined);
    },
    async finish() {
      await pause();
      await worker.append([
        ...STEPS.slice(1).map((key) => event('STEP_SUCCEEDED', key)), // One is open at the end.
        event('RUN_SUCCEEDED'),
      ]);
    },
  };
}

/** Each step in turn: now a sign of progress, now something made, now another attempt. */
function nextOf(call: number): object[] {
  const step = STEPS[call % STEPS.length]!;
  const round = Math.floor(call / STEPS.length);
  const progress = () => event('STEP_PROGRESS', step, { progress: (round % 100) / 100 });
  switch (round % 4) {
    case 0:
      return [progress()];
    case 1: {
      const artifact = { name: `${step}-${round % ARTIFACTS}`, sizeBytes: round };
      return [progress(), event('ARTIFACT_PRODUCED', step, { artifact }), progress()];
    }
    case 2:
      return [event('STEP_RETRYING', step, { message: 'again' }), event('STEP_STARTED', step)];
    default:
      return [event('LOG_APPENDED', step, { lines: [`call ${call}`] })];
  }
}
