import { describe, expect, test } from 'vitest';
import { EventType, RunStatus, StepStatus } from '../../prisma/generated/enums.ts';
import {
  moversOf,
  NOTES,
  OPEN_STEPS_AT_END,
  RUN_MOVES,
  RUN_TERMINAL,
  STEP_COUNTED,
  STEP_MOVES,
  STEP_OPEN,
  STEP_TERMINAL,
  WORKER_LOST,
  type Mover,
  type RunMove,
  type StepMove,
} from './model.ts';

const runMoves = Object.entries(RUN_MOVES) as [string, RunMove][];
const stepMoves = Object.entries(STEP_MOVES) as [string, StepMove][];

/** Every move there is, written a second time: event, from, to. What is not here is illegal. */
const RUN_TABLE = `
RUN_STARTED           QUEUED    RUNNING
RUN_PAUSED            RUNNING   PAUSED
RUN_RESUMED           PAUSED    RUNNING
RUN_CANCEL_REQUESTED  QUEUED    CANCELING
RUN_CANCEL_REQUESTED  RUNNING   CANCELING
RUN_CANCEL_REQUESTED  PAUSED    CANCELING
RUN_SUCCEEDED         RUNNING   SUCCEEDED
RUN_SUCCEEDED         PAUSED    SUCCEEDED
RUN_SUCCEEDED         CANCELING SUCCEEDED
RUN_FAILED            RUNNING   FAILED
RUN_FAILED            PAUSED    FAILED
RUN_FAILED            CANCELING FAILED
RUN_CANCELED          CANCELING CANCELED
RUN_TIMED_OUT         QUEUED    TIMED_OUT
RUN_TIMED_OUT         RUNNING   TIMED_OUT
RUN_TIMED_OUT         PAUSED    TIMED_OUT
RUN_TIMED_OUT         CANCELING TIMED_OUT
RUN_CRASHED           RUNNING   CRASHED
RUN_CRASHED           PAUSED    CRASHED
RUN_CRASHED           CANCELING CRASHED`;

const STEP_TABLE = `
STEP_QUEUED    PENDING  QUEUED
STEP_STARTED   PENDING  RUNNING
STEP_STARTED   QUEUED   RUNNING
STEP_STARTED   RETRYING RUNNING
STEP_PROGRESS  RUNNING  RUNNING
STEP_RETRYING  RUNNING  RETRYING
STEP_RETRYING  FAILED   RETRYING
STEP_SUCCEEDED RUNNING  SUCCEEDED
STEP_FAILED    PENDING  FAILED
STEP_FAILED    QUEUED   FAILED
STEP_FAILED    RUNNING  FAILED
STEP_FAILED    RETRYING FAILED
STEP_SKIPPED   PENDING  SKIPPED
STEP_SKIPPED   QUEUED   SKIPPED
STEP_CACHED    PENDING  CACHED
STEP_CACHED    QUEUED   CACHED
STEP_CANCELED  PENDING  CANCELED
STEP_CANCELED  QUEUED   CANCELED
STEP_CANCELED  RUNNING  CANCELED
STEP_CANCELED  RETRYING CANCELED`;

describe('moves', () => {
  test('of runs are these and no others', () => {
    expect(flat(runMoves)).toEqual(parse(RUN_TABLE));
  });

  test('of steps are these and no others', () => {
    expect(flat(stepMoves)).toEqual(parse(STEP_TABLE));
  });

  test('lead to every status but those that things begin with', () => {
    const reached = (moves: readonly [string, { to: string }][]) =>
      new Set(moves.map(([, move]) => move.to));
    expect(reached(runMoves)).toEqual(new Set(Object.values(RunStatus)));
    expect(reached(stepMoves)).toEqual(
      new Set(Object.values(StepStatus).filter((status) => status !== 'PENDING')),
    );
  });

  test('lead out of no terminal status of a run', () => {
    const left = new Set(runMoves.flatMap(([, move]) => move.from));
    for (const status of Object.values(RunStatus)) {
      expect(left.has(status), status).toBe(!RUN_TERMINAL.has(status));
    }
  });

  test('lead out of a terminal status of a step only to try it again', () => {
    const leaving = stepMoves.filter(([, move]) =>
      move.from.some((status) => STEP_TERMINAL.has(status)),
    );
    expect(leaving.map(([type]) => type)).toEqual(['STEP_RETRYING']);
  });

  test('of steps are never legal in a run that ended, and begin work only while it runs', () => {
    for (const [type, move] of stepMoves) {
      expect(
        move.during.some((status) => RUN_TERMINAL.has(status)),
        type,
      ).toBe(false);
    }
    expect(STEP_MOVES.STEP_STARTED.during).toEqual(['RUNNING']);
    expect(STEP_MOVES.STEP_QUEUED.during).toEqual(['RUNNING']);
  });
});

