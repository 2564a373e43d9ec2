/** Rows for tests that no command can make alone: other tenants, runs in any state, what their steps used and made. */
import { graphOverSql } from '../../gateway/stores/graph-sql.ts';
import type { Ctx } from '../../resolvers/context.ts';
import { newId } from '../../resolvers/keys.ts';
import { LOCAL_VIEWER, type Viewer } from '../../resolvers/policy.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';

/** A context over a test's database. Without a log unless given one: what reaches for it fails. */
export function contextOver(database: TestDatabase, parts: Partial<Ctx> = {}): Ctx {
  const log: Ctx['log'] = {
    append: () => Promise.reject(new Error('this test has no log')),
    beat: () => Promise.reject(new Error('this test has no log')),
    close: () => Promise.resolve(),
  };
  return {
    viewer: LOCAL_VIEWER,
    db: database.db,
    sql: database.sql,
    log,
    graphFor: graphOverSql,
    embedder: null,
    signal: new AbortController().signal,
    requestId: 'test',
    now: () => new Date(),
    ...parts,
  };
}

/** A second tenant and who works there. */
export async function otherViewer(database: TestDatabase): Promise<Viewer> {
  const workspaceId = newId();
  await database.sql.query(
    statement('test.workspace', 'INSERT INTO workspace (id, slug, name) VALUES ($1, $2, $2)'),
    [workspaceId, `other-${workspaceId}`],
  );
  return { id: 'somebody', workspaceId, roles: ['owner'] };
}

/** A run that is going, with these steps; its id. */
export async function seedRun(
  database: TestDatabase,
  stepKeys: readonly string[],
  { viewer = LOCAL_VIEWER, createdAt = new Date() }: { viewer?: Viewer; createdAt?: Date } = {},
): Promise<string> {
  const [workflowId, versionId, runId] = [newId(), newId(), newId(createdAt.getTime())];
  await database.sql.query(
    statement(
      'test.run',
      `WITH workflow AS (
        INSERT INTO workflow (id, workspace_id, identity, name, kind)
        VALUES ($1::uuid, $2, 'key:' || $1::uuid, 'Workflow of a test', 'test')
      ), version AS (
        INSERT INTO workflow_version (id, workflow_id, number, hash, step_count, edge_count)
        VALUES ($3, $1, 1, 'hash', cardinality($5::text[]), 0)
      ), run AS (
        INSERT INTO run (id, workspace_id, workflow_id, workflow_version_id, status, version, steps_total, created_at)
        VALUES ($4, $2, $1, $3, 'RUNNING', 1, cardinality($5::text[]), $6)
      )
      INSERT INTO step_run (run_id, step_key, name, position)
      SELECT $4::uuid, key, key, place - 1 FROM unnest($5::text[]) WITH ORDINALITY AS step(key, place)`,
    ),
    [workflowId, viewer.workspaceId, versionId, runId, stepKeys, createdAt],
  );
  return runId;
}

/** An artifact to be stored as it is; without an id it gets one. */
export interface SeedArtifact {
  readonly id?: string;
  readonly runId?: string | null;
  readonly stepKey?: string | null;
  readonly name: string;
  readonly kind?: string;
  readonly quality?: number | null;
  readonly sizeBytes?: number;
  readonly metadata?: object;
  readonly createdAt?: Date;
}

/** Stores artifacts and answers their ids, in order. One statement. */
export async function seedArtifacts(
  database: TestDatabase,
  artifacts: readonly SeedArtifact[],
  viewer: Viewer = LOCAL_VIEWER,
): Promise<string[]> {
  const rows = artifacts.map((artifact) => ({
    id: newId(),
    kind: 'file',
    sizeBytes: 0,
    metadata: {},
    createdAt: new Date(),
    ...artifact,
  }));
  await database.sql.query(
    statement(
      'test.artifacts',
      `INSERT INTO artifact (id, workspace_id, run_id, step_key, name, kind, quality, size_bytes, metadata, created_at)
      SELECT id, $2, "runId", "stepKey", name, kind, quality, "sizeBytes", metadata, "createdAt"
      FROM jsonb_to_recordset($1::jsonb) AS made(id uuid, "runId" uuid, "stepKey" text, name text, kind text,
        quality float8, "sizeBytes" bigint, metadata jsonb, "createdAt" timestamptz)`,
    ),
    [JSON.stringify(rows), viewer.workspaceId],
  );
  return rows.map(({ id }) => id);
}

/** Stores that steps used artifacts: run, step, artifact; as a new event of each run tells it. */
export async function seedUses(
  database: TestDatabase,
  uses: readonly (readonly [runId: string, stepKey: string, artifactId: string])[],
): Promise<void> {
  await database.sql.query(
    statement(
      'test.uses',
      `WITH used AS (
        SELECT DISTINCT * FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS x(run_id, step_key, artifact_id)
      ), told AS (
        UPDATE run SET version = version + 1 WHERE id IN (SELECT run_id FROM used) RETURNING id, version
      ), event AS (
        INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
        SELECT id, version, gen_random_uuid(), 'STEP_PROGRESS', now(), 'worker' FROM told
      )
      INSERT INTO artifact_use (run_id, step_key, artifact_id, changed_seq)
      SELECT used.run_id, used.step_key, used.artifact_id, told.version FROM used JOIN told ON told.id = used.run_id`,
    ),
    [0, 1, 2].map((part) => uses.map((use) => use[part])),
  );
}

/** Stores that artifacts were derived: from which, which. */
export async function seedDerivations(
  database: TestDatabase,
  derivations: readonly (readonly [upstreamId: string, downstreamId: string])[],
): Promise<void> {
  await database.sql.query(
    statement(
      'test.derivations',
      `INSERT INTO artifact_derivation (upstream_id, downstream_id)
      SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[])`,
    ),
    [0, 1].map((part) => derivations.map((derivation) => derivation[part])),
  );
}
