import { describe, expect, test } from 'vitest';
import { openRunView, type WatchedRun, type WatchedStep, type WatchedUpdate } from './run-view.ts';
import { plainShow, tableShow } from './watch-show.ts';

const BEGAN = '2026-01-01T00:00:00.000Z';
const BEGAN_MS = Date.parse(BEGAN);
const SIZE = { columns: 100, rows: 24 };

function run(more: Partial<WatchedRun> = {}): WatchedRun {
  return {
    uuid: '0198',
    version: 1,
    status: 'RUNNING',
    statusName: null,
    stepsTotal: 2,
    stepsDone: 0,
    stepsFailed: 0,
    stepsRunning: 1,
    startedAt: BEGAN,
    durationMs: null,
    error: null,
    workflow: { name: 'Mosaic' },
    ...more,
  };
}

function step(stepKey: string, more: Partial<WatchedStep> = {}): WatchedStep {
  return {
    stepKey,
    position: 0,
    status: 'PENDING',
    progress: null,
    message: null,
    startedAt: null,
    durationMs: null,
    error: null,
    changedSeq: 1,
    ...more,
  };
}

function update(of: Partial<WatchedUpdate>): WatchedUpdate {
  return { type: 'CHANGE', reason: null, cursor: 'c', run: run(), steps: [], ...of };
}

describe('the view', () => {
  test('shows name, status, bar, rates and each step', () => {
    const view = openRunView();
    const steps = [
      step('align', { status: 'RUNNING', progress: 0.5, startedAt: BEGAN, message: 'half' }),
      step('report', { position: 1 }),
    ];
    view.apply(update({ type: 'SNAPSHOT', steps }), BEGAN_MS);
    view.apply(update({ run: run({ version: 21, stepsDone: 1 }) }), BEGAN_MS + 2_000);
    expect(view.lines(SIZE, BEGAN_MS + 2_000)).toEqual([
      'Mosaic  0198  RUNNING  2.0 s',
      `[${'█'.repeat(15)}${'░'.repeat(15)}]  50 % 1 of 2 steps, 1 running`,
      '0.5 steps/s, 10.0 events/s',
      'align   RUNNING    █████░░░░░     2.0 s  half',
      'report  PENDING',
    ]);
  });

  test('tells which steps changed their status; a snapshot leaves nothing of before', () => {
    const view = openRunView();
    view.apply(update({ type: 'SNAPSHOT', steps: [step('a'), step('b')] }), 0);
    const again = [step('a', { progress: 0.1 }), step('b', { status: 'RUNNING' })];
    expect(view.apply(update({ steps: again }), 1).map(({ stepKey }) => stepKey)).toEqual(['b']);
    view.apply(update({ type: 'SNAPSHOT', reason: 'restored', steps: [step('c')] }), 2);
    expect(view.lines(SIZE, 3).slice(3)).toEqual(['c     PENDING']);
  });

  test('where not all have room, what runs comes first, then what ended last; it says how many are left out', () => {
    const view = openRunView();
    const steps = Array.from({ length: 20 }, (_, at) =>
      step(`s${at}`, { position: at, status: 'SUCCEEDED', changedSeq: at }),
    );
    steps[3] = step('s3', { position: 3, status: 'RUNNING' });
    steps[18] = step('s18', { position: 18 });
    view.apply(update({ type: 'SNAPSHOT', steps }), 0);
    const lines = view.lines({ columns: 80, rows: 9 }, BEGAN_MS);
    expect(lines.slice(3).map((line) => line.split(' ')[0])).toEqual([
      's3',
      's19',
      's17',
      's16',
      '…',
    ]);
    expect(lines.at(-1)).toBe('… and 16 more');
    expect(lines.length).toBeLessThan(9);
  });

  test('no line is wider than the terminal, and no control character reaches it', () => {
    const view = openRunView();
    const steps = [step('a', { status: 'RUNNING', message: `\u001B[2J${'x'.repeat(300)}` })];
    view.apply(update({ type: 'SNAPSHOT', steps }), 0);
    for (const line of view.lines({ columns: 40, rows: 10 }, BEGAN_MS)) {
      expect(line.length).toBeLessThan(40);
      expect(line).not.toMatch(/\p{Cc}/u);
    }
  });

  test('times of a replay are those of its recorded clock', () => {
    const view = openRunView();
    const years_ms = 3e11;
    const a = step('a', { status: 'SUCCEEDED', startedAt: BEGAN, durationMs: 4_000 });
    view.apply(update({ type: 'SNAPSHOT', steps: [a] }), BEGAN_MS + years_ms);
    const [head] = view.lines(SIZE, BEGAN_MS + years_ms + 1_000);
    expect(head).toBe('Mosaic  0198  RUNNING  5.0 s');
  });

  test('while the link is down it says so in place of the rates', () => {
    const view = openRunView();
    expect(view.lines(SIZE, 0, 'waiting')).toEqual(['waiting']);
    view.apply(update({ type: 'SNAPSHOT' }), 0);
    expect(view.lines(SIZE, BEGAN_MS, 'waiting')[2]).toBe('waiting');
  });
});

function paper() {
  let text = '';
  return { write: (more: string | Uint8Array) => ((text += String(more)), true), text: () => text };
}

test('lines: one for each status that became another', () => {
  const [out, log] = [paper(), paper()];
  const show = plainShow(out, log, () => new Date(BEGAN_MS));
  show.link({ is: 'connecting' });
  show.item(update({ type: 'SNAPSHOT', steps: [step('a'), step('b', { status: 'RUNNING' })] }));
  show.item(update({ steps: [step('b', { status: 'RUNNING', progress: 0.7 })] }));
  show.link({ is: 'waiting', wait_ms: 5, reason: 'closed with 1012' });
  show.item(update({ run: run({ status: 'SUCCEEDED', stepsDone: 2 }) }));
  expect(out.text()).toBe(
    '00:00:00  b  RUNNING\n00:00:00  Mosaic  RUNNING  0 of 2 steps\n00:00:00  Mosaic  SUCCEEDED  2 of 2 steps\n',
  );
  expect(log.text()).toBe('waiting for the gateway: closed with 1012\n');
});

test('a table is drawn over itself, and its last state stays', () => {
  const out = paper();
  const show = tableShow({ ...out, columns: 80, rows: 24 }, () => BEGAN_MS);
  show.item(update({ type: 'SNAPSHOT', steps: [step('a')] }));
  show.end();
  expect(out.text().startsWith('\r\u001B[JMosaic  0198  RUNNING')).toBe(true);
  expect(out.text().split('\n')).toHaveLength(5);
});
