/**
 * Many callers, one flush at a time: a flush starts when the last one ends and takes what has come meanwhile. Runs
 * that others keep locked are waited for beside it.
 */
import { Limited, Unavailable } from '../../errors.ts';
import type { CheckedCall } from './check.ts';
import type { Outcome } from './flush.ts';
import { makeLine, type FlushLimits, type InLine } from './line.ts';
import type { Appended } from '../log.ts';

export interface QueueLimits extends FlushLimits {
  /** Calls not answered yet. */
  readonly queue_calls_max: number;
  /** UTF-8 bytes of their payloads. */
  readonly queue_bytes_max: number;
  /** Runs that wait for their locks at the same time, each on a connection of its own. */
  readonly alone_max: number;
}

/** Settles calls in order: in line, leaving out runs that others hold, or alone, waiting for them. */
export type Settle = (calls: readonly CheckedCall[], how: 'inLine' | 'alone') => Promise<Outcome[]>;

export interface Queue {
  /** Refuses Limited when the queue is full, Unavailable once it closes. */
  push(call: CheckedCall): Promise<Appended>;
  /** Resolves once all that was pushed is answered. */
  close(): Promise<void>;
}

interface Waiting extends InLine {
  readonly call: CheckedCall;
  readonly answer: (appended: Appended) => void;
  readonly refuse: (error: Error) => void;
}

/** A queue whose flushes `settle` carries out; it must not throw. */
export function openQueue(settle: Settle, limits: QueueLimits): Queue {
  const line = makeLine<Waiting>(limits);
  const desk = openDesk(limits);
  const toGoAlone: Waiting[][] = [];
  let alone = 0;
  let flushing = false;

  return {
    push(call) {
      desk.admit(call);
      return new Promise((answer, refuse) => {
        const { runId, bytes, events } = call;
        line.push({ runId, bytes, events: events.length, skips: 0, call, answer, refuse });
        wake();
      });
    },
    close: () => desk.close(),
  };

  function wake(): void {
    if (flushing) return;
    flushing = true;
    setImmediate(() => void flushAll()); // Not at once: callers of this moment go together.
  }

  async function flushAll(): Promise<void> {
    for (let batch = line.take(); batch.length > 0; batch = line.take()) {
      const outcomes = await settle(batch.map(callOf), 'inLine');
      toGoAlone.push(...line.giveBack(desk.answer(batch, outcomes)));
      startAlone();
      await nextTurn(); // Those just answered may have more to say.
    }
    flushing = false;
  }

  function startAlone(): void {
    while (alone < limits.alone_max && toGoAlone.length > 0) {
      alone += 1;
      void goAlone(toGoAlone.shift()!);
    }
  }

  async function goAlone(batch: readonly Waiting[]): Promise<void> {
    desk.answer(batch, await settle(batch.map(callOf), 'alone'));
    line.release(batch[0]!.runId);
    alone -= 1;
    startAlone();
    wake();
  }
}

interface Desk {
  /** Counts the call in, or refuses it. */
  admit(call: CheckedCall): void;
  /** Answers what is settled and returns what was skipped, in order. */
  answer(batch: readonly Waiting[], outcomes: readonly Outcome[]): Waiting[];
  close(): Promise<void>;
}

/** Keeps count of the calls that are not answered yet. */
function openDesk(limits: QueueLimits): Desk {
  let calls = 0;
  let bytes = 0;
  const closing: (() => void)[] = [];
  return {
    admit(call) {
      if (closing.length > 0) throw new Unavailable('log', 'it is closing');
      if (calls >= limits.queue_calls_max) {
        throw new Limited('queued appends', limits.queue_calls_max, calls + 1);
      }
      if (bytes + call.bytes > limits.queue_bytes_max) {
        const seen = bytes + call.bytes;
        throw new Limited('bytes of queued appends', limits.queue_bytes_max, seen);
      }
      calls += 1;
      bytes += call.bytes;
    },
    answer(batch, outcomes) {
      const skipped: Waiting[] = [];
      batch.forEach((waiting, at) => {
        const outcome = outcomes[at]!;
        if (outcome === 'skipped') {
          skipped.push(waiting);
          return;
        }
        calls -= 1;
        bytes -= waiting.bytes;
        if ('appended' in outcome) waiting.answer(outcome.appended);
        else waiting.refuse(outcome.refused);
      });
      if (calls === 0) for (const done of closing) done();
      return skipped;
    },
    close() {
      return new Promise((done) => {
        closing.push(done);
        if (calls === 0) done();
      });
    },
  };
}

function callOf({ call }: Waiting): CheckedCall {
  return call;
}

function nextTurn(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}
