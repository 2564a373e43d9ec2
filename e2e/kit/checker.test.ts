/** A judge that has never found anybody guilty does not count: each kind of wrong delivery, found. */
import { describe, expect, test } from 'vitest';
import { deliveryFaults, differenceFaults, stateFaults } from './checker.ts';
import { historyOf, stateAt, type SeenEvent } from './history.ts';
import type { StateItem } from './run-state.ts';

const EVENTS: readonly SeenEvent[] = [
  told(1, 'RUN_QUEUED'),
  told(2, 'RUN_STARTED'),
  told(3, 'STEP_STARTED', 'a', {}, 1),
  told(4, 'STEP_PROGRESS', 'a', { progress: 0.5, message: 'half' }, 1),
  told(5, 'ARTIFACT_PRODUCED', 'a', { artifact: { name: 'x', sizeBytes: 7 } }),
  told(6, 'STEP_RETRYING', 'a', {}, 1),
  told(7, 'STEP_STARTED', 'a', {}, 2),
  told(8, 'STEP_SUCCEEDED', 'a', { outputs: [{ name: 'x', sizeBytes: 8 }] }, 2),
  told(9, 'STEP_STARTED', 'b', {}, 1),
  told(10, 'RUN_SUCCEEDED'),
];

function told(
  seq: number,
  type: string,
  stepKey: string | null = null,
  payload: object = {},
  attempt: number | null = null,
): SeenEvent {
  return { seq, eventId: `event-${seq}`, type, stepKey, attempt, payload };
}

describe('events', () => {
  const acknowledged = EVENTS.slice(1);
  const without = (seq: number) => EVENTS.filter((event) => event.seq !== seq);
  const [first, second, third, ...rest] = EVENTS as [SeenEvent, SeenEvent, SeenEvent];

  test('the right delivery has no fault, whole or from the middle', () => {
    expect(deliveryFaults(acknowledged, EVENTS)).toEqual([]);
    expect(deliveryFaults(acknowledged, EVENTS.slice(4), 5)).toEqual([]);
    expect(differenceFaults(EVENTS, EVENTS.slice(4))).toEqual([]);
  });

  test.each([
    { what: 'dropped', wrong: without(4), fault: /item 3 is event 5, expected 4/ },
    { what: 'dropped, the last', wrong: without(10), fault: /10 was acknowledged .* undefined/ },
    { what: 'dropped, the first', wrong: without(1), fault: /item 0 is event 2, expected 1/ },
    { what: 'doubled', wrong: [first, first, ...EVENTS.slice(1)], fault: /1 came twice/ },
    { what: 'in the wrong order', wrong: [first, third, second, ...rest], fault: /item 1 is/ },
    {
      what: 'foreign',
      wrong: EVENTS.map((event) => (event.seq === 6 ? { ...event, eventId: 'else' } : event)),
      fault: /event 6 was acknowledged as event-6, came as else/,
    },
    { what: 'doubled at the end', wrong: [...EVENTS, EVENTS[9]!], fault: /twice/ },
  ])('an event $what is found', ({ wrong, fault }) => {
    expect(deliveryFaults(acknowledged, wrong).join('\n')).toMatch(fault);
  });

  test('a foreign event among those that nobody was answered for is found by comparing two clients', () => {
    const wrong = [{ ...first, eventId: 'else' }, ...EVENTS.slice(1)];
    expect(deliveryFaults(acknowledged, wrong)).toEqual([]);
    expect(differenceFaults(EVENTS, wrong)).toEqual([
      'event 1 was event-1 to one, else to another',
    ]);
  });
});

