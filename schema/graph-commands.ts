/** What people do to the graph. */
import {
  removeEntities,
  removeRelations,
  upsertEntities,
  upsertRelations,
  type Upserted,
} from '../resolvers/graph/commands.ts';
import { BATCH_MAX } from '../resolvers/graph/port.ts';
import type { EntityRelationRow, EntityRow } from '../resolvers/graph/rows.ts';
import { globalId } from '../resolvers/keys.ts';
import { builder } from './builder.ts';
import { REFUSALS } from './errors.ts';
import { Entity, EntityRelation } from './graph.ts';

const PROPERTIES =
  'An object: all of them, those before are gone. Left out, they stay as they are.';
const EXPECTED_VERSION = 'CONFLICT unless it is there, at this version.';

const EntityInput = builder.inputType('EntityInput', {
  description:
    'By its id, or by kind and key: what is there is changed, what is not is made. What is left out stays as it is.',
  fields: (t) => ({
    id: t.id({ description: 'Of a new one it may be any UUID; else it gets one.' }),
    kind: t.string({ description: 'Such as `airport`: 1 to 100 characters. Never changes.' }),
    key: t.string({ description: 'Unique among those of its kind: 1 to 500 characters.' }),
    name: t.string({
      description: 'For people: at most 1,000 characters and 2,500 bytes. Of a new one its key.',
    }),
    properties: t.field({ type: 'JSON', description: PROPERTIES }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
  }),
});

const EntityRef = builder.inputType('EntityRefInput', {
  description: 'Which entity: its id, or its kind and key.',
  fields: (t) => ({ id: t.id(), kind: t.string(), key: t.string() }),
});

const RelationInput = builder.inputType('EntityRelationInput', {
  description:
    'By its id, or by kind, from and to: what is there is changed, what is not is made. There is one relation of a kind ' +
    'from one entity to another, and one more for each `key`.',
  fields: (t) => ({
    id: t.id({ description: 'Of a new one it may be any UUID: it is another one then.' }),
    kind: t.string({ description: 'As of an entity. Never changes.' }),
    from: t.field({ type: EntityRef, description: 'Never changes.' }),
    to: t.field({ type: EntityRef, description: 'Never changes.' }),
    key: t.string({
      description: 'Tells relations of one kind between the same two apart. Not with an id.',
    }),
    properties: t.field({ type: 'JSON', description: PROPERTIES }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
  }),
});

const BATCH = `At most ${BATCH_MAX}, each once.`;

const UpsertEntitiesInput = builder.inputType('UpsertEntitiesInput', {
  fields: (t) => ({
    entities: t.field({ type: [EntityInput], required: true, description: BATCH }),
  }),
});
const UpsertRelationsInput = builder.inputType('UpsertRelationsInput', {
  fields: (t) => ({
    relations: t.field({ type: [RelationInput], required: true, description: BATCH }),
  }),
});
const removeInput = (name: string) =>
  builder.inputType(name, {
    fields: (t) => ({ ids: t.idList({ required: true, description: BATCH }) }),
  });

const Entities = builder.objectRef<Upserted<EntityRow>>('UpsertedEntities').implement({
  fields: (t) => ({
    entities: t.field({
      type: t.listRef(Entity, { nullable: true }),
      description: 'In the order of the input; null where one went since.',
      resolve: ({ rows }) => [...rows],
    }),
    createdCount: t.exposeInt('createdCount'),
    changedCount: t.exposeInt('changedCount', {
      description: 'The others were as they shall be: they keep their version.',
    }),
  }),
});

const Relations = builder.objectRef<Upserted<EntityRelationRow>>('UpsertedRelations').implement({
  fields: (t) => ({
    relations: t.field({
      type: t.listRef(EntityRelation, { nullable: true }),
      description: 'In the order of the input; null where one went since.',
      resolve: ({ rows }) => [...rows],
    }),
    createdCount: t.exposeInt('createdCount'),
    changedCount: t.exposeInt('changedCount'),
  }),
});

const removed = (name: string, type: string) =>
  builder.objectRef<readonly string[]>(name).implement({
    fields: (t) => ({
      removed: t.idList({
        description: 'Ids of those that were there.',
        resolve: (ids) => ids.map((id) => globalId(type, id)),
      }),
    }),
  });
const RemovedEntities = removed('RemovedEntities', 'Entity');
const RemovedRelations = removed('RemovedRelations', 'EntityRelation');
const RemoveEntitiesInput = removeInput('RemoveEntitiesInput');
const RemoveRelationsInput = removeInput('RemoveRelationsInput');

builder.mutationFields((t) => ({
  upsertEntities: t.field({
    type: Entities,
    description: 'Makes entities and changes those that are there; all of them or none.',
    args: { input: t.arg({ type: UpsertEntitiesInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => upsertEntities(ctx, input),
  }),
  upsertRelations: t.field({
    type: Relations,
    description:
      'Makes relations between entities that are there, and changes those that are; all of them or none.',
    args: { input: t.arg({ type: UpsertRelationsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => upsertRelations(ctx, input),
  }),
  removeEntities: t.field({
    type: RemovedEntities,
    description: 'Removes entities, with all relations from and to them.',
    args: { input: t.arg({ type: RemoveEntitiesInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => removeEntities(ctx, input),
  }),
  removeRelations: t.field({
    type: RemovedRelations,
    args: { input: t.arg({ type: RemoveRelationsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => removeRelations(ctx, input),
  }),
}));
