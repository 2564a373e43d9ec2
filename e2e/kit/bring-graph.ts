/** Brings the graph of a test's database to Neo4j by hand, whole, and says how far: for tests of who reads it. */
import type { GraphNeo4j } from '../../gateway/stores/graph-neo4j.ts';
import { cypher, whole } from '../../gateway/stores/graph-neo4j/client.ts';
import { openFeed } from '../../resolvers/events/feed/feed.ts';
import type { Position } from '../../resolvers/events/feed/position.ts';
import { SHAPE } from '../../resolvers/graph/projection.ts';
import type { GraphNode, GraphRelation } from '../../resolvers/graph/port.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';

const NODES = statement<GraphNode>(
  'test.nodes',
  'SELECT id, kind, key, name, properties, version FROM graph_node WHERE workspace_id = $1',
);
const RELATIONS = statement<GraphRelation>(
  'test.relations',
  `SELECT id, kind, from_id AS "fromId", to_id AS "toId", properties, version FROM graph_relation
  WHERE workspace_id = $1`,
);
const SAY = cypher<object>(
  'test.projected',
  `MERGE (p:Projection {name: 'graph'})
  SET p.epoch = $epoch, p.snapshot = $snapshot, p.xid = $xid, p.at = $at, p.complete = $complete,
    p.shape = $shape`,
);

/** What is there of this workspace now, and that it is; answers the position. */
export async function bringGraph(
  { sql }: TestDatabase,
  { graph, client }: GraphNeo4j,
  workspaceId: string,
): Promise<Position> {
  const position = await openFeed(sql).first(); // Before the rows.
  const [nodes, relations] = await Promise.all([
    sql.query(NODES, [workspaceId]),
    sql.query(RELATIONS, [workspaceId]),
  ]);
  await graph.write(workspaceId, { nodes, relations });
  await sayProjected(client, position);
  return position;
}

/** Says that it is so far, whatever there is. */
export async function sayProjected(
  client: GraphNeo4j['client'],
  { epoch, from, xid, at }: Position,
  complete = true,
  shape = SHAPE,
): Promise<void> {
  await client.write(async (run) => {
    await run(SAY, { epoch: whole(epoch), snapshot: from, xid, at, complete, shape: whole(shape) });
  });
}
