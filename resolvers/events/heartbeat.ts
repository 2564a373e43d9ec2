/** Signs of life of workers: outside the run's row, so that a beat neither locks nor versions it. */
import type { RunStatus } from '../../prisma/generated/enums.ts';
import type { Ctx } from '../context.ts';
import { Conflict, Invalid, Limited, NotFound } from '../errors.ts';
import { canonicalId } from '../keys.ts';
import { authorize } from '../policy.ts';
import { RUN_TERMINAL } from '../runs/model.ts';
import { statement, type Sql } from '../sql.ts';
import { idArray } from './append/arrays.ts';
import type { Beat } from './log.ts';

/** Beats in one statement. */
const BEATS_MAX = 1_000;
/** Beats not answered yet. */
const QUEUE_MAX = 20_000;

// In order of ids: two gateways that beat for the same runs would dead-lock. LATERAL with LIMIT: an index look-up
// per run, however small the table was when the plan was made.
const BEAT = statement<{ at: number; status: RunStatus; holds: boolean | null }>(
  'log.beat',
  `WITH found AS (
    SELECT asked.at, run.id, run.status, run.fence = asked.fence AS holds
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS asked(id, workspace_id, fence, at)
    CROSS JOIN LATERAL (SELECT id, workspace_id, status, fence FROM run WHERE id = asked.id LIMIT 1) run
    WHERE run.workspace_id = asked.workspace_id
  ), beaten AS (
    INSERT INTO run_heartbeat (run_id, beat_at)
    SELECT DISTINCT id, now() FROM found WHERE holds AND status <> ALL($4::run_status[]) ORDER BY id
    ON CONFLICT (run_id) DO UPDATE SET beat_at = excluded.beat_at
  )
  SELECT at, status, holds FROM found`,
);

/**
 * Says that the worker of a run is alive, and hears how the run is, so that it learns of a pause or a cancel. Counts
 * by the database's clock. Writes: run_heartbeat; nothing once the run has ended.
 * Refuses: Invalid, NotFound, Conflict (the fence is not the run's), Limited. Cost: 1 statement, shared with the
 * beats of this moment.
 */
export function heartbeat(ctx: Ctx, runId: string, fence: string): Promise<RunStatus> {
  const { workspaceId } = ctx.viewer;
  authorize(ctx.viewer, 'run.append', { workspaceId });
  return ctx.log.beat({ runId, workspaceId, fence });
}

/** Takes beats one by one and writes what has come together when the last statement ended. */
export function openBeats(sql: Sql): (beat: Beat) => Promise<RunStatus> {
  let waiting: Waiting[] = [];
  let pending = 0;
  let beating = false;

  async function beatAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BEATS_MAX);
      waiting = waiting.slice(BEATS_MAX);
      await beatBatch(sql, batch);
      pending -= batch.length;
    }
    beating = false;
  }

  return async (beat) => {
    const checked = checkBeat(beat);
    if (pending >= QUEUE_MAX) throw new Limited('queued heartbeats', QUEUE_MAX, pending + 1);
    pending += 1;
    return new Promise((answer, refuse) => {
      waiting.push({ beat: checked, answer, refuse });
      if (beating) return;
      beating = true;
      setImmediate(() => void beatAll());
    });
  };
}

interface Waiting {
  readonly beat: Beat;
  readonly answer: (status: RunStatus) => void;
  readonly refuse: (error: unknown) => void;
}

/** Answers every one of them; never throws. */
async function beatBatch(sql: Sql, batch: readonly Waiting[]): Promise<void> {
  try {
    const rows = await sql.query(BEAT, [
      idArray(batch.map(({ beat }) => beat.runId)),
      idArray(batch.map(({ beat }) => beat.workspaceId)),
      idArray(batch.map(({ beat }) => beat.fence)),
      idArray(RUN_TERMINAL),
    ]);
    const found = new Map(rows.map((row) => [row.at, row]));
    for (const [index, { beat, answer, refuse }] of batch.entries()) {
      const row = found.get(index + 1);
      if (!row) refuse(new NotFound('Run', beat.runId));
      else if (row.holds) answer(row.status);
      else refuse(new Conflict(`Fence of run ${beat.runId}`, 'the one in this beat', 'another'));
    }
  } catch (error) {
    for (const { refuse } of batch) refuse(error);
  }
}

function checkBeat({ runId, workspaceId, fence }: Beat): Beat {
  return {
    runId: id(runId, 'runId'),
    workspaceId: id(workspaceId, 'workspaceId'),
    fence: id(fence, 'fence'),
  };
}

function id(text: string, path: string): string {
  const canonical = canonicalId(text);
  if (canonical === null) throw new Invalid(path, 'must be a UUID');
  return canonical;
}
