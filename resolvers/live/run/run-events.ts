/** `runEvents`: every event of a run, in order, each once, for as long as somebody listens. */
import type { LiveCtx } from '../../context.ts';
import { NotFound } from '../../errors.ts';
import { seqAfter } from '../../runs/event-pages.ts';
import { existingRun } from '../../runs/queries.ts';
import { abortable } from '../abortable.ts';
import type { LiveEvent } from './channel.ts';
import type { Live } from '../live.ts';

export interface FollowEvents {
  readonly runId: string;
  /** Cursor of the last event that the caller has; without it from the first. */
  readonly after?: string | null | undefined;
  /** Only these; null means all. */
  readonly types?: readonly string[] | null | undefined;
}

/**
 * Refuses before the first event: Invalid (id, cursor), NotFound, CursorExpired when the log no longer holds the
 * event of the cursor. A slow reader is not buffered: it reads the log at its own pace.
 */
export async function followEvents(
  ctx: LiveCtx,
  { runId, after, types }: FollowEvents,
): Promise<AsyncIterableIterator<LiveEvent>> {
  const run = await existingRun(ctx, runId);
  const seq = await seqAfter(ctx, run.id, ctx.resumeAfter ?? after ?? null);
  const wanted = types ? new Set(types) : null;
  return abortable(ctx.signal, (signal) => eventsAfter(ctx.live, run.id, seq, wanted, signal));
}

async function* eventsAfter(
  live: Live,
  runId: string,
  after: number,
  wanted: ReadonlySet<string> | null,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent> {
  const { channel, leave } = await live.follow(runId);
  try {
    let seen = after;
    while (!signal.aborted) {
      if (channel.gone) throw new NotFound('Run', runId);
      if (channel.head <= seen) {
        await channel.moved(seen, signal);
        continue;
      }
      if (seen > after && channel.head > seen + 1) live.repaired();
      const events = await channel.after(seen);
      if (events.length === 0) throw new NotFound('Run', runId); // Its log went away under us.
      for (const event of events) {
        if (event.seq !== seen + 1)
          throw new Error(`run ${runId}: event ${seen + 1} is not in its log`);
        seen = event.seq;
        if (!wanted || wanted.has(event.type)) yield event;
        if (signal.aborted) return;
      }
    }
  } finally {
    leave();
  }
}
