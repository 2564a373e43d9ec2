/**
 * `run`: a snapshot of a run with all its steps, then what changed since. State is read from the rows when it is asked
 * for, so a slow reader gets the newest values of all that changed meanwhile, and nothing is kept for it.
 */
import type { LiveCtx } from '../../context.ts';
import { ARTIFACT } from '../../artifacts/entities.ts';
import type { ArtifactRow } from '../../artifacts/rows.ts';
import { selectList } from '../../entity.ts';
import { NotFound } from '../../errors.ts';
import { RUN, STEP_RUN } from '../../runs/entities.ts';
import { eventCursor, stateAfter, type StateFrom } from '../../runs/event-pages.ts';
import { existingRun } from '../../runs/queries.ts';
import type { RunRow, StepRunRow } from '../../runs/rows.ts';
import { statement, type Sql } from '../../sql.ts';
import { abortable } from '../abortable.ts';
import type { Channel } from './channel.ts';
import type { Live } from '../live.ts';

/** One item. Merge what it holds by id; keep the newer version. */
export interface RunUpdate {
  /** SNAPSHOT replaces all that the client has of the run, CHANGE is merged into it. */
  readonly type: 'SNAPSHOT' | 'CHANGE';
  /** Why the client is told to start over; null for the first snapshot and for changes. */
  readonly reason: string | null;
  readonly cursor: string;
  readonly run: RunRow;
  /** All of them in a snapshot, else those that changed. */
  readonly steps: readonly StepRunRow[];
  readonly artifacts: readonly ArtifactRow[];
}

/**
 * With the cursor of an earlier item, goes on with what changed since: a state cursor never expires, and one whose
 * event is no longer in the log (restore) gets a new snapshot with a reason. Refuses before the first item: Invalid,
 * NotFound.
 */
export async function followRun(
  ctx: LiveCtx,
  { runId, after }: { readonly runId: string; readonly after?: string | null | undefined },
): Promise<AsyncIterableIterator<RunUpdate>> {
  const run = await existingRun(ctx, runId, 'id');
  const from = await stateAfter(ctx, run.id, ctx.resumeAfter ?? after ?? null);
  return abortable(ctx.signal, (signal) => updatesAfter(ctx.live, run.id, from, signal));
}

async function* updatesAfter(
  live: Live,
  runId: string,
  from: StateFrom,
  signal: AbortSignal,
): AsyncGenerator<RunUpdate> {
  const { channel, leave } = await live.follow(runId);
  try {
    let seen = 'seq' in from ? from.seq : 0;
    if ('restart' in from) {
      const { update, seq } = await shared(live.sql, channel, 0);
      seen = seq;
      yield { ...update, type: 'SNAPSHOT', reason: from.restart };
    }
    while (!signal.aborted) {
      await channel.moved(seen, signal);
      if (signal.aborted) return;
      if (channel.gone) throw new NotFound('Run', runId);
      const { update, seq } = await shared(live.sql, channel, seen);
      if (seq <= seen) throw new NotFound('Run', runId); // Its row went back or away under us.
      seen = seq;
      yield update;
    }
  } finally {
    leave();
  }
}

function shared(sql: Sql, channel: Channel, after: number): Promise<Read> {
  return channel.share(`state ${after}`, () => readUpdate(sql, channel.runId, after));
}

interface Read {
  readonly update: RunUpdate;
  readonly seq: number;
}

const ROW = statement<RunRow & { eventId: string }>(
  'live.run',
  `SELECT ${selectList(RUN, 'x')}, e.event_id AS "eventId" FROM run x
  JOIN run_event e ON e.run_id = x.id AND e.seq = x.version WHERE x.id = $1`,
);
const STEPS = statement<StepRunRow>(
  'live.steps',
  `SELECT ${selectList(STEP_RUN, 'x')} FROM step_run x
  WHERE x.run_id = $1 AND x.changed_seq > $2 ORDER BY x.position`,
);
const ARTIFACTS = statement<ArtifactRow>(
  'live.artifacts',
  `SELECT ${selectList(ARTIFACT, 'x')} FROM artifact x
  WHERE x.run_id = $1 AND x.changed_seq > $2 ORDER BY x.id`,
);

/**
 * The run first, then what changed since `after`: rows read later may be newer than the cursor, and come again; never
 * older. 3 statements, whatever the number of followers.
 */
async function readUpdate(sql: Sql, runId: string, after: number): Promise<Read> {
  const [row] = await sql.query(ROW, [runId]);
  if (!row) throw new NotFound('Run', runId);
  const { eventId, ...run } = row;
  const [steps, artifacts] = await Promise.all([
    sql.query(STEPS, [runId, after]),
    sql.query(ARTIFACTS, [runId, after]),
  ]);
  const cursor = eventCursor({ runId, seq: run.version, eventId });
  return {
    seq: run.version,
    update: { type: 'CHANGE', reason: null, cursor, run, steps, artifacts },
  };
}
