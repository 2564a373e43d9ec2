/** What both stores of the graph refuse, before they are asked and after, and what they need not look for. */
import { Invalid, Limited } from '../errors.ts';
import { collectIssues, textFault, type Issues } from '../issues.ts';
import { checkObject } from '../json-object.ts';
import {
  BATCH_MAX,
  DEPTH_MAX,
  KINDS_MAX,
  NODES_MAX,
  PAGE_MAX,
  PATHS_MAX,
  RELATIONS_MAX,
  ROOTS_MAX,
  type Cut,
  type GraphBatch,
  type GraphNode,
  type GraphRelation,
} from './port.ts';

export const KIND_MAX = 100;
export const KEY_MAX = 500;
export const NAME_MAX = 1_000;
/** Of UTF-8: the index of names takes rows of 2,704. */
const NAME_BYTES_MAX = 2_500;
export const PROPERTIES_BYTES_MAX = 65_536;

interface Bound {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  /** What callers know it as. */
  readonly as?: string;
}

const BOUNDS = {
  roots: { what: 'roots of one call', min: 0, max: ROOTS_MAX },
  first: { what: 'first', min: 1, max: PAGE_MAX },
  limit: { what: 'nodes of one ranking', min: 1, max: PAGE_MAX, as: 'first' },
  depth: { what: 'depth', min: 1, max: DEPTH_MAX },
  nodes: { what: 'nodes of one answer', min: 1, max: NODES_MAX, as: 'first' },
  relations: { what: 'relations of one answer', min: 1, max: RELATIONS_MAX },
  paths: { what: 'paths of one answer', min: 1, max: PATHS_MAX, as: 'first' },
} as const satisfies Record<string, Bound>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Limited past a bound of the arguments; Invalid below 1, and where it is no whole number. */
export function checkBounds(seen: Partial<Record<keyof typeof BOUNDS, number>>): void {
  for (const [name, value] of Object.entries(seen) as [keyof typeof BOUNDS, number][]) {
    const { what, min, max, as = name }: Bound = BOUNDS[name];
    if (!Number.isInteger(value) || value < min) {
      throw new Invalid(as, `must be a whole number from ${min} to ${max}, is ${value}`);
    }
    if (value > max) throw new Limited(what, max, value);
  }
}

/** Of relations in order, one more than may be: those that may, and whether they were cut. */
export function cutRelations(
  found: readonly GraphRelation[],
  limit: number,
): { readonly relations: readonly GraphRelation[]; readonly cut: Cut | null } {
  if (found.length <= limit) return { relations: found, cut: null };
  return { relations: found.slice(0, limit), cut: { by: 'RELATIONS', at: limit } };
}

/** Whether something may have this id; all others are not there, and need not be asked for. */
export function isGraphId(id: string): boolean {
  return UUID.test(id);
}

/** Whether something may be of this kind. */
export function isKind(kind: string): boolean {
  return faultOf(kind, 1, KIND_MAX) === null;
}

/** The same of a key. */
export function isKey(key: string): boolean {
  return faultOf(key, 1, KEY_MAX) === null;
}

/** Of some kinds those that something may be of; null, when all are walked. Limited past KINDS_MAX. */
export function walkedKinds(kinds: readonly string[] | undefined): string[] | null {
  if (kinds && kinds.length > KINDS_MAX) {
    throw new Limited('kinds of one walk', KINDS_MAX, kinds.length);
  }
  return kinds?.filter(isKind) ?? null;
}

/** The workspace, and where a page begins. Refuses with Invalid. */
export function checkIds(ids: { readonly workspaceId: string; readonly after?: string }): void {
  for (const [name, id] of Object.entries(ids)) {
    if (id !== undefined && !isGraphId(id)) throw new Invalid(name, 'must be a uuid in lower case');
  }
}

/**
 * Refuses a batch of which something cannot be stored, with Invalid and every reason; with Limited past BATCH_MAX.
 * O(bytes).
 */
