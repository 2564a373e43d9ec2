/**
 * What both layouts of WfFormat are read into, and the rules between its parts. Where a part could not be read, it
 * is null, which keeps what depends on it from being told as one problem more.
 */
import { checkGraph, checkReferences, type GraphStep } from '../runs/graph.ts';
import { shown, type Issues } from '../issues.ts';
import type { Machine, Task } from './recording.ts';

export interface Draft {
  readonly startedAt: Date | null;
  readonly makespan_ms: number | null;
  readonly machines: readonly Machine[];
  /** Null when there is no list of tasks at all. */
  readonly tasks: readonly DraftTask[] | null;
  /** Name → bytes. Null when not all names could be read. */
  readonly files: ReadonlyMap<string, number> | null;
  readonly paths: DraftPaths;
}

interface DraftPaths {
  /** Of the list of tasks. */
  readonly tasks: string;
  /** What the key of a task is called there. */
  readonly key: string;
}

export interface DraftTask {
  readonly path: string;
  /** A stand-in, unique but no key of the file, when it could not be read. */
  readonly key: string;
  readonly name: string;
  readonly parents: readonly string[] | null;
  /** Also null where the file does not tell them. */
  readonly children: readonly string[] | null;
  readonly inputs: readonly FileUse[] | null;
  readonly outputs: readonly FileUse[] | null;
  readonly measured: Measured | null;
}

export interface FileUse {
  readonly name: string;
  readonly path: string;
}

/** What a recording knows of a task beyond the graph. */
export type Measured = Omit<Task, keyof GraphStep | 'inputs' | 'outputs'>;

/** Of names of files: those of artifacts, as events carry them. */
export const FILE_NAME_BYTES_MAX = 1_024;
/** Inputs or outputs of one task: what one event carries. */
const TASK_FILES_MAX = 10_000;
/** Forty times the largest recording we know of. */
const FILES_MAX = 200_000;

const STAND_IN = '\u0001task ';

/** The key of a task whose own could not be read. */
export function standInKey(position: number): string {
  return `${STAND_IN}${position}`;
}

/** Adds an issue for each rule between tasks and files that is broken. O(size of the file). */
export function checkDraft({ tasks, files, paths }: Draft, issues: Issues): void {
  if (!tasks) return;
  const graph = tasks.map(({ key, name, parents }) => ({ key, name, parents: parents ?? [] }));
  checkGraph(graph, { steps: paths.tasks, key: paths.key }, issues);
  checkChildren(tasks, issues);
  if (files && files.size > FILES_MAX) {
    issues.add(paths.tasks, `may use at most ${FILES_MAX} files, got ${files.size}`);
  }
  checkFiles(tasks, files, issues);
}

/** Parents and children tell the same edges twice: they must agree. */
function checkChildren(tasks: readonly DraftTask[], issues: Issues): void {
  const byKey = new Map<string, DraftTask>();
  for (const task of tasks) if (!byKey.has(task.key)) byKey.set(task.key, task);
  const parentsOf = setsOf(byKey, 'parents');
  const childrenOf = setsOf(byKey, 'children');
  for (const { key, path, parents, children } of tasks) {
    if (children) checkReferences(children, `${path}.children`, byKey, issues);
    if (key.startsWith(STAND_IN)) continue;
    for (const [index, parent] of (parents ?? []).entries()) {
      if (childrenOf.get(parent)?.has(key) === false) {
        const said = `${shown(parent)} does not name ${shown(key)} among its children`;
        issues.add(`${path}.parents[${index}]`, said);
      }
    }
    for (const [index, child] of (children ?? []).entries()) {
      if (parentsOf.get(child)?.has(key) === false) {
        const said = `${shown(child)} does not name ${shown(key)} among its parents`;
        issues.add(`${path}.children[${index}]`, said);
      }
    }
  }
}

function setsOf(
  tasks: ReadonlyMap<string, DraftTask>,
  side: 'parents' | 'children',
): ReadonlyMap<string, ReadonlySet<string>> {
  const sets = new Map<string, ReadonlySet<string>>();
  for (const [key, task] of tasks) {
    const list = task[side];
    if (list) sets.set(key, new Set(list));
  }
  return sets;
}

/** Each file is declared, and made by one task at most. */
function checkFiles(tasks: readonly DraftTask[], files: Draft['files'], issues: Issues): void {
  const producers = new Map<string, DraftTask>();
  for (const task of tasks) {
    for (const uses of [task.inputs, task.outputs]) {
      if (uses && uses.length > TASK_FILES_MAX) {
        issues.add(task.path, `may use at most ${TASK_FILES_MAX} files, got ${uses.length}`);
      }
      for (const { name, path } of uses ?? []) {
        if (files && !files.has(name)) issues.add(path, `there is no file ${shown(name)}`);
      }
    }
    for (const { name, path } of task.outputs ?? []) {
      const producer = producers.get(name);
      if (producer && producer !== task) {
        issues.add(path, `${shown(name)} is an output of ${producer.path} already`);
      }
      producers.set(name, producer ?? task);
    }
  }
}
