/**
 * What a run, its steps and its artifacts were after each of its events, told from the events alone and by the words
 * of DOMAIN's states only: none of the gateway's own rules is asked.
 */

/** An event as it was handed to a client. */
export interface SeenEvent {
  readonly seq: number;
  readonly eventId: string;
  readonly type: string;
  readonly stepKey: string | null;
  readonly attempt: number | null;
  readonly payload: unknown;
}

export interface RunState {
  readonly version: number;
  readonly status: string;
  readonly statusName: string | null;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  readonly stepsRunning: number;
}

export interface StepState {
  readonly stepKey: string;
  readonly status: string;
  readonly attempt: number;
  readonly progress: number | null;
  readonly message: string | null;
  readonly changedSeq: number;
}

export interface ArtifactState {
  readonly name: string;
  readonly kind: string;
  readonly sizeBytes: string;
  readonly uri: string | null;
}

export interface History {
  /** As it was after the event `seq`. */
  run(seq: number): RunState | undefined;
  /** Its states in order; the first is of its first event. */
  step(stepKey: string): readonly StepState[];
  artifact(name: string): readonly (ArtifactState & { readonly changedSeq: number })[];
  /** What the events after `from`, up to `to`, changed. */
  changedIn(
    from: number,
    to: number,
  ): { readonly steps: ReadonlySet<string>; readonly artifacts: ReadonlySet<string> };
}

const RUN_STATUS: Readonly<Record<string, string>> = {
  RUN_QUEUED: 'QUEUED',
  RUN_STARTED: 'RUNNING',
  RUN_PAUSED: 'PAUSED',
  RUN_RESUMED: 'RUNNING',
  RUN_CANCEL_REQUESTED: 'CANCELING',
};
const STEP_STATUS: Readonly<Record<string, string>> = {
  STEP_STARTED: 'RUNNING',
  STEP_PROGRESS: 'RUNNING',
};
const RUN_END = /^RUN_(SUCCEEDED|FAILED|CANCELED|TIMED_OUT|CRASHED)$/;
const DONE = ['SUCCEEDED', 'SKIPPED', 'CACHED'];

interface Told {
  readonly progress?: number | null;
  readonly message?: string | null;
  readonly statusName?: string | null;
  readonly outputs?: readonly Output[] | null;
  readonly inputs?: readonly Output[] | null;
  readonly artifact?: Output | string | null;
}

interface Output {
  readonly name: string;
  readonly kind?: string | null;
  readonly sizeBytes?: number | null;
  readonly uri?: string | null;
}

/** `events` from the first, in order and without a gap. */
export function historyOf(events: readonly SeenEvent[]): History {
  const runs: RunState[] = [];
  const steps = new Map<string, StepState[]>();
  const artifacts = new Map<string, (ArtifactState & { changedSeq: number })[]>();

  for (const event of events) {
    const { seq, type, stepKey } = event;
    const told = event.payload as Told;
    if (stepKey !== null && type.startsWith('STEP_')) put(steps, stepKey, stepAfter(event, steps));
    if (RUN_END.test(type)) closeOpen(steps, type, seq);
    for (const output of outputsOf(told)) makeArtifact(artifacts, output, seq);
    for (const input of told.inputs ?? []) {
      if (!artifacts.has(input.name)) makeArtifact(artifacts, input, seq);
    }
    runs.push(runAfter(runs.at(-1), event, steps));
  }
  const [stepChanges, artifactChanges] = [changesOf(steps), changesOf(artifacts)];
  return {
    run: (seq) => runs[seq - 1],
    step: (key) => steps.get(key) ?? [],
    artifact: (name) => artifacts.get(name) ?? [],
    changedIn: (from, to) => ({
      steps: namesOf(stepChanges, from, to),
      artifacts: namesOf(artifactChanges, from, to),
    }),
  };
}

interface Change {
  readonly seq: number;
  readonly name: string;
}

/** Of all of them, in order of seq. */
function changesOf(
  states: ReadonlyMap<string, readonly { readonly changedSeq: number }[]>,
): readonly Change[] {
  return [...states]
    .flatMap(([name, of]) => of.map(({ changedSeq }) => ({ seq: changedSeq, name })))
    .toSorted((a, b) => a.seq - b.seq);
}