export function checkBatch(batch: GraphBatch): void {
  const { nodes, relations, removedNodes, removedRelations } = batch;
  const size = [nodes, relations, removedNodes, removedRelations].reduce(
    (sum, list) => sum + (list?.length ?? 0),
    0,
  );
  if (size > BATCH_MAX) throw new Limited('what one batch holds', BATCH_MAX, size);
  const issues = collectIssues();
  for (const [index, node] of (batch.nodes ?? []).entries()) {
    checkNode(node, `nodes[${index}]`, issues);
  }
  for (const [index, relation] of (batch.relations ?? []).entries()) {
    checkRelation(relation, `relations[${index}]`, issues);
  }
  for (const list of ['removedNodes', 'removedRelations'] as const) {
    for (const [index, id] of (batch[list] ?? []).entries())
      checkId(id, `${list}[${index}]`, issues);
  }
  if (issues.count() > 0) throw issues.refusal('batch');
}

/** What a store could not write: its id is another workspace's, or else one of its ends is not there. */
export interface Fault {
  readonly id: string;
  readonly isTaken: boolean;
}

/** Refuses with Invalid, every fault at its place in the batch's list; the transaction is to be rolled back. */
export function refuseFaults(
  list: 'nodes' | 'relations',
  given: readonly { readonly id: string }[],
  faults: readonly Fault[],
): void {
  if (faults.length === 0) return;
  const issues = collectIssues();
  for (const { id, isTaken } of faults) {
    const path = `${list}[${given.findIndex((item) => item.id === id)}]`;
    if (isTaken) issues.add(`${path}.id`, `${id} is not free`);
    else issues.add(path, 'leads from or to a node that is not there');
  }
  throw issues.refusal('batch');
}

/** What a node says of itself, as far as it is given. */
export interface NodeWords {
  readonly kind?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly properties?: unknown;
}

/** Adds what cannot be stored. */
export function checkWords(words: NodeWords, path: string, issues: Issues): void {
  const { kind, key, name, properties } = words;
  if (kind != null) checkText(kind, [1, KIND_MAX], `${path}.kind`, issues);
  if (key != null) checkText(key, [1, KEY_MAX], `${path}.key`, issues);
  if (name != null) {
    checkText(name, [0, NAME_MAX], `${path}.name`, issues);
    if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
      issues.add(`${path}.name`, `may be at most ${NAME_BYTES_MAX} bytes`);
    }
  }
  if (properties != null) {
    checkObject(properties, PROPERTIES_BYTES_MAX, `${path}.properties`, issues);
  }
}

function checkNode(node: GraphNode, path: string, issues: Issues): void {
  checkId(node.id, `${path}.id`, issues);
  checkWords(node, path, issues);
  checkVersion(node, path, issues);
}

function checkRelation(relation: GraphRelation, path: string, issues: Issues): void {
  const { kind, properties } = relation;
  checkId(relation.id, `${path}.id`, issues);
  checkWords({ kind, properties }, path, issues);
  checkId(relation.fromId, `${path}.fromId`, issues);
  checkId(relation.toId, `${path}.toId`, issues);
  checkVersion(relation, path, issues);
}

function checkVersion({ version }: GraphNode | GraphRelation, path: string, issues: Issues): void {
  if (!Number.isSafeInteger(version) || version < 0) {
    issues.add(`${path}.version`, `must be a whole number from 0, is ${version}`);
  }
}

/** Adds an issue unless something may have this id. */
export function checkId(id: string, path: string, issues: Issues): void {
  if (!isGraphId(id)) issues.add(path, 'must be a uuid in lower case');
}

type Length = readonly [min: number, max: number];

function checkText(text: string, [min, max]: Length, path: string, issues: Issues): void {
  const fault = faultOf(text, min, max);
  if (fault) issues.add(path, fault);
}

/** Characters are code points, as Postgres counts them. */
function faultOf(text: string, min: number, max: number): string | null {
  const length = text.length <= max ? text.length : Array.from(text.slice(0, 4 * max)).length;
  if (length < min) return 'must not be empty';
  if (length > max) return `may be at most ${max} characters`;
  return textFault(text, Number.POSITIVE_INFINITY);
}

/** Each id once, at its highest version; of several with that the first. In the order of ids. */
export function newestById<Item extends GraphNode | GraphRelation>(items: readonly Item[]): Item[] {
  const newest = new Map<string, Item>();
  for (const item of items) {
    const other = newest.get(item.id);
    if (!other || item.version > other.version) newest.set(item.id, item);
  }
  return [...newest.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
}
