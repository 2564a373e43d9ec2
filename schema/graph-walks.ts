/** Walks of the graph from entities that a client names. Neighbours are in graph-neighbours.ts. */
import type { ArgBuilder, InputFieldMap } from '@pothos/core';
import { LIGHTEST_BOUNDS } from '../resolvers/graph/lightest-path.ts';
import {
  DEPTH_MAX,
  NODES_MAX,
  PAGE_MAX,
  PATHS_MAX,
  RELATIONS_MAX,
  ROOTS_MAX,
  type GraphNode,
  type Reached,
} from '../resolvers/graph/port.ts';
import { shownAs, shownRelation } from '../resolvers/graph/queries.ts';
import {
  allPaths,
  connectedComponent,
  network,
  shortestPath,
  subgraph,
  topEntities,
  type MetNetwork,
  type MetPath,
} from '../resolvers/graph/walks.ts';
import { showsOnly } from './batch.ts';
import { builder, type Types } from './builder.ts';
import { GraphCutRef, walkArgs, type AnyCut } from './graph-words.ts';
import { Entity, EntityRelation } from './graph.ts';

/** Entities of a walk, depth of a search, paths: where it is not said how many. */
const FIRST = 200;
const PATHS_FIRST = 10;
const PATHS_DEPTH = 6;

const ReachedRef = builder.objectRef<Reached>('ReachedEntity').implement({
  fields: (t) => ({
    entity: t.field({ type: Entity, resolve: ({ node }) => shownAs(node) }),
    depth: t.exposeInt('depth', { description: 'Relations from the nearest root; 0 for a root.' }),
  }),
});

/** As a cost: with all the entities that a walk may give it makes all the relations. */
const RELATIONS_EACH = RELATIONS_MAX / NODES_MAX;

const NetworkRef = builder.objectRef<MetNetwork>('EntityNetwork').implement({
  fields: (t) => ({
    nodes: t.field({
      type: [ReachedRef],
      description: 'Nearest first.',
      resolve: ({ nodes }) => [...nodes],
    }),
    relations: t.field({
      type: [EntityRelation],
      extensions: { size: () => RELATIONS_EACH },
      description: `Of the walked kinds, between two of the nodes; at most ${RELATIONS_MAX}.`,
      resolve: ({ relations }) => relations.map(shownRelation),
    }),
    cut: t.expose('cut', {
      type: GraphCutRef,
      nullable: true,
      description: 'Null when nothing was left out.',
    }),
  }),
});

const PathRef = builder.objectRef<MetPath>('EntityPath').implement({
  description: 'From one entity to another.',
  fields: (t) => ({
    nodes: t.field({
      type: [Entity],
      description: 'One more than relations.',
      resolve: ({ nodes }) => nodes.map((node) => shownAs(node)),
    }),
    relations: t.field({
      type: [EntityRelation],
      description: 'Each between its two nodes.',
      resolve: ({ relations }) => relations.map(shownRelation),
    }),
    length: t.int({
      description: 'How many relations.',
      resolve: ({ relations }) => relations.length,
    }),
    weight: t.exposeFloat('weight', {
      nullable: true,
      description: 'The sum of the weights; null when none were asked for.',
    }),
  }),
});

type ShortestPath = Awaited<ReturnType<typeof shortestPath>>;
const ShortestRef = builder.objectRef<ShortestPath>('ShortestEntityPath').implement({
  fields: (t) => ({
    path: t.expose('path', {
      type: PathRef,
      nullable: true,
      description: 'Null when none was found; an entity has none to itself.',
    }),
    cut: t.field({
      type: GraphCutRef,
      nullable: true,
      description:
        'DEPTH: there is no path so short, and longer ones were not looked for. Else, by weight: it ended early, there ' +
        'may be a lighter path than this, or one at all.',
      resolve: ({ cut }): AnyCut | null => cut,
    }),
  }),
});

type Paths = Awaited<ReturnType<typeof allPaths>>;
const PathsRef = builder.objectRef<Paths>('EntityPaths').implement({
  fields: (t) => ({
    paths: t.field({
      type: [PathRef],
      description: 'Shorter ones first.',
      resolve: ({ paths }) => [...paths],
    }),
    cut: t.expose('cut', {
      type: GraphCutRef,
      nullable: true,
      description: 'PATHS: there are more within the depth. Longer ones were not looked for.',
    }),
  }),
});

interface Ranked {
  readonly node: GraphNode;
  readonly degree: number;
}
const RankedRef = builder.objectRef<Ranked>('RankedEntity').implement({
  fields: (t) => ({
    entity: t.field({ type: Entity, resolve: ({ node }) => shownAs(node) }),
    degree: t.exposeInt('degree', {
      description: 'Relations that are walked from it; in BOTH one to itself counts twice.',
    }),
  }),
});

