/**
 * resolvers/graph/projection.ts over Neo4j. The state is one node, `(:Projection {name: 'graph', epoch, snapshot, xid,
 * at, complete, generation, shape, rebuildStage, rebuildAfter, changes, confirmed_ms})`; what is projected has the mark of its
 * rebuild beside what graph-neo4j.ts says of it.
 */
import type {
  Held,
  ProjectedNode,
  ProjectedRelation,
  Projection,
  ProjectionState,
  Swept,
} from '../../../resolvers/graph/projection.ts';
import { heldLineage } from './lineage-write.ts';
import { storedLineage } from './lineage-stored.ts';
import { cypher, whole, type Cypher, type Neo4jClient, type Run } from './client.ts';

/** Batches are large, and others may have the lock first. */
export const PROJECTION_TIMEOUT_ms = 30_000;

interface StateRow {
  readonly epoch: number | null;
  readonly snapshot: string;
  readonly xid: string;
  readonly at: string;
  readonly complete: boolean;
  readonly generation: number | null;
  readonly shape: number | null;
  readonly rebuildStage: string | null;
  readonly rebuildAfter: string | null;
  readonly changes: number | null;
  readonly confirmed_ms: number;
}

const FIELDS = `{.epoch, .snapshot, .xid, .at, .complete, .generation, .shape, .rebuildStage, .rebuildAfter, .changes,
  .confirmed_ms}`;

const STATE = cypher<{ state: StateRow }>(
  'projection.state',
  `MATCH (p:Projection {name: 'graph'}) RETURN p ${FIELDS} AS state`,
);

/** What is set to itself is locked, and read after that. */
const LOCK = cypher<{ state: StateRow }>(
  'projection.lock',
  `MERGE (p:Projection {name: 'graph'}) SET p.name = p.name WITH p RETURN p ${FIELDS} AS state`,
);

const MOVE = cypher<object>(
  'projection.move',
  `MATCH (p:Projection {name: 'graph'}) SET p += $state`,
);

const WRITE_NODES = cypher<object>(
  'projection.writeNodes',
  'UNWIND $rows AS row MERGE (n:Node {id: row.id}) SET n += row, n.mark = $mark',
);

/** A relation cannot change its ends in Neo4j. */
const WRITE_RELATIONS = cypher<{ id: string }>(
  'projection.writeRelations',
  `UNWIND $rows AS row
  OPTIONAL MATCH (a:Node {id: row.fromId}) WHERE a.mark = $mark
  OPTIONAL MATCH (b:Node {id: row.toId}) WHERE b.mark = $mark
  OPTIONAL MATCH (c:Node)-[older:REL {id: row.values.id}]->(d:Node)
  WITH row, a, b, older, a IS NULL OR b IS NULL AS isLoose, coalesce(c = a AND d = b, false) AS stays
  FOREACH (_ IN CASE WHEN NOT isLoose AND NOT stays AND older IS NOT NULL THEN [1] ELSE [] END | DELETE older)
  FOREACH (_ IN CASE WHEN NOT isLoose AND stays THEN [1] ELSE [] END |
    SET older += row.values SET older.mark = $mark)
  FOREACH (_ IN CASE WHEN NOT isLoose AND NOT stays THEN [1] ELSE [] END |
    CREATE (a)-[r:REL]->(b) SET r += row.values SET r.mark = $mark)
  WITH row, isLoose WHERE isLoose
  RETURN row.values.id AS id`,
);

const REMOVE_NODES = cypher<object>(
  'projection.removeNodes',
  'UNWIND $ids AS id MATCH (n:Node {id: id}) DETACH DELETE n',
);

const REMOVE_RELATIONS = cypher<object>(
  'projection.removeRelations',
  'UNWIND $ids AS id MATCH ()-[r:REL {id: id}]->() DELETE r',
);

interface SweptRow {
  readonly last: string | null;
  readonly removed: number;
}

const sweep = (what: string, match: string, remove: string) =>
  cypher<SweptRow>(
    `projection.sweep${what}`,
    `MATCH ${match} WHERE x.id > $after WITH x ORDER BY x.id LIMIT $limit
    WITH collect(x) AS met
    WITH met[-1].id AS last, [x IN met WHERE coalesce(x.mark, -1) <> $mark] AS old
    WITH last, old, size(old) AS removed
    FOREACH (x IN old | ${remove} x)
    RETURN last, removed`,
  );
const SWEEP = {
  nodes: sweep('Nodes', '(x:Node)', 'DETACH DELETE'),
  relations: sweep('Relations', '()-[x:REL]->()', 'DELETE'),
};

const NODE = 'x {.id, .workspaceId, .kind, .key, .name, .properties, .version}';
const RELATION = `x {.id, .workspaceId, .kind, fromId: startNode(x).id, toId: endNode(x).id, .properties, .version}`;
const byIds = <Row extends { readonly item: unknown }>(what: string, match: string, item: string) =>
  cypher<Row>(
    `projection.stored${what}`,
    `UNWIND $ids AS id MATCH ${match} RETURN ${item} AS item`,
  );
