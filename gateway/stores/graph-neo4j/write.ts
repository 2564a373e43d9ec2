/** Graph.write: a batch is one transaction of at most four statements. */
import {
  checkBatch,
  checkIds,
  newestById,
  refuseFaults,
  type Fault,
} from '../../../resolvers/graph/check.ts';
import type { GraphBatch, GraphNode, GraphRelation } from '../../../resolvers/graph/port.ts';
import { cypher, whole, type Neo4jClient, type Run } from './client.ts';

/** What is set to itself is locked, so that its version is not another's by the time it is compared. */
const WRITE_NODES = cypher<Fault>(
  'graph.writeNodes',
  `UNWIND $rows AS row
  MERGE (n:Node {id: row.id})
    ON CREATE SET n.workspaceId = $workspaceId, n.version = -1
    ON MATCH SET n.workspaceId = n.workspaceId
  WITH n, row, n.workspaceId <> $workspaceId AS isTaken
  FOREACH (_ IN CASE WHEN isTaken OR n.version >= row.version THEN [] ELSE [1] END | SET n += row)
  WITH n, isTaken WHERE isTaken
  RETURN n.id AS id, isTaken`,
);

/** A relation cannot change its ends in Neo4j: a newer one that leads elsewhere takes the place of the older. */
const WRITE_RELATIONS = cypher<Fault>(
  'graph.writeRelations',
  `UNWIND $rows AS row
  OPTIONAL MATCH (a:Node {id: row.fromId}) USING INDEX a:Node(id) WHERE a.workspaceId = $workspaceId
  OPTIONAL MATCH (b:Node {id: row.toId}) USING INDEX b:Node(id) WHERE b.workspaceId = $workspaceId
  OPTIONAL MATCH (c:Node)-[older:REL {id: row.id}]->(d:Node)
  FOREACH (_ IN CASE WHEN older IS NULL THEN [] ELSE [1] END | SET older.workspaceId = older.workspaceId)
  WITH row, a, b, older, c = a AND d = b AS stays,
    older IS NOT NULL AND older.workspaceId <> $workspaceId AS isTaken,
    a IS NULL OR b IS NULL AS isLoose
  WITH row, a, b, older, stays, isTaken, isLoose,
    NOT isTaken AND NOT isLoose AND (older IS NULL OR older.version < row.version) AS isNew
  FOREACH (_ IN CASE WHEN isNew AND NOT coalesce(stays, false) AND older IS NOT NULL THEN [1] ELSE [] END |
    DELETE older)
  FOREACH (_ IN CASE WHEN isNew AND stays THEN [1] ELSE [] END | SET older += row.values)
  FOREACH (_ IN CASE WHEN isNew AND NOT coalesce(stays, false) THEN [1] ELSE [] END |
    CREATE (a)-[r:REL {workspaceId: $workspaceId}]->(b) SET r += row.values)
  WITH row, isTaken, isLoose WHERE isTaken OR isLoose
  RETURN row.id AS id, isTaken`,
);

const REMOVE_RELATIONS = cypher<object>(
  'graph.removeRelations',
  `UNWIND $ids AS id MATCH ()-[r:REL {id: id}]->() WHERE r.workspaceId = $workspaceId DELETE r`,
);

const REMOVE_NODES = cypher<object>(
  'graph.removeNodes',
  `UNWIND $ids AS id MATCH (n:Node {id: id}) WHERE n.workspaceId = $workspaceId DETACH DELETE n`,
);

/** Graph.write. The same batch again changes nothing, so that it may be tried again after an answer was lost. */
export async function writeBatch(
  client: Neo4jClient,
  workspaceId: string,
  batch: GraphBatch,
): Promise<void> {
  checkIds({ workspaceId });
  checkBatch(batch);
  const { nodes = [], relations = [], removedNodes = [], removedRelations = [] } = batch;
  const isEmpty = [nodes, relations, removedNodes, removedRelations].every(({ length }) => !length);
  if (!isEmpty) await client.write((run) => writeAll(run, workspaceId, batch));
}

async function writeAll(run: Run, workspaceId: string, batch: GraphBatch): Promise<void> {
  const { nodes = [], relations = [], removedNodes = [], removedRelations = [] } = batch;
  if (nodes.length > 0) {
    const rows = newestById(nodes).map(nodeRow);
    refuseFaults('nodes', nodes, await run(WRITE_NODES, { workspaceId, rows }));
  }
  if (relations.length > 0) {
    const rows = newestById(relations).map(relationRow);
    refuseFaults('relations', relations, await run(WRITE_RELATIONS, { workspaceId, rows }));
  }
  if (removedRelations.length > 0) {
    await run(REMOVE_RELATIONS, { workspaceId, ids: inOrder(removedRelations) });
  }
  if (removedNodes.length > 0) {
    await run(REMOVE_NODES, { workspaceId, ids: inOrder(removedNodes) });
  }
}

/** Whoever locks in one order never waits in a circle. */
function inOrder(ids: readonly string[]): string[] {
  return [...new Set(ids)].toSorted();
}

function nodeRow({ id, kind, key, name, properties, version }: GraphNode) {
  const text = JSON.stringify(properties);
  return { id, kind, key, name, properties: text, version: whole(version) };
}

function relationRow({ id, kind, fromId, toId, properties, version }: GraphRelation) {
  const text = JSON.stringify(properties);
  return {
    id,
    fromId,
    toId,
    version: whole(version),
    values: { id, kind, properties: text, version: whole(version) },
  };
}
