/** What is refused of a write before the store is asked. Pure. */
import { Limited } from '../errors.ts';
import { collectIssues, type Issues } from '../issues.ts';
import { checkId, checkWords } from './check.ts';
import { BATCH_MAX } from './port.ts';
import type { End, GraphWrites, NodeWrite, Paths, RelationWrite } from './write.ts';

/** Refuses with Invalid, every reason at its path; with Limited past BATCH_MAX. O(bytes). */
export function checkWrites(writes: GraphWrites, paths: Paths): void {
  const { nodes = [], relations = [], removedNodes = [], removedRelations = [] } = writes;
  const size = nodes.length + relations.length + removedNodes.length + removedRelations.length;
  if (size > BATCH_MAX) throw new Limited('what one batch holds', BATCH_MAX, size);
  const issues = collectIssues();
  const told = new Map<string, string>();
  for (const [index, node] of nodes.entries()) {
    const path = `${paths.nodes}[${index}]`;
    checkNode(node, path, issues);
    checkOnce(told, [node.id, nameOf(node.kind, node.key)], path, issues);
  }
  for (const [index, relation] of relations.entries()) {
    checkRelation(relation, `${paths.relations}[${index}]`, issues);
  }
  const removed = [
    [paths.removedNodes, removedNodes],
    [paths.removedRelations, removedRelations],
  ] as const;
  for (const [path, ids] of removed) {
    for (const [index, id] of ids.entries()) {
      checkId(id, `${path}[${index}]`, issues);
      checkOnce(told, [id], `${path}[${index}]`, issues);
    }
  }
  if (issues.count() > 0) throw issues.refusal('batch');
}

/** Kind and key as one text, null unless both are there. */
export function nameOf(kind: string | null | undefined, key: string | null | undefined) {
  return kind == null || key == null ? null : JSON.stringify([kind, key]);
}

/** Adds an issue where one of these names was told before, at another path. */
export function checkOnce(
  told: Map<string, string>,
  names: readonly (string | null | undefined)[],
  path: string,
  issues: Issues,
): void {
  const before = names.map((name) => told.get(name ?? '')).find((at) => at !== undefined);
  if (before !== undefined) issues.add(path, `is the same as ${before}`);
  for (const name of names) if (name != null) told.set(name, path);
}

function checkNode(node: NodeWrite, path: string, issues: Issues): void {
  if (node.id != null) checkId(node.id, `${path}.id`, issues);
  else if (node.kind == null || node.key == null) issues.add(path, 'needs an id, or kind and key');
  if (node.key != null && node.kind == null) issues.add(`${path}.kind`, 'must be given with a key');
  checkWords(node, path, issues);
}

function checkRelation(relation: RelationWrite, path: string, issues: Issues): void {
  const { id, kind, from, to, key, properties } = relation;
  if (id != null) {
    checkId(id, `${path}.id`, issues);
    if (key != null) issues.add(`${path}.key`, 'must not be given with an id');
  } else if (kind == null || from == null || to == null) {
    issues.add(path, 'needs an id, or kind, from and to');
  }
  checkWords({ kind, key, properties }, path, issues);
  if (from) checkEnd(from, `${path}.from`, issues);
  if (to) checkEnd(to, `${path}.to`, issues);
}

function checkEnd({ id, kind, key }: End, path: string, issues: Issues): void {
  if (id != null) checkId(id, `${path}.id`, issues);
  if ((id == null) === (kind == null || key == null)) {
    issues.add(path, 'must be an id, or kind and key');
  }
  checkWords({ kind, key }, path, issues);
}
