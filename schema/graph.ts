/** The graph: entities, and relations that lead from one to another. Walks are in graph-walks.ts. */
import type { ObjectRef } from '@pothos/core';
import type { Connection } from '../resolvers/connection.ts';
import { ENTITY, ENTITY_RELATION } from '../resolvers/graph/entities.ts';
import { entitiesById, entityRelationsById } from '../resolvers/graph/loaders.ts';
import {
  createdAtOf,
  endsOf,
  entities,
  entity,
  entityByKey,
  entityRelations,
  relationsOfEntities,
  WITHIN_NODES_MAX,
  type EntityPage,
} from '../resolvers/graph/queries.ts';
import type { EntityRelationRow, EntityRow } from '../resolvers/graph/rows.ts';
import { builder, type Types } from './builder.ts';
import { columnsShown, showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { EntitiesWithinInput, GraphCutRef } from './graph-words.ts';
import { listArgs } from './list.ts';
import { nodeType } from './node.ts';

export const Entity: ObjectRef<Types, EntityRow> = nodeType<EntityRow>(
  'Entity',
  {
    description: 'A thing of the graph, whatever it is: its makers say so by its kind.',
    entity: ENTITY,
    keys: ['id'],
    key: (row) => row.id,
    load: entitiesById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    kind: t.exposeString('kind', {
      description: 'What it is, in the words of its makers: `airport`, `Gene`. Never changes.',
    }),
    key: t.exposeString('key', {
      description: 'What its makers call it: unique in the workspace among those of its kind.',
    }),
    name: t.exposeString('name', { description: 'For people.' }),
    properties: t.expose('properties', { type: 'JSON' }),
    version: t.exposeInt('version', {
      description: 'Grows with each change; orders live updates.',
    }),
    createdAt: t.batch({
      type: 'DateTime',
      nullable: true,
      description: 'Null when the entity went meanwhile.',
      needs: ['id', 'createdAt'],
      batch: (rows, _args, ctx) => createdAtOf(ctx, entitiesById, rows),
    }),
  }),
);

export const EntityRelation: ObjectRef<Types, EntityRelationRow> = nodeType<EntityRelationRow>(
  'EntityRelation',
  {
    description: 'Leads from one entity to another, or to itself.',
    entity: ENTITY_RELATION,
    keys: ['id'],
    key: (row) => row.id,
    load: entityRelationsById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    kind: t.exposeString('kind', { description: 'As of an entity. Never changes.' }),
    from: t.batch({
      type: Entity,
      nullable: true,
      description: 'Null when it went meanwhile.',
      needs: ['fromId'],
      batch: (rows, _args, ctx, shown) => endsOf(ctx, rows, 'from', columnsShown(shown, ENTITY)),
    }),
    to: t.batch({
      type: Entity,
      nullable: true,
      description: 'Null when it went meanwhile.',
      needs: ['toId'],
      batch: (rows, _args, ctx, shown) => endsOf(ctx, rows, 'to', columnsShown(shown, ENTITY)),
    }),
    properties: t.expose('properties', { type: 'JSON' }),
    version: t.exposeInt('version', { description: 'As of an entity.' }),
    createdAt: t.batch({
      type: 'DateTime',
      nullable: true,
      description: 'Null when the relation went meanwhile.',
      needs: ['id', 'createdAt'],
      batch: (rows, _args, ctx) => createdAtOf(ctx, entityRelationsById, rows),
    }),
  }),
);

export const EntityConnection: ObjectRef<Types, Connection<EntityRow>> = connectionType(
  'Entity',
  Entity,
);
const EntityRelationConnection = connectionType('EntityRelation', EntityRelation);

builder.objectField(EntityConnection, 'cut', (t) =>
  t.field({
    type: GraphCutRef,
    nullable: true,
    description: 'NODES: the list is of the entities nearest to the roots of `within`.',
    resolve: (page) => (page as Partial<EntityPage>).cut ?? null,
  }),
);

builder.objectFields(Entity, (t) => ({
  outgoing: t.batch({
    type: EntityRelationConnection,
    nullable: true,
    description: 'Relations that begin here.',
    args: listArgs(t.arg, ENTITY_RELATION),
    needs: ['id'],
    batch: (rows, args, ctx, shown) =>
      relationsOfEntities(ctx, rows, 'from', showing(shown, ENTITY_RELATION, args)),
  }),
  incoming: t.batch({
    type: EntityRelationConnection,
    nullable: true,
    description: 'Relations that end here. One that leads from an entity to itself is in both.',
    args: listArgs(t.arg, ENTITY_RELATION),
    needs: ['id'],
    batch: (rows, args, ctx, shown) =>
      relationsOfEntities(ctx, rows, 'to', showing(shown, ENTITY_RELATION, args)),
  }),
}));

builder.queryFields((t) => ({
  entity: t.batch({
    type: Entity,
    nullable: true,
    description: 'Null when it is not there.',
    args: { id: t.arg.id({ required: true, description: 'Its id, or its UUID as logs show it.' }) },
    batch: async (_roots, { id }, ctx, shown) => [
      await entity(ctx, id, columnsShown(shown, ENTITY)),
    ],
  }),
  entityByKey: t.batch({
    type: Entity,
    nullable: true,
    description: 'Null when it is not there.',
    args: { kind: t.arg.string({ required: true }), key: t.arg.string({ required: true }) },
    batch: async (_roots, name, ctx, shown) => [
      await entityByKey(ctx, name, columnsShown(shown, ENTITY)),
    ],
  }),
  entities: t.batch({
    type: EntityConnection,
    nullable: true,
    args: {
      ...listArgs(t.arg, ENTITY),
      within: t.arg({
        type: EntitiesWithinInput,
        extensions: { reads: WITHIN_NODES_MAX },
        description: `Of these alone; of the nearest ${WITHIN_NODES_MAX}, if there are more.`,
      }),
    },
    batch: async (_roots, args, ctx, shown) => [await entities(ctx, showing(shown, ENTITY, args))],
  }),
  entityRelations: t.batch({
    type: EntityRelationConnection,
    nullable: true,
    args: listArgs(t.arg, ENTITY_RELATION),
    batch: async (_roots, args, ctx, shown) => [
      await entityRelations(ctx, showing(shown, ENTITY_RELATION, args)),
    ],
  }),
}));
