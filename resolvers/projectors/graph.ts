/** The projector of the graph: steps whenever something was committed, for as long as the gateway runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../events/feed/position.ts';
import type { FeedHub } from '../live/feed/feed-hub.ts';
import { openStepper, type StepParts } from './graph-step.ts';

export interface ProjectorParts extends StepParts {
  /** What wakes it. */
  readonly hub: Pick<FeedHub, 'listen' | 'wakes' | 'woken'>;
  /** It does not get on, and is tried again and again; told once, and `back` once it goes on. */
  readonly away: (error: unknown) => void;
  readonly back: () => void;
}

export interface Projector {
  /** How far all is applied, or needed not be, as this one knows; null before its first step. */
  position(): Position | null;
  /** Resolves when the step under way has ended. */
  readonly stop: () => Promise<void>;
}

/** Looks at least this often: the bus may lose a message, and plain SQL tells nobody. */
const LOOK_ms = 1_000;
/** After a step that was lost: whoever won goes on, and is not disturbed. */
const LOST_ms = 200;
const AWAY_MIN_ms = 100;
const AWAY_MAX_ms = 5_000;

/** Begins at once. What a step throws is told and the step repeated, with growing pauses; nothing ends it but `stop`. */
export function startProjector({ hub, away, back, ...parts }: ProjectorParts): Projector {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stepper = openStepper(parts);
  let failures = 0;

  const pause = (ms: number, also?: (until: AbortSignal) => Promise<void>) =>
    waitFor(ms * (0.75 + 0.5 * Math.random()), signal, also);

  async function step(): Promise<void> {
    const wakes = hub.wakes(); // Before it reads: what comes meanwhile is not slept over.
    try {
      const did = await stepper.step();
      if (failures > 0) back();
      failures = 0;
      if (did === 'lost') await pause(LOST_ms);
      if (did === 'idle') await pause(LOOK_ms, (until) => hub.woken(wakes, until));
    } catch (error) {
      if (failures === 0) away(error);
      failures += 1;
      stepper.forget();
      await pause(Math.min(AWAY_MAX_ms, AWAY_MIN_ms * 2 ** Math.min(failures, 10)));
    }
  }

  async function run(): Promise<void> {
    const leave = await hub.listen();
    while (!signal.aborted) await step();
    leave();
  }

  const running = run();
  return {
    position: () => stepper.position(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Until the time is over, `also` resolves, or `signal` aborts. */
async function waitFor(
  ms: number,
  signal: AbortSignal,
  also?: (until: AbortSignal) => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const over = sleep(ms, undefined, { signal: until, ref: false }).catch(() => undefined);
  await Promise.race(also ? [over, also(until)] : [over]);
  ended.abort();
}
