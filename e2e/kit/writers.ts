/** Workers that append without end and remember every answer, so that none can be lost or changed unnoticed. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, asked } from './ask.ts';

/** One append, and how it was answered the first time. */
export interface AcknowledgedCall {
  readonly input: object;
  readonly events: readonly { readonly eventId: string; readonly seq: number }[];
}

export interface Writers {
  /** By run, in the order in which they were sent. */
  readonly acknowledged: ReadonlyMap<string, readonly AcknowledgedCall[]>;
  /** Calls that were answered so far. */
  answered(): number;
  /** Sendings that were not answered, or UNAVAILABLE, and so were sent again. */
  unanswered(): number;
  /** Of the events that were sent again: those that had been stored although nobody was told. */
  storedUntold(): number;
  /** Ends each writer after its next answer. Rejects with what a writer was refused. */
  stop(): Promise<void>;
}

const REGISTER = `mutation {
  registerWorkflow(input: { key: "writers", name: "Writers", kind: "test", steps: [{ key: "only" }] }) {
    ... on RegisteredWorkflow { version { id } } ... on Refusal { code message }
  }
}`;
const START = `mutation ($input: StartRunInput!) {
  startRun(input: $input) { ... on Run { uuid } ... on Refusal { code message } }
}`;
const APPEND = `mutation ($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) {
    ... on AppendedEvents { fence events { eventId seq repeated } } ... on Refusal { code message }
  }
}`;

interface Appended {
  readonly appendRunEvents: {
    readonly fence: string | null;
    readonly events: readonly { eventId: string; seq: number; repeated: boolean }[];
  };
}

/** Until a sending without an answer is sent again. Half as long costs seconds of CPU while a gateway starts. */
const AGAIN_ms = 200;

/** Starts `count` writers, each on a run of its own, which send calls of 1 to 5 events one after the other. */
export async function startWriters(url: string, count: number): Promise<Writers> {
  const { registerWorkflow } = await asked<{ registerWorkflow: { version: { id: string } } }>(
    url,
    REGISTER,
  );
  const acknowledged = new Map<string, AcknowledgedCall[]>();
  const seen = { answered: 0, unanswered: 0, storedUntold: 0, stopping: false };

  async function send(input: object): Promise<Appended['appendRunEvents']> {
    for (;;) {
      const answer = await ask<Appended>(url, APPEND, { input });
      if ('data' in answer) return answer.data.appendRunEvents;
      if ('refused' in answer && answer.refused !== 'UNAVAILABLE') {
        throw new Error(`a writer was refused: ${JSON.stringify(answer)}`);
      }
      seen.unanswered += 1;
      await sleep(AGAIN_ms);
    }
  }

  async function write(): Promise<void> {
    const input = {
      workflowVersionId: registerWorkflow.version.id,
      idempotencyKey: randomUUID(),
    };
    const { startRun } = await asked<{ startRun: { uuid: string } }>(url, START, { input });
    const runId = startRun.uuid;
    const { fence } = await send({ runId, events: [eventOf('RUN_STARTED', {})] });
    const calls: AcknowledgedCall[] = [];
    acknowledged.set(runId, calls);
    for (let number = 0; !seen.stopping; number++) {
      const events = Array.from({ length: 1 + (number % 5) }, (_, at) =>
        eventOf('LOG_APPENDED', { lines: [`call ${number}, line ${at}`] }),
      );
      const call = { runId, fence, events };
      const answer = await send(call);
      seen.storedUntold += answer.events.filter(({ repeated }) => repeated).length;
      seen.answered += 1;
      calls.push({
        input: call,
        events: answer.events.map(({ eventId, seq }) => ({ eventId, seq })),
      });
    }
  }

  const writing = Promise.all(Array.from({ length: count }, write));
  writing.catch(() => undefined); // Told by stop().
  return {
    acknowledged,
    answered: () => seen.answered,
    unanswered: () => seen.unanswered,
    storedUntold: () => seen.storedUntold,
    async stop() {
      seen.stopping = true;
      await writing;
    },
  };
}

function eventOf(type: string, payload: object): object {
  return { eventId: randomUUID(), type, occurredAt: new Date().toISOString(), payload };
}

/** Sends an acknowledged call again and answers what it is told now. */
export async function repeat(
  url: string,
  call: AcknowledgedCall,
): Promise<AcknowledgedCall['events']> {
  const { appendRunEvents } = await asked<Appended>(url, APPEND, { input: call.input });
  return appendRunEvents.events.map(({ eventId, seq }) => ({ eventId, seq }));
}
