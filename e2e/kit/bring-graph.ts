/** Brings the graph of a test's database to Neo4j by hand, whole, and says how far: for tests of who reads it. */
import type { GraphNeo4j } from '../../gateway/stores/graph-neo4j.ts';
import { cypher, whole } from '../../gateway/stores/graph-neo4j/client.ts';
import { openFeed } from '../../resolvers/events/feed/feed.ts';
import { parseSnapshot, type Position } from '../../resolvers/events/feed/position.ts';
import { SHAPE } from '../../resolvers/graph/projection.ts';
import type { GraphNode, GraphRelation } from '../../resolvers/graph/port.ts';
import { statement } from '../../resolvers/sql.ts';
import type { TestDatabase } from './database.ts';
import { until } from './until.ts';

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

/**
 * What is there of this workspace now, and that it is; answers the position. No transaction was open in it: one of
 * another test's database would be over a moment later, and a position that never moves would be behind for good.
 */
export async function bringGraph(
  { sql }: TestDatabase,
  { graph, client }: GraphNeo4j,
  workspaceId: string,
): Promise<Position> {
  const position = await quietPosition(sql); // Before the rows.
  const [nodes, relations] = await Promise.all([
    sql.query(NODES, [workspaceId]),
    sql.query(RELATIONS, [workspaceId]),
  ]);
  await graph.write(workspaceId, { nodes, relations });
  await sayProjected(client, position);
  return position;
}

async function quietPosition(sql: TestDatabase['sql']): Promise<Position> {
  const feed = openFeed(sql);
  let position = await feed.first();
  const isQuiet = async () => {
    position = await feed.first();
    return parseSnapshot(position.from).open.length === 0;
  };
  await until('no transaction is open that is older than the newest change', isQuiet);
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
