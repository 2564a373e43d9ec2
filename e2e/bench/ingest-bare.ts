/**
 * What the rows alone cost: a fixed program that writes the same rows as the log does, by set-based statements, with
 * no queue, no rules, no answers. One flush of one event per run at a time. The log is judged as a share of this.
 */
import type { Pool, PoolClient } from 'pg';
import type { Life } from './ingest-lives.ts';

const LOCK = `/* bare.lock */ SELECT id, status, version, fence FROM run WHERE id = ANY($1::uuid[]) ORDER BY id
  FOR NO KEY UPDATE SKIP LOCKED`;
const KNOWN = `/* bare.known */ SELECT e.run_id, e.event_id, e.seq FROM run_event e
  JOIN unnest($1::uuid[], $2::uuid[]) AS a(run_id, event_id) USING (run_id, event_id)`;
const STEPS = `/* bare.steps */ SELECT s.run_id, s.step_key, s.status, s.attempt FROM step_run s
  JOIN unnest($1::uuid[], $2::text[]) AS a(run_id, step_key) USING (run_id, step_key)`;
const EVENTS = `/* bare.events */ INSERT INTO run_event
  (run_id, seq, event_id, type, step_key, attempt, occurred_at, recorded_at, actor, payload)
  SELECT run_id, seq, event_id, type, step_key, attempt, occurred_at, now(), 'worker', payload FROM unnest($1::uuid[],
    $2::int8[], $3::uuid[], $4::event_type[], $5::text[], $6::int[], $7::timestamptz[], $8::jsonb[])
    AS a(run_id, seq, event_id, type, step_key, attempt, occurred_at, payload)`;
const RUNS = `/* bare.runs */ UPDATE run SET version = a.version, status = a.status, started_at = COALESCE(started_at, now()),
    steps_done = steps_done + a.done, steps_running = steps_running + a.running, updated_at = now()
  FROM unnest($1::uuid[], $2::int8[], $3::run_status[], $4::int[], $5::int[]) AS a(id, version, status, done, running)
  WHERE run.id = a.id`;
const STEP_RUNS = `/* bare.stepRuns */ UPDATE step_run s SET status = a.status, attempt = 1, progress = a.progress,
    started_at = COALESCE(s.started_at, now()), changed_seq = a.seq
  FROM unnest($1::uuid[], $2::text[], $3::step_status[], $4::float8[], $5::int8[])
    AS a(run_id, step_key, status, progress, seq)
  WHERE s.run_id = a.run_id AND s.step_key = a.step_key`;
const ATTEMPTS = `/* bare.attempts */ INSERT INTO attempt (run_id, step_key, attempt, status, started_at, changed_seq)
  SELECT run_id, step_key, 1, status, now(), seq FROM unnest($1::uuid[], $2::text[], $3::step_status[], $4::int8[])
    AS a(run_id, step_key, status, seq)
  ON CONFLICT (run_id, step_key, attempt) DO UPDATE SET status = EXCLUDED.status, changed_seq = EXCLUDED.changed_seq`;

const FLUSH_EVENTS_MAX = 1_000;

/** Writes all events of all lives, the n-th of each run before the n+1-th of any. Answers seconds. */
export async function writeBare(pool: Pool, lives: readonly Life[]): Promise<number> {
  const client = await pool.connect();
  const began = performance.now();
  try {
    const length = Math.max(...lives.map((life) => life.events.length));
    for (let index = 0; index < length; index++) {
      for (let from = 0; from < lives.length; from += FLUSH_EVENTS_MAX) {
        await flush(client, lives.slice(from, from + FLUSH_EVENTS_MAX), index);
      }
    }
  } finally {
    client.release();
  }
  return (performance.now() - began) / 1_000;
}

async function flush(client: PoolClient, lives: readonly Life[], index: number): Promise<void> {
  const rows = lives.flatMap((life) => {
    const event = life.events[index];
    return event ? [{ ...event, runId: life.runId, seq: index + 2 }] : [];
  });
  if (rows.length === 0) return;
  const steps = rows.filter((row) => row.stepKey !== null);
  const attempts = steps.filter((row) => row.type !== 'STEP_PROGRESS');
  const ids = rows.map((row) => row.runId);
  const seqs = rows.map((row) => row.seq);
  const stepIds = steps.map((row) => row.runId);
  const stepKeys = steps.map((row) => row.stepKey);
  const named = (text: string, values: unknown[]) =>
    client.query({ name: text.slice(3, 20), text, values });

  await client.query('BEGIN');
  await named(LOCK, [ids]);
  await named(KNOWN, [ids, rows.map((row) => row.eventId)]);
  if (steps.length > 0) await named(STEPS, [stepIds, stepKeys]);
  await named(EVENTS, [
    ids,
    seqs,
    rows.map((row) => row.eventId),
    rows.map((row) => row.type),
    rows.map((row) => row.stepKey),
    rows.map((row) => row.attempt),
    rows.map((row) => row.occurredAt.toISOString()),
    rows.map((row) => JSON.stringify(row.payload)),
  ]);
  await named(RUNS, [
    ids,
    seqs,
    rows.map((row) => (row.type === 'RUN_SUCCEEDED' ? 'SUCCEEDED' : 'RUNNING')),
    rows.map((row) => (row.type === 'STEP_SUCCEEDED' ? 1 : 0)),
    rows.map((row) => (row.type === 'STEP_SUCCEEDED' ? -1 : row.type === 'STEP_STARTED' ? 1 : 0)),
  ]);
  if (steps.length > 0) {
    await named(STEP_RUNS, [
      stepIds,
      stepKeys,
      steps.map((row) => (row.type === 'STEP_SUCCEEDED' ? 'SUCCEEDED' : 'RUNNING')),
      steps.map((row) => (row.type === 'STEP_PROGRESS' ? row.payload['progress'] : null)),
      steps.map((row) => row.seq),
    ]);
  }
  if (attempts.length > 0) {
    await named(ATTEMPTS, [
      attempts.map((row) => row.runId),
      attempts.map((row) => row.stepKey),
      attempts.map((row) => (row.type === 'STEP_SUCCEEDED' ? 'SUCCEEDED' : 'RUNNING')),
      attempts.map((row) => row.seq),
    ]);
  }
  await client.query('COMMIT');
}
