/** How a run of the small world went, as events. Pure. */
import type { Actor, JsonObject, NewEvent } from '../events/log.ts';
import { derivedId } from '../keys.ts';
import { randomFrom } from './random.ts';
import type { SeedFile, SeedStep, SeedWorkflow } from './small-world-workflows.ts';

export type Ending =
  | 'QUEUED'
  | 'RUNNING'
  | 'PAUSED'
  | 'CANCELING'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'CANCELED'
  | 'TIMED_OUT'
  | 'CRASHED';

export interface Story {
  /** Key of the workflow. */
  readonly of: string;
  readonly ending: Ending;
  /** When it was queued, before now. Runs that are still going were queued so that they are here now. */
  readonly age_h?: number;
  /** The step that is or was at work when it came to this ending. Of no account to SUCCEEDED and QUEUED. */
  readonly at?: string;
  readonly error?: string;
  /** Steps that were lost once and went well the second time. */
  readonly flaky?: readonly string[];
  /** 0 to 1: about what its checks say. */
  readonly quality?: number;
  readonly tags?: readonly string[];
  /** Tells no progress and no costs. */
  readonly brief?: boolean;
  /** Index of the story that this one retries; its steps before `keepUntil` are kept. */
  readonly retries?: number;
  readonly kept?: readonly string[];
}

/** Events of one actor that follow each other: one append. */
interface Chapter {
  readonly actor: Actor;
  readonly events: readonly NewEvent[];
}

const MINUTE_MS = 60_000;
const LIVE: readonly Ending[] = ['RUNNING', 'PAUSED', 'CANCELING'];
const WORKERS = ['worker-amber', 'worker-cobalt', 'worker-moss', 'worker-slate'];

interface Timed {
  readonly step: SeedStep;
  readonly worker: string;
  /** From the start of the run. */
  readonly start_ms: number;
  readonly end_ms: number;
}

export interface ToldStory {
  readonly queuedAt: Date;
  readonly chapters: readonly Chapter[];
}

/** The events of a story, after RUN_QUEUED. Ids depend on the run alone, times on now. */
export function tell(
  story: Story,
  workflow: SeedWorkflow,
  { runId, seed, now }: { runId: string; seed: number; now: Date },
): ToldStory {
  const random = randomFrom(seed);
  const timeline = timelineOf(workflow, story.kept ?? [], random);
  const stop_ms = stopOf(story, timeline);
  const wait_ms = 4_000;
  const queuedAt = LIVE.includes(story.ending)
    ? new Date(now.getTime() - stop_ms - wait_ms - 2_000)
    : new Date(now.getTime() - (story.age_h ?? 0) * 60 * MINUTE_MS);
  const start_ms = queuedAt.getTime() + wait_ms;
  const moments = [
    ...timeline.flatMap((timed) => stepMoments(timed, story, workflow, random)),
    ...endMoments(story, timeline, stop_ms),
  ]
    .filter(({ at_ms, last }) => last || at_ms <= stop_ms)
    .toSorted((a, b) => a.at_ms - b.at_ms);
  if (story.ending === 'QUEUED') return { queuedAt, chapters: [] };

  const told: Moment[] = [{ at_ms: 0, actor: 'worker', type: 'RUN_STARTED' }, ...moments];
  const chapters: { actor: Actor; events: NewEvent[] }[] = [];
  for (const [number, { at_ms, actor, last: _last, ...event }] of told.entries()) {
    if (chapters.at(-1)?.actor !== actor) chapters.push({ actor, events: [] });
    chapters.at(-1)?.events.push({
      ...event,
      eventId: derivedId(`seed:${number}`, runId),
      occurredAt: new Date(start_ms + at_ms),
    });
  }
  return { queuedAt, chapters };
}

type Moment = Pick<NewEvent, 'type' | 'stepKey' | 'payload'> & {
  readonly at_ms: number;
  readonly actor: Actor;
  /** Belongs to the ending: told although it comes after it stopped. */
  readonly last?: boolean;
};

/** Each step begins a moment after its last parent; the kept ones have happened. */
function timelineOf(
  workflow: SeedWorkflow,
  kept: readonly string[],
  random: () => number,
): readonly Timed[] {
  const ends = new Map<string, number>();
  return workflow.steps.flatMap((step): Timed[] => {
    const ready_ms = Math.max(0, ...step.parents.map((parent) => ends.get(parent) ?? 0));
    const start_ms = ready_ms + Math.round(500 + random() * 3_000);
    const end_ms = start_ms + Math.round(step.minutes * MINUTE_MS * (0.8 + random() * 0.5));
    const worker = WORKERS[Math.floor(random() * WORKERS.length)] ?? 'worker-amber';
    if (kept.includes(step.key)) return [];
    ends.set(step.key, end_ms);
    return [{ step, worker, start_ms, end_ms }];
  });
}

/** When the story ends: at the last step's end, or in the middle of the step where it does. */
function stopOf(story: Story, timeline: readonly Timed[]): number {
  const at = timeline.find(({ step }) => step.key === story.at);
  if (story.ending !== 'SUCCEEDED' && at) return Math.round(at.start_ms * 0.4 + at.end_ms * 0.6);
  return Math.max(...timeline.map(({ end_ms }) => end_ms));
}

