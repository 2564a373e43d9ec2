/** What `polyphony watch` knows of a run, and how it looks. Pure but for what it is told. */
import type { RunStatus, StepStatus } from '../../prisma/generated/enums.ts';
import type { RunUpdate } from '../../client/client.ts';
import { barOf } from './progress.ts';

export interface WatchedRun {
  readonly uuid: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly statusName: string | null;
  readonly stepsTotal: number;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  readonly stepsRunning: number;
  readonly startedAt: string | null;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly workflow: { readonly name: string } | null;
}

export interface WatchedStep {
  readonly stepKey: string;
  readonly position: number;
  readonly status: StepStatus;
  /** From 0 to 1. */
  readonly progress: number | null;
  readonly message: string | null;
  readonly startedAt: string | null;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly changedSeq: number;
}

/** What must be asked for. */
export const WATCHED = {
  run: 'uuid status statusName stepsTotal stepsDone stepsFailed stepsRunning startedAt durationMs error workflow { name }',
  steps: 'stepKey position status progress message startedAt durationMs error changedSeq',
};

export type WatchedUpdate = RunUpdate<WatchedRun, WatchedStep>;

export interface RunView {
  /** Merges an item; answers the steps whose status is another than before. */
  apply(update: WatchedUpdate, now_ms: number): readonly WatchedStep[];
  run(): WatchedRun | null;
  /** As it looks now, at most so large. `notice` is shown in place of the rates: the link is down. */
  lines(size: Size, now_ms: number, notice?: string): readonly string[];
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A worker whose newest word is older lives by another clock: a replay, by the recorded one. */
const SAME_CLOCK_MS = 86_400_000;
/** Rates are those of the last seconds. */
const RATE_WINDOW_ms = 10_000;
const HEAD_LINES = 3;

/** Knows of nothing yet. */
export function openRunView(): RunView {
  const steps = new Map<string, WatchedStep>();
  let run: WatchedRun | null = null;
  let samples: readonly Sample[] = [];
  let behind_ms = 0;

  return {
    apply(update, now_ms) {
      const before = new Map(steps);
      if (update.type === 'SNAPSHOT') steps.clear();
      for (const step of update.steps) steps.set(step.stepKey, step);
      ({ run } = update);
      const newest_ms = Math.max(...[run, ...update.steps].map(lastWord_ms));
      if (newest_ms > 0) behind_ms = now_ms - newest_ms > SAME_CLOCK_MS ? now_ms - newest_ms : 0;
      const sample = { at_ms: now_ms, events: run.version, steps: run.stepsDone };
      samples = [...(update.reason === null ? samples : []), sample].filter(
        ({ at_ms }) => now_ms - at_ms <= RATE_WINDOW_ms,
      );
      return update.steps.filter(({ stepKey, status }) => before.get(stepKey)?.status !== status);
    },
    run: () => run,
    lines({ columns, rows }, now_ms, notice) {
      if (!run) return [notice ?? 'connecting …'].map((line) => cut(line, columns));
      const shown = chosen([...steps.values()], Math.max(0, rows - HEAD_LINES - 1));
      const width = Math.max(4, ...shown.map(({ stepKey }) => stepKey.length));
      const more = steps.size - shown.length;
      return [
        headLine(run, now_ms - behind_ms),
        barOf(run.stepsDone, run.stepsTotal, countsOf(run)),
        notice ?? ratesOf(samples, now_ms),
        ...shown.map((step) => stepLine(step, Math.min(width, 40), now_ms - behind_ms)),
        ...(more > 0 ? [`… and ${more} more`] : []),
      ].map((line) => cut(line, columns));
    },
  };
}

interface Sample {
  readonly at_ms: number;
  readonly events: number;
  readonly steps: number;
}

/** Active ones first, then what ended last; in the order of the workflow where all have room. */
function chosen(steps: readonly WatchedStep[], rows: number): readonly WatchedStep[] {
  const byPosition = steps.toSorted((a, b) => a.position - b.position);
  if (steps.length <= rows) return byPosition;
  return byPosition
    .toSorted((a, b) => rank(a) - rank(b) || (rank(a) === 1 ? b.changedSeq - a.changedSeq : 0))
    .slice(0, Math.max(0, rows - 1));
}

function rank({ status }: WatchedStep): number {
  if (status === 'RUNNING' || status === 'RETRYING') return 0;
  return status === 'PENDING' || status === 'QUEUED' ? 2 : 1;
}

function headLine(run: WatchedRun, now_ms: number): string {
  const name = run.workflow?.name ?? 'a workflow';
  const why = run.statusName ?? run.error;
  const took = spent(run, now_ms);
  return [name, run.uuid, run.status, why && `(${oneLine(why)})`, took].filter(Boolean).join('  ');
}

function countsOf({ stepsDone, stepsTotal, stepsRunning, stepsFailed }: WatchedRun): string {
  const failed = stepsFailed > 0 ? `, ${stepsFailed} failed` : '';
  return `${stepsDone} of ${stepsTotal} steps, ${stepsRunning} running${failed}`;
}

function ratesOf(samples: readonly Sample[], now_ms: number): string {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || first === last || now_ms <= first.at_ms) return '';
  const perSecond = (count: number) => ((count * 1_000) / (now_ms - first.at_ms)).toFixed(1);
  const [steps, events] = [last.steps - first.steps, last.events - first.events];
  return `${perSecond(steps)} steps/s, ${perSecond(events)} events/s`;
}

const STATUS_WIDTH = 9;
const STEP_BAR = 10;

function stepLine(step: WatchedStep, width: number, now_ms: number): string {
  const { stepKey, status, progress, message, error } = step;
  const share = status === 'RUNNING' && progress !== null ? progress : null;
  const bar =
    share === null
      ? ' '.repeat(STEP_BAR)
      : '█'.repeat(Math.round(share * STEP_BAR)).padEnd(STEP_BAR, '░');
  const words = error ?? (status === 'RUNNING' ? message : null);
  const took = spent(step, now_ms) ?? '';
  const name = stepKey.length > width ? `${stepKey.slice(0, width - 1)}…` : stepKey.padEnd(width);
  const line = `${name}  ${status.padEnd(STATUS_WIDTH)}  ${bar}  ${took.padStart(8)}`;
  return `${line}${words ? `  ${oneLine(words)}` : ''}`.trimEnd();
}

/** By the worker's clock; 0 before its first. */
function lastWord_ms({ startedAt, durationMs }: Timed): number {
  return startedAt === null ? 0 : Date.parse(startedAt) + (durationMs ?? 0);
}

type Timed = Pick<WatchedRun, 'startedAt' | 'durationMs'>;

function spent({ startedAt, durationMs }: Timed, now_ms: number): string | null {
  if (startedAt === null) return null;
  const ms = Math.max(0, durationMs ?? now_ms - Date.parse(startedAt));
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const rest = Math.floor((ms % 60_000) / 1_000);
  return minutes < 60
    ? `${minutes} min ${rest} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Control characters in what a worker said must not reach the terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}