function namesOf(changes: readonly Change[], from: number, to: number): ReadonlySet<string> {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle]!.seq <= from) low = middle + 1;
    else high = middle;
  }
  const names = new Set<string>();
  for (let at = low; at < changes.length && changes[at]!.seq <= to; at++) {
    names.add(changes[at]!.name);
  }
  return names;
}

/** The newest of these states at `seq`. */
export function stateAt<State extends { readonly changedSeq: number }>(
  states: readonly State[],
  seq: number,
): State | undefined {
  return states.findLast(({ changedSeq }) => changedSeq <= seq);
}

function stepAfter(event: SeenEvent, steps: ReadonlyMap<string, readonly StepState[]>): StepState {
  const { seq, type, attempt } = event;
  const stepKey = event.stepKey!;
  const before = steps.get(stepKey)?.at(-1);
  const { progress, message = null } = event.payload as Told;
  const kept = type === 'STEP_STARTED' ? null : (before?.progress ?? null);
  return {
    stepKey,
    status: STEP_STATUS[type] ?? type.slice('STEP_'.length),
    attempt: attempt ?? before?.attempt ?? 0,
    progress: progress ?? kept,
    message,
    changedSeq: seq,
  };
}

/** What is open when its run ends will not go on. */
function closeOpen(steps: Map<string, StepState[]>, type: string, seq: number): void {
  const status = /TIMED_OUT|CRASHED/.test(type) ? 'FAILED' : 'CANCELED';
  for (const states of steps.values()) {
    const last = states.at(-1)!;
    if (last.status !== 'RUNNING' && last.status !== 'RETRYING') continue;
    states.push({ ...last, status, message: null, changedSeq: seq });
  }
}

function runAfter(
  before: RunState | undefined,
  event: SeenEvent,
  steps: ReadonlyMap<string, readonly StepState[]>,
): RunState {
  const { seq, type, stepKey } = event;
  let run = { ...(before ?? QUEUED), version: seq };
  if (type.startsWith('RUN_')) {
    const status = RUN_STATUS[type] ?? type.slice('RUN_'.length);
    run = { ...run, status, statusName: (event.payload as Told).statusName ?? null };
    if (RUN_END.test(type)) run = { ...run, stepsRunning: 0, stepsFailed: failed(steps) };
  }
  if (stepKey === null || !type.startsWith('STEP_')) return run;
  const [left, entered] = [steps.get(stepKey)!.at(-2)?.status, steps.get(stepKey)!.at(-1)!.status];
  const grew = (...which: string[]) =>
    Number(which.includes(entered)) - Number(which.includes(left ?? ''));
  return {
    ...run,
    stepsDone: run.stepsDone + grew(...DONE),
    stepsFailed: run.stepsFailed + grew('FAILED'),
    stepsRunning: run.stepsRunning + grew('RUNNING'),
  };
}

const QUEUED: RunState = {
  version: 1,
  status: 'QUEUED',
  statusName: null,
  stepsDone: 0,
  stepsFailed: 0,
  stepsRunning: 0,
};

function failed(steps: ReadonlyMap<string, readonly StepState[]>): number {
  return [...steps.values()].filter((states) => states.at(-1)!.status === 'FAILED').length;
}

function outputsOf({ outputs, artifact }: Told): readonly Output[] {
  return [...(outputs ?? []), ...(artifact && typeof artifact === 'object' ? [artifact] : [])];
}

function makeArtifact(
  artifacts: Map<string, (ArtifactState & { changedSeq: number })[]>,
  { name, kind, sizeBytes, uri }: Output,
  seq: number,
): void {
  const before = artifacts.get(name)?.at(-1);
  put(artifacts, name, {
    name,
    kind: kind ?? before?.kind ?? 'file',
    sizeBytes: String(sizeBytes ?? before?.sizeBytes ?? 0),
    uri: uri ?? before?.uri ?? null,
    changedSeq: seq,
  });
}

function put<Value>(into: Map<string, Value[]>, key: string, value: Value): void {
  const there = into.get(key);
  if (there) there.push(value);
  else into.set(key, [value]);
}
