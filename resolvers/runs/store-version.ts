/** Storing a workflow and one version of its graph: for imports and for registerWorkflow. */
import type { JsonObject } from '../events/log.ts';
import { newId } from '../keys.ts';
import { statement, type Sql } from '../sql.ts';
import type { GraphStep } from './graph.ts';
import { versionHash } from './version-hash.ts';

export interface WorkflowToStore {
  readonly workspaceId: string;
  /** A key the caller chose; without it the workflow is identified by the hash of its first version. */
  readonly key?: string | undefined;
  readonly name: string;
  readonly kind: string;
  readonly description?: string | null | undefined;
  /** Whether name, kind and description replace those of a workflow that is there. */
  readonly rename: boolean;
  /** A graph that checkGraph let pass. */
  readonly steps: readonly StepToStore[];
  readonly now: Date;
}

interface StepToStore extends GraphStep {
  readonly settings?: JsonObject;
}

export interface StoredVersion {
  readonly workflowId: string;
  readonly versionId: string;
  /** 1, 2, 3 … within the workflow. */
  readonly number: number;
  readonly hash: string;
  readonly workflowCreated: boolean;
  readonly versionCreated: boolean;
}

/**
 * The workflow and the version of this graph, stored unless they are there: then nothing is written. A stored
 * version never changes: its settings are those it came with first.
 *
 * Writes: workflow, workflow_version, step, edge. Whoever adds a version holds the workflow's row until the
 * transaction ends. Cost: 1 statement when all is there, otherwise at most 6, whatever the size of the graph.
 */
export async function storeWorkflowVersion(
  tx: Sql,
  workflow: WorkflowToStore,
): Promise<StoredVersion> {
  const hash = versionHash(workflow.steps);
  const identity = workflow.key === undefined ? `sha256:${hash}` : `key:${workflow.key}`;
  const [known] = await tx.query(FIND, [workflow.workspaceId, identity, hash]);
  const renamed = workflow.rename && known !== undefined && !sameDescription(known, workflow);
  if (known?.versionId && known.number !== null && !renamed) {
    const { workflowId, versionId, number } = known;
    return { workflowId, versionId, number, hash, workflowCreated: false, versionCreated: false };
  }

  const [row] = await tx.query(PUT_WORKFLOW, [
    newId(),
    workflow.workspaceId,
    identity,
    workflow.name,
    workflow.kind,
    workflow.description ?? null,
    workflow.now,
    workflow.rename,
  ]);
  if (!row) throw new Error('an upsert answers with its row');
  const version = await putVersion(tx, row.workflowId, hash, workflow);
  return { workflowId: row.workflowId, hash, workflowCreated: row.created, ...version };
}

async function putVersion(
  tx: Sql,
  workflowId: string,
  hash: string,
  { steps, now }: WorkflowToStore,
): Promise<Pick<StoredVersion, 'versionId' | 'number' | 'versionCreated'>> {
  const edges = steps.flatMap(({ key, parents }) =>
    parents.map((parent) => [parent, key] as const),
  );
  const values = [newId(), workflowId, hash, steps.length, edges.length, now];
  const [added] = await tx.query(ADD_VERSION, values);
  if (!added) {
    const [version] = await tx.query(FIND_VERSION, [workflowId, hash]);
    if (!version) throw new Error('a version that could not be added is there');
    return { ...version, versionCreated: false };
  }

  await tx.query(ADD_STEPS, [
    added.versionId,
    steps.map(({ key }) => key),
    steps.map(({ name }) => name),
    steps.map(({ settings }) => JSON.stringify(settings ?? {})),
  ]);
  if (edges.length > 0) {
    const ends = [edges.map(([from]) => from), edges.map(([, to]) => to)];
    await tx.query(ADD_EDGES, [added.versionId, ...ends]);
  }
  return { ...added, versionCreated: true };
}

interface KnownRow {
  readonly workflowId: string;
  readonly name: string;
  readonly kind: string;
  readonly description: string | null;
  readonly versionId: string | null;
  readonly number: number | null;
}

function sameDescription(known: KnownRow, asked: WorkflowToStore): boolean {
  return (
    known.name === asked.name &&
    known.kind === asked.kind &&
    known.description === (asked.description ?? null)
  );
}

const FIND = statement<KnownRow>(
  'workflows.findVersion',
  `SELECT workflow.id AS "workflowId", workflow.name, workflow.kind, workflow.description,
          version.id AS "versionId", version.number
   FROM workflow LEFT JOIN workflow_version version ON version.workflow_id = workflow.id AND version.hash = $3
   WHERE workflow.workspace_id = $1 AND workflow.identity = $2`,
);

// The update takes the row's lock even where it changes no word: version numbers are given under it.
const PUT_WORKFLOW = statement<{ workflowId: string; created: boolean }>(
  'workflows.put',
  `INSERT INTO workflow AS w (id, workspace_id, identity, name, kind, description, created_at, updated_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
   ON CONFLICT (workspace_id, identity) DO UPDATE SET
     name = CASE WHEN $8::boolean THEN excluded.name ELSE w.name END,
     kind = CASE WHEN $8 THEN excluded.kind ELSE w.kind END,
     description = CASE WHEN $8 THEN excluded.description ELSE w.description END,
     updated_at = excluded.updated_at
   RETURNING id AS "workflowId", xmax = 0 AS created`,
);

const ADD_VERSION = statement<{ versionId: string; number: number }>(
  'workflows.addVersion',
  `INSERT INTO workflow_version (id, workflow_id, number, hash, step_count, edge_count, created_at)
   SELECT $1::uuid, $2::uuid, coalesce(max(number), 0) + 1, $3, $4::int, $5::int, $6::timestamptz
   FROM workflow_version WHERE workflow_id = $2
   ON CONFLICT (workflow_id, hash) DO NOTHING
   RETURNING id AS "versionId", number`,
);

const FIND_VERSION = statement<{ versionId: string; number: number }>(
  'workflows.versionByHash',
  `SELECT id AS "versionId", number FROM workflow_version WHERE workflow_id = $1 AND hash = $2`,
);

const ADD_STEPS = statement(
  'workflows.addSteps',
  `INSERT INTO step (workflow_version_id, key, name, position, settings)
   SELECT $1, key, name, place - 1, settings::jsonb
   FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS given(key, name, settings, place)`,
);

const ADD_EDGES = statement(
  'workflows.addEdges',
  `INSERT INTO edge (workflow_version_id, from_key, to_key)
   SELECT $1, from_key, to_key FROM unnest($2::text[], $3::text[]) AS given(from_key, to_key)`,
);
