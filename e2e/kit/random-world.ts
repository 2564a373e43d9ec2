/** A small world of workflows, runs, steps and artifacts, by chance but repeatable, in a database and in memory. */
import { newId } from '../../resolvers/keys.ts';
import { LOCAL_VIEWER } from '../../resolvers/policy.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';

/** A row with what it relates to, under the names that filters use. Times are Dates. */
export type Thing = { [name: string]: unknown };

export interface RandomWorld {
  readonly workflows: readonly Thing[];
  readonly runs: readonly Thing[];
}

/** Numbers from 0 to 1. */
export type Dice = () => number;

/** The same numbers for the same seed (mulberry32). */
export function dice(seed: number): Dice {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Few different values, so that filters meet and orders tie. */
export const WORDS = ['alpha', 'Alpha beta', '50%_off', 'back\\slash', 'ünï'];
export const KINDS = ['genomics', 'astronomy'];
export const STATUSES = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED'];
export const TAGS = ['red', 'green', 'blue'];
export const TIMES = [0, 1, 2, 3, 4].map((hour) => new Date(Date.UTC(2026, 0, 1, hour)));

/** Stores `counts.workflows` workflows with as many runs, steps and artifacts per parent as said, or fewer. */
export async function seedRandomWorld(
  database: TestDatabase,
  seed: number,
  counts: { workflows: number; runs: number; steps: number; artifacts: number },
): Promise<RandomWorld> {
  const random = dice(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const any = <Item>(items: readonly Item[]) => items[below(items.length)]!;
  const maybe = <Item>(item: () => Item) => (random() < 0.3 ? null : item());
  const some = <Item>(limit: number, make: (index: number) => Item) =>
    Array.from({ length: below(limit + 1) }, (_, index) => make(index));

  const all: Thing[] = [];
  const workflows = Array.from({ length: counts.workflows }, () => {
    const workflow: Thing = {
      id: newId(),
      name: any(WORDS),
      kind: any(KINDS),
      description: maybe(() => any(WORDS)),
      createdAt: any(TIMES),
    };
    const runs = some(counts.runs, () => {
      const startedAt = maybe(() => any(TIMES));
      const run: Thing = {
        id: newId(),
        workflow,
        status: any(STATUSES),
        error: maybe(() => any(WORDS)),
        tags: TAGS.filter(() => random() < 0.5),
        metadata: { size: below(3), nested: { word: any(WORDS) } },
        stepsDone: below(3),
        createdAt: any(TIMES),
        startedAt,
        finishedAt: startedAt && maybe(() => any(TIMES.slice(2))),
      };
      run['durationMs'] = run['finishedAt']
        ? (run['finishedAt'] as Date).getTime() - (startedAt?.getTime() ?? 0)
        : null;
      run['steps'] = some(counts.steps, (index) => ({
        stepKey: `step ${index}`,
        name: any(WORDS),
        status: any(['PENDING', 'RUNNING', 'SUCCEEDED']),
        attempt: below(3),
        run,
      }));
      run['artifacts'] = some(counts.artifacts, (index) => ({
        id: newId(),
        name: `${any(WORDS)} ${index}`,
        kind: any(KINDS),
        quality: maybe(() => any([0.5, 0.8, 0.9])),
        sizeBytes: any([0, 1, 4_294_967_296]),
        createdAt: any(TIMES),
        run,
      }));
      all.push(run);
      return run;
    });
    workflow['runs'] = runs;
    workflow['quality'] = mean(runs);
    return workflow;
  });
  await store(database, workflows);
  return { workflows, runs: all };
}

function mean(runs: readonly Thing[]): number | null {
  const made = runs.flatMap((run) => run['artifacts'] as Thing[]);
  const judged = made.flatMap(({ quality }) => (quality === null ? [] : [quality as number]));
  const tenths = judged.reduce((sum, one) => sum + Math.round(one * 10), 0);
  return judged.length > 0 ? tenths / (10 * judged.length) : null; // As exact as the database's.
}

async function store(database: TestDatabase, workflows: readonly Thing[]): Promise<void> {
  const rows = (list: readonly Thing[], without: string[]) =>
    JSON.stringify(list, (key, value: unknown) => (without.includes(key) ? undefined : value));
  const runs = workflows.flatMap((workflow) =>
    (workflow['runs'] as Thing[]).map((run) => ({ ...run, workflowId: workflow['id'] })),
  );
  const of = (name: string) =>
    runs.flatMap((run) =>
      ((run as Thing)[name] as Thing[] | undefined)
        ? ((run as Thing)[name] as Thing[]).map((child, position) => ({
            ...child,
            runId: (run as Thing)['id'],
            position,
          }))
        : [],
    );
  for (const [text, list] of [
    [WORKFLOWS, rows(workflows, ['runs'])],
    [RUNS, rows(runs, ['workflow', 'steps', 'artifacts'])],
    [STEPS, rows(of('steps'), ['run'])],
    [ARTIFACTS, rows(of('artifacts'), ['run'])],
  ] as const) {
    await database.sql.query(text, [list, LOCAL_VIEWER.workspaceId]);
  }
}

const WORKFLOWS = statement(
  'test.workflows',
  `WITH given AS (SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS given(id uuid, name text, kind text, description text, "createdAt" timestamptz)), made AS (
    INSERT INTO workflow (id, workspace_id, identity, name, kind, description, created_at, updated_at)
    SELECT id, $2, 'key:' || id, name, kind, description, "createdAt", "createdAt" FROM given)
  INSERT INTO workflow_version (id, workflow_id, number, hash, step_count, edge_count)
  SELECT id, id, 1, 'hash', 0, 0 FROM given`,
);
const RUNS = statement(
  'test.runs',
  `INSERT INTO run (id, workspace_id, workflow_id, workflow_version_id, status, version, error, tags, metadata,
    steps_done, created_at, started_at, finished_at, updated_at)
  SELECT id, $2, "workflowId", "workflowId", status, 1, error, tags, metadata, "stepsDone", "createdAt", "startedAt",
    "finishedAt", "createdAt"
  FROM jsonb_to_recordset($1::jsonb) AS given(id uuid, "workflowId" uuid, status run_status, error text,
    tags text[], metadata jsonb, "stepsDone" int, "createdAt" timestamptz, "startedAt" timestamptz,
    "finishedAt" timestamptz)`,
);
const STEPS = statement(
  'test.steps',
  `INSERT INTO step_run (run_id, step_key, name, position, status, attempt)
  SELECT "runId", "stepKey", name, position, status, attempt
  FROM jsonb_to_recordset($1::jsonb) AS given("runId" uuid, "stepKey" text, name text, position int,
    status step_status, attempt int)
  WHERE $2::uuid IS NOT NULL`,
);
const ARTIFACTS = statement(
  'test.artifacts',
  `INSERT INTO artifact (id, workspace_id, run_id, name, kind, quality, size_bytes, created_at)
  SELECT id, $2, "runId", name, kind, quality, "sizeBytes", "createdAt"
  FROM jsonb_to_recordset($1::jsonb) AS given(id uuid, "runId" uuid, name text, kind text, quality float8,
    "sizeBytes" bigint, "createdAt" timestamptz)`,
);
