/** The tables of the graph, as lists, filters and orders see them. */
import { bigint, id, json, ownWorkspace, text, time, type Entity } from '../entity.ts';
import type { EntityRelationRow, EntityRow } from './rows.ts';

export const ENTITY: Entity<EntityRow> = {
  name: 'Entity',
  plural: 'entities',
  table: 'graph_node',
  columns: {
    id: id('Entity', 'id'),
    workspaceId: id('Workspace', 'workspace_id'),
    kind: text('kind'),
    key: text('key'),
    name: text('name'),
    properties: json('properties'),
    version: bigint('version'),
    createdAt: time('created_at'),
  },
  derived: {},
  filters: ['id', 'kind', 'key', 'name', 'properties', 'createdAt', 'version'],
  orders: ['createdAt', 'kind', 'key', 'name'],
  unique: ['id'],
  walks: { createdAt: ['kind'], key: ['kind'] },
  order: [{ field: 'createdAt', direction: 'DESC' }],
  relations: {
    outgoing: {
      to: 'EntityRelation',
      kind: 'many',
      on: (entity, relation) => `${relation}.from_id = ${entity}.id`,
    },
    incoming: {
      to: 'EntityRelation',
      kind: 'many',
      on: (entity, relation) => `${relation}.to_id = ${entity}.id`,
    },
  },
  within: ownWorkspace,
  read: 'graph.read',
};

export const ENTITY_RELATION: Entity<EntityRelationRow> = {
  name: 'EntityRelation',
  plural: 'entityRelations',
  table: 'graph_relation',
  columns: {
    id: id('EntityRelation', 'id'),
    workspaceId: id('Workspace', 'workspace_id'),
    kind: text('kind'),
    fromId: id('Entity', 'from_id'),
    toId: id('Entity', 'to_id'),
    properties: json('properties'),
    version: bigint('version'),
    createdAt: time('created_at'),
  },
  derived: {},
  filters: ['id', 'kind', 'fromId', 'toId', 'properties', 'createdAt', 'version'],
  orders: ['createdAt', 'kind'],
  unique: ['id'],
  order: [{ field: 'createdAt', direction: 'DESC' }],
  relations: {
    from: {
      to: 'Entity',
      kind: 'one',
      on: (relation, entity) => `${entity}.id = ${relation}.from_id`,
    },
    to: { to: 'Entity', kind: 'one', on: (relation, entity) => `${entity}.id = ${relation}.to_id` },
  },
  within: ownWorkspace,
  read: 'graph.read',
};
