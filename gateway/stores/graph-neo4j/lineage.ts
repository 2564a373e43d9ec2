/**
 * Graph.lineage over `(:Artifact {id, workspaceId, version})` and `(:Step {id: "<run id> <step key>", runId, stepKey,
 * workspaceId})`: artifact -USED-> step -MADE-> artifact, and artifact -DERIVED-> artifact. As in network.ts, reduce goes
 * from level to level. What a level needs more than once is bound by a list of one; by WITH, in a subquery of its own, a
 * variable of the walk is lost to the subqueries within (Neo4j 5.26).
 */
import { checkBounds } from '../../../resolvers/graph/check.ts';
import type { Found, Level, LineageWalk } from '../../../resolvers/artifacts/lineage-walk.ts';
import { groupBy } from '../../../resolvers/group.ts';
import { cypher, whole, type Cypher, type Reader } from './client.ts';
import { rootsOf } from './reads.ts';
import { inChunks } from './rows.ts';

/** Some of what a level has, in no order. */
interface LineageRow {
  /** Of the root in those asked for. */
  readonly root: number;
  readonly depth: number;
  readonly has: readonly Has[];
}

/** An artifact that was met, an edge, or that the level has more. */
type Has =
  | readonly ['met', artifactId: string]
  | readonly ['used' | 'made', artifactId: string, runId: string, stepKey: string]
  | readonly ['told', fromId: string, toId: string]
  | readonly ['more', boolean];

const HERE = (name: string) => `${name}.workspaceId = $workspaceId`;
/** One more than may be, to know that there are more. */
const REST = 'LIMIT $levelEdges + 1';

/**
 * `near` are the edges from the artifacts of the level before to steps, `far` those that lead on, each as [artifact,
 * step]; `told` as [from, to], of which `next` is where the walk goes.
 */
function walk(
  name: string,
  {
    near,
    far,
    told,
    next,
    used,
    made,
  }: Readonly<Record<'near' | 'far' | 'told', string>> & {
    readonly next: 0 | 1;
    readonly used: 'near' | 'far';
    readonly made: 'near' | 'far';
  },
): Cypher<LineageRow> {
  const shown = (by: string, edges: string) =>
    `[edge IN ${edges} | ['${by}', edge[0].id, edge[1].runId, edge[1].stepKey]]`;
  const level = bind(
    {
      near: `COLLECT { UNWIND walk.last AS a ${near} }`,
      far: `COLLECT { UNWIND near AS edge WITH DISTINCT edge[1] AS s ${far} RETURN [b, s] ${REST} }`,
      told: `COLLECT { UNWIND walk.last AS a ${told} RETURN [b, c] ${REST} }`,
      met: `CASE WHEN depth > $depth THEN [] ELSE COLLECT {
        UNWIND walk.seen + [edge IN far | edge[0]] + [edge IN told | edge[${next}]] AS m RETURN DISTINCT m
      }[size(walk.seen)..] END`,
      kept: `CASE WHEN size(met) <= $artifacts - size(walk.seen) THEN met
        ELSE COLLECT { UNWIND met AS m RETURN m ORDER BY m.id DESC }[..$artifacts - size(walk.seen)] END`,
    },
    `{
      seen: walk.seen + kept,
      last: kept,
      read: walk.read + size(near) + size(far) + size(told),
      levels: walk.levels + [
        [a IN kept | ['met', a.id]] + CASE WHEN $steps = $depth THEN [] ELSE
          [['more', size(near) > $levelEdges OR size(far) > $levelEdges OR size(told) > $levelEdges]]
          + ${shown('used', used)} + ${shown('made', made)} + [edge IN told | ['told', edge[0].id, edge[1].id]]
        END
      ]
    }`,
  );
  return cypher(
    name,
    `UNWIND range(0, size($ids) - 1) AS at
    MATCH (root:Artifact {id: $ids[at]}) USING INDEX root:Artifact(id)
    WHERE ${HERE('root')} AND root.version >= 0
    WITH at, reduce(walk = {seen: [root], last: [root], read: 0, levels: [[['met', root.id]]]}, depth IN range(1, $steps) |
      CASE WHEN size(walk.last) = 0 OR walk.read > $edges THEN walk ELSE ${level} END) AS walk
    UNWIND range(0, size(walk.levels) - 1) AS depth
    WITH at AS root, depth, walk.levels[depth] AS level
    ${inChunks('level', ['root', 'depth'])}
    RETURN root, depth, chunk AS has`,
  );
}

