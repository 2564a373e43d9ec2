/**
 * WfFormat 1.5: what was meant and what was measured apart.
 *
 *   workflow.specification.tasks[]  id, name, parents[], children[], inputFiles[], outputFiles[]
 *   workflow.specification.files[]  id, sizeInBytes
 *   workflow.execution              executedAt, makespanInSeconds, machines[], tasks[]
 */
import { shown, type Issues } from '../issues.ts';
import { NAME_BYTES_MAX, STEP_KEY_BYTES_MAX } from '../runs/graph.ts';
import {
  FILE_NAME_BYTES_MAX,
  standInKey,
  type Draft,
  type DraftTask,
  type FileUse,
  type Measured,
} from './draft.ts';
import { readMachines, readMeasured } from './measured.ts';
import type { Fields, ShapeReader } from './shape.ts';
import { readClock } from './clock.ts';

const SPECIFICATION = '$.workflow.specification';
const EXECUTION = '$.workflow.execution';
const TASK_KEY = { bytes_max: STEP_KEY_BYTES_MAX };
const FILE_NAME = { bytes_max: FILE_NAME_BYTES_MAX };

/** The draft of a file of this layout; `workflow` is the object at `$.workflow`. */
export function readSplitLayout(read: ShapeReader, workflow: Fields, issues: Issues): Draft {
  const specification = read.object(workflow, 'specification', '$.workflow');
  const execution = read.object(workflow, 'execution', '$.workflow');
  const measured = execution && readExecution(read, execution, issues);
  return {
    ...readClock(read, execution, EXECUTION, issues),
    machines: execution ? readMachines(read, execution, EXECUTION, 'coreCount') : [],
    tasks: specification && readTasks(read, specification, measured, issues),
    files: specification && readFiles(read, specification, issues),
    paths: { tasks: `${SPECIFICATION}.tasks`, key: 'id' },
  };
}

type Execution = ReadonlyMap<string, { readonly path: string; readonly measured: Measured }>;

/** By task; null when not all of them could be read. */
function readExecution(read: ShapeReader, from: Fields, issues: Issues): Execution | null {
  const list = read.list(from, 'tasks', EXECUTION);
  const byTask = new Map<string, { path: string; measured: Measured }>();
  let complete = list !== null;
  for (const [index, value] of (list ?? []).entries()) {
    const path = `${EXECUTION}.tasks[${index}]`;
    const fields = read.fields(value, path);
    const id = fields && read.text(fields, 'id', path, TASK_KEY);
    const measured =
      fields && readMeasured(read, fields, path, { cores: 'coreCount', machines: 'machines' });
    const first = id === null ? undefined : byTask.get(id);
    if (first) issues.add(`${path}.id`, `${shown(id ?? '')} is told by ${first.path} already`);
    else if (id !== null && measured) byTask.set(id, { path, measured });
    else complete = false;
  }
  return complete ? byTask : null;
}

function readTasks(
  read: ShapeReader,
  specification: Fields,
  execution: Execution | null,
  issues: Issues,
): DraftTask[] | null {
  const list = read.list(specification, 'tasks', SPECIFICATION);
  const unknown = new Map(execution);
  let complete = true;
  const tasks = list?.map((value, position): DraftTask => {
    const path = `${SPECIFICATION}.tasks[${position}]`;
    const fields = read.fields(value, path) ?? {};
    const broken = fields !== value; // Told already: its fields are not missed as well.
    const id = broken ? null : read.text(fields, 'id', path, TASK_KEY);
    const measured = id === null ? null : (execution?.get(id)?.measured ?? null);
    if (id === null) complete = false;
    else {
      unknown.delete(id);
      if (execution && !measured) {
        issues.add(`${path}.id`, `${shown(id)} has no record in ${EXECUTION}.tasks`);
      }
    }
    const texts = (key: string, optional: boolean) =>
      broken ? null : read.texts(fields, key, path, { ...FILE_NAME, optional });
    return {
      path,
      key: id ?? standInKey(position),
      name: (broken ? null : read.text(fields, 'name', path, { bytes_max: NAME_BYTES_MAX })) ?? '?',
      parents: texts('parents', false),
      children: texts('children', false),
      inputs: usesOf(texts('inputFiles', true), `${path}.inputFiles`),
      outputs: usesOf(texts('outputFiles', true), `${path}.outputFiles`),
      measured,
    };
  });
  if (tasks && complete) {
    for (const [id, { path }] of unknown) {
      issues.add(`${path}.id`, `there is no task ${shown(id)} in ${SPECIFICATION}.tasks`);
    }
  }
  return tasks ?? null;
}

/** Each file once, at its first mention. */
function usesOf(names: readonly string[] | null, path: string): FileUse[] | null {
  if (!names) return null;
  const first = new Map<string, number>();
  for (const [index, name] of names.entries()) if (!first.has(name)) first.set(name, index);
  return [...first].map(([name, index]) => ({ name, path: `${path}[${index}]` }));
}

function readFiles(read: ShapeReader, specification: Fields, issues: Issues): Draft['files'] {
  const list = read.list(specification, 'files', SPECIFICATION, { optional: true }) ?? [];
  const files = new Map<string, number>();
  let complete = Array.isArray(specification['files']) || specification['files'] === undefined;
  for (const [index, value] of list.entries()) {
    const path = `${SPECIFICATION}.files[${index}]`;
    const fields = read.fields(value, path);
    const id = fields && read.text(fields, 'id', path, FILE_NAME);
    const size = { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true };
    const sizeBytes = fields && read.number(fields, 'sizeInBytes', path, size);
    if (id === null) complete = false;
    else if (id === '') issues.add(`${path}.id`, 'must not be empty');
    else if (files.has(id)) issues.add(`${path}.id`, `${shown(id)} is declared twice`);
    else files.set(id, sizeBytes ?? 0);
  }
  return complete ? files : null;
}