function depthArg(t: ArgBuilder<Types>, defaultValue: number) {
  return t.int({
    required: true,
    defaultValue,
    description: `Relations one after the other: 1 to ${DEPTH_MAX}.`,
  });
}

function firstArg(t: ArgBuilder<Types>, what: string, max: number, fallback: number) {
  return t.int({
    required: true,
    defaultValue: fallback,
    extensions: { fallback },
    description: `${what} at most: 1 to ${max}.`,
  });
}

function endArgs(t: ArgBuilder<Types>) {
  return { from: t.id({ required: true }), to: t.id({ required: true }) } satisfies InputFieldMap;
}

/** Entities that paths may hold, by the arguments as they were written. */
const pathSize = (paths: number, depth: number) => (args: Readonly<Record<string, unknown>>) =>
  wholeOr(args['first'], paths) * (wholeOr(args['depth'], depth) + 1);

function wholeOr(given: unknown, fallback: number): number {
  return Number.isSafeInteger(given) && (given as number) >= 0 ? (given as number) : fallback;
}

builder.queryFields((t) => ({
  network: t.batch({
    type: NetworkRef,
    description: 'All that is so many relations away from some entities; the nearest.',
    args: {
      roots: t.arg.idList({
        required: true,
        description: `Ids or UUIDs of entities, at most ${ROOTS_MAX}; what is not there is left out.`,
      }),
      ...walkArgs(t.arg),
      depth: depthArg(t.arg, 1),
      first: firstArg(t.arg, 'Entities', NODES_MAX, FIRST),
    },
    batch: async (_roots, args, ctx, shown) => [
      await network(ctx, { ...args, nodesOnly: showsOnly(shown, 'EntityNetwork', ['nodes']) }),
    ],
  }),
  connectedComponent: t.field({
    type: NetworkRef,
    nullable: true,
    description: `All that hangs together with an entity, at most ${DEPTH_MAX} relations away; null when it is not there.`,
    args: {
      id: t.arg.id({ required: true }),
      relationKinds: walkArgs(t.arg).relationKinds,
      kinds: walkArgs(t.arg).kinds,
      first: firstArg(t.arg, 'Entities', NODES_MAX, FIRST),
    },
    resolve: (_root, args, ctx) => connectedComponent(ctx, args),
  }),
  subgraph: t.field({
    type: NetworkRef,
    description: 'These entities, in their order, and the relations between them.',
    args: {
      ids: t.arg.idList({
        required: true,
        description: `At most ${ROOTS_MAX}; what is not there is left out.`,
      }),
      relationKinds: walkArgs(t.arg).relationKinds,
    },
    extensions: { size: ({ ids }: { ids?: unknown }) => (Array.isArray(ids) ? ids.length : 1) },
    resolve: (_root, args, ctx) => subgraph(ctx, args),
  }),
}));

builder.queryFields((t) => ({
  shortestPath: t.field({
    type: ShortestRef,
    description: 'A path of fewest relations from one entity to another, or of the least weight.',
    args: {
      ...endArgs(t.arg),
      ...walkArgs(t.arg),
      depth: t.arg.int({
        description: `Relations at most: 1 to ${DEPTH_MAX}, which it is when left out. Not with \`weight\`.`,
      }),
      weight: t.arg.string({
        description:
          'A property of relations whose sum is to be least. Relations without a number there are not walked; one below 0 is ' +
          `refused. At most ${LIGHTEST_BOUNDS.nodes} entities, ${LIGHTEST_BOUNDS.relations} relations and ` +
          `${LIGHTEST_BOUNDS.reads} statements are looked at.`,
      }),
    },
    extensions: { size: pathSize(1, DEPTH_MAX) },
    resolve: (_root, args, ctx) => shortestPath(ctx, args),
  }),
  allPaths: t.field({
    type: PathsRef,
    description: 'All paths from one entity to another that meet no entity twice.',
    args: {
      ...endArgs(t.arg),
      ...walkArgs(t.arg),
      depth: depthArg(t.arg, PATHS_DEPTH),
      first: firstArg(t.arg, 'Paths', PATHS_MAX, PATHS_FIRST),
    },
    extensions: { size: pathSize(PATHS_FIRST, PATHS_DEPTH) },
    resolve: (_root, args, ctx) => allPaths(ctx, args),
  }),
  topEntities: t.field({
    type: [RankedRef],
    description: 'The entities with the most relations, then by id; those with none are left out.',
    args: { ...walkArgs(t.arg), first: firstArg(t.arg, 'Entities', PAGE_MAX, 20) },
    resolve: async (_root, args, ctx) => [...(await topEntities(ctx, args))],
  }),
}));
