/**
 * The statements of the servers that are written by hand: one for a whole level, only the columns that are asked for,
 * prepared once per connection. Rows of a level come in the order of their parents, `parent` counting those from 1.
 */
import type { Pool } from 'pg';
import { setting } from './listen.ts';

export interface WorkflowRow {
  readonly uuid: string;
  readonly name: string;
  readonly kind: string;
  readonly createdAt: Date;
}

export interface RunRow {
  readonly uuid: string;
  readonly status: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly durationMs: number | null;
  readonly stepsTotal: number;
  readonly stepsDone: number;
}

export interface StepRow {
  readonly runId: string;
  readonly stepKey: string;
  readonly name: string;
  readonly status: string;
  readonly position: number;
  readonly attempt: number;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly durationMs: number | null;
}

export interface ArtifactRow {
  readonly uuid: string;
  readonly name: string;
  readonly kind: string;
  readonly sizeBytes: string;
  readonly quality: number | null;
}

/** A row of a level, with its parent's place. */
export type Child<Row> = Row & { readonly parent: number };

export interface Rows {
  workflows(first: number): Promise<WorkflowRow[]>;
  runsOf(workflowIds: readonly string[], first: number): Promise<Child<RunRow>[]>;
  stepsOf(runIds: readonly string[], first: number): Promise<Child<StepRow>[]>;
  artifactsOf(steps: readonly StepRow[], first: number): Promise<Child<ArtifactRow>[]>;
  run(id: string): Promise<(RunRow & { readonly tags: readonly string[] }) | null>;
}

/** `outline`: only the columns that the outline of a page shows, and keys. */
export function openRows(pool: Pool, outline = false): Rows {
  const texts = textsOf(outline ? OUTLINE_COLUMNS : COLUMNS);
  const prefix = outline ? 'outline.' : '';
  const workspaceId = setting('WORKSPACE_ID');
  const rows = async <Row extends object>(name: string, text: string, values: unknown[]) => {
    const result = await pool.query<Row>({ name: prefix + name, text, values });
    return result.rows;
  };
  return {
    workflows: (first) => rows('workflows', texts.workflows, [workspaceId, first]),
    runsOf: (ids, first) => rows('runs', texts.runs, [ids, first]),
    stepsOf: (ids, first) => rows('steps', texts.steps, [ids, first]),
    artifactsOf: (steps, first) =>
      rows('artifacts', texts.artifacts, [
        steps.map(({ runId }) => runId),
        steps.map(({ stepKey }) => stepKey),
        first,
      ]),
    run: async (id) => {
      const [row] = await rows<RunRow & { tags: string[] }>('run', RUN, [id]);
      return row ?? null;
    },
  };
}

/** The rows of each parent. */
export function byParent<Row extends { readonly parent: number }>(
  rows: readonly Row[],
  parents: number,
): Row[][] {
  const lists = Array.from({ length: parents }, (): Row[] => []);
  for (const row of rows) lists[row.parent - 1]!.push(row);
  return lists;
}

const DURATION = `(extract(epoch FROM x.finished_at - x.started_at) * 1000)::float8 AS "durationMs"`;

const COLUMNS = {
  workflow: 'x.id AS uuid, x.name, x.kind, x.created_at AS "createdAt"',
  run: `x.id AS uuid, x.status, x.created_at AS "createdAt", x.started_at AS "startedAt",
    x.finished_at AS "finishedAt", ${DURATION}, x.steps_total AS "stepsTotal", x.steps_done AS "stepsDone"`,
  step: `x.run_id AS "runId", x.step_key AS "stepKey", x.name, x.status, x.position, x.attempt,
    x.started_at AS "startedAt", x.finished_at AS "finishedAt", ${DURATION}`,
  artifact: 'x.id AS uuid, x.name, x.kind, x.size_bytes AS "sizeBytes", x.quality',
};

const OUTLINE_COLUMNS: typeof COLUMNS = {
  workflow: 'x.id AS uuid, x.name',
  run: 'x.id AS uuid, x.status',
  step: 'x.run_id AS "runId", x.step_key AS "stepKey", x.status',
  artifact: 'x.name',
};

function textsOf({ workflow, run, step, artifact }: typeof COLUMNS) {
  return {
    workflows: `SELECT ${workflow} FROM workflow x
      WHERE x.workspace_id = $1 ORDER BY x.created_at DESC, x.id DESC LIMIT $2`,
    runs: `SELECT p.parent::int AS parent, child.*
      FROM unnest($1::uuid[]) WITH ORDINALITY AS p(id, parent)
      CROSS JOIN LATERAL (SELECT ${run} FROM run x WHERE x.workflow_id = p.id
        ORDER BY x.created_at DESC, x.id DESC LIMIT $2) child`,
    steps: `SELECT p.parent::int AS parent, child.*
      FROM unnest($1::uuid[]) WITH ORDINALITY AS p(id, parent)
      CROSS JOIN LATERAL (SELECT ${step} FROM step_run x WHERE x.run_id = p.id
        ORDER BY x.position LIMIT $2) child`,
    artifacts: `SELECT p.parent::int AS parent, child.*
      FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS p(run_id, step_key, parent)
      CROSS JOIN LATERAL (SELECT ${artifact} FROM artifact x
        WHERE x.run_id = p.run_id AND x.step_key = p.step_key
        ORDER BY x.created_at DESC, x.id DESC LIMIT $3) child`,
  };
}

const RUN = `SELECT ${COLUMNS.run}, x.tags FROM run x WHERE x.id = $1`;
