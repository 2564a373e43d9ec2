/** The rules of a workflow's graph, whoever brings it: an import or registerWorkflow. Pure. */
import { checkText, shown, type Issues } from '../issues.ts';

/** Keys are in primary keys, twice in that of an edge: a btree entry holds 2,704 bytes. */
export const STEP_KEY_BYTES_MAX = 500;
/** Of the names of steps and workflows; the latter are indexed. */
export const NAME_BYTES_MAX = 500;
/** Six times the largest recording we know of. */
const STEPS_MAX = 20_000;
/** Ten times the largest recording we know of. */
const EDGES_MAX = 200_000;

/** A node of the graph as somebody defines it. */
export interface GraphStep {
  /** Unique in its graph. */
  readonly key: string;
  /** For people; need not be unique. */
  readonly name: string;
  /** Keys of the steps it waits for. */
  readonly parents: readonly string[];
}

/** How the caller wrote the steps, for the paths of issues. */
export interface GraphPaths {
  /** Of the list: `input.steps`. */
  readonly steps: string;
  /** Of the key in a step: `key`. */
  readonly key: string;
}

/**
 * Adds an issue for each key or name out of bounds, duplicate key, parent that is named twice or not there, and for
 * each cycle one, which names its members. O(steps + edges).
 */
export function checkGraph(steps: readonly GraphStep[], paths: GraphPaths, issues: Issues): void {
  const before = issues.count();
  checkSizes(steps, paths, issues);
  if (issues.count() > before) return; // Not worth the work.

  const positions = new Map<string, number>();
  for (const [position, step] of steps.entries()) {
    const path = `${paths.steps}[${position}]`;
    checkText(step.key, STEP_KEY_BYTES_MAX, `${path}.${paths.key}`, issues);
    checkText(step.name, NAME_BYTES_MAX, `${path}.name`, issues);
    const first = positions.get(step.key);
    if (first === undefined) positions.set(step.key, position);
    else {
      issues.add(
        `${path}.${paths.key}`,
        `${shown(step.key)} is taken by ${paths.steps}[${first}] already`,
      );
    }
  }
  for (const [position, step] of steps.entries()) {
    checkReferences(step.parents, `${paths.steps}[${position}].parents`, positions, issues);
  }
  for (const cycle of cyclesOf(steps, positions)) {
    const members = [...cycle, cycle[0] ?? 0].map((position) => shown(steps[position]?.key ?? ''));
    const path = `${paths.steps}[${cycle[0]}].parents`;
    issues.add(path, `must not form a cycle: ${listed(members)}`);
  }
}

/** Adds an issue for each key of the list that is unknown or comes twice. */
export function checkReferences(
  keys: readonly string[],
  path: string,
  known: { has(key: string): boolean },
  issues: Issues,
): void {
  const seen = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (!known.has(key)) issues.add(`${path}[${index}]`, `there is no step ${shown(key)}`);
    else if (seen.has(key)) issues.add(`${path}[${index}]`, `${shown(key)} is named twice`);
    seen.add(key);
  }
}

function checkSizes(steps: readonly GraphStep[], paths: GraphPaths, issues: Issues): void {
  const edges = steps.reduce((sum, step) => sum + step.parents.length, 0);
  if (steps.length === 0) issues.add(paths.steps, 'must hold at least one step');
  if (steps.length > STEPS_MAX) {
    issues.add(paths.steps, `may hold at most ${STEPS_MAX} steps, got ${steps.length}`);
  }
  if (edges > EDGES_MAX) {
    issues.add(paths.steps, `may name at most ${EDGES_MAX} parents in all, got ${edges}`);
  }
}

/** One cycle per knot, as positions, each the parent of the one before it. */
function cyclesOf(
  steps: readonly GraphStep[],
  positions: ReadonlyMap<string, number>,
): readonly (readonly number[])[] {
  const parents = steps.map((step) => step.parents.flatMap((key) => positions.get(key) ?? []));
  const left = leftOnCycles(parents);
  const cycles: number[][] = [];
  const walked = new Set<number>();
  for (const start of left) {
    const trail = new Map<number, number>(); // Position → its place on this walk.
    let at: number | undefined = start;
    while (at !== undefined && !walked.has(at) && !trail.has(at)) {
      trail.set(at, trail.size);
      at = parents[at]?.find((parent) => left.has(parent));
    }
    const turn = at === undefined ? undefined : trail.get(at);
    if (turn !== undefined) cycles.push(fromFirst([...trail.keys()].slice(turn)));
    for (const position of trail.keys()) walked.add(position);
  }
  return cycles;
}

/** Positions from which walking up the parents never ends: what Kahn's order leaves over. */
function leftOnCycles(parents: readonly (readonly number[])[]): ReadonlySet<number> {
  const waitsFor = parents.map((list) => list.length);
  const children: number[][] = parents.map(() => []);
  for (const [position, list] of parents.entries()) {
    for (const parent of list) children[parent]?.push(position);
  }
  const free = waitsFor.flatMap((count, position) => (count === 0 ? [position] : []));
  const left = new Set(parents.keys());
  for (let position = free.pop(); position !== undefined; position = free.pop()) {
    left.delete(position);
    for (const child of children[position] ?? []) {
      waitsFor[child] = (waitsFor[child] ?? 0) - 1;
      if (waitsFor[child] === 0) free.push(child);
    }
  }
  return left;
}

/** The same cycle, begun at its first step, so that a message does not depend on how it was found. */
function fromFirst(cycle: readonly number[]): number[] {
  const start = cycle.indexOf(Math.min(...cycle));
  return [...cycle.slice(start), ...cycle.slice(0, start)];
}

const LISTED_MAX = 20;

function listed(members: readonly string[]): string {
  const told = members.slice(0, LISTED_MAX).join(' waits for ');
  return members.length > LISTED_MAX ? `${told} … (${members.length - 1} steps)` : told;
}
