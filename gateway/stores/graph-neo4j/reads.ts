/** Reads of what is beside a node: itself, its neighbours, its degree. */
import { groupBy } from '../../../resolvers/group.ts';
import { checkBounds, checkIds, cutRelations, isGraphId } from '../../../resolvers/graph/check.ts';
import {
  RELATIONS_MAX,
  type Degree,
  type Direction,
  type Graph,
  type Neighbour,
} from '../../../resolvers/graph/port.ts';
import { cypher, whole, type Cypher, type Reader } from './client.ts';
import {
  inChunks,
  kindsOf,
  NODE_WALKED,
  nodeColumns,
  nodesOf,
  RELATION_WALKED,
  relationColumns,
  relationsOf,
  ROOTS,
  step,
  type NodeColumns,
  type RelationColumns,
} from './rows.ts';

/** The Graph's method of this name, on a client. */
type Read<Name extends keyof Graph> = (
  client: Reader,
  ...args: Parameters<Graph[Name]>
) => ReturnType<Graph[Name]>;

/** The roots that may be there, each once. */
export function rootsOf(workspaceId: string, ids: readonly string[]): string[] {
  checkIds({ workspaceId });
  checkBounds({ roots: ids.length });
  return [...new Set(ids.filter(isGraphId))];
}

const NODES = cypher<{ nodes: NodeColumns }>(
  'graph.nodes',
  `${ROOTS} WITH collect(n) AS found ${inChunks('found')} RETURN ${nodeColumns('chunk')} AS nodes`,
);

/** Graph.nodes. */
export const readNodes: Read<'nodes'> = async (client, workspaceId, ids) => {
  const rows = await client.read(NODES, { workspaceId, ids: rootsOf(workspaceId, ids) });
  const found = new Map(rows.flatMap(({ nodes }) => nodesOf(nodes)).map((node) => [node.id, node]));
  return ids.map((id) => found.get(id) ?? null);
};

/** Some of those beside a root. */
interface NeighboursRow {
  readonly rootId: string;
  readonly relations: RelationColumns;
  readonly nodes: NodeColumns;
}

const NEIGHBOURS = inEachDirection<NeighboursRow>(
  'graph.neighbours',
  (direction) => `${ROOTS}
  CALL { WITH n
    MATCH ${step('n', direction)}
    WHERE ${RELATION_WALKED} AND ${NODE_WALKED} AND ($after IS NULL OR r.id > $after)
    RETURN r, m ORDER BY r.id LIMIT $limit
  }
  WITH n, collect([r, m]) AS found
  ${inChunks('found', ['n'])}
  RETURN n.id AS rootId, ${relationColumns('chunk', 'x[0]')} AS relations, ${nodeColumns('chunk', 'x[1]')} AS nodes`,
);

/** Graph.neighbours. */
export const readNeighbours: Read<'neighbours'> = async (client, workspaceId, ids, walk, page) => {
  const { first, after } = page;
  checkBounds({ first });
  checkIds(after === undefined ? { workspaceId } : { workspaceId, after });
  const rows = await client.read(NEIGHBOURS[walk.direction], {
    workspaceId,
    ids: rootsOf(workspaceId, ids),
    ...kindsOf(walk),
    after: after ?? null,
    limit: whole(first + 1),
  });
  const byRoot = groupBy(rows, ({ rootId }) => rootId);
  return ids.map((id) => {
    const found = (byRoot.get(id) ?? [])
      .flatMap(neighboursOf)
      .toSorted((a, b) => byId(a.relation, b.relation));
    return { items: found.slice(0, first), hasMore: found.length > first };
  });
};

function neighboursOf({ relations, nodes }: NeighboursRow): Neighbour[] {
  const beside = nodesOf(nodes);
  return relationsOf(relations).map((relation, at) => ({ relation, node: beside[at]! }));
}

/** Without kinds a count is what Neo4j keeps of each node; with them each relation is looked at. */
const counted = (arrow: string, kinds: string) =>
  kinds === '' ? `COUNT { ${arrow} }` : `COUNT { MATCH ${arrow} WHERE ${kinds} }`;
