/** Reads of the graph that go one relation far. */
import {
  checkBounds,
  checkIds,
  cutRelations,
  walkedKinds,
} from '../../../resolvers/graph/check.ts';
import {
  RELATIONS_MAX,
  type Degree,
  type Direction,
  type Graph,
  type GraphNode,
  type GraphRelation,
  type NeighbourPage,
} from '../../../resolvers/graph/port.ts';
import { statement, type Sql } from '../../../resolvers/sql.ts';
import {
  idParameter,
  NODE,
  NODE_OF_KINDS,
  nodeOf,
  OF_KINDS,
  RELATION,
  relationOf,
} from './rows.ts';

/** What each read takes after the store. */
type Args<Read extends keyof Graph> = [sql: Sql, ...Parameters<Graph[Read]>];
type Answer<Read extends keyof Graph> = ReturnType<Graph[Read]>;

export const goesOut = (direction: Direction) => direction !== 'IN';
export const goesIn = (direction: Direction) => direction !== 'OUT';

/** IS TRUE: relations are found by their ends, not by this. */
const HERE = '(r.workspace_id = $1) IS TRUE';

const NODES = statement<GraphNode>(
  'graph.nodes',
  `SELECT ${NODE('n')} FROM graph_node n WHERE n.id = ANY($2::uuid[]) AND n.workspace_id = $1`,
);

