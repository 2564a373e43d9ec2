/** The network of some entities, followed while it changes. */
import { shownAs, shownRelation } from '../resolvers/graph/queries.ts';
import { followGraph, LIVE_NETWORK_LIMITS } from '../resolvers/live/graph/graph-changes.ts';
import type { GraphUpdate } from '../resolvers/live/graph/network-items.ts';
import { builder } from './builder.ts';
import { GraphCutRef, GraphDirectionRef } from './graph-words.ts';
import { Entity, EntityRelation } from './graph.ts';
import { LiveTypeRef } from './run-live.ts';

const { roots_max, depth_max, first, relations_per_entity } = LIVE_NETWORK_LIMITS;

const GraphUpdateRef = builder.objectRef<GraphUpdate>('GraphUpdate').implement({
  description:
    'A network of entities and the relations between them: all of it, or how it changed since the item before. Take ' +
    'out `removed`, put the others in by id, and you hold it whole.',
  fields: (t) => ({
    type: t.expose('type', { type: LiveTypeRef }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why you are told to start over; null for a first snapshot and for changes.',
    }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Goes with `after` and the same other arguments. Never expires.',
    }),
    entities: t.field({
      type: [Entity],
      description: 'All in a snapshot, else those that came into the network or changed.',
      resolve: ({ entities }) => entities.map((node) => shownAs(node)),
    }),
    relations: t.field({
      type: [EntityRelation],
      extensions: { size: () => relations_per_entity },
      description:
        'Of the walked kinds, between two of the entities: all in a snapshot, else those that came or changed; at most ' +
        `${relations_per_entity} for each of \`first\`.`,
      resolve: ({ relations }) => relations.map(shownRelation),
    }),
    removed: t.idList({
      description:
        'Ids of entities and relations to take out, before the others are put in. One that is put in again was made ' +
        'anew by the same id: its version may be lower.',
      resolve: ({ removed }) => [...removed],
    }),
    cut: t.expose('cut', {
      type: GraphCutRef,
      nullable: true,
      description: 'Of the network as it is now: null when nothing was left out.',
    }),
  }),
});

builder.subscriptionField('graphChanges', (t) =>
  t.field({
    type: GraphUpdateRef,
    description:
      'What some entities reach by relations, then what changes in that: entities and relations that come, change and ' +
      'go. Read from Postgres. A slow reader gets the newest values of all that changed meanwhile.',
    args: {
      roots: t.arg.idList({
        required: true,
        description: `Entities, agents or documents: 1 to ${roots_max}. Those that are not there yet are waited for.`,
      }),
      depth: t.arg.int({
        required: true,
        defaultValue: 2,
        description: `Relations away: 1 to ${depth_max}.`,
      }),
      direction: t.arg({ type: GraphDirectionRef, required: true, defaultValue: 'BOTH' }),
      relationKinds: t.arg.stringList({
        description: 'Of the relations that are walked: at most 100; all when left out.',
      }),
      first: t.arg.int({
        extensions: { fallback: first.fallback },
        description: `Entities at most, the nearest: 1 to ${first.max}; else ${first.fallback}.`,
      }),
      after: t.arg({
        type: 'Cursor',
        description: 'Of the last item you have, with the same other arguments.',
      }),
    },
    subscribe: (_root, args, ctx) => followGraph(ctx, args),
    resolve: (update) => update,
  }),
);
