/** Lineage of artifacts: upstream and downstream, through runs. */
import type { ArgBuilder } from '@pothos/core';
import {
  artifactLineage,
  EDGES_PER_NODE,
  lineagesOfArtifacts,
  LINEAGE_DIRECTIONS,
  LINEAGE_LIMITS,
  type Lineage,
  type LineageEdge,
  type LineageEnd,
  type LineageNode,
} from '../resolvers/artifacts/lineage.ts';
import { ARTIFACT } from '../resolvers/artifacts/entities.ts';
import { artifactsById } from '../resolvers/artifacts/loaders.ts';
import type { Ctx } from '../resolvers/context.ts';
import { uuidOf } from '../resolvers/keys.ts';
import { STEP_RUN } from '../resolvers/runs/entities.ts';
import { stepRunKey, stepRunsByKey } from '../resolvers/runs/loaders.ts';
import { Artifact } from './artifacts.ts';
import { showsOnly, type Shown } from './batch.ts';
import { builder, type Types } from './builder.ts';
import { byKey, columnsShown } from './columns.ts';
import { asNode, Node } from './node.ts';

const Direction = builder.enumType('LineageDirection', { values: LINEAGE_DIRECTIONS });

const Cut = builder.enumType('LineageCut', {
  description: 'The bound that kept something out of a lineage.',
  values: {
    DEPTH: {},
    FIRST: {},
    EDGES: {
      description: `More edges were met than are read: ${EDGES_PER_NODE} for each artifact that there may be, at most ${LINEAGE_LIMITS.edges_max}.`,
    },
  },
});

/** Artifacts of a lineage, where it is not said how many: of one that is asked for alone, and of each of a list. */
const FIRST = 200;
const FIRST_OF_EACH = 20;

/** As a cost: with all the artifacts that a lineage may hold, it makes all the edges that one may read. */
const EDGES_PER_ARTIFACT = (4 * LINEAGE_LIMITS.edges_max) / LINEAGE_LIMITS.first_max;

const NodeRef = builder.objectRef<LineageNode>('LineageNode').implement({
  fields: (t) => ({
    artifact: t.batch({
      type: Artifact,
      nullable: true,
      ...byKey(ARTIFACT, artifactsById, 'artifactId'),
    }),
    depth: t.exposeInt('depth', {
      description: '0 is the one asked about, negative upstream, positive downstream.',
    }),
    hasMore: t.exposeBoolean('hasMore', {
      description: 'It has neighbours that are not in this answer; after the cut EDGES, it may.',
    }),
  }),
});

const EdgeRef = builder.objectRef<LineageEdge>('LineageEdge').implement({
  description:
    'Artifact to step run: used by it. Step run to artifact: made by it. Artifact to artifact: registered as derived from it.',
  fields: (t) => ({
    from: t.batch({
      type: Node,
      nullable: true,
      description: 'Artifact or StepRun.',
      batch: (edges, _args, ctx, shown) => {
        const named = edges.map(({ from }) => from);
        return ends(ctx, named, shown);
      },
    }),
    to: t.batch({
      type: Node,
      nullable: true,
      description: 'Artifact or StepRun.',
      batch: (edges, _args, ctx, shown) => {
        const named = edges.map(({ to }) => to);
        return ends(ctx, named, shown);
      },
    }),
  }),
});

const LineageRef = builder.objectRef<Lineage>('ArtifactLineage').implement({
  fields: (t) => ({
    nodes: t.field({
      type: [NodeRef],
      description: 'Nearest first, within a depth newest first; the one asked about leads.',
      resolve: ({ nodes }) => [...nodes],
    }),
    edges: t.field({
      type: [EdgeRef],
      extensions: { size: () => EDGES_PER_ARTIFACT },
      description: 'Between nodes and the steps that were passed, each once.',
      resolve: ({ edges }) => [...edges],
    }),
    cut: t.expose('cut', {
      type: Cut,
      nullable: true,
      description: 'Null when nothing was left out; else nodes with `hasMore` are where.',
    }),
  }),
});

/** Which way, how far, how many. */
function boundsArgs(arg: ArgBuilder<Types>, first: number) {
  return {
    direction: arg({ type: Direction, required: true, defaultValue: 'BOTH' }),
    depth: arg.int({
      required: true,
      defaultValue: 10,
      description: `Artifacts away: 1 to ${LINEAGE_LIMITS.depth_max}.`,
    }),
    first: arg.int({
      required: true,
      defaultValue: first,
      extensions: { fallback: first },
      description: `Artifacts at most, the nearest: 1 to ${LINEAGE_LIMITS.first_max}.`,
    }),
  };
}

builder.objectField(Artifact, 'lineage', (t) =>
  t.batch({
    type: LineageRef,
    nullable: true,
    description: 'As `artifactLineage`, of each artifact of a list by itself.',
    args: boundsArgs(t.arg, FIRST_OF_EACH),
    needs: ['id'],
    batch: (rows, { direction, ...bounds }, ctx, shown) =>
      lineagesOfArtifacts(ctx, rows, direction, { ...bounds, nodesOnly: areNodesOnly(shown) }),
  }),
);

builder.queryFields((t) => ({
  artifactLineage: t.batch({
    type: LineageRef,
    nullable: true,
    description: 'What an artifact was made from and what was made from it, through all runs.',
    args: { id: t.arg.id({ required: true }), ...boundsArgs(t.arg, FIRST) },
    batch: async (_roots, { id, direction, ...bounds }, ctx, shown) => [
      await artifactLineage(ctx, uuidOf('Artifact', id, 'id'), direction, {
        ...bounds,
        nodesOnly: areNodesOnly(shown),
      }),
    ],
  }),
}));

/** Neither edges are looked at nor what was left out. */
function areNodesOnly(shown: Shown): boolean {
  return (
    showsOnly(shown, 'ArtifactLineage', ['nodes']) &&
    showsOnly(shown, 'LineageNode', ['artifact', 'depth'])
  );
}

/** The rows that ends of edges name: one statement for the artifacts, one for the steps. */
async function ends(
  ctx: Ctx,
  named: readonly LineageEnd[],
  shown: Shown,
): Promise<(object | null)[]> {
  const artifactIds = named.flatMap((end) => ('artifactId' in end ? end.artifactId : []));
  const stepKeys = named.flatMap((end) => ('artifactId' in end ? [] : stepRunKey(end)));
  const [artifacts, steps] = await Promise.all([
    artifactsById(ctx, artifactIds, columnsShown(shown, ARTIFACT)),
    stepRunsByKey(ctx, stepKeys, columnsShown(shown, STEP_RUN)),
  ]);
  const found = new Map<string, object | null>([
    ...artifactIds.map((id, at) => [id, asNode('Artifact', artifacts[at])] as const),
    ...stepKeys.map((key, at) => [key, asNode('StepRun', steps[at])] as const),
  ]);
  return named.map((end) => found.get('artifactId' in end ? end.artifactId : stepRunKey(end))!);
}
