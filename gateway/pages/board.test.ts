import { describe, expect, test } from 'vitest';
import { openBoard, type PageRun } from './board.ts';

const LINGER_MS = 6_000;
const MINUTE_MS = 60_000;
const BEGAN_MS = Date.parse('2026-03-01T10:00:00Z');

function board() {
  return openBoard({ linger_ms: LINGER_MS, ended_max: 2 });
}

function run(id: string, version: number, more: Partial<PageRun> = {}): PageRun {
  const at = new Date(BEGAN_MS).toISOString();
  return {
    id,
    uuid: id,
    version,
    status: 'RUNNING',
    statusName: null,
    stepsTotal: 100,
    stepsDone: version,
    stepsFailed: 0,
    createdAt: at,
    startedAt: at,
    updatedAt: at,
    durationMs: null,
    workflow: { name: 'W' },
    ...more,
  };
}

const ids = (rows: readonly { readonly run: PageRun }[]) => rows.map(({ run: { id } }) => id);

describe('the board of the landing page', () => {
  test('keeps the highest version of each run, in whatever order they come', () => {
    const it = board();
    it.see([run('a', 5), run('b', 1)], BEGAN_MS);
    it.see([run('a', 4), run('b', 2)], BEGAN_MS);
    expect(it.active(BEGAN_MS).map(({ run: { id, version } }) => [id, version])).toEqual([
      ['b', 2],
      ['a', 5],
    ]);
  });

  test('after a restore the same run may have a lower version', () => {
    const it = board();
    it.see([run('a', 5)], BEGAN_MS);
    it.forget();
    it.see([run('a', 3)], BEGAN_MS);
    expect(it.active(BEGAN_MS)[0]?.run.version).toBe(3);
  });

  test('a run that ends is told once, keeps its place for a moment, then joins those that ended', () => {
    const it = board();
    it.see([run('a', 5), run('b', 5)], BEGAN_MS);
    const end = run('b', 6, { status: 'FAILED' });
    expect(it.see([end], BEGAN_MS)).toEqual([end]);
    expect(it.see([end], BEGAN_MS)).toEqual([]);
    const lingering = it.active(BEGAN_MS + LINGER_MS - 1);
    expect(lingering.map(({ run: { id }, lingers }) => [id, lingers])).toEqual([
      ['b', true],
      ['a', false],
    ]);
    expect(it.ended(BEGAN_MS + LINGER_MS - 1)).toEqual([]);
    expect(ids(it.active(BEGAN_MS + LINGER_MS))).toEqual(['a']);
    expect(ids(it.ended(BEGAN_MS + LINGER_MS))).toEqual(['b']);
  });

  test('a run that left without its end is asked for, until it is told or taken off', () => {
    const it = board();
    it.see([run('a', 5), run('b', 5), run('c', 5)], BEGAN_MS);
    it.leave(['a', 'b', 'c', 'unknown']);
    it.leave(['a']);
    expect(it.unsettled()).toEqual(['a', 'b', 'c']);
    it.see([run('a', 6, { status: 'SUCCEEDED' })], BEGAN_MS);
    it.see([run('b', 5)], BEGAN_MS); // It is in the list again, as it was.
    it.see([run('c', 4)], BEGAN_MS); // This is old.
    expect(it.unsettled()).toEqual(['c']);
    it.drop(['c']);
    expect(it.unsettled()).toEqual([]);
    expect(it.running()).toEqual(['b']);
  });

  test('of those that ended only the last are kept', () => {
    const it = board();
    const ended = ['a', 'b', 'c'].map((id, at) =>
      run(id, 1, { status: 'SUCCEEDED', updatedAt: new Date(BEGAN_MS + at).toISOString() }),
    );
    it.see(ended, BEGAN_MS);
    expect(ids(it.ended(BEGAN_MS))).toEqual(['c', 'b']);
  });

  test('rates are those of the last seconds, and of what was seen', () => {
    const it = board();
    it.see([run('a', 10)], BEGAN_MS);
    expect(it.active(BEGAN_MS)[0]?.stepsPerSecond).toBeNull();
    for (let second = 1; second <= 60; second++) {
      it.see([run('a', 10 + second * 2)], BEGAN_MS + second * 1_000);
    }
    expect(it.active(BEGAN_MS + MINUTE_MS)[0]?.stepsPerSecond).toBeCloseTo(2, 1);
    expect(it.active(BEGAN_MS + 2 * MINUTE_MS)[0]?.stepsPerSecond).toBeNull();
  });

  test('time is told by the clock of the worker, and by ours where that is of another year', () => {
    const it = board();
    const replayed = { startedAt: '2020-04-13T18:36:36Z' };
    const ended = { status: 'SUCCEEDED', durationMs: 1_234 };
    it.see([run('a', 1), run('b', 1, replayed), run('c', 1, { startedAt: null })], BEGAN_MS);
    it.see([run('d', 1, ended)], BEGAN_MS);
    const rows = [...it.active(BEGAN_MS + MINUTE_MS), ...it.ended(BEGAN_MS)];
    expect(rows.map(({ run: { id }, elapsed_ms }) => [id, elapsed_ms])).toEqual([
      ['c', null],
      ['b', MINUTE_MS],
      ['a', MINUTE_MS],
      ['d', 1_234],
    ]);
  });
});