const STORED_NODES = byIds<{ item: ProjectedNode }>('Nodes', '(x:Node {id: id})', NODE);
const STORED_RELATIONS = byIds<{ item: ProjectedRelation }>(
  'Relations',
  '()-[x:REL {id: id}]->()',
  RELATION,
);
const after = <Row extends { readonly item: unknown }>(what: string, match: string, item: string) =>
  cypher<Row>(
    `projection.${what}After`,
    `MATCH ${match} WHERE x.id > $after WITH x ORDER BY x.id LIMIT $limit RETURN ${item} AS item ORDER BY item.id`,
  );
const NODES_AFTER = after<{ item: ProjectedNode }>('nodes', '(x:Node)', NODE);
const RELATIONS_AFTER = after<{ item: ProjectedRelation }>('relations', '()-[x:REL]->()', RELATION);

/** On the client that reads use too. `limit_ms`: within which a batch must be done, rows read included. */
export function projectionOver(
  client: Neo4jClient,
  limit_ms: number = PROJECTION_TIMEOUT_ms,
): Projection {
  const page = async <Item>(text: Cypher<{ item: Item }>, from: string | null, limit: number) => {
    const rows = await client.read(text, { after: from ?? '', limit: whole(limit) }, limit_ms);
    return rows.map(({ item }) => item);
  };
  return {
    async state() {
      const [row] = await client.read(STATE, {});
      const state = row ? stateOf(row.state) : null;
      if (!state) await client.prepare('again'); // Somebody may have emptied it.
      return state;
    },
    locked: (work) =>
      client.write(async (run) => {
        const [row] = await run(LOCK, {});
        return work(heldOver(run, row ? stateOf(row.state) : null));
      }, limit_ms),
    nodesAfter: (from, limit) => page(NODES_AFTER, from, limit),
    relationsAfter: (from, limit) => page(RELATIONS_AFTER, from, limit),
    lineage: storedLineage((text, parameters) => client.read(text, parameters, limit_ms)),
  };
}

function heldOver(run: Run, state: ProjectionState | null): Held {
  const stored = async <Item>(text: Cypher<{ item: Item }>, ids: readonly string[]) =>
    (await run(text, { ids: [...ids] })).map(({ item }) => item);
  return {
    state,
    async move(to) {
      await run(MOVE, { state: rowOf(to) });
    },
    nodes: (ids) => stored(STORED_NODES, ids),
    relations: (ids) => stored(STORED_RELATIONS, ids),
    async writeNodes(nodes, mark) {
      const rows = nodes.map((node) => ({ ...node, version: whole(node.version) }));
      await run(WRITE_NODES, { rows, mark: whole(mark) });
    },
    async writeRelations(relations, mark) {
      const rows = relations.map(({ fromId, toId, ...values }) => ({
        fromId,
        toId,
        values: { ...values, version: whole(values.version) },
      }));
      const loose = await run(WRITE_RELATIONS, { rows, mark: whole(mark) });
      return loose.map(({ id }) => id);
    },
    async removeNodes(ids) {
      await run(REMOVE_NODES, { ids: [...ids] });
    },
    async removeRelations(ids) {
      await run(REMOVE_RELATIONS, { ids: [...ids] });
    },
    async sweep(what, mark, from, limit): Promise<Swept> {
      const numbers = { mark: whole(mark), limit: whole(limit) };
      const [row] = await run(SWEEP[what], { ...numbers, after: from ?? '' });
      return { last: row?.last ?? null, removed: row?.removed ?? 0 };
    },
    lineage: { ...heldLineage(run), ...storedLineage(run) },
  };
}

/** A node that was locked but never set has no epoch; one that somebody set by hand may have no more. */
function stateOf({
  epoch,
  snapshot,
  xid,
  at,
  rebuildStage,
  rebuildAfter,
  shape,
  generation,
  changes,
  ...rest
}: StateRow): ProjectionState | null {
  if (epoch === null) return null;
  const rebuild = rebuildStage === null ? null : { stage: rebuildStage, after: rebuildAfter };
  const numbers = { shape: shape ?? 0, generation: generation ?? 0, changes: changes ?? 0 };
  return { position: { epoch, from: snapshot, xid, at }, rebuild, ...numbers, ...rest };
}

/** Null takes a property away. */
function rowOf({ position, complete, rebuild, ...numbers }: ProjectionState) {
  const { epoch, from, xid, at } = position;
  const { generation, shape, changes, confirmed_ms } = numbers;
  return {
    epoch: whole(epoch),
    snapshot: from,
    xid,
    at,
    complete,
    generation: whole(generation),
    shape: whole(shape),
    changes: whole(changes),
    confirmed_ms: whole(confirmed_ms),
    rebuildStage: rebuild?.stage ?? null,
    rebuildAfter: rebuild?.after ?? null,
  };
}
