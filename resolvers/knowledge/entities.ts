/** The table of documents, as lists, filters and orders see it. */
import { bigint, id, json, ownWorkspace, text, time, words, type Entity } from '../entity.ts';
import type { DocumentRow } from './rows.ts';

export const DOCUMENT: Entity<DocumentRow> = {
  name: 'Document',
  plural: 'documents',
  table: 'document',
  columns: {
    id: id('Document', 'id'),
    workspaceId: id('Workspace', 'workspace_id'),
    key: text('key'),
    title: text('title'),
    text: text('text'),
    uri: text('uri', 'nullable'),
    metadata: json('metadata'),
    contentHash: text('content_hash'),
    createdAt: time('created_at'),
    version: bigint('version'),
  },
  derived: { search: words('search') },
  filters: [
    'id',
    'key',
    'title',
    'uri',
    'metadata',
    'contentHash',
    'createdAt',
    'version',
    'search',
  ],
  orders: ['createdAt', 'title'],
  unique: ['id'],
  order: [{ field: 'createdAt', direction: 'DESC' }],
  relations: {},
  within: ownWorkspace,
  read: 'knowledge.read',
};
