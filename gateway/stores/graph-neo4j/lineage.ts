/**
 * Graph.lineage over `(:Artifact {id, workspaceId, version})` and `(:Step {id: "<run id> <step key>", runId, stepKey,
 * workspaceId})`: artifact -USED-> step -MADE-> artifact, and artifact -DERIVED-> artifact. As in network.ts, reduce goes
 * from level to level. What a level needs more than once is bound by a list of one; by WITH, in a subquery of its own, a
 * variable of the walk is lost to the subqueries within (Neo4j 5.26).
 */
import { checkBounds } from '../../../resolvers/graph/check.ts';
import type { Found, Level, LineageWalk } from '../../../resolvers/artifacts/lineage-walk.ts';
import { cypher, whole, type Cypher, type Reader } from './client.ts';
import { rootsOf } from './reads.ts';

interface LineageRow {
  readonly rootId: string;
  /** From level 1. */
  readonly levels: readonly LevelRow[];
}

interface LevelRow {
  readonly ids: readonly string[];
  readonly used: readonly StepEdge[];
  readonly made: readonly StepEdge[];
  readonly told: readonly (readonly [fromId: string, toId: string])[];
  readonly more: boolean;
}

type StepEdge = readonly [artifactId: string, runId: string, stepKey: string];

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
  const shown = (edges: string) =>
    `[edge IN ${edges} | [edge[0].id, edge[1].runId, edge[1].stepKey]]`;
  const level = bind(
    {
      near: `COLLECT { UNWIND walk.last AS a ${near} }`,
      far: `COLLECT { UNWIND near AS edge WITH DISTINCT edge[1] AS s ${far} RETURN [b, s] ${REST} }`,
      told: `COLLECT { UNWIND walk.last AS a ${told} RETURN [b, c] ${REST} }`,
      met: `CASE WHEN depth > $depth THEN [] ELSE COLLECT {
        UNWIND walk.seen + [edge IN far | edge[0]] + [edge IN told | edge[${next}]] AS m RETURN DISTINCT m
      }[size(walk.seen)..] END`,
      kept: 'COLLECT { UNWIND met AS m RETURN m ORDER BY m.id DESC }[..$artifacts - size(walk.seen)]',
    },
    `{
      seen: walk.seen + kept,
      last: kept,
      read: walk.read + size(near) + size(far) + size(told),
      levels: walk.levels + [{
        ids: [a IN kept | a.id],
        used: ${shown(used)},
        made: ${shown(made)},
        told: [edge IN told | [edge[0].id, edge[1].id]],
        more: size(near) > $levelEdges OR size(far) > $levelEdges OR size(told) > $levelEdges
      }]
    }`,
  );
  return cypher(
    name,
    `MATCH (root:Artifact) WHERE root.id IN $ids AND ${HERE('root')}
    WITH root, reduce(walk = {seen: [root], last: [root], read: 0, levels: []}, depth IN range(1, $depth + 1) |
      CASE WHEN size(walk.last) = 0 OR walk.read > $edges THEN walk ELSE ${level} END) AS walk
    RETURN root.id AS rootId, walk.levels AS levels`,
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
  const rows = await client.read(WALKS[way], {
    workspaceId,
    ids: rootsOf(workspaceId, rootIds),
    depth: whole(bounds.depth),
    artifacts: whole(bounds.artifacts),
    levelEdges: whole(bounds.levelEdges),
    edges: whole(bounds.edges),
  });
  const found = new Map(rows.map(({ rootId, levels }) => [rootId, levels]));
  return rootIds.map((id) => {
    const levels = found.get(id);
    return levels ? [rootLevel(id), ...levels.map(levelOf)] : [];
  });
}

function rootLevel(id: string): Level {
  return { depth: 0, ids: [id], found: [], more: false };
}

function levelOf({ ids, used, made, told, more }: LevelRow, at: number): Level {
  const found = [
    ...used.map((edge) => byStep('used', edge)),
    ...made.map((edge) => byStep('made', edge)),
    ...told.map(([artifactId, toId]): Found => ({
      by: 'told',
      artifactId,
      toId,
      runId: null,
      stepKey: null,
    })),
  ];
  return { depth: at + 1, ids, found, more };
}

function byStep(by: 'used' | 'made', [artifactId, runId, stepKey]: StepEdge): Found {
  return { by, artifactId, toId: null, runId, stepKey };
}
