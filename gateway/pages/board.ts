/**
 * What the landing page knows of runs while it is open. Of each run the highest version wins, whichever way it came and
 * however often the gateway was away: what is shown never goes back. Pure but for what it is told.
 */

/** A run as the page asks for it (landing-documents.ts). */
export interface PageRun {
  readonly id: string;
  readonly uuid: string;
  /** Grows with each event of the run. */
  readonly version: number;
  readonly status: string;
  readonly statusName: string | null;
  readonly stepsTotal: number;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  /** ISO 8601, the gateway's clock. */
  readonly createdAt: string;
  /** The worker's clock; a replay lives by the recorded one. */
  readonly startedAt: string | null;
  /** When its newest event was recorded, by the gateway's clock. */
  readonly updatedAt: string;
  readonly durationMs: number | null;
  readonly workflow: { readonly name: string } | null;
}

/** The page keeps runs of these statuses on top; the others have ended. */
export const ACTIVE = ['QUEUED', 'RUNNING', 'PAUSED', 'CANCELING'] as const;

/** Statuses of runs that are over. */
export const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELED', 'TIMED_OUT', 'CRASHED'] as const;

/** Every status, in the order of a run's life. */
export const STATUSES = [...ACTIVE, ...ENDED] as const;

/** A row, with what only shows over time. */
export interface Row {
  readonly run: PageRun;
  /** Ended a moment ago: still among those that run. */
  readonly lingers: boolean;
  /** Null before it began. */
  readonly elapsed_ms: number | null;
  /** Of the last seconds; null when nothing was seen to end. */
  readonly stepsPerSecond: number | null;
}

export interface Board {
  /** Keeps what is newer than what it has. Answers the runs that were seen to end. */
  see(runs: readonly PageRun[], now_ms: number): readonly PageRun[];
  /** These are no longer among the active ones: they ended, or there are too many. */
  leave(ids: readonly string[]): void;
  /** Those that left, and of which it is not known how they ended. */
  unsettled(): readonly string[];
  /** They were asked for in vain: takes them off. */
  drop(ids: readonly string[]): void;
  /** Ids of those that run, as far as is known. */
  running(): readonly string[];
  /** Forgets all: after a restore the same run may have a lower version. */
  forget(): void;
  /** Those that run and those that ended a moment ago, the newest first. */
  active(now_ms: number): readonly Row[];
  /** Those that ended, the last first. */
  ended(now_ms: number): readonly Row[];
}

interface Entry {
  readonly run: PageRun;
  /** When it was seen to end; null when it runs, or had ended before it was first seen. */
  readonly end_ms: number | null;
  readonly left: boolean;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly at_ms: number;
  readonly steps: number;
}

export interface BoardOptions {
  /** For so long a run that ends keeps its place. */
  readonly linger_ms: number;
  /** Of the runs that ended so many are kept. */
  readonly ended_max: number;
}

/** Rates are those of the last seconds. */
const RATE_WINDOW_ms = 15_000;
const SAMPLE_ms = 500;
/** A worker whose clock is further off lives by another one: a replay. */
const SAME_CLOCK_ms = 86_400_000;

