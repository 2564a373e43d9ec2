import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { WORKSPACE } from '../../../e2e/kit/log-world.ts';
import { Refusal } from '../../errors.ts';
import { NOTES, RUN_MOVES, STEP_MOVES } from '../../runs/model.ts';
import { CALL_LIMITS, checkCall, type CheckedCall } from './check.ts';
import { decide } from './decide.ts';
import type { Actor, AppendCall, NewEvent } from '../log.ts';
import { accept, putStep, runState, type RunState } from './state.ts';

const RUN = '01900000-0000-7000-8000-000000000001';
const FENCE = '01900000-0000-7000-8000-0000000000ff';
const OTHER_FENCE = '01900000-0000-7000-8000-0000000000fe';
const STEPS = ['a', 'b'];

/**
 * The rules once more, as simply as they can be said: one object, copied before each call and put back when the call
 * is refused. Moves come from the tables of the model, which have a test of their own.
 */
interface Naive {
  status: string;
  version: number;
  fence: string | null;
  steps: Record<string, { status: string; attempt: number }>;
  log: { id: string; body: string; seq: number; type: string }[];
}

function naive(world: Naive, call: CheckedCall): { seqs: number[] } | 'refused' {
  const before = structuredClone(world);
  const seqs: number[] = [];
  let entered = false;
  for (const event of call.events) {
    const body = JSON.stringify([call.actor, { ...event, eventId: 0, payload: 0 }]);
    const known = world.log.find(({ id }) => id === event.eventId);
    if (known && known.body === body) {
      seqs.push(known.seq);
      continue;
    }
    const startIsKnown = call.events.some(({ type, eventId }) =>
      before.log.some((each) => type === 'RUN_STARTED' && each.id === eventId),
    );
    const mayEnter =
      entered ||
      ((call.expectedVersion === null || call.expectedVersion === before.version) &&
        (call.mover !== 'worker' ||
          call.fence === before.fence ||
          (startIsKnown && before.fence !== null)));
    if (known || !mayEnter || !happens(world, call, event)) {
      Object.assign(world, before);
      return 'refused';
    }
    entered = true;
    world.version += 1;
    world.log.push({ id: event.eventId, body, seq: world.version, type: event.type });
    seqs.push(world.version);
  }
  return { seqs };
}

function happens(world: Naive, call: CheckedCall, event: CheckedCall['events'][number]): boolean {
  const { type } = event;
  const ended = !['QUEUED', 'RUNNING', 'PAUSED', 'CANCELING'].includes(world.status);
  if (type in RUN_MOVES) {
    const move = RUN_MOVES[type as keyof typeof RUN_MOVES];
    if (!(move.from as readonly string[]).includes(world.status)) return false;
    world.status = move.to;
    if (type === 'RUN_STARTED') world.fence = FENCE;
    const over = {
      SUCCEEDED: 'CANCELED',
      FAILED: 'CANCELED',
      CANCELED: 'CANCELED',
      TIMED_OUT: 'FAILED',
      CRASHED: 'FAILED',
    };
    for (const step of Object.values(world.steps)) {
      const end = over[move.to as keyof typeof over];
      if (end && ['RUNNING', 'RETRYING'].includes(step.status)) step.status = end;
    }
    return true;
  }
  if (type in STEP_MOVES) {
    const move = STEP_MOVES[type as keyof typeof STEP_MOVES];
    const step = world.steps[event.stepKey!];
    if (!step || !(move.during as readonly string[]).includes(world.status)) return false;
    if (!(move.from as readonly string[]).includes(step.status)) return false;
    const attempt = step.attempt + (type === 'STEP_STARTED' ? 1 : 0);
    if (event.attempt !== null && event.attempt !== attempt) return false;
    Object.assign(step, { status: move.to, attempt });
    return true;
  }
  const note = NOTES[type as keyof typeof NOTES];
  return !ended || (note.afterEndBy as readonly string[]).includes(call.mover);
}

const id = (n: number) => `01900000-0000-7000-8000-000000${String(1_000 + n).padStart(6, '0')}`;
const worker = [
  'RUN_STARTED',
  'RUN_SUCCEEDED',
  'RUN_FAILED',
  'RUN_CANCELED',
  'RUN_PAUSED',
  'RUN_RESUMED',
] as const;
const steps = Object.keys(STEP_MOVES) as (keyof typeof STEP_MOVES)[];
const runEvent = (types: readonly NewEvent['type'][]) =>
  fc.record({ type: fc.constantFrom(...types), stepKey: fc.constant(null) });
const stepEvent = fc.record({
  type: fc.constantFrom(...steps),
  stepKey: fc.constantFrom(...STEPS, 'none'),
  attempt: fc.option(fc.constantFrom(1, 2), { nil: null, freq: 4 }),
});
const labels = fc.constant({ type: 'METADATA_UPDATED' as const, stepKey: null });
const EVENTS: Record<string, fc.Arbitrary<Omit<NewEvent, 'eventId' | 'occurredAt'>>> = {
  worker: fc.oneof(
    { weight: 1, arbitrary: runEvent(worker) },
    { weight: 4, arbitrary: stepEvent },
    labels,
  ),
  gateway: fc.oneof(runEvent(['RUN_CRASHED', 'RUN_CANCELED', 'RUN_TIMED_OUT']), labels),
  'user:a': fc.oneof(runEvent(['RUN_PAUSED', 'RUN_RESUMED', 'RUN_CANCEL_REQUESTED']), labels),
};
const payloads = { STEP_PROGRESS: { progress: 0.5 } } as Record<string, NewEvent['payload']>;

