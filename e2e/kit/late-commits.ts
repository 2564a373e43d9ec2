/**
 * Appends to other runs that are written at once and commit late: the server itself waits at their commit, in a
 * trigger that is deferred to it. What shares their flush commits late with them; what another gateway writes
 * meanwhile commits before. And a run that is kept locked now and then, so that flushes leave it out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { asked } from './ask.ts';
import { event } from './commands.ts';
import { newWorker } from './worker.ts';

export interface LateCommits {
  /** Appends that were answered, late. */
  count(): number;
  /** Times that the run was kept locked. */
  locked(): number;
  stop(): Promise<void>;
}

const LATE_seconds = 0.15;
const REST_ms = 100;

const TRIGGER = `/* test.lateCommits */
CREATE FUNCTION test_late() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pg_sleep(${LATE_seconds}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER test_late AFTER INSERT ON run_event DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.type = 'COST_RECORDED') EXECUTE FUNCTION test_late()`;

const APPEND = `mutation ($input: AppendRunEventsInput!) {
  appendRunEvents(input: $input) { ... on AppendedEvents { version } ... on Refusal { code message } }
}`;

/** On the server of that database; through the gateway at `url`. `lockedRun` is kept locked now and then. */
export async function makeCommitsLate(
  database: string,
  url: string,
  lockedRun: string,
): Promise<LateCommits> {
  const pool = new Pool({ connectionString: database, max: 2 });
  await pool.query(TRIGGER);
  const { runId } = await newWorker(url);
  const stopping = new AbortController();
  const seen = { late: 0, locked: 0 };

  const append = async () => {
    while (!stopping.signal.aborted) {
      const events = [event('COST_RECORDED', null, { kind: 'cpu', amount: 1, unit: 's' })];
      await asked(url, APPEND, { input: { runId, events } });
      seen.late += 1;
      await sleep(REST_ms);
    }
  };
  const lock = async () => {
    while (!stopping.signal.aborted) {
      const client = await pool.connect();
      await client.query('/* test.begin */ BEGIN');
      await client.query('/* test.lockRun */ SELECT FROM run WHERE id = $1 FOR UPDATE', [
        lockedRun,
      ]);
      await sleep(REST_ms);
      await client.query('/* test.commit */ COMMIT');
      client.release();
      seen.locked += 1;
      await sleep(REST_ms);
    }
  };
  const going = Promise.all([append(), lock()]);
  going.catch(() => undefined); // Told by stop().
  return {
    count: () => seen.late,
    locked: () => seen.locked,
    async stop() {
      stopping.abort();
      await going;
      await pool.end();
    },
  };
}
