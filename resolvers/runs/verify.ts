/** Finds runs whose rows are not what their log says: rows change only through the log, and this finds those that did not. */
import type { RunStatus, StepStatus } from '../../prisma/generated/enums.ts';
import { statement, type Sql } from '../sql.ts';
import {
  OPEN_STEPS_AT_END,
  RUN_MOVES,
  STEP_MOVES,
  STEP_OPEN,
  type StepEventType,
} from './model.ts';

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
    const rows = await sql.query(PAGE_OF_RUNS, [after, PAGE, STATUS_AFTER]);
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
  /** Those whose status is not what their newest event leads to; the end of a run moves some without an event. */
  readonly moved: readonly SeenStep[];
}

interface SeenStep {
  readonly key: string;
  readonly status: StepStatus;
  readonly event: StepEventType | null;
}

const STATUS_AFTER = JSON.stringify(
  Object.fromEntries(Object.entries(STEP_MOVES).map(([event, { to }]) => [event, to])),
);

const PAGE_OF_RUNS = statement<SeenRun>(
  'runs.verify',
  `SELECT run.id, run.version, run.status, run.steps_total AS "stepsTotal", run.steps_done AS "stepsDone",
    run.steps_failed AS "stepsFailed", run.steps_running AS "stepsRunning",
    log.events, log.newest AS "newestSeq", move.type AS "newestMove",
    steps.total AS steps, steps.done, steps.failed, steps.running, steps.newest AS "newestStepSeq", steps.moved
  FROM (SELECT * FROM run WHERE id > $1 ORDER BY id LIMIT $2) run
  CROSS JOIN LATERAL (SELECT count(*) AS events, coalesce(max(seq), 0) AS newest
    FROM run_event WHERE run_id = run.id) log
  LEFT JOIN LATERAL (SELECT type FROM run_event WHERE run_id = run.id AND type::text LIKE 'RUN\\_%'
    ORDER BY seq DESC LIMIT 1) move ON true
  CROSS JOIN LATERAL (SELECT count(*) AS total, coalesce(max(changed_seq), 0) AS newest,
      count(*) FILTER (WHERE status IN ('SUCCEEDED', 'SKIPPED', 'CACHED')) AS done,
      count(*) FILTER (WHERE status = 'FAILED') AS failed,
      count(*) FILTER (WHERE status = 'RUNNING') AS running,
      coalesce(jsonb_agg(jsonb_build_object('key', step_key, 'status', status, 'event', event.type))
        FILTER (WHERE status::text <> coalesce($3::jsonb ->> event.type::text, 'PENDING')), '[]') AS moved
    FROM step_run LEFT JOIN (SELECT DISTINCT ON (step_key) step_key, type FROM run_event
      WHERE run_id = run.id AND type::text LIKE 'STEP\\_%' ORDER BY step_key, seq DESC) event USING (step_key)
    WHERE step_run.run_id = run.id) steps
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
    ...run.moved.map(
      (step) =>
        [
          movedByEnd(run, step),
          `step ${step.key} is ${step.status}, its newest event is ${step.event ?? 'none'}`,
        ] as const,
    ),
  ];
  return rules.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** Whether the end of its run moved the step: what was open then is so no longer. */
function movedByEnd({ status }: SeenRun, step: SeenStep): boolean {
  const open = step.event !== null && STEP_OPEN.has(STEP_MOVES[step.event].to);
  return open && OPEN_STEPS_AT_END[status]?.to === step.status;
}
