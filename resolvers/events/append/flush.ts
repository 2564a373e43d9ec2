/**
 * One flush: calls in, outcomes out in the same order, one transaction. Its steps: lock the runs, read what
 * the calls touch, decide call by call, write once.
 */
import { randomUUID } from 'node:crypto';
import { NotFound, Refusal } from '../../errors.ts';
import type { Tx } from '../../sql.ts';
import type { CheckedCall } from './check.ts';
import { decide } from './decide.ts';
import { loadTouched } from './load.ts';
import { lockRuns, planByIndex, runsThere } from './lock.ts';
import type { Appended } from '../log.ts';
import { accept, type RunState } from './state.ts';
import { writeChanges } from './write.ts';

/** What became of a call. `skipped`: another transaction holds its run. */
export type Outcome = { readonly appended: Appended } | { readonly refused: Error } | 'skipped';

/**
 * Appends the calls within `tx`, in order. `skip` leaves out runs that others hold, `wait` waits for them. Throws
 * what SQL refuses, which fails all of them. Outcomes hold once the transaction is committed.
 * Cost: 4 statements for new events of runs alone, 5 with steps; up to 11 when artifacts and labels are touched.
 */
export async function flush(
  tx: Tx,
  calls: readonly CheckedCall[],
  lock: 'skip' | 'wait',
): Promise<Outcome[]> {
  await planByIndex(tx);
  const ids = new Set(calls.map(({ runId }) => runId));
  const runs = await lockRuns(tx, ids, lock);
  const missing = [...ids].filter((id) => !runs.has(id));
  const held = missing.length > 0 && lock === 'skip' ? await runsThere(tx, missing) : new Set();
  const locked = missing.length > 0 ? calls.filter(({ runId }) => runs.has(runId)) : calls;
  if (locked.length > 0) await loadTouched(tx, runs, locked);
  const outcomes = calls.map((call) => {
    const run = runs.get(call.runId);
    if (run) return outcomeOf(run, call);
    return held.has(call.runId) ? 'skipped' : { refused: new NotFound('Run', call.runId) };
  });
  await writeChanges(tx, runs.values());
  for (const outcome of outcomes) {
    if (typeof outcome === 'object' && 'appended' in outcome) {
      tx.appended(outcome.appended.runId, outcome.appended.version);
    }
  }
  return outcomes;
}

function outcomeOf(run: RunState, call: CheckedCall): Outcome {
  try {
    const { appended, draft } = decide(run, call, randomUUID);
    if (draft) accept(draft);
    return { appended };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error };
    throw error;
  }
}