/** Knows of no run yet. */
export function openBoard({ linger_ms, ended_max }: BoardOptions): Board {
  const entries = new Map<string, Entry>();
  const lingers = ({ end_ms }: Entry, now_ms: number) =>
    end_ms !== null && now_ms - end_ms < linger_ms;
  const rows = (now_ms: number, among: (entry: Entry) => boolean) =>
    [...entries.values()]
      .filter(among)
      .map((entry) => rowOf(entry, lingers(entry, now_ms), now_ms));
  const endedRows = (now_ms: number) =>
    rows(now_ms, (entry) => !isActive(entry.run) && !lingers(entry, now_ms)).toSorted(
      (a, b) => newestFirst(a.run.updatedAt, b.run.updatedAt) || newestFirst(a.run.id, b.run.id),
    );

  return {
    see(runs, now_ms) {
      const ended: PageRun[] = [];
      for (const run of runs) {
        const before = entries.get(run.id);
        if (before?.run.version === run.version) entries.set(run.id, { ...before, left: false });
        if (before && run.version <= before.run.version) continue;
        const ends = before !== undefined && isActive(before.run) && !isActive(run);
        if (ends) ended.push(run);
        const end_ms = ends ? now_ms : (before?.end_ms ?? null);
        const samples = added(before?.samples ?? [], { at_ms: now_ms, steps: run.stepsDone });
        entries.set(run.id, { run, end_ms, left: false, samples: recent(samples, now_ms) });
      }
      for (const { run } of endedRows(now_ms).slice(ended_max)) entries.delete(run.id);
      return ended;
    },
    leave(ids) {
      for (const id of ids) {
        const entry = entries.get(id);
        if (entry) entries.set(id, { ...entry, left: true });
      }
    },
    unsettled: () => idsOf(entries, ({ run, left }) => left && isActive(run)),
    drop(ids) {
      for (const id of ids) entries.delete(id);
    },
    running: () => idsOf(entries, ({ run }) => isActive(run)),
    forget: () => entries.clear(),
    active: (now_ms) =>
      rows(now_ms, (entry) => isActive(entry.run) || lingers(entry, now_ms)).toSorted(
        (a, b) => newestFirst(a.run.createdAt, b.run.createdAt) || newestFirst(a.run.id, b.run.id),
      ),
    ended: (now_ms) => endedRows(now_ms).slice(0, ended_max),
  };
}

/** A row of a run of which nothing was seen before. */
export function firstRow(run: PageRun, now_ms: number): Row {
  return rowOf({ run, end_ms: null, left: false, samples: [] }, false, now_ms);
}

function rowOf({ run, samples }: Entry, lingering: boolean, now_ms: number): Row {
  const active = isActive(run);
  return {
    run,
    lingers: lingering,
    elapsed_ms: active ? elapsed(run, now_ms) : run.durationMs,
    stepsPerSecond: active ? rateOf(recent(samples, now_ms), now_ms) : null,
  };
}

/** True until the run has ended. */
export function isActive({ status }: Pick<PageRun, 'status'>): boolean {
  return (ACTIVE as readonly string[]).includes(status);
}

function elapsed({ startedAt, createdAt }: PageRun, now_ms: number): number | null {
  if (startedAt === null) return null;
  const worked_ms = now_ms - Date.parse(startedAt);
  const known_ms = now_ms - Date.parse(createdAt);
  return Math.max(0, Math.abs(worked_ms - known_ms) > SAME_CLOCK_ms ? known_ms : worked_ms);
}

function rateOf(samples: readonly Sample[], now_ms: number): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.steps === first.steps || now_ms <= first.at_ms) return null;
  return ((last.steps - first.steps) * 1_000) / (now_ms - first.at_ms);
}

/** Many within a moment count as one. */
function added(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const [before, last] = samples.slice(-2);
  const close = before && last && last.at_ms - before.at_ms < SAMPLE_ms;
  return [...(close ? samples.slice(0, -1) : samples), sample];
}

/** Those of the window, and the last one before it: from there the first step of the window counts. */
function recent(samples: readonly Sample[], now_ms: number): readonly Sample[] {
  const begin = samples.findIndex(({ at_ms }) => now_ms - at_ms <= RATE_WINDOW_ms);
  return begin === -1 ? samples.slice(-1) : samples.slice(Math.max(0, begin - 1));
}

function idsOf(entries: ReadonlyMap<string, Entry>, which: (entry: Entry) => boolean): string[] {
  return [...entries].filter(([, entry]) => which(entry)).map(([id]) => id);
}

function newestFirst(a: string, b: string): number {
  return a < b ? 1 : a > b ? -1 : 0;
}