function stepMoments(
  { step, worker, start_ms, end_ms }: Timed,
  { flaky, quality = 0.9, brief = false }: Story,
  workflow: SeedWorkflow,
  random: () => number,
): Moment[] {
  const of = { actor: 'worker' as const, stepKey: step.key };
  const begun: JsonObject = { inputs: inputsOf(step, workflow), worker };
  const half_ms = Math.round((start_ms + end_ms) / 2);
  const again: Moment[] = flaky?.includes(step.key)
    ? [
        {
          ...of,
          at_ms: half_ms - 30_000,
          type: 'STEP_RETRYING',
          payload: { reason: 'WORKER_LOST', error: `${worker} did not answer for 30 s` },
        },
        { ...of, at_ms: half_ms - 10_000, type: 'STEP_STARTED', payload: begun },
      ]
    : [];
  const judged = step.makes.flatMap((made) =>
    (made.checks ?? []).map((check, place): Moment => {
      const score = Math.min(1, Math.max(0, quality + (random() - 0.5) * 0.16));
      const payload = {
        artifact: made.name,
        check,
        outcome: outcomeOf(score),
        score: rounded(score),
      };
      return { ...of, at_ms: end_ms + 1 + place, type: 'CHECK_EVALUATED', payload };
    }),
  );
  const amount = rounded(step.minutes * (step.cores ?? 1) * 0.0021);
  const aside: Moment[] = [
    {
      ...of,
      at_ms: half_ms,
      type: 'STEP_PROGRESS',
      payload: { progress: 0.5, message: `half of ${step.name}` },
    },
    {
      ...of,
      at_ms: end_ms + 1,
      type: 'COST_RECORDED',
      payload: { kind: 'compute', amount, unit: 'USD' },
    },
  ];
  return [
    { ...of, at_ms: start_ms, type: 'STEP_STARTED', payload: begun },
    ...again,
    {
      ...of,
      at_ms: end_ms,
      type: 'STEP_SUCCEEDED',
      payload: { outputs: step.makes.map((made) => outputOf(workflow, made)) },
    },
    ...judged,
    ...(brief ? [] : aside),
  ];
}

/** What ends the run, or what people asked of it. */
function endMoments(story: Story, timeline: readonly Timed[], stop_ms: number): Moment[] {
  const at = { at_ms: stop_ms, last: true } as const;
  const open = timeline.filter(({ start_ms, end_ms }) => start_ms <= stop_ms && end_ms > stop_ms);
  const error = story.error ?? 'unknown error';
  const asked: Moment = { ...at, actor: 'user:local', type: 'RUN_CANCEL_REQUESTED' };
  switch (story.ending) {
    case 'SUCCEEDED':
      return [{ ...at, at_ms: stop_ms + 1_000, actor: 'worker', type: 'RUN_SUCCEEDED' }];
    case 'FAILED': {
      const stepKey = story.at ?? '';
      const lines = [`${stepKey}: started`, `${stepKey}: ${error}`];
      const failed = { ...at, actor: 'worker' as const };
      return [
        { ...failed, type: 'LOG_APPENDED', stepKey, payload: { lines } },
        { ...failed, type: 'STEP_FAILED', stepKey, payload: { reason: 'ERROR', error } },
        {
          ...failed,
          at_ms: stop_ms + 900,
          type: 'RUN_FAILED',
          payload: { reason: 'ERROR', error },
        },
      ];
    }
    case 'CANCELED':
      return [
        asked,
        ...open.map(({ step }): Moment => {
          return {
            ...at,
            at_ms: stop_ms + 3_000,
            actor: 'worker',
            type: 'STEP_CANCELED',
            stepKey: step.key,
          };
        }),
        { ...at, at_ms: stop_ms + 3_100, actor: 'worker', type: 'RUN_CANCELED' },
      ];
    case 'CANCELING':
      return [asked];
    case 'PAUSED':
      return [
        {
          ...at,
          actor: 'user:local',
          type: 'RUN_PAUSED',
          payload: { statusName: 'Waiting for review' },
        },
      ];
    case 'TIMED_OUT':
      return [{ ...at, actor: 'gateway', type: 'RUN_TIMED_OUT', payload: { error } }];
    case 'CRASHED':
      return [{ ...at, actor: 'gateway', type: 'RUN_CRASHED', payload: { error } }];
    default:
      return [];
  }
}

function inputsOf(step: SeedStep, { steps }: SeedWorkflow): JsonObject[] {
  const made = steps.filter(({ key }) => step.parents.includes(key)).flatMap(({ makes }) => makes);
  return [...made, ...(step.reads ?? [])].map(payloadOf);
}

function payloadOf({ name, kind, sizeBytes }: SeedFile): JsonObject {
  return { name, kind, sizeBytes };
}

function outputOf({ key }: SeedWorkflow, made: SeedFile): JsonObject {
  const uri = `s3://polyphony-samples/${key.slice(key.indexOf('/') + 1)}/${made.name}`;
  return { ...payloadOf(made), uri, ...(made.metadata ? { metadata: made.metadata } : {}) };
}

function outcomeOf(score: number): 'PASSED' | 'WARNED' | 'FAILED' {
  if (score >= 0.8) return 'PASSED';
  return score >= 0.6 ? 'WARNED' : 'FAILED';
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