/** An expression under names for others, each of which may be in those after it. */
function bind(names: Readonly<Record<string, string>>, expression: string): string {
  return Object.entries(names).reduceRight(
    (bound, [name, value]) => `head([${name} IN [${value}] | ${bound}])`,
    expression,
  );
}

const WALKS = {
  /** From artifacts to the steps that made them, and to what those used. */
  UPSTREAM: walk('artifacts.lineageUpstream', {
    near: 'MATCH (a)<-[:MADE]-(s:Step) RETURN [a, s]',
    far: `MATCH (s)<-[:USED]-(b:Artifact) WHERE ${HERE('b')}`,
    told: `MATCH (a)<-[:DERIVED]-(b:Artifact) WHERE ${HERE('b')} WITH b, a AS c`,
    next: 0,
    used: 'far',
    made: 'near',
  }),
  /** From artifacts to the steps that used them, newest runs first, and to what those made. */
  DOWNSTREAM: walk('artifacts.lineageDownstream', {
    near: `CALL { WITH a
      MATCH (a)-[:USED]->(s:Step) WHERE ${HERE('s')} RETURN s ORDER BY s.runId DESC, s.stepKey ${REST}
    } RETURN [a, s] ${REST}`,
    far: `MATCH (s)-[:MADE]->(b:Artifact) WHERE ${HERE('b')}`,
    told: `MATCH (a)-[:DERIVED]->(c:Artifact) WHERE ${HERE('c')} WITH a AS b, c`,
    next: 1,
    used: 'near',
    made: 'far',
  }),
};

/** Graph.lineage. O(edges read), and O(depth × artifacts), from each root. */
export async function readLineage(
  client: Reader,
  ...[workspaceId, rootIds, way, bounds]: Parameters<LineageWalk>
): ReturnType<LineageWalk> {
  checkBounds({ roots: rootIds.length });
  const ids = rootsOf(workspaceId, rootIds);
  const rows = await client.read(WALKS[way], {
    workspaceId,
    ids,
    depth: whole(bounds.depth),
    steps: whole(bounds.nodesOnly ? bounds.depth : bounds.depth + 1),
    artifacts: whole(bounds.artifacts),
    levelEdges: whole(bounds.levelEdges),
    edges: whole(bounds.edges),
  });
  const byRoot = groupBy(rows, ({ root }) => ids[root]!);
  return rootIds.map((id) => levelsOf(byRoot.get(id) ?? []));
}

function levelsOf(rows: readonly LineageRow[]): Level[] {
  const levels: { depth: number; ids: string[]; found: Found[]; more: boolean }[] = [];
  for (const { depth, has } of rows) {
    const level = (levels[depth] ??= { depth, ids: [], found: [], more: false });
    for (const one of has) {
      if (one[0] === 'more') level.more = one[1];
      else if (one[0] === 'met') level.ids.push(one[1]);
      else level.found.push(edgeOf(one));
    }
  }
  return levels.map((level) => ({
    ...level,
    ids: level.ids.toSorted((a, b) => (a < b ? 1 : -1)), // Newest first.
  }));
}

function edgeOf(has: Exclude<Has, readonly ['more' | 'met', unknown]>): Found {
  if (has[0] === 'told') {
    const [by, artifactId, toId] = has;
    return { by, artifactId, toId, runId: null, stepKey: null };
  }
  const [by, artifactId, runId, stepKey] = has;
  return { by, artifactId, toId: null, runId, stepKey };
}