describe('movers', () => {
  test('of each event are these', () => {
    const by = (mover: Mover) =>
      Object.values(EventType).filter((type) => moversOf(type).includes(mover));
    expect(by('user')).toEqual([
      'RUN_QUEUED',
      'RUN_PAUSED',
      'RUN_RESUMED',
      'RUN_CANCEL_REQUESTED',
      'ARTIFACT_PRODUCED',
      'CHECK_EVALUATED',
      'COST_RECORDED',
      'METADATA_UPDATED',
    ]);
    expect(by('gateway')).toEqual([
      'RUN_QUEUED',
      'RUN_CANCELED',
      'RUN_TIMED_OUT',
      'RUN_CRASHED',
      'STEP_CACHED',
      'ARTIFACT_PRODUCED',
      'CHECK_EVALUATED',
      'COST_RECORDED',
      'LOG_APPENDED',
      'METADATA_UPDATED',
    ]);
    expect(Object.values(EventType).filter((type) => !moversOf(type).includes('worker'))).toEqual([
      'RUN_QUEUED',
      'RUN_CANCEL_REQUESTED',
      'RUN_CRASHED',
    ]);
  });

  test('after the end of a run are users alone, who judge and label', () => {
    expect(
      Object.entries(NOTES).flatMap(([type, note]) => note.afterEndBy.map((by) => [type, by])),
    ).toEqual([
      ['CHECK_EVALUATED', 'user'],
      ['METADATA_UPDATED', 'user'],
    ]);
  });
});

describe('the end of a run', () => {
  test('says of each terminal status what becomes of open steps, and leaves none open', () => {
    expect(new Set(Object.keys(OPEN_STEPS_AT_END))).toEqual(new Set(RUN_TERMINAL));
    for (const end of Object.values(OPEN_STEPS_AT_END))
      expect(STEP_TERMINAL.has(end.to)).toBe(true);
    expect([...STEP_OPEN].some((status) => STEP_TERMINAL.has(status))).toBe(false);
  });

  test('by the gateway, when its worker is gone, is a legal move to a terminal status', () => {
    expect(Object.keys(WORKER_LOST)).toEqual(['RUNNING', 'CANCELING']);
    for (const [status, { type }] of Object.entries(WORKER_LOST)) {
      const move: RunMove = RUN_MOVES[type];
      expect(move.from).toContain(status);
      expect(move.by).toContain('gateway');
      expect(RUN_TERMINAL.has(move.to)).toBe(true);
    }
  });

  test('counts each status of a step in at most one counter', () => {
    const counted = (counter: string) =>
      Object.values(StepStatus).filter((status) => STEP_COUNTED[status] === counter);
    expect(counted('done')).toEqual(['SUCCEEDED', 'SKIPPED', 'CACHED']);
    expect(counted('failed')).toEqual(['FAILED']);
    expect(counted('running')).toEqual(['RUNNING']);
  });
});

function flat(moves: readonly [string, { from: readonly string[]; to: string }][]): string[] {
  return moves
    .flatMap(([type, move]) => move.from.map((from) => `${type} ${from} ${move.to}`))
    .toSorted();
}

function parse(table: string): string[] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' '))
    .toSorted();
}
