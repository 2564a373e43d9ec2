/** The work of the ingest benchmark: runs of ten steps, each with progress, as a worker would tell them. */
import type { EventType } from '../../prisma/generated/enums.ts';
import { newId } from '../../resolvers/keys.ts';

export interface LifeEvent {
  readonly eventId: string;
  readonly type: EventType;
  readonly stepKey: string | null;
  readonly attempt: number | null;
  readonly occurredAt: Date;
  readonly payload: Record<string, string | number>;
}

/** One run and its events in order, without RUN_QUEUED. */
export interface Life {
  readonly runId: string;
  readonly events: readonly LifeEvent[];
}

/** Keys of the steps that each run of the benchmark has. */
export const STEP_KEYS = Array.from({ length: 10 }, (_, index) => `step-${index + 1}`);

/** 32 events: started, ten times (started, progress, succeeded), succeeded. */
export function newLife(): Life {
  const occurredAt = new Date();
  const event = (
    type: EventType,
    stepKey: string | null,
    payload: LifeEvent['payload'] = {},
  ): LifeEvent => ({
    eventId: newId(),
    type,
    stepKey,
    attempt: stepKey ? 1 : null,
    occurredAt,
    payload,
  });
  return {
    runId: newId(),
    events: [
      event('RUN_STARTED', null),
      ...STEP_KEYS.flatMap((key) => [
        event('STEP_STARTED', key),
        event('STEP_PROGRESS', key, { progress: 0.5, message: 'x'.repeat(100) }),
        event('STEP_SUCCEEDED', key),
      ]),
      event('RUN_SUCCEEDED', null),
    ],
  };
}
