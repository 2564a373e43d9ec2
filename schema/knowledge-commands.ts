/** What changes documents and their mentions. */
import {
  mention,
  putDocument,
  removeDocument,
  unmention,
} from '../resolvers/knowledge/commands.ts';
import { DOCUMENT_LIMITS } from '../resolvers/knowledge/model.ts';
import { globalId } from '../resolvers/keys.ts';
import { builder } from './builder.ts';
import { REFUSALS } from './errors.ts';
import { IDEMPOTENCY_KEY } from './inputs.ts';
import { Document } from './knowledge.ts';

const PutDocumentInput = builder.inputType('PutDocumentInput', {
  fields: (t) => ({
    key: t.string({
      required: true,
      description: `Which document: one that is not there is made. At most ${DOCUMENT_LIMITS.key_bytes_max} bytes.`,
    }),
    title: t.string({
      required: true,
      description: `At most ${DOCUMENT_LIMITS.title_bytes_max} bytes.`,
    }),
    text: t.string({
      required: true,
      description: `At most ${DOCUMENT_LIMITS.text_bytes_max} bytes.`,
    }),
    uri: t.string({ description: 'Left out: stays as it is.' }),
    metadata: t.field({ type: 'JSON', description: 'An object. Left out: stays as it is.' }),
    expectedVersion: t.int({
      description: 'CONFLICT unless it is at this version; 0: unless it is not there.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const RemoveDocumentInput = builder.inputType('RemoveDocumentInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    expectedVersion: t.int({ description: 'CONFLICT unless it is at this version.' }),
  }),
});

const MentionInput = builder.inputType('MentionInput', {
  fields: (t) => ({
    entityId: t.id({ required: true }),
    count: t.int({ description: 'From 1; else as many as positions, or 1.' }),
    positions: t.intList({
      description: `Characters from the begin of the text; at most ${DOCUMENT_LIMITS.positions_max}.`,
    }),
  }),
});

const MentionsInput = builder.inputType('MentionsInput', {
  fields: (t) => ({
    documentId: t.id({ required: true }),
    mentions: t.field({
      type: [MentionInput],
      required: true,
      description: `At most ${DOCUMENT_LIMITS.mentions_max}.`,
    }),
  }),
});

const UnmentionInput = builder.inputType('UnmentionInput', {
  fields: (t) => ({
    documentId: t.id({ required: true }),
    entityIds: t.idList({
      required: true,
      description: `At most ${DOCUMENT_LIMITS.mentions_max}.`,
    }),
  }),
});

const RemovedDocument = builder.objectRef<{ id: string }>('RemovedDocument').implement({
  fields: (t) => ({ id: t.id({ resolve: ({ id }) => globalId('Document', id) }) }),
});

builder.mutationFields((t) => ({
  putDocument: t.field({
    type: Document,
    description: 'Makes a document, or changes the one of this key.',
    args: { input: t.arg({ type: PutDocumentInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => putDocument(ctx, input),
  }),
  removeDocument: t.field({
    type: RemovedDocument,
    description: 'Removes a document, with its mentions.',
    args: { input: t.arg({ type: RemoveDocumentInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: async (_root, { input }, ctx) => ({ id: await removeDocument(ctx, input) }),
  }),
  mention: t.field({
    type: Document,
    description:
      'Says what a document mentions. Said again of an entity, count and positions become the new ones.',
    args: { input: t.arg({ type: MentionsInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => mention(ctx, input),
  }),
  unmention: t.field({
    type: Document,
    description: 'Takes back that a document mentions entities, however that was said.',
    args: { input: t.arg({ type: UnmentionInput, required: true }) },
    errors: { types: REFUSALS },
    resolve: (_root, { input }, ctx) => unmention(ctx, input),
  }),
}));
