/**
 * WfFormat 1.4: one list of tasks that holds everything. Converted as WfCommons' own migration does where that is
 * well defined:
 *
 *   workflow            executedAt, makespanInSeconds, machines[] (cpu.count), tasks[]
 *   workflow.tasks[]    name, id?, parents[], children[]?, files[] (link, name, path?, sizeInBytes), runtimeInSeconds,
 *                       command, cores, machine, …
 *
 * Tasks refer to each other by name, so names must be unique here. The id of 1.5 is the name where it holds the id,
 * otherwise `name_id`. A file is what tasks mention; its first mention tells its size. Parents and children may tell
 * the edges in halves: their union counts.
 */
import { shown, type Issues } from '../issues.ts';
import { NAME_BYTES_MAX } from '../runs/graph.ts';
import { readClock } from './clock.ts';
import {
  FILE_NAME_BYTES_MAX,
  standInKey,
  type Draft,
  type DraftTask,
  type FileUse,
} from './draft.ts';
import { readMachines, readMeasured } from './measured.ts';
import type { Fields, ShapeReader } from './shape.ts';

const WORKFLOW = '$.workflow';
const NAME = { bytes_max: NAME_BYTES_MAX };
const OPTIONAL_TEXT = { bytes_max: FILE_NAME_BYTES_MAX, optional: true };

/** The draft of a file of this layout; `workflow` is the object at `$.workflow`. */
export function readFlatLayout(read: ShapeReader, workflow: Fields, issues: Issues): Draft {
  const files = new Map<string, number>();
  const list = read.list(workflow, 'tasks', WORKFLOW);
  const told = list?.map((value, position) => readTask(read, value, position, files, issues));
  return {
    ...readClock(read, workflow, WORKFLOW, issues),
    machines: readMachines(read, workflow, WORKFLOW, 'count'),
    tasks: told ? joined(told, issues) : null,
    files,
    paths: { tasks: `${WORKFLOW}.tasks`, key: 'name' },
  };
}

interface ToldTask extends DraftTask {
  /** What others call it. */
  readonly calledBy: string;
}

function readTask(
  read: ShapeReader,
  value: unknown,
  position: number,
  files: Map<string, number>,
  issues: Issues,
): ToldTask {
  const path = `${WORKFLOW}.tasks[${position}]`;
  const fields = read.fields(value, path);
  const name = fields && read.text(fields, 'name', path, NAME);
  const id = fields && read.text(fields, 'id', path, { ...NAME, optional: true });
  const key = name === null || id === null || name.includes(id) ? name : `${name}_${id}`;
  const uses = fields && readUses(read, fields, path, files, issues);
  return {
    path,
    key: key ?? standInKey(position),
    calledBy: name ?? standInKey(position),
    name: name ?? '?',
    parents: fields && read.texts(fields, 'parents', path, OPTIONAL_TEXT),
    children: fields && read.texts(fields, 'children', path, OPTIONAL_TEXT),
    inputs: uses && uses.inputs,
    outputs: uses && uses.outputs,
    measured: fields && readMeasured(read, fields, path, { cores: 'cores', machines: 'machine' }),
  };
}

function readUses(
  read: ShapeReader,
  task: Fields,
  path: string,
  files: Map<string, number>,
  issues: Issues,
): { inputs: FileUse[]; outputs: FileUse[] } {
  const uses = { input: new Map<string, FileUse>(), output: new Map<string, FileUse>() };
  const list = read.list(task, 'files', path, { optional: true }) ?? [];
  for (const [index, value] of list.entries()) {
    const at = `${path}.files[${index}]`;
    const fields = read.fields(value, at);
    if (!fields) continue;
    const size = { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true };
    const sizeBytes = read.number(fields, 'sizeInBytes', at, size);
    const base = read.text(fields, 'name', at, { bytes_max: FILE_NAME_BYTES_MAX });
    const folder = read.text(fields, 'path', at, OPTIONAL_TEXT);
    const link = read.text(fields, 'link', at, { bytes_max: FILE_NAME_BYTES_MAX });
    if (link !== null && link !== 'input' && link !== 'output') {
      issues.add(`${at}.link`, `must be "input" or "output", is ${shown(link)}`);
    } else if (base !== null && link !== null) {
      const name = (folder ?? '') + base;
      if (Buffer.byteLength(name) > FILE_NAME_BYTES_MAX || name === '') {
        issues.add(`${at}.name`, `with its path must be 1 to ${FILE_NAME_BYTES_MAX} bytes`);
      }
      if (!files.has(name)) files.set(name, sizeBytes ?? 0);
      if (!uses[link].has(name)) uses[link].set(name, { name, path: `${at}.name` });
    }
  }
  return { inputs: [...uses.input.values()], outputs: [...uses.output.values()] };
}

/** Names become keys; both sides of an edge are brought to the side of the child. */
function joined(tasks: readonly ToldTask[], issues: Issues): DraftTask[] {
  const byName = new Map<string, ToldTask>();
  for (const task of tasks) {
    const first = byName.get(task.calledBy);
    if (!first) byName.set(task.calledBy, task);
    else {
      const why = 'in WfFormat 1.4 tasks refer to each other by name';
      issues.add(
        `${task.path}.name`,
        `${shown(task.name)} is taken by ${first.path} already: ${why}`,
      );
    }
  }
  const parents = new Map<string, Set<string>>();
  for (const { path, key, parents: told } of tasks) {
    for (const [index, name] of (told ?? []).entries()) {
      const parent = named(name, `${path}.parents[${index}]`);
      if (parent) edgesInto(key).add(parent);
    }
  }
  for (const { path, key, children } of tasks) {
    for (const [index, name] of (children ?? []).entries()) {
      const child = named(name, `${path}.children[${index}]`);
      if (child) edgesInto(child).add(key);
    }
  }
  return tasks.map((task) => ({ ...task, parents: [...edgesInto(task.key)], children: null }));

  function named(name: string, path: string): string | undefined {
    const task = byName.get(name);
    if (!task) issues.add(path, `there is no task named ${shown(name)}`);
    return task?.key;
  }
  function edgesInto(key: string): Set<string> {
    let set = parents.get(key);
    if (!set) parents.set(key, (set = new Set()));
    return set;
  }
}