/** Few ids and times, so that some come twice with another body. */
const callOf = (actor: string): fc.Arbitrary<AppendCall> =>
  fc.record({
    runId: fc.constant(RUN),
    workspaceId: fc.constant(WORKSPACE),
    actor: fc.constant(actor as Actor),
    fence: fc.oneof(
      { weight: 6, arbitrary: fc.constant(FENCE) },
      fc.constantFrom<string | null>(null, OTHER_FENCE),
    ),
    expectedVersion: fc.option(fc.nat(9), { nil: undefined, freq: 6 }) as fc.Arbitrary<number>,
    events: fc.array(
      fc.tuple(EVENTS[actor]!, fc.nat(299), fc.constantFrom(0, 0, 0, 1)).map(([event, n, ms]) => ({
        ...event,
        payload: payloads[event.type] ?? {},
        eventId: id(n),
        occurredAt: new Date(ms),
      })),
      { minLength: 1, maxLength: 4 },
    ),
  });
const starts: fc.Arbitrary<AppendCall> = fc.nat(3).map((n) => ({
  runId: RUN,
  workspaceId: WORKSPACE,
  actor: 'worker' as const,
  events: [{ eventId: id(300 + n), type: 'RUN_STARTED' as const, occurredAt: new Date(0) }],
}));
const calls = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: starts },
    { weight: 10, arbitrary: callOf('worker') },
    { weight: 1, arbitrary: callOf('gateway') },
    { weight: 2, arbitrary: callOf('user:a') },
    { weight: 5, arbitrary: fc.nat(60) }, // That call again.
  ),
  { maxLength: 60, size: 'max' },
);

function queued(): RunState {
  const state = runState(RUN, WORKSPACE, {
    status: 'QUEUED',
    statusName: null,
    version: 1,
    fence: null,
    failureReason: null,
    error: null,
    stepsDone: 0,
    stepsFailed: 0,
    stepsRunning: 0,
    startedAt: null,
    finishedAt: null,
    tags: [],
    metadata: {},
    movedSeq: 0,
  });
  const untold = {
    message: null,
    failureReason: null,
    error: null,
    startedAt: null,
    finishedAt: null,
  };
  for (const stepKey of STEPS) {
    putStep(state, {
      ...untold,
      runId: RUN,
      stepKey,
      status: 'PENDING',
      attempt: 0,
      progress: null,
      changedSeq: 1,
    });
  }
  return state;
}

test('any calls in any order are answered as the rules say, and leave the state that they say', () => {
  let accepted = 0;
  let refused = 0;
  let repeated = 0;
  fc.assert(
    fc.property(calls, (given) => {
      const state = queued();
      const world: Naive = { status: 'QUEUED', version: 1, fence: null, steps: {}, log: [] };
      for (const key of STEPS) world.steps[key] = { status: 'PENDING', attempt: 0 };
      for (const [at, each] of given.entries()) {
        const again = typeof each === 'number' ? given[each % (at + 1)]! : each;
        if (typeof again === 'number') continue;
        const call = checkCall(again, CALL_LIMITS);
        const expected = naive(world, call);
        const frozen = JSON.stringify([...(state.steps ?? [])]) + JSON.stringify(state.run);
        let seqs: number[] | null = null;
        try {
          const { appended, draft } = decide(state, call, () => FENCE);
          expect(JSON.stringify([...(state.steps ?? [])]) + JSON.stringify(state.run)).toBe(frozen);
          if (draft) accept(draft);
          seqs = appended.events.map(({ seq }) => seq);
          accepted += 1;
          repeated += appended.events.filter((event) => event.repeated).length;
          expect(appended).toMatchObject({ status: world.status, version: world.version });
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          refused += 1;
        }
        expect(seqs ?? 'refused').toEqual(expected === 'refused' ? expected : expected.seqs);
        expect(state.run).toMatchObject({
          status: world.status,
          version: world.version,
          fence: world.fence,
        });
        const of = Object.values(world.steps).map(({ status }) => status);
        const count = (...statuses: string[]) =>
          of.filter((status) => statuses.includes(status)).length;
        expect(state.run).toMatchObject({
          stepsDone: count('SUCCEEDED', 'SKIPPED', 'CACHED'),
          stepsFailed: count('FAILED'),
          stepsRunning: count('RUNNING'),
        });
        for (const key of STEPS) expect(state.steps!.get(key)).toMatchObject(world.steps[key]!);
      }
      expect((state.events ?? []).map(({ seq }) => seq)).toEqual(world.log.map(({ seq }) => seq));
    }),
    { numRuns: 300 },
  );
  // The calls were not all refused, nor all new: there was something to get wrong.
  expect(Math.min(accepted, refused, repeated)).toBeGreaterThan(100);
});
