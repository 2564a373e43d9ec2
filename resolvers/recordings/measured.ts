/** What a recording tells of one task's execution: in both layouts the same fields, some under other names. */
import type { JsonObject } from '../events/log.ts';
import type { Measured } from './draft.ts';
import type { Machine } from './recording.ts';
import type { Fields, ShapeReader } from './shape.ts';

/** Ten years: keeps all times of a run far below 2^53 ms. */
export const SECONDS_MAX = 316_224_000;
/** Of names of machines: the worker of a step. */
const MACHINE_BYTES_MAX = 256;
/** Of cores of a machine or a task. */
const CORES_MAX = 1_000_000;
/** Of a command or one of its arguments: Nextflow's are whole scripts. */
const COMMAND_BYTES_MAX = 1_048_576;
const PRIORITY_MAX = 1_000_000_000;

export interface ExecutionNames {
  readonly cores: 'coreCount' | 'cores';
  /** In the flat layout a task has one machine. */
  readonly machines: 'machines' | 'machine';
}

/** Seconds as they are recorded → whole milliseconds, half up. */
export function millisecondsOf(seconds: number): number {
  return Math.floor(seconds * 1_000 + 0.5);
}

/** The execution of a task; null for fields that are not there leaves their defaults. */
export function readMeasured(
  read: ShapeReader,
  from: Fields,
  path: string,
  names: ExecutionNames,
): Measured {
  const amount = { min: 0, max: Number.MAX_SAFE_INTEGER, optional: true };
  const runtime_s = read.number(from, 'runtimeInSeconds', path, { ...amount, max: SECONDS_MAX });
  const cores = read.number(from, names.cores, path, { ...amount, max: CORES_MAX });
  const priority = read.number(from, 'priority', path, {
    min: -PRIORITY_MAX,
    max: PRIORITY_MAX,
    optional: true,
  });
  const memoryBytes = read.number(from, 'memoryInBytes', path, amount);
  return {
    duration_ms: Math.max(1, millisecondsOf(runtime_s ?? 0)),
    cores: cores ?? 1,
    priority: priority ?? 0,
    machines: machinesOf(read, from, path, names),
    settings: told({ command: commandOf(read, from, path), cores, memoryBytes, priority }),
    usage: told({
      avgCpuPercent: read.number(from, 'avgCPU', path, amount),
      memoryBytes,
      readBytes: read.number(from, 'readBytes', path, amount),
      writtenBytes: read.number(from, 'writtenBytes', path, amount),
    }),
  };
}

function machinesOf(
  read: ShapeReader,
  from: Fields,
  path: string,
  names: ExecutionNames,
): readonly string[] {
  const rule = { bytes_max: MACHINE_BYTES_MAX, optional: true };
  if (names.machines === 'machines') return read.texts(from, 'machines', path, rule) ?? [];
  const machine = read.text(from, 'machine', path, rule);
  return machine === null ? [] : [machine];
}

function commandOf(read: ShapeReader, from: Fields, path: string): JsonObject | null {
  const command = read.object(from, 'command', path, { optional: true });
  if (!command) return null;
  const rule = { bytes_max: COMMAND_BYTES_MAX, optional: true };
  const program = read.text(command, 'program', `${path}.command`, rule);
  const args = read.texts(command, 'arguments', `${path}.command`, rule);
  return told({ program, arguments: args });
}

/** Without what was not told. */
function told(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** Machines of a recording: name and cores, 1 where they are not told. */
export function readMachines(
  read: ShapeReader,
  from: Fields,
  path: string,
  coresKey: 'coreCount' | 'count',
): readonly Machine[] {
  const list = read.list(from, 'machines', path, { optional: true }) ?? [];
  return list.flatMap((value, index) => {
    const at = `${path}.machines[${index}]`;
    const machine = read.fields(value, at);
    if (!machine) return [];
    const name = read.text(machine, 'nodeName', at, { bytes_max: MACHINE_BYTES_MAX, filled: true });
    const cpu = read.object(machine, 'cpu', at, { optional: true });
    const rule = { min: 1, max: CORES_MAX, whole: true, optional: true };
    const slots = cpu && read.number(cpu, coresKey, `${at}.cpu`, rule);
    return name === null ? [] : [{ name, slots: slots ?? 1 }];
  });
}
