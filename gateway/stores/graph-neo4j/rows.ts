/** How nodes and relations come from Neo4j, and which of them are walked. */
import { walkedKinds } from '../../../resolvers/graph/check.ts';
import type {
  Direction,
  GraphNode,
  GraphProperties,
  GraphRelation,
  Walk,
} from '../../../resolvers/graph/port.ts';

export interface NodeRow extends Omit<GraphNode, 'properties'> {
  readonly properties: string;
}

export interface RelationRow extends Omit<GraphRelation, 'properties'> {
  readonly properties: string;
}

/** A node of this variable, as a NodeRow. */
export const nodeMap = (name: string) => `${name} {.id, .kind, .key, .name, .properties, .version}`;

/** A relation of this variable, as a RelationRow. */
export const relationMap = (name: string) =>
  `${name} {.id, .kind, .properties, .version, fromId: startNode(${name}).id, toId: endNode(${name}).id}`;

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

export function nodeOf({ id, kind, key, name, properties, version }: NodeRow): GraphNode {
  return { id, kind, key, name, properties: JSON.parse(properties) as GraphProperties, version };
}

export function relationOf(row: RelationRow): GraphRelation {
  const { id, kind, fromId, toId, properties, version } = row;
  return {
    id,
    kind,
    fromId,
    toId,
    properties: JSON.parse(properties) as GraphProperties,
    version,
  };
}