/** Graph.nodes. */
export async function readNodes(...[sql, workspaceId, ids]: Args<'nodes'>): Answer<'nodes'> {
  checkBounds({ roots: ids.length });
  const rows = await sql.query(NODES, [workspaceId, idParameter(ids)]);
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

interface NeighbourRow extends GraphRelation {
  /** From 1, of the asked ids. */
  readonly place: number;
  readonly nodeId: string;
  readonly nodeKind: string;
  readonly key: string;
  readonly name: string;
  readonly nodeProperties: GraphNode['properties'];
  readonly nodeVersion: number;
}

/** Each direction is a range of its own index; a self-loop is in both, and comes with the first that is walked. */
function neighbours(after: string) {
  const within = (end: string) => `r.${end} = place.id AND ${HERE}
          AND ${OF_KINDS('r', '$5')} ${after}`;
  return statement<NeighbourRow>(
    'graph.neighbours',
    `SELECT place.place::int, ${RELATION('r')}, n.id AS "nodeId", n.kind AS "nodeKind", n.key, n.name,
      n.properties AS "nodeProperties", n.version AS "nodeVersion"
    FROM unnest($2::uuid[]) WITH ORDINALITY AS place(id, place)
    CROSS JOIN LATERAL (
      (SELECT r.*, r.to_id AS other FROM graph_relation r
        WHERE $3::boolean AND ${within('from_id')} AND ${NODE_OF_KINDS('r.to_id', '$6')}
        ORDER BY r.id LIMIT $7::int)
      UNION ALL
      (SELECT r.*, r.from_id FROM graph_relation r
        WHERE $4::boolean AND ${within('to_id')} AND ${NODE_OF_KINDS('r.from_id', '$6')}
          AND NOT ($3::boolean AND r.from_id = r.to_id)
        ORDER BY r.id LIMIT $7::int)
      ORDER BY id LIMIT $7::int
    ) r
    JOIN graph_node n ON n.id = r.other
    ORDER BY place.place, r.id`,
  );
}

const NEIGHBOURS = neighbours('');
const NEIGHBOURS_AFTER = neighbours('AND r.id > $8::uuid');

/** Graph.neighbours. */
export async function readNeighbours(
  ...[sql, workspaceId, ids, walk, { first, after }]: Args<'neighbours'>
): Answer<'neighbours'> {
  checkBounds({ roots: ids.length, first });
  checkIds({ workspaceId, ...(after === undefined ? {} : { after }) });
  const values = [
    workspaceId,
    idParameter(ids),
    goesOut(walk.direction),
    goesIn(walk.direction),
    walkedKinds(walk.relationKinds),
    walkedKinds(walk.nodeKinds),
    first + 1, // One more tells that there is more.
  ];
  const rows = await (after === undefined
    ? sql.query(NEIGHBOURS, values)
    : sql.query(NEIGHBOURS_AFTER, [...values, after]));
  const lists = ids.map((): NeighbourRow[] => []);
  for (const row of rows) lists[row.place - 1]!.push(row);
  return lists.map((list): NeighbourPage => ({
    items: list.slice(0, first).map((row) => ({ relation: relationOf(row), node: otherOf(row) })),
    hasMore: list.length > first,
  }));
}

function otherOf(row: NeighbourRow): GraphNode {
  const { nodeId, nodeKind, key, name, nodeProperties, nodeVersion } = row;
  return {
    id: nodeId,
    kind: nodeKind,
    key,
    name,
    properties: nodeProperties,
    version: nodeVersion,
  };
}

const count = (end: string) =>
  `(SELECT count(*) FROM graph_relation r WHERE r.${end} = place.id AND ${HERE} AND ${OF_KINDS('r', '$3')})`;

const DEGREES = statement<Degree>(
  'graph.degrees',
  `SELECT ${count('from_id')} AS out, ${count('to_id')} AS "in"
  FROM unnest($2::uuid[]) WITH ORDINALITY AS place(id, place) ORDER BY place.place`,
);

/** Graph.degrees. */
export async function readDegrees(
  ...[sql, workspaceId, ids, relationKinds]: Args<'degrees'>
): Answer<'degrees'> {
  checkBounds({ roots: ids.length });
  return sql.query(DEGREES, [workspaceId, idParameter(ids), walkedKinds(relationKinds)]);
}

const ends = (from: string, to: string, wanted: string) =>
  `SELECT r.${from} AS id FROM graph_relation r
    WHERE ${wanted}::boolean AND r.workspace_id = $1 AND ${OF_KINDS('r', '$4')} AND ${NODE_OF_KINDS(`r.${to}`, '$5')}`;

const TOP_BY_DEGREE = statement<GraphNode & { readonly degree: number }>(
  'graph.topByDegree',
  `WITH top AS MATERIALIZED (
    SELECT walked.id, count(*) AS degree
    FROM (${ends('from_id', 'to_id', '$2')} UNION ALL ${ends('to_id', 'from_id', '$3')}) walked
    GROUP BY walked.id ORDER BY count(*) DESC, walked.id LIMIT $6::int
  )
  SELECT ${NODE('n')}, top.degree FROM top JOIN graph_node n ON n.id = top.id ORDER BY top.degree DESC, n.id`,
);

/** Graph.topByDegree. Reads all relations of the workspace that are of the kinds. */
export async function readTopByDegree(
  ...[sql, workspaceId, walk, limit]: Args<'topByDegree'>
): Answer<'topByDegree'> {
  checkBounds({ limit });
  const { direction, relationKinds, nodeKinds } = walk;
  const rows = await sql.query(TOP_BY_DEGREE, [
    workspaceId,
    goesOut(direction),
    goesIn(direction),
    walkedKinds(relationKinds),
    walkedKinds(nodeKinds),
    limit,
  ]);
  return rows.map((row) => ({ node: nodeOf(row), degree: row.degree }));
}

/** OFFSET 0 and IS TRUE: as in network.ts. */
const RELATIONS_AMONG = statement<GraphRelation>(
  'graph.relationsAmong',
  `WITH place AS MATERIALIZED (SELECT DISTINCT id FROM unnest($2::uuid[]) AS id)
  SELECT ${RELATION('r')} FROM place CROSS JOIN LATERAL (SELECT * FROM graph_relation r
    WHERE r.from_id = place.id AND ${HERE} AND ${OF_KINDS('r', '$3')} OFFSET 0) r
  WHERE (r.to_id IN (SELECT id FROM place)) IS TRUE
  ORDER BY r.id LIMIT $4::int + 1`,
);

/** Graph.relationsAmong. */
export async function readRelationsAmong(
  ...[sql, workspaceId, ids, relationKinds, limit = RELATIONS_MAX]: Args<'relationsAmong'>
): Answer<'relationsAmong'> {
  checkBounds({ roots: ids.length, relations: limit });
  const values = [workspaceId, idParameter(ids), walkedKinds(relationKinds), limit];
  return cutRelations(await sql.query(RELATIONS_AMONG, values), limit);
}
