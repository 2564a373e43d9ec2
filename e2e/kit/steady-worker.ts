/** A worker that outlives its gateway: what was not answered is sent again as it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../resolvers/keys.ts';
import { ask } from './ask.ts';
import type { Acknowledged } from './checker.ts';

export interface SteadyWorker {
  /** Everything that was answered for so far, in order. */
  readonly acknowledged: readonly Acknowledged[];
  /** Sends that were not answered, and were repeated. */
  repeats(): number;
  /** Appends these in one call; resolves when it is acknowledged. */
  append(events: readonly object[]): Promise<void>;
  /** Appends one call of so many STEP_PROGRESS events; resolves when it is acknowledged. */
  progress(count: number): Promise<void>;
  start(): Promise<void>;
  finish(): Promise<void>;
  /** Obeys a cancel. */
  cancel(): Promise<void>;
}

const APPEND = `mutation ($input: AppendRunEventsInput!) { appendRunEvents(input: $input) {
  ... on AppendedEvents { fence events { eventId seq } } ... on Refusal { code message }
} }`;

interface Answer {
  readonly appendRunEvents: { readonly fence: string | null; readonly events: Acknowledged[] };
}

const AGAIN_MS = 100;

/**
 * Works at a queued run through the gateway at `url`, which may be another for each sending. All but `append` is for
 * runs with one step, `only`.
 */
export function steadyWorker(url: string | (() => string), runId: string): SteadyWorker {
  const urlNow = typeof url === 'string' ? () => url : url;
  const acknowledged: Acknowledged[] = [];
  let repeats = 0;
  let fence: string | null = null;
  const append = async (events: readonly object[]) => {
    for (;;) {
      const answer = await ask<Answer>(urlNow(), APPEND, { input: { runId, fence, events } });
      if ('data' in answer) {
        fence ??= answer.data.appendRunEvents.fence;
        acknowledged.push(...answer.data.appendRunEvents.events);
        return;
      }
      if ('refused' in answer && answer.refused !== 'UNAVAILABLE') {
        throw new Error(JSON.stringify(answer));
      }
      repeats += 1;
      await sleep(AGAIN_MS);
    }
  };
  return {
    acknowledged,
    repeats: () => repeats,
    append,
    progress: (count) =>
      append(
        Array.from({ length: count }, () => event('STEP_PROGRESS', 'only', { progress: 0.5 })),
      ),
    start: () => append([event('RUN_STARTED'), event('STEP_STARTED', 'only')]),
    finish: () => append([event('STEP_SUCCEEDED', 'only'), event('RUN_SUCCEEDED')]),
    cancel: () => append([event('RUN_CANCELED')]),
  };
}

function event(type: string, stepKey: string | null = null, payload: object = {}) {
  return { eventId: newId(), type, stepKey, occurredAt: new Date().toISOString(), payload };
}