const degrees = (kinds: string) =>
  cypher<Degree & { id: string }>(
    'graph.degrees',
    `${ROOTS}
    RETURN n.id AS id, ${counted('(n)-[r:REL]->()', kinds)} AS out, ${counted('(n)<-[r:REL]-()', kinds)} AS in`,
  );
const DEGREES = degrees('');
const DEGREES_OF_KINDS = degrees(RELATION_WALKED);

/** Graph.degrees. */
export const readDegrees: Read<'degrees'> = async (client, workspaceId, ids, given) => {
  const { relationKinds } = kindsOf(given ? { relationKinds: given } : {});
  const rows = await client.read(relationKinds ? DEGREES_OF_KINDS : DEGREES, {
    workspaceId,
    ids: rootsOf(workspaceId, ids),
    relationKinds,
  });
  const found = new Map(rows.map((row) => [row.id, { out: row.out, in: row.in }]));
  return ids.map((id) => found.get(id) ?? { out: 0, in: 0 });
};

/** By direction; a self-loop is met once from its node, so that both ways are two counts. */
const top = (kinds: string) =>
  inEachDirection<{ degrees: number[]; nodes: NodeColumns }>('graph.topByDegree', (direction) => {
    const ways = direction === 'BOTH' ? (['OUT', 'IN'] as const) : [direction];
    const count = ways
      .map((way) => counted(step('n', way).replace(kinds === '' ? ':Node' : '', ''), kinds))
      .join(' + ');
    return `MATCH (n:Node {workspaceId: $workspaceId})
    WITH n, ${count} AS degree WHERE degree > 0
    WITH n, degree ORDER BY degree DESC, n.id LIMIT $limit
    WITH collect([degree, n]) AS found
    ${inChunks('found')}
    RETURN [x IN chunk | x[0]] AS degrees, ${nodeColumns('chunk', 'x[1]')} AS nodes`;
  });
const TOP = top('');
const TOP_OF_KINDS = top(`${RELATION_WALKED} AND ${NODE_WALKED}`);

/** Graph.topByDegree. O(nodes of the workspace); with kinds, O(its relations). */
export const readTopByDegree: Read<'topByDegree'> = async (client, workspaceId, walk, limit) => {
  checkIds({ workspaceId });
  checkBounds({ limit });
  const kinds = kindsOf(walk);
  const texts = kinds.relationKinds || kinds.nodeKinds ? TOP_OF_KINDS : TOP;
  const rows = await client.read(texts[walk.direction], {
    workspaceId,
    ...kinds,
    limit: whole(limit),
  });
  return rows
    .flatMap(({ nodes, degrees: of }) =>
      nodesOf(nodes).map((node, at) => ({ node, degree: of[at]! })),
    )
    .toSorted((a, b) => b.degree - a.degree || byId(a.node, b.node));
};

const AMONG = cypher<{ relations: RelationColumns }>(
  'graph.relationsAmong',
  `${ROOTS}
  MATCH (n)-[r:REL]->(m:Node) WHERE ${RELATION_WALKED} AND m.id IN $ids
  WITH r ORDER BY r.id LIMIT $limit
  WITH collect(r) AS found
  ${inChunks('found')}
  RETURN ${relationColumns('chunk')} AS relations`,
);

/** Graph.relationsAmong. */
export const readRelationsAmong: Read<'relationsAmong'> = async (
  client,
  workspaceId,
  ids,
  given,
  limit = RELATIONS_MAX,
) => {
  checkBounds({ relations: limit });
  const { relationKinds } = kindsOf(given ? { relationKinds: given } : {});
  const roots = rootsOf(workspaceId, ids);
  const sought = { workspaceId, ids: roots, relationKinds, limit: whole(limit + 1) };
  const rows = await client.read(AMONG, sought);
  return cutRelations(
    rows.flatMap(({ relations }) => relationsOf(relations)).toSorted(byId),
    limit,
  );
};

/** A text for each direction: it cannot be a parameter. */
export function inEachDirection<Row>(
  name: string,
  text: (direction: Direction) => string,
): Readonly<Record<Direction, Cypher<Row>>> {
  const of = (direction: Direction) => cypher<Row>(name, text(direction));
  return { OUT: of('OUT'), IN: of('IN'), BOTH: of('BOTH') };
}

/** Lower-case uuids in the order of their characters, which is that of their bytes. */
export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
