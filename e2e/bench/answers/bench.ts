/**
 * Answers of the gateway beside those of other servers on the same database: CPU of each server's process per
 * request, in one run, interleaved, the answers compared first; then what each allocates. For a quick look at a part:
 * `--only page,run,typename`, `--servers ours,levels,…`, `--rounds`, `--seconds`, `--no-memory`, `--env KEY=VALUE` of the
 * gateway, and `--semi-space` of every server, in MB. `--check` fails where something is worse than e2e/bench/baseline.json, `--update` writes that.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from '../machine.ts';
import { openWorld } from '../world.ts';
import { readBaseline, worse, writeBaseline, type Baseline } from './baseline.ts';
import { countStatements } from './counts.ts';
import { measure, type Measured } from './measure.ts';
import { memoryOf } from './memory.ts';
import { OPERATION_NAMES, type OperationName } from './operations.ts';
import { prepare, startAll } from './prepare.ts';
import { nameOf, ratiosOf, type Results } from './ratios.ts';
import { buildServers, type Program } from './rivals.ts';
import {
  SERVER_NAMES,
  SERVERS,
  type RunningServer,
  type ServerName,
  type Setting,
} from './servers.ts';
import { memoryShown, shown } from './shown.ts';

const OPTIONS = {
  only: { type: 'string', default: OPERATION_NAMES.join(',') },
  servers: { type: 'string', default: SERVER_NAMES.join(',') },
  rounds: { type: 'string', default: '11' },
  seconds: { type: 'string', default: '1' },
  env: { type: 'string', multiple: true },
  'semi-space': { type: 'string' },
  'no-memory': { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  update: { type: 'boolean', default: false },
} as const;

/** All that is printed. */
interface Answers extends Record<string, unknown> {
  /** What is worse than the baseline, a sentence each, if that is asked. */
  readonly failures: readonly string[];
}

export async function run(args: string[]): Promise<Answers> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const ranOn = machine();
  const operations = chosen(values.only, OPERATION_NAMES);
  const names = chosen(values.servers, SERVER_NAMES);
  const pace = { rounds: Number(values.rounds), seconds: Number(values.seconds) };
  const folder = mkdtempSync(join(tmpdir(), 'polyphony-answers-'));
  const world = await openWorld();
  try {
    const pathOf = await buildServers(programsOf(names));
    const setting: Setting = {
      database_url: world.database.url!,
      runIds: await prepare(world.database),
      pathOf,
      answers: join(folder, 'answers.json'),
      flags: values['semi-space'] ? [`--max-semi-space-size=${values['semi-space']}`] : [],
      env: Object.fromEntries((values.env ?? []).map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
    };
    const { answers, statements, results } = await measured(setting, operations, names, pace);
    const found = { statements, ratios: ratiosByName(results) };
    const figures = shown(results);
    const memory: Parameters<typeof memoryShown>[0] = new Map();
    if (!values['no-memory'] && !values.check)
      for (const name of names)
        memory.set(name, await memoryOf(name, setting, pathOf('probe'), operations, pace.seconds));
    if (values.update) writeBaseline({ measured: { at: today(), ...pace, ...ranOn }, ...found });
    const failures = values.check ? worse(readBaseline(), found) : [];
    return { answers, statements, ...figures, memory: memoryShown(memory), failures };
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All servers at once, so that each round meets them on the same machine. */
async function measured(
  setting: Setting,
  operations: readonly OperationName[],
  names: readonly ServerName[],
  pace: { rounds: number; seconds: number },
) {
  const running: RunningServer[] = [];
  try {
    const answers = await startAll(setting, operations, names, running);
    const statements = await countStatements(running[0]!.process.url, setting.runIds[0]!);
    const results = new Map<OperationName, ReadonlyMap<ServerName, Measured>>();
    const asked = running.filter(({ name }) => names.includes(name));
    for (const operation of operations)
      results.set(operation, await measure(operation, asked, pace));
    return { answers, statements, results };
  } finally {
    for (const { process } of running) await process.stop();
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
  return [...new Set<Program>([...programs, 'probe'])];
}

function ratiosByName(results: Results): Baseline['ratios'] {
  return Object.fromEntries(
    [...ratiosOf(results)].map(([wanted, ratio]) => [nameOf(wanted), ratio]),
  );
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
