/** Finds runs whose rows are not what their log says: rows change only through the log, and this finds those that did not. */
import type { RunStatus } from '../../prisma/generated/enums.ts';
import { statement, type Sql } from '../sql.ts';
import { RUN_MOVES } from './model.ts';

/** A run that somebody changed beside its log. */
export interface StrayRun {
  readonly id: string;
  /** In words: `version is 7, its log ends at 6`. */
  readonly faults: readonly string[];
}

/** Runs looked at in one statement: about 20 ms at ten events each. */
const PAGE = 500;

/**
 * Looks at every run and answers the first `strays_max` strays. Cost: one statement per 500 runs, each of which reads
 * their logs and steps; minutes for millions of events. Runs that are being written to are seen whole, as of one moment.
 */
export async function strayRuns(
  sql: Sql,
  strays_max: number,
): Promise<{ readonly looked: number; readonly strays: readonly StrayRun[] }> {
  const strays: StrayRun[] = [];
  let looked = 0;
  for (let after = NIL; ;) {
    const rows = await sql.query(PAGE_OF_RUNS, [after, PAGE]);
    for (const row of rows) {
      const faults = faultsOf(row);
      if (faults.length > 0) strays.push({ id: row.id, faults });
    }
    looked += rows.length;
    after = rows.at(-1)?.id ?? after;
    if (rows.length < PAGE || strays.length >= strays_max) {
      return { looked, strays: strays.slice(0, strays_max) };
    }
  }
}

const NIL = '00000000-0000-0000-0000-000000000000';

interface SeenRun {
  readonly id: string;
  readonly version: number;
  readonly status: RunStatus;
  readonly stepsTotal: number;
  readonly stepsDone: number;
  readonly stepsFailed: number;
  readonly stepsRunning: number;
  readonly events: number;
  readonly newestSeq: number;
  readonly newestMove: keyof typeof RUN_MOVES | null;
  readonly steps: number;
  readonly done: number;
  readonly failed: number;
  readonly running: number;
  readonly newestStepSeq: number;
}

const PAGE_OF_RUNS = statement<SeenRun>(
  'runs.verify',
  `SELECT run.id, run.version, run.status, run.steps_total AS "stepsTotal", run.steps_done AS "stepsDone",
    run.steps_failed AS "stepsFailed", run.steps_running AS "stepsRunning",
    log.events, log.newest AS "newestSeq", move.type AS "newestMove",
    steps.total AS steps, steps.done, steps.failed, steps.running, steps.newest AS "newestStepSeq"
  FROM (SELECT * FROM run WHERE id > $1 ORDER BY id LIMIT $2) run
  CROSS JOIN LATERAL (SELECT count(*) AS events, coalesce(max(seq), 0) AS newest
    FROM run_event WHERE run_id = run.id) log
  LEFT JOIN LATERAL (SELECT type FROM run_event WHERE run_id = run.id AND type::text LIKE 'RUN\\_%'
    ORDER BY seq DESC LIMIT 1) move ON true
  CROSS JOIN LATERAL (SELECT count(*) AS total, coalesce(max(changed_seq), 0) AS newest,
      count(*) FILTER (WHERE status IN ('SUCCEEDED', 'SKIPPED', 'CACHED')) AS done,
      count(*) FILTER (WHERE status = 'FAILED') AS failed,
      count(*) FILTER (WHERE status = 'RUNNING') AS running
    FROM step_run WHERE run_id = run.id) steps
  ORDER BY run.id`,
);

function faultsOf(run: SeenRun): string[] {
  const moved = run.newestMove === null ? null : RUN_MOVES[run.newestMove].to;
  const counters = [run.stepsTotal, run.stepsDone, run.stepsFailed, run.stepsRunning];
  const counted = [run.steps, run.done, run.failed, run.running];
  const rules: readonly (readonly [holds: boolean, fault: string])[] = [
    [run.version === run.newestSeq, `version is ${run.version}, its log ends at ${run.newestSeq}`],
    [run.events === run.newestSeq, `its log has ${run.events} events up to ${run.newestSeq}`],
    [run.status === moved, `status is ${run.status}, its log says ${moved ?? 'nothing'}`],
    [
      run.newestStepSeq <= run.version,
      `a step changed at ${run.newestStepSeq}, after version ${run.version}`,
    ],
    [
      counters.join() === counted.join(),
      `counters of steps (all, done, failed, running) are ${counters.join(', ')}; its steps say ${counted.join(', ')}`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, fault]) => fault);
}
