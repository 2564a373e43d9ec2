/** Rows of the graph as statements list them, and what they are for callers. */
import { isGraphId } from '../../../resolvers/graph/check.ts';
import type { GraphNode, GraphProperties, GraphRelation } from '../../../resolvers/graph/port.ts';

/** Columns of a node or a relation, under the names of the port. */
export const NODE = (row: string) =>
  `${row}.id, ${row}.kind, ${row}.key, ${row}.name, ${row}.properties, ${row}.version`;
export const RELATION = (row: string) =>
  `${row}.id, ${row}.kind, ${row}.from_id AS "fromId", ${row}.to_id AS "toId", ${row}.properties, ${row}.version`;

/** A node or a relation, in one shape; neither where `id` is null. */
export interface Part {
  readonly id: string | null;
  readonly kind: string;
  /** Null of a relation, as name; of a node fromId and toId are null. */
  readonly key: string | null;
  readonly name: string | null;
  readonly properties: GraphProperties;
  readonly version: number;
  readonly fromId: string | null;
  readonly toId: string | null;
  /** Of a node of a network. */
  readonly depth: number | null;
}

/** The columns of both, in one order. */
export const NODE_PART = (row: string, depth = 'NULL::int') =>
  `${NODE(row)}, NULL::uuid AS "fromId", NULL::uuid AS "toId", ${depth} AS depth`;
export const RELATION_PART = (row: string) =>
  `${row}.id, ${row}.kind, NULL, NULL, ${row}.properties, ${row}.version, ${row}.from_id, ${row}.to_id, NULL`;

/** A node from a row that may have more columns. */
export function nodeOf(row: GraphNode): GraphNode {
  const { id, kind, key, name, properties, version } = row;
  return { id, kind, key, name, properties, version };
}

/** A relation from a row that may have more columns. */
export function relationOf(row: GraphRelation): GraphRelation {
  const { id, kind, fromId, toId, properties, version } = row;
  return { id, kind, fromId, toId, properties, version };
}

/** What the parts are, in their order. */
export function partsOf(parts: readonly Part[]) {
  const nodes: { readonly node: GraphNode; readonly depth: number }[] = [];
  const relations: GraphRelation[] = [];
  for (const part of parts) {
    if (part.id === null) continue;
    if (part.key === null) relations.push(relationOf(part as GraphRelation));
    else nodes.push({ node: nodeOf(part as GraphNode), depth: part.depth ?? 0 });
  }
  return { nodes, relations };
}

/** Ids as a parameter; null where nothing can have such a one, so that places stay. */
export function idParameter(ids: readonly string[]): (string | null)[] {
  return ids.map((id) => (isGraphId(id) ? id : null));
}

/** A relation is of one of these kinds, of any where the parameter is null. */
export const OF_KINDS = (row: string, parameter: string) =>
  `(${parameter}::text[] IS NULL OR ${row}.kind = ANY(${parameter}::text[]))`;

/** The same of a node, by its id. A scalar, so that no plan reads the table for it. */
export const NODE_OF_KINDS = (id: string, parameter: string) =>
  `(${parameter}::text[] IS NULL OR (SELECT n.kind FROM graph_node n WHERE n.id = ${id}) = ANY(${parameter}::text[]))`;
