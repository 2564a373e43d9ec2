/** Before anything is measured: a world to ask for, and servers that are seen to answer the same of it. */
import { writeFileSync } from 'node:fs';
import { seedLargeWorld } from '../../../resolvers/seed/large-world.ts';
import type { TestDatabase } from '../../kit/database.ts';
import { openGraph } from '../../kit/graph.ts';
import { assertSame, objectsIn } from './normal.ts';
import { OPERATION_NAMES, type OperationName } from './operations.ts';
import { startServer, type RunningServer, type ServerName, type Setting } from './servers.ts';

/** Enough for five of each workflow. */
const RUNS = 600;
/** Asked for one by one, in turn. */
const RUN_IDS = 200;

/** Fills the database unless it is full, and answers ids of runs. */
export async function prepare(database: TestDatabase): Promise<string[]> {
  const graph = openGraph(database);
  try {
    await seedLargeWorld(graph.ctx(), { runs: RUNS, told: () => undefined });
    // PostGraphile has no field that is computed but by a function.
    for (const table of ['run', 'step_run'])
      await database.pool.query(`/* bench.duration */ CREATE OR REPLACE FUNCTION
        "${table}_duration_ms"(x "${table}") RETURNS float8 LANGUAGE sql STABLE AS
        $$ SELECT (extract(epoch FROM x.finished_at - x.started_at) * 1000)::float8 $$`);
    await database.pool.query('/* bench.analyze */ ANALYZE');
    const { rows } = await database.pool.query<{ id: string }>(
      '/* bench.ids */ SELECT id FROM run ORDER BY id LIMIT $1',
      [RUN_IDS],
    );
    return rows.map(({ id }) => id);
  } finally {
    await graph.close();
  }
}

/**
 * Starts the gateway and these servers into `running`, and throws unless all answer the same. Answers how large an
 * answer is.
 */
export async function startAll(
  setting: Setting,
  operations: readonly OperationName[],
  names: readonly ServerName[],
  running: RunningServer[],
): Promise<Record<string, object>> {
  const ours = await startServer('ours', setting);
  running.push(ours);
  const expected = new Map<OperationName, string[]>();
  for (const operation of OPERATION_NAMES) expected.set(operation, await ours.answers(operation));
  const first = [...expected].map(([operation, [text]]) => [`/${operation}`, text] as const);
  writeFileSync(setting.answers, JSON.stringify(Object.fromEntries(first)));
  for (const name of names) {
    if (name === 'ours') continue;
    const server = await startServer(name, setting);
    running.push(server);
    if (name === 'bare') continue; // It has its answers from us.
    for (const operation of operations) {
      const found = await server.answers(operation);
      found.forEach((text, at) => assertSame(name, text, expected.get(operation)![at]!));
    }
  }
  return Object.fromEntries(
    operations.map((operation) => {
      const [text = ''] = expected.get(operation)!;
      return [operation, { bytes: Buffer.byteLength(text), objects: objectsIn(JSON.parse(text)) }];
    }),
  );
}
