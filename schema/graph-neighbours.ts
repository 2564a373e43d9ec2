/** What an entity is next to: from one level of entities to the next, by the graph. */
import { ENTITY } from '../resolvers/graph/entities.ts';
import {
  degreesOf,
  LOOKED_AT_EACH,
  neighboursOf,
  type NeighbourConnection,
  type NeighbourEdge,
} from '../resolvers/graph/neighbours.ts';
import { PAGE_MAX, type Degree } from '../resolvers/graph/port.ts';
import { shownAs, shownRelation } from '../resolvers/graph/queries.ts';
import { builder } from './builder.ts';
import { PageInfo } from './connection.ts';
import { GraphCutRef, walkArgs } from './graph-words.ts';
import { Entity, EntityRelation } from './graph.ts';
import { filterInput, pageArgs } from './list.ts';

const EdgeRef = builder.objectRef<NeighbourEdge>('NeighbourEdge').implement({
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor' }),
    node: t.field({ type: Entity, resolve: ({ node }) => shownAs(node) }),
    relation: t.field({
      type: EntityRelation,
      description: 'That leads to it, or from it.',
      resolve: ({ relation }) => shownRelation(relation),
    }),
  }),
});

const ConnectionRef = builder.objectRef<NeighbourConnection>('NeighbourConnection').implement({
  description:
    'A page of neighbours: one for each relation, in the order of their ids. An entity to which two lead comes twice.',
  fields: (t) => ({
    nodes: t.field({
      type: [Entity],
      resolve: ({ edges }) => edges.map(({ node }) => shownAs(node)),
    }),
    edges: t.field({ type: [EdgeRef], resolve: ({ edges }) => [...edges] }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ page }) => page as never }),
    cut: t.expose('cut', {
      type: GraphCutRef,
      nullable: true,
      description:
        'NEIGHBOURS: so many were looked at for the filter, and there are more. The next page goes on behind them.',
    }),
  }),
});

const DegreeRef = builder.objectRef<Degree>('EntityDegree').implement({
  description: 'How many relations an entity has. One to itself counts in both.',
  fields: (t) => ({
    out: t.exposeInt('out', { description: 'That begin at it.' }),
    in: t.exposeInt('in', { description: 'That end at it.' }),
  }),
});

builder.objectFields(Entity, (t) => ({
  degree: t.batch({
    type: DegreeRef,
    nullable: true,
    args: { relationKinds: walkArgs(t.arg).relationKinds },
    needs: ['id'],
    batch: (rows, { relationKinds }, ctx) => degreesOf(ctx, rows, relationKinds),
  }),
  neighbours: t.batch({
    type: ConnectionRef,
    nullable: true,
    description: 'What it is next to, with the relation that leads there.',
    args: {
      ...walkArgs(t.arg),
      filter: t.arg({
        type: filterInput(ENTITY),
        description: `Of the neighbours. Of each page ${LOOKED_AT_EACH} times as many as it may hold are looked at, ${PAGE_MAX} at most.`,
      }),
      first: pageArgs(t.arg).first,
      after: pageArgs(t.arg).after,
    },
    needs: ['id'],
    batch: (rows, args, ctx) => neighboursOf(ctx, rows, args),
  }),
}));
