/** What is in the tables of the graph, written to another store of it, as a projector does. */
import {
  BATCH_MAX,
  type Graph,
  type GraphNode,
  type GraphRelation,
} from '../../resolvers/graph/port.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';

const NODES = statement<GraphNode>(
  'test.graphNodes',
  'SELECT id, kind, key, name, properties, version FROM graph_node WHERE workspace_id = $1',
);
const RELATIONS = statement<GraphRelation>(
  'test.graphRelations',
  `SELECT id, kind, from_id AS "fromId", to_id AS "toId", properties, version
  FROM graph_relation WHERE workspace_id = $1`,
);

/** Copies a workspace; what is newer there stays. */
export async function copyGraph(
  { sql }: TestDatabase,
  workspaceId: string,
  graph: Graph,
): Promise<void> {
  const nodes = await sql.query(NODES, [workspaceId]);
  const relations = await sql.query(RELATIONS, [workspaceId]);
  for (let at = 0; at < nodes.length; at += BATCH_MAX) {
    await graph.write(workspaceId, { nodes: nodes.slice(at, at + BATCH_MAX) });
  }
  for (let at = 0; at < relations.length; at += BATCH_MAX) {
    await graph.write(workspaceId, { relations: relations.slice(at, at + BATCH_MAX) });
  }
}
