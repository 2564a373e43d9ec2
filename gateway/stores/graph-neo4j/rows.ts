/** How nodes and relations come from Neo4j, and which of them are walked. */
import { walkedKinds } from '../../../resolvers/graph/check.ts';
import type {
  Direction,
  GraphNode,
  GraphProperties,
  GraphRelation,
  Walk,
} from '../../../resolvers/graph/port.ts';

/**
 * So many things make a record of an answer that may be long, as a list for each property: maps would bring its name
 * with each value, a record for each costs both ends more than what is in it, and over a message that comes in more than
 * one chunk (8 kB) the driver takes ten times as long: it looks for the chunk of each byte. Most records fit in one.
 */
const CHUNK = 32;

/** `chunk`: of the list of this variable, so many at a time. Variables that stay are named in `kept`. */
export const inChunks = (list: string, kept: readonly string[] = []) =>
  `UNWIND range(0, size(${list}) - 1, ${CHUNK}) AS at
  WITH ${[...kept, `${list}[at..at + ${CHUNK}] AS chunk`].join(', ')}`;

/** Nodes: ids, kinds, keys, names, properties as text, versions. */
export type NodeColumns = readonly [
  ids: readonly string[],
  kinds: readonly string[],
  keys: readonly string[],
  names: readonly string[],
  properties: readonly string[],
  versions: readonly number[],
];

/** Relations: ids, kinds, ids of where they begin and end, properties as text, versions. */
export type RelationColumns = readonly [
  ids: readonly string[],
  kinds: readonly string[],
  fromIds: readonly string[],
  toIds: readonly string[],
  properties: readonly string[],
  versions: readonly number[],
];

/** The nodes in a list: each is `of` of its item, which is called `x`. */
export const nodeColumns = (list: string, of = 'x') => columns(list, NODE_VALUES(of));

/** The relations in a list, likewise. */
export const relationColumns = (list: string, of = 'x') => columns(list, RELATION_VALUES(of));

const NODE_VALUES = (n: string) =>
  ['id', 'kind', 'key', 'name', 'properties', 'version'].map((property) => `${n}.${property}`);
const RELATION_VALUES = (r: string) => [
  `${r}.id`,
  `${r}.kind`,
  `startNode(${r}).id`,
  `endNode(${r}).id`,
  `${r}.properties`,
  `${r}.version`,
];

function columns(list: string, values: readonly string[]): string {
  return `[${values.map((value) => `[x IN ${list} | ${value}]`).join(', ')}]`;
}

/**
 * The nodes `n` where reads begin. A plan made while the store is empty would rather look for all of the workspace, and
 * is kept for seconds after it is no more: so wherever one knows ids the index is named.
 */
export const ROOTS =
  'MATCH (n:Node) USING INDEX n:Node(id) WHERE n.id IN $ids AND n.workspaceId = $workspaceId';

/** `(from)-[r:REL]->(m:Node)`, the other way round, or both. */
export function step(from: string, direction: Direction): string {
  const [left, right] = ARROWS[direction];
  return `(${from})${left}[r:REL]${right}(m:Node)`;
}

export const ARROWS = { OUT: ['-', '->'], IN: ['<-', '-'], BOTH: ['-', '-'] } as const;
export const AGAINST = { OUT: 'IN', IN: 'OUT', BOTH: 'BOTH' } as const;

/** That `r` and `m` are walked. */
export const RELATION_WALKED = '($relationKinds IS NULL OR r.kind IN $relationKinds)';
export const NODE_WALKED = '($nodeKinds IS NULL OR m.kind IN $nodeKinds)';

/** Their parameters. */
export function kindsOf(walk: Omit<Walk, 'direction'>) {
  return {
    relationKinds: walkedKinds(walk.relationKinds),
    nodeKinds: walkedKinds(walk.nodeKinds),
  };
}

export function nodesOf(found: NodeColumns): GraphNode[] {
  const [ids, kinds, keys, names, properties, versions] = found;
  return ids.map((id, at) => ({
    id,
    kind: kinds[at]!,
    key: keys[at]!,
    name: names[at]!,
    properties: propertiesOf(properties[at]!),
    version: versions[at]!,
  }));
}

export function relationsOf(found: RelationColumns): GraphRelation[] {
  const [ids, kinds, fromIds, toIds, properties, versions] = found;
  return ids.map((id, at) => ({
    id,
    kind: kinds[at]!,
    fromId: fromIds[at]!,
    toId: toIds[at]!,
    properties: propertiesOf(properties[at]!),
    version: versions[at]!,
  }));
}

function propertiesOf(text: string): GraphProperties {
  return text === '{}' ? {} : (JSON.parse(text) as GraphProperties);
}
