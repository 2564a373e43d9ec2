/** Writes of the graph: a batch is one transaction of at most four statements. */
import {
  checkBatch,
  newestById,
  refuseFaults,
  type Fault,
} from '../../../resolvers/graph/check.ts';
import type { GraphBatch, GraphNode, GraphRelation } from '../../../resolvers/graph/port.ts';
import { Invalid } from '../../../resolvers/errors.ts';
import { statement, type Sql } from '../../../resolvers/sql.ts';
import { codeOf } from '../failures.ts';

/** Answers the faults; what is stored as new or newer is none. */
const WRITE_NODES = statement<Fault>(
  'graph.writeNodes',
  `WITH given AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
      AS g(id, kind, key, name, properties, version)
  ), written AS (
    INSERT INTO graph_node AS n (id, workspace_id, kind, key, name, properties, version)
    SELECT id, $1, kind, key, name, properties::jsonb, version FROM given ORDER BY id
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, key = excluded.key, name = excluded.name,
      properties = excluded.properties, version = excluded.version
    WHERE n.version < excluded.version AND n.workspace_id = excluded.workspace_id
    RETURNING n.id
  )
  SELECT n.id, true AS "isTaken" FROM given JOIN graph_node n ON n.id = given.id WHERE n.workspace_id <> $1`,
);

/** The same. */
const WRITE_RELATIONS = statement<Fault>(
  'graph.writeRelations',
  `WITH given AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::bigint[])
      AS g(id, kind, from_id, to_id, properties, version)
  ), ended AS MATERIALIZED (
    SELECT given.*, EXISTS (SELECT FROM graph_node n WHERE n.id = from_id AND n.workspace_id = $1)
      AND EXISTS (SELECT FROM graph_node n WHERE n.id = to_id AND n.workspace_id = $1) AS has_ends
    FROM given
  ), written AS (
    INSERT INTO graph_relation AS r (id, workspace_id, kind, from_id, to_id, properties, version)
    SELECT id, $1, kind, from_id, to_id, properties::jsonb, version FROM ended WHERE has_ends ORDER BY id
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, from_id = excluded.from_id, to_id = excluded.to_id,
      properties = excluded.properties, version = excluded.version
    WHERE r.version < excluded.version AND r.workspace_id = excluded.workspace_id
    RETURNING r.id
  )
  SELECT id, false AS "isTaken" FROM ended WHERE NOT has_ends
  UNION ALL SELECT r.id, true FROM given JOIN graph_relation r ON r.id = given.id WHERE r.workspace_id <> $1`,
);

/** In the order of ids: batches that remove the same at once would dead-lock. */
const remove = (name: string, table: string) =>
  statement<object>(
    name,
    `DELETE FROM ${table} WHERE id IN (
      SELECT id FROM ${table} WHERE id = ANY($2::uuid[]) AND workspace_id = $1 ORDER BY id FOR UPDATE)`,
  );
const REMOVE_NODES = remove('graph.removeNodes', 'graph_node');
const REMOVE_RELATIONS = remove('graph.removeRelations', 'graph_relation');

/** SQLSTATE, PostgreSQL manual, appendix A. */
const UNIQUE = '23505';
const FOREIGN_KEY = '23503';
const DEADLOCK = '40P01';
const TRIES_MAX = 5;

/** Graph.write. Tried again where it met another writer. */
export async function writeBatch(sql: Sql, workspaceId: string, batch: GraphBatch): Promise<void> {
  checkBatch(batch);
  for (let tried = 1; ; tried += 1) {
    try {
      return await writeOnce(sql, workspaceId, batch);
    } catch (error) {
      const code = codeOf(error);
      if (code === UNIQUE) throw new Invalid('nodes', KEY_TAKEN);
      // A node went between the look for it and the write: the next try does not find it.
      const mayGo = code === DEADLOCK || code === FOREIGN_KEY;
      if (!mayGo || tried >= TRIES_MAX) throw error;
    }
  }
}

const KEY_TAKEN = 'a key may be of one node of its kind: one of these is of another node already';

function writeOnce(sql: Sql, workspaceId: string, batch: GraphBatch): Promise<void> {
  const { nodes = [], relations = [], removedNodes = [], removedRelations = [] } = batch;
  return sql.transaction(async (tx) => {
    if (nodes.length > 0) {
      refuseFaults('nodes', nodes, await tx.query(WRITE_NODES, nodeValues(workspaceId, nodes)));
    }
    if (relations.length > 0) {
      const values = relationValues(workspaceId, relations);
      refuseFaults('relations', relations, await tx.query(WRITE_RELATIONS, values));
    }
    if (removedRelations.length > 0) {
      await tx.query(REMOVE_RELATIONS, [workspaceId, removedRelations]);
    }
    if (removedNodes.length > 0) await tx.query(REMOVE_NODES, [workspaceId, removedNodes]);
  });
}

function nodeValues(workspaceId: string, nodes: readonly GraphNode[]): unknown[] {
  const rows = newestById(nodes);
  return [
    workspaceId,
    rows.map(({ id }) => id),
    rows.map(({ kind }) => kind),
    rows.map(({ key }) => key),
    rows.map(({ name }) => name),
    rows.map(({ properties }) => JSON.stringify(properties)),
    rows.map(({ version }) => version),
  ];
}

function relationValues(workspaceId: string, relations: readonly GraphRelation[]): unknown[] {
  const rows = newestById(relations);
  return [
    workspaceId,
    rows.map(({ id }) => id),
    rows.map(({ kind }) => kind),
    rows.map(({ fromId }) => fromId),
    rows.map(({ toId }) => toId),
    rows.map(({ properties }) => JSON.stringify(properties)),
    rows.map(({ version }) => version),
  ];
}
