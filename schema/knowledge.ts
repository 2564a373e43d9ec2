/** Knowledge: documents, and the entities that they mention. */
import type { ObjectRef } from '@pothos/core';
import type { Connection } from '../resolvers/connection.ts';
import { ENTITY } from '../resolvers/graph/entities.ts';
import { entitiesById } from '../resolvers/graph/loaders.ts';
import { DOCUMENT } from '../resolvers/knowledge/entities.ts';
import { documentsById } from '../resolvers/knowledge/loaders.ts';
import { DOCUMENT_LIMITS, SEARCHED_CHARS_MAX } from '../resolvers/knowledge/model.ts';
import {
  document,
  documents,
  documentsOfEntities,
  mentionsOfDocuments,
  type Mention,
} from '../resolvers/knowledge/queries.ts';
import type { DocumentRow } from '../resolvers/knowledge/rows.ts';
import { builder, type Types } from './builder.ts';
import { byKey, columnsShown, showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { listArgs, pageArgs } from './list.ts';
import { Entity } from './graph.ts';
import { nodeType } from './node.ts';

export const Document: ObjectRef<Types, DocumentRow> = nodeType<DocumentRow>(
  'Document',
  {
    description: 'A text that people know something by. It is an entity of the graph as well.',
    entity: DOCUMENT,
    keys: ['id'],
    key: (row) => row.id,
    load: documentsById,
  },
  (t) => ({
    uuid: t.expose('id', { type: 'UUID' }),
    key: t.exposeString('key', {
      description: 'What its makers call it: unique in the workspace; never changes.',
    }),
    title: t.exposeString('title'),
    text: t.exposeString('text', {
      description: `At most ${DOCUMENT_LIMITS.text_bytes_max} bytes. Searched by its first ${SEARCHED_CHARS_MAX} characters.`,
    }),
    uri: t.exposeString('uri', { nullable: true }),
    metadata: t.expose('metadata', { type: 'JSON' }),
    contentHash: t.exposeString('contentHash', { description: 'Of title and text.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    version: t.exposeInt('version', {
      description: 'Grows by 1 with each change; orders live updates.',
    }),
  }),
);

const DocumentConnection: ObjectRef<Types, Connection<DocumentRow>> = connectionType(
  'Document',
  Document,
);

const MentionRef = builder.objectRef<Mention>('Mention').implement({
  description: 'That a document mentions an entity.',
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'How often; from 1.' }),
    positions: t.exposeIntList('positions', {
      description: 'Where, in characters from the begin of the text, as far as that was told.',
    }),
    document: t.batch({
      type: Document,
      nullable: true,
      ...byKey(DOCUMENT, documentsById, 'documentId'),
    }),
    entity: t.batch({
      type: Entity,
      nullable: true,
      ...byKey(ENTITY, entitiesById, 'entityId'),
    }),
  }),
});

const MentionConnection = connectionType('Mention', MentionRef);

builder.objectFields(Document, (t) => ({
  entity: t.batch({
    type: Entity,
    nullable: true,
    description: 'Itself in the graph.',
    ...byKey(ENTITY, entitiesById, 'id'),
  }),
  mentions: t.batch({
    type: MentionConnection,
    nullable: true,
    description: 'What it mentions, in no order that means something.',
    args: forwardArgs(t.arg),
    needs: ['id'],
    batch: (rows, args, ctx) => mentionsOfDocuments(ctx, rows, args),
  }),
}));

builder.objectFields(Entity, (t) => ({
  documents: t.batch({
    type: DocumentConnection,
    nullable: true,
    description: 'Those that mention it, in no order that means something.',
    args: forwardArgs(t.arg),
    needs: ['id'],
    batch: (rows, args, ctx, shown) =>
      documentsOfEntities(ctx, rows, args, columnsShown(shown, DOCUMENT)),
  }),
}));

builder.queryFields((t) => ({
  document: t.batch({
    type: Document,
    nullable: true,
    description: 'Null when it is not there.',
    args: { id: t.arg.id({ required: true, description: 'Its id, or its UUID as logs show it.' }) },
    batch: async (_roots, { id }, ctx, shown) => [
      await document(ctx, id, columnsShown(shown, DOCUMENT)),
    ],
  }),
  documents: t.batch({
    type: DocumentConnection,
    nullable: true,
    args: listArgs(t.arg, DOCUMENT),
    batch: async (_roots, args, ctx, shown) => [
      await documents(ctx, showing(shown, DOCUMENT, args)),
    ],
  }),
}));

/** `first after`: the graph is read in one direction. */
function forwardArgs(t: Parameters<typeof pageArgs>[0]) {
  const { first, after } = pageArgs(t);
  return { first, after };
}