describe('state', () => {
  const [snapshot, ...changes] = [1, 4, 5, 6, 8, 10].map((at, nth, all) =>
    itemAt(at, all[nth - 1] ?? 0),
  ) as [StateItem, ...StateItem[]];
  const items = [snapshot, ...changes];

  test('the right items have no fault, nor have rows that are newer than their cursor', () => {
    expect(stateFaults(EVENTS, items).faults).toEqual([]);
    const early = changes.map((item, at) => (at === 0 ? { ...item, steps: stepsOf(8) } : item));
    expect(stateFaults(EVENTS, [snapshot, ...early]).faults).toEqual([]);
  });

  test('what is held at the end is answered, to be compared with a query', () => {
    const { state } = stateFaults(EVENTS, items);
    expect(state?.run).toMatchObject({ version: 10, status: 'SUCCEEDED', stepsRunning: 0 });
    expect(state?.steps.get('b')).toMatchObject({ status: 'CANCELED', changedSeq: 10 });
    expect(state?.artifacts.get('x')).toMatchObject({ sizeBytes: '8' });
  });

  const changed = (nth: number, how: (item: StateItem) => Partial<StateItem>) =>
    items.map((item, at) => (at === nth ? { ...item, ...how(item) } : item));

  test.each([
    { what: 'a stale row', wrong: changed(3, () => ({ steps: stepsOf(4) })), fault: /at 6 step a/ },
    { what: 'a row left out', wrong: changed(4, () => ({ steps: [] })), fault: /at 8 step a/ },
    {
      what: 'a row that nothing changed',
      wrong: changed(5, ({ steps }) => ({ steps: [...steps, { ...steps[0]!, stepKey: 'c' }] })),
      fault: /at 10 step c/,
    },
    {
      what: 'a wrong field',
      wrong: changed(1, ({ steps }) => ({ steps: steps.map((step) => ({ ...step, attempt: 9 })) })),
      fault: /at 4 step a .*"attempt":9/,
    },
    {
      what: 'a run of another time',
      wrong: changed(1, ({ run }) => ({ run: { ...run, status: 'QUEUED' } })),
      fault: /at 4 the run is/,
    },
    {
      what: 'a wrong counter',
      wrong: changed(4, ({ run }) => ({ run: { ...run, stepsDone: 0 } })),
      fault: /at 8 the run is/,
    },
    {
      what: 'a stale artifact',
      wrong: changed(4, () => ({ artifacts: artifactsOf(5) })),
      fault: /at 8 artifact x/,
    },
    {
      what: 'an artifact left out',
      wrong: changed(2, () => ({ artifacts: [] })),
      fault: /at 5 artifact x is not there/,
    },
    {
      what: 'a version that goes back',
      wrong: [...items, items[3]!],
      fault: /version 6 came after 10/,
    },
    { what: 'a begin without a snapshot', wrong: changes, fault: /without a snapshot/ },
  ])('$what is found', ({ wrong, fault }) => {
    expect(stateFaults(EVENTS, wrong).faults.join('\n')).toMatch(fault);
  });

  test('going back is right when a snapshot tells why', () => {
    const restored = { ...snapshot, reason: 'restored' };
    expect(stateFaults(EVENTS, [...items, restored]).faults).toEqual([]);
  });
});

const HISTORY = historyOf(EVENTS);

/** As a gateway that is right sends it. */
function itemAt(at: number, after: number): StateItem {
  const steps = after === 0 ? stepsOf(at) : stepsOf(at).filter((step) => step.changedSeq > after);
  return {
    type: after === 0 ? 'SNAPSHOT' : 'CHANGE',
    reason: null,
    cursor: String(at),
    run: HISTORY.run(at)!,
    steps,
    artifacts: artifactsOf(at),
  };
}

function stepsOf(at: number): StateItem['steps'] {
  return ['a', 'b'].map((stepKey) => {
    const pending = { status: 'PENDING', attempt: 0, progress: null, message: null, changedSeq: 1 };
    return { id: stepKey, stepKey, ...pending, ...stateAt(HISTORY.step(stepKey), at) };
  });
}

function artifactsOf(at: number): StateItem['artifacts'] {
  const state = stateAt(HISTORY.artifact('x'), at);
  if (!state) return [];
  const { changedSeq: _, ...artifact } = state;
  return [{ id: 'x', ...artifact }];
}
