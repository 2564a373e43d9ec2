/** What workers say: batches of events. */
import type { EventType, RunStatus } from '../../prisma/generated/enums.ts';
import type { Ctx } from '../context.ts';
import { heartbeat as beat } from '../events/heartbeat.ts';
import type { Appended, JsonObject, NewEvent } from '../events/log.ts';
import { inputPaths } from '../input-paths.ts';
import { uuidOf } from '../keys.ts';
import { forgetLoaded } from '../loaders.ts';
import { authorize } from '../policy.ts';

export interface EventInput {
  readonly eventId: string;
  readonly type: EventType;
  readonly stepKey?: string | null | undefined;
  readonly attempt?: number | null | undefined;
  readonly occurredAt: Date;
  readonly causationId?: string | null | undefined;
  readonly correlationId?: string | null | undefined;
  readonly schemaVersion?: number | null | undefined;
  readonly payload?: unknown;
}

export interface AppendRunEvents {
  readonly runId: string;
  readonly fence?: string | null | undefined;
  readonly expectedVersion?: number | null | undefined;
  readonly events: readonly EventInput[];
}

/**
 * Appends a worker's events, all or none, and answers per event in their order: its seq, and whether it was stored
 * by an earlier sending. So a call whose answer got lost is sent again as it was.
 *
 * Writes: run_event and what it projects to. Refuses: Invalid, NotFound, Forbidden, Conflict (illegal move, stale
 * fence or version, known id with another body), Limited. Cost: its share of a flush.
 */
export async function appendRunEvents(ctx: Ctx, input: AppendRunEvents): Promise<Appended> {
  authorize(ctx.viewer, 'run.append', ctx.viewer);
  const runId = uuidOf('Run', input.runId, 'input.runId');
  const appended = await inputPaths({ '': 'input.' }, () =>
    ctx.log.append({
      runId,
      workspaceId: ctx.viewer.workspaceId,
      actor: 'worker',
      fence: input.fence ?? null,
      ...(input.expectedVersion == null ? {} : { expectedVersion: input.expectedVersion }),
      events: input.events.map(newEvent),
    }),
  );
  forgetLoaded(ctx);
  return appended;
}

/**
 * Says that the worker of a run is alive; answers the run's status, so that it hears of a pause or a cancel.
 * Refuses: Invalid, NotFound, Forbidden, Conflict (another worker's fence), Limited. Cost: 1 shared statement.
 */
export async function heartbeat(
  ctx: Ctx,
  input: { readonly runId: string; readonly fence: string },
): Promise<{ readonly status: RunStatus }> {
  const runId = uuidOf('Run', input.runId, 'input.runId');
  return { status: await beat(ctx, runId, input.fence) };
}

function newEvent(event: EventInput): NewEvent {
  return {
    eventId: event.eventId,
    type: event.type,
    stepKey: event.stepKey ?? null,
    attempt: event.attempt ?? null,
    occurredAt: event.occurredAt,
    causationId: event.causationId ?? null,
    correlationId: event.correlationId ?? null,
    ...(event.schemaVersion == null ? {} : { schemaVersion: event.schemaVersion }),
    ...(event.payload == null ? {} : { payload: event.payload as JsonObject }),
  };
}
