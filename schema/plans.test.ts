import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { openGraph, type TestGraph } from '../e2e/kit/graph.ts';
import { LOCAL_VIEWER } from '../resolvers/policy.ts';
import { statement, type Sql, type Statement } from '../resolvers/sql.ts';

const RUNS = 10_000;
const WORKFLOWS = 50;

/** Queries that no page of the website should have to wait for, and the index that answers each statement. */
const PLANS: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  [
    'the newest runs',
    '{ runs { nodes { id } } }',
    { 'runs.list': 'run_workspace_id_created_at_id_idx' },
  ],
  [
    'the oldest runs from a cursor',
    '{ runs(after: $cursor) { nodes { id } } }',
    { 'runs.list': 'run_workspace_id_created_at_id_idx' },
  ],
  [
    'runs that failed',
    '{ runs(filter: { status: { eq: FAILED } }) { nodes { id } } }',
    { 'runs.list': 'run_workspace_id_status_created_at_id_idx' },
  ],
  [
    'the longest runs',
    '{ runs(orderBy: [{ field: DURATION_MS, direction: DESC }]) { nodes { id } } }',
    { 'runs.list': 'run_duration_idx' },
  ],
  [
    'runs with a rare tag',
    '{ runs(filter: { tags: { has: "rare" } }) { nodes { id } } }',
    { 'runs.list': 'run_tags_idx' },
  ],
  [
    'runs by metadata',
    '{ runs(filter: { metadata: { contains: { number: 77 } } }) { nodes { id } } }',
    { 'runs.list': 'run_metadata_idx' },
  ],
  [
    'workflows with their last runs and steps',
    `{ workflows { nodes { quality runs(last: 5) { nodes { steps(first: 10) { nodes { stepKey
      attempts { nodes { attempt } } } } events(last: 3) { nodes { seq } } } } } } }`,
    {
      'workflows.qualities': 'run_quality_workflow_id_total_judged_idx',
      'runs.byWorkflow': 'run_workflow_id_created_at_id_idx',
      'stepRuns.byRun': 'step_run_run_id_position_key',
      'attempts.byStep': 'attempt_pkey',
      'runEvents.byRun': 'run_event_rest_' /* Of its two. */,
    },
  ],
];

/** Tables that may be read whole: they are small. */
const SMALL = /Seq Scan on (workflow|feed_state|workspace)\b/;

describe.each(DATABASES)('plans ($name)', ({ open }) => {
  let database: TestDatabase;
  let graph: TestGraph;
  beforeAll(async () => {
    database = await open();
    graph = openGraph(database);
    for (const each of SEED) await database.sql.query(each, valuesOf(each));
    await database.pool.query('/* test.analyze */ ANALYZE');
  });
  afterAll(async () => {
    await graph.close();
    await database.close();
  });

  const plan = async ({ text }: Statement<unknown>, values: readonly unknown[]) => {
    const { rows } = await database.pool.query<Record<string, string>>(
      `/* test.explain */ EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${text}`,
      [...values],
    );
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };

  test.each(PLANS)(
    '%s: an index answers, no large table is read whole',
    async (_, query, indexes) => {
      const seen: [Statement<unknown>, readonly unknown[]][] = [];
      const sql: Sql = {
        query: (each, values = []) => {
          seen.push([each, values]);
          return database.sql.query(each, values);
        },
        transaction: (work, options) => database.sql.transaction(work, options),
      };
      await graph.data(query.replace('$cursor', JSON.stringify(await middle())), {}, { sql });
      const plans = new Map<string, string>();
      for (const [each, values] of seen) plans.set(each.name, await plan(each, values));
      for (const [name, index] of Object.entries(indexes))
        expect(plans.get(name), name).toContain(index);
      for (const text of plans.values()) {
        expect(ranIn(text).filter((line) => !SMALL.test(line))).toEqual([]);
      }
    },
  );

  async function middle(): Promise<string> {
    const { runs } = await graph.data<{ runs: { pageInfo: { endCursor: string } } }>(
      '{ runs(first: 100) { pageInfo { endCursor } } }',
    );
    return runs.pageInfo.endCursor;
  }
});

/** Sequential scans that ran; those below a branch that did not are told as "never executed". */
function ranIn(text: string): string[] {
  return text.split('\n').filter((line) => /Seq Scan/.test(line) && !/never executed/.test(line));
}

const SEED = [
  statement(
    'test.workflows',
    `WITH made AS (
      INSERT INTO workflow (id, workspace_id, identity, name, kind)
      SELECT lpad(n::text, 32, '0')::uuid, $1, 'key:' || n, 'workflow ' || n, 'kind ' || n % 7
      FROM generate_series(1, $2::int) n)
    INSERT INTO workflow_version (id, workflow_id, number, hash, step_count, edge_count)
    SELECT lpad(n::text, 32, '0')::uuid, lpad(n::text, 32, '0')::uuid, 1, 'hash', 2, 0 FROM generate_series(1, $2::int) n`,
  ),
  statement(
    'test.runs',
    `INSERT INTO run (id, workspace_id, workflow_id, workflow_version_id, status, version, tags, metadata, created_at,
      started_at, finished_at)
    SELECT lpad(n::text, 32, '0')::uuid, $1, lpad((n % $2 + 1)::text, 32, '0')::uuid,
      lpad((n % $2 + 1)::text, 32, '0')::uuid, (CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END)::run_status, 3,
      CASE WHEN n % 2500 = 0 THEN '{rare}' ELSE '{often}' END::text[], jsonb_build_object('number', n),
      at, at, at + (n % 977) * interval '1 second'
    FROM generate_series(1, $3::int) n, LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 minute' AS at) t`,
  ),
  statement(
    'test.steps',
    `WITH steps AS (
      INSERT INTO step_run (run_id, step_key, name, position, status, attempt)
      SELECT lpad(n::text, 32, '0')::uuid, 's' || p, 'step ' || p, p, 'SUCCEEDED', 1
      FROM generate_series(1, $1::int) n, generate_series(0, 1) p RETURNING run_id, step_key)
    INSERT INTO attempt (run_id, step_key, attempt, status, changed_seq) SELECT run_id, step_key, 1, 'SUCCEEDED', 1 FROM steps`,
  ),
  statement(
    'test.events',
    `INSERT INTO run_event (run_id, seq, event_id, type, occurred_at, actor)
    SELECT lpad(n::text, 32, '0')::uuid, seq, gen_random_uuid(), 'LOG_APPENDED', now(), 'worker'
    FROM generate_series(1, $1::int) n, generate_series(1, 3) seq`,
  ),
  statement(
    'test.artifacts',
    `INSERT INTO artifact (id, workspace_id, run_id, name, kind, quality)
    SELECT gen_random_uuid(), $1, lpad(n::text, 32, '0')::uuid, 'made', 'file', (n % 10) / 10.0
    FROM generate_series(1, $2::int) n`,
  ),
];

function valuesOf({ name }: Statement<unknown>): unknown[] {
  const { workspaceId } = LOCAL_VIEWER;
  if (name === 'test.workflows') return [workspaceId, WORKFLOWS];
  if (name === 'test.runs') return [workspaceId, WORKFLOWS, RUNS];
  return name === 'test.artifacts' ? [workspaceId, RUNS] : [RUNS];
}
