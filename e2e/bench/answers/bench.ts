/**
 * Answers of the gateway beside those of other servers on the same database: CPU of each server's process per
 * request, in one run, interleaved, the answers compared first. `--only page,run,typename`, `--servers ours,levels,…`,
 * `--rounds`, `--seconds` and `--env KEY=VALUE` (of the gateway) for a quick look at a part.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seedLargeWorld } from '../../../resolvers/seed/large-world.ts';
import { openGraph } from '../../kit/graph.ts';
import { openWorld, type BenchWorld } from '../world.ts';
import { measure, type Measured } from './measure.ts';
import { assertSame, objectsIn } from './normal.ts';
import { OPERATION_NAMES, type OperationName } from './operations.ts';
import { buildServers, type Program } from './rivals.ts';
import {
  SERVER_NAMES,
  SERVERS,
  startServer,
  type RunningServer,
  type ServerName,
  type Setting,
} from './servers.ts';
import { shown } from './shown.ts';

const RUNS = 600;
/** Asked for by `run`, in turn. */
const RUN_IDS = 200;

const OPTIONS = {
  only: { type: 'string', default: OPERATION_NAMES.join(',') },
  servers: { type: 'string', default: SERVER_NAMES.join(',') },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '1.5' },
  env: { type: 'string', multiple: true },
  'semi-space': { type: 'string' },
} as const;

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const operations = chosen(values.only, OPERATION_NAMES);
  const names = chosen(values.servers, SERVER_NAMES);
  const pace = { rounds: Number(values.rounds), seconds: Number(values.seconds) };
  const folder = mkdtempSync(join(tmpdir(), 'polyphony-answers-'));
  const world = await openWorld();
  const running: RunningServer[] = [];
  try {
    const setting: Setting = {
      database_url: world.database.url!,
      runIds: await seeded(world),
      pathOf: await buildServers(programsOf(names)),
      answers: join(folder, 'answers.json'),
      flags: values['semi-space'] ? [`--max-semi-space-size=${values['semi-space']}`] : [],
      env: Object.fromEntries((values.env ?? []).map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
    };
    running.push(await startServer('ours', setting));
    const answers = await compared(running[0]!, operations, setting, names, running);
    const results = new Map<OperationName, ReadonlyMap<ServerName, Measured>>();
    const measured = running.filter(({ name }) => names.includes(name));
    for (const operation of operations)
      results.set(operation, await measure(operation, measured, pace));
    return { answers, ...shown(results) };
  } finally {
    for (const { process } of running) await process.stop();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function chosen<Name extends string>(list: string, all: readonly Name[]): Name[] {
  const names = list.split(',');
  const unknown = names.filter((name) => !all.includes(name as Name));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}; there are ${all.join(', ')}`);
  return names as Name[];
}

function programsOf(names: readonly ServerName[]): Program[] {
  const programs = names.map((name) => SERVERS[name].program).filter((program) => program !== null);
  return [...new Set(programs)];
}

/** Fills the database and answers ids of runs. */
async function seeded({ database }: BenchWorld): Promise<string[]> {
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

/** Starts the others, and throws unless they answer the same as we do. What an answer is like. */
async function compared(
  ours: RunningServer,
  operations: readonly OperationName[],
  setting: Setting,
  names: readonly ServerName[],
  running: RunningServer[],
): Promise<Record<string, object>> {
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
      const [text] = expected.get(operation)!;
      return [
        operation,
        { bytes: Buffer.byteLength(text!), objects: objectsIn(JSON.parse(text!)) },
      ];
    }),
  );
}
