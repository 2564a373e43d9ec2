import { expect, test } from 'vitest';
import type { Recording, Task } from './recording.ts';
import { scheduleOf } from './schedule.ts';

function task(key: string, duration_ms: number, changes: Partial<Task> = {}): Task {
  const graph = { key, name: key, parents: [], inputs: [], outputs: [] };
  const run = { cores: 1, priority: 0, machines: [], settings: {}, usage: {} };
  return { ...graph, ...run, duration_ms, ...changes };
}

function timesOf(tasks: readonly Task[], changes: Partial<Recording> = {}): string[] {
  const recording: Recording = {
    name: 'x',
    description: null,
    kind: 'x',
    startedAt: new Date(0),
    makespan_ms: 0,
    machines: [{ name: 'm', slots: 2 }],
    files: new Map(),
    metadata: {},
    tasks,
    ...changes,
  };
  return scheduleOf(recording).tasks.map(
    ({ task: { key }, machine, start_ms, end_ms }) => `${key}@${machine} ${start_ms}-${end_ms}`,
  );
}

test('a task waits for its last parent and for a slot, in order of readiness', () => {
  const tasks = [task('a', 10), task('b', 20), task('c', 5), task('d', 5, { parents: ['a', 'c'] })];
  expect(timesOf(tasks)).toEqual(['a@m 0-10', 'b@m 0-20', 'c@m 10-15', 'd@m 15-20']);
});

test('of tasks that are ready together the one of higher priority starts first', () => {
  const tasks = [task('a', 10), task('b', 10, { priority: -1 }), task('c', 10, { priority: 7 })];
  const machines = [{ name: 'm', slots: 1 }];
  expect(timesOf(tasks, { machines })).toEqual(['a@m 10-20', 'b@m 20-30', 'c@m 0-10']);
});

test('a small task passes a large one that does not fit yet', () => {
  const tasks = [task('a', 10), task('wide', 10, { cores: 2 }), task('c', 30)];
  expect(timesOf(tasks)).toEqual(['a@m 0-10', 'wide@m 30-40', 'c@m 0-30']);
});

test('a task that asks for more cores than the machine has takes all of them', () => {
  expect(timesOf([task('a', 5, { cores: 64 }), task('b', 5, { cores: 0.1 })])).toEqual([
    'a@m 0-5',
    'b@m 5-10',
  ]);
});

test('a task runs on the first machine it names that is known, else on the first', () => {
  const machines = [
    { name: 'm', slots: 1 },
    { name: 'n', slots: 1 },
  ];
  const tasks = [
    task('a', 1, { machines: ['gone', 'n', 'm'] }),
    task('b', 1, { machines: ['gone'] }),
    task('c', 1),
  ];
  expect(timesOf(tasks, { machines })).toEqual(['a@n 0-1', 'b@m 0-1', 'c@m 1-2']);
  expect(timesOf(tasks, { machines: [] })).toEqual(['a@null 0-1', 'b@null 1-2', 'c@null 2-3']);
});

test('times are stretched to the makespan, exactly, and never shrunk', () => {
  const tasks = [task('a', 1), task('b', 2, { parents: ['a'] })];
  expect(timesOf(tasks, { makespan_ms: 100 })).toEqual(['a@m 0-33', 'b@m 33-100']);
  expect(timesOf(tasks, { makespan_ms: 2 })).toEqual(['a@m 0-1', 'b@m 1-3']);
  // The product passes 2^53: floating point would make it …579.
  const long = [task('a', 499_027), task('b', 8, { parents: ['a'] })];
  expect(timesOf(long, { makespan_ms: 316_223_258_935 })).toEqual([
    'a@m 0-316218189578',
    'b@m 316218189578-316223258935',
  ]);
});

test('cores that are fractions never keep a machine from becoming wholly free', () => {
  const cores = [1.2, 1.95, 1.55]; // 6 - 1.2 - 1.95 - 1.55 + 1.2 + 1.95 + 1.55 is a little less than 6.
  const parts = cores.map((share, n) => task(`t${n}`, 1 + n, { cores: share }));
  const last = task('last', 1, { cores: 6, parents: parts.map(({ key }) => key) });
  const machines = [{ name: 'm', slots: 6 }];
  expect(timesOf([...parts, last], { machines })).toEqual([
    't0@m 0-1',
    't1@m 0-2',
    't2@m 0-3',
    'last@m 3-4',
  ]);
});

test('20,000 tasks that fight for one machine are scheduled without a gap', () => {
  const tasks = Array.from({ length: 20_000 }, (_, n) => task(`t${n}`, 1, { cores: 1 + (n % 2) }));
  const times = timesOf(tasks);
  expect(times[0]).toBe('t0@m 0-1');
  expect(times.at(-1)).toBe('t19999@m 14999-15000');
});
