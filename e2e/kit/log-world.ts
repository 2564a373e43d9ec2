/** Workflows, runs and events for tests of the log and of what follows it. */
import type { AppendCall, NewEvent } from '../../resolvers/events/log.ts';
import { queueRuns, type NewRun } from '../../resolvers/events/append/queue-run.ts';
import { newId } from '../../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import { statement, type Sql } from '../../resolvers/sql.ts';

export const { workspaceId: WORKSPACE } = LOCAL_VIEWER;

/** When test events happen, unless they say. */
export const AT = new Date('2026-05-04T03:02:01.123Z');

export interface Version {
  readonly workflowId: string;
  readonly workflowVersionId: string;
}

const ADD_VERSION = statement(
  'kit.addVersion',
  `WITH workflow AS (
    INSERT INTO workflow (id, workspace_id, identity, name, kind) VALUES ($1::uuid, $2::uuid, 'key:' || $1::text, 'test', 'test')
  ), version AS (
    INSERT INTO workflow_version (id, workflow_id, number, hash, step_count, edge_count)
    VALUES ($3::uuid, $1::uuid, 1, 'hash', cardinality($4::text[]), 0)
  )
  INSERT INTO step (workflow_version_id, key, name, position)
  SELECT $3::uuid, key, key, at - 1 FROM unnest($4::text[]) WITH ORDINALITY AS a(key, at)`,
);

/** A workflow with one version of these steps. */
export async function addVersion(sql: Sql, steps: readonly string[]): Promise<Version> {
  const version = { workflowId: newId(), workflowVersionId: newId() };
  await sql.query(ADD_VERSION, [version.workflowId, WORKSPACE, version.workflowVersionId, steps]);
  return version;
}

/** A run of that version, not stored yet. */
export function newRun(version: Version, more: Partial<NewRun> = {}): NewRun {
  return {
    id: newId(),
    workspaceId: WORKSPACE,
    ...version,
    createdAt: AT,
    eventId: newId(),
    actor: 'user:local',
    tags: [],
    metadata: {},
    ...more,
  };
}

/** Queued runs of that version; their ids. */
export async function addRuns(sql: Sql, version: Version, count: number): Promise<string[]> {
  const runs = Array.from({ length: count }, () => newRun(version));
  await sql.transaction((tx) => queueRuns(tx, runs));
  return runs.map(({ id }) => id);
}

/** An event with an id of its own. */
export function event(
  type: NewEvent['type'],
  more: Partial<Omit<NewEvent, 'type'>> = {},
): NewEvent {
  return { eventId: newId(), occurredAt: AT, type, ...more };
}

/** A call of a worker. */
export function call(
  runId: string,
  events: readonly NewEvent[],
  more: Partial<AppendCall> = {},
): AppendCall {
  return { runId, workspaceId: WORKSPACE, actor: 'worker', events, ...more };
}
