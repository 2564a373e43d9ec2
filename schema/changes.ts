/** The change feed of a workspace. */
import { changesCursor, followChanges } from '../resolvers/live/feed/changes.ts';
import type { ChangeKind } from '../resolvers/events/feed/feed.ts';
import type { FollowedChange } from '../resolvers/live/feed/feed-hub.ts';
import { globalId } from '../resolvers/keys.ts';
import { builder } from './builder.ts';

const ChangeTypeRef = builder.enumType('ChangeType', {
  description: 'Which type of node changed.',
  values: {
    WORKFLOW: { value: 'workflow' },
    RUN: { value: 'run' },
    ARTIFACT: { value: 'artifact' },
    ENTITY: { value: 'entity' },
    ENTITY_RELATION: { value: 'relation' },
    AGENT: { value: 'agent' },
    DOCUMENT: { value: 'document' },
  } as const satisfies Record<string, { value: ChangeKind }>,
});

const NODE_TYPES: Readonly<Record<ChangeKind, string>> = {
  workflow: 'Workflow',
  run: 'Run',
  artifact: 'Artifact',
  entity: 'Entity',
  relation: 'EntityRelation',
  agent: 'Agent',
  document: 'Document',
};

const ChangeRef = builder.objectRef<FollowedChange>('Change').implement({
  description:
    'That something changed, not what: read it by `node(id)` or `nodes(ids)`. Of one id the higher version is the ' +
    'newer state, in whatever order changes come; different ids have no order.',
  fields: (t) => ({
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description:
        'Goes with `after` of `changes`. Expires when what follows it is no longer kept.',
    }),
    type: t.expose('kind', { type: ChangeTypeRef }),
    id: t.id({
      description: 'Of the node, as `node(id)` takes it.',
      resolve: ({ kind, id }) => globalId(NODE_TYPES[kind], id),
    }),
    version: t.exposeInt('version', {
      description:
        'Of the node after this change; of one that is gone the last it had + 1. Rises with each change of this id, of ' +
        'a run to `toSeq`.',
    }),
    gone: t.exposeBoolean('gone', { description: 'True when it was deleted: forget it.' }),
    fromSeq: t.exposeInt('fromSeq', {
      nullable: true,
      description:
        'Of a run: the first of the events that came with this change. Null when it is gone, and of other types.',
    }),
    toSeq: t.exposeInt('toSeq', {
      nullable: true,
      description: 'Of a run: the last of them.',
    }),
    recordedAt: t.expose('recordedAt', {
      type: 'DateTime',
      description:
        "When it was written, by the database's clock; commits may come later and in another order.",
    }),
  }),
});

builder.queryField('changesCursor', (t) =>
  t.field({
    type: 'Cursor',
    nullable: true,
    description:
      'Where `changes` stands now. Take it first, then read the rows you want, then follow `changes` after it: nothing ' +
      'falls between.',
    resolve: (_root, _args, ctx) => changesCursor(ctx),
  }),
);

builder.subscriptionField('changes', (t) =>
  t.field({
    type: ChangeRef,
    description:
      'Every change of a workflow, run, artifact, entity, relation, agent or document of the workspace once it is committed, each once, ' +
      'from now or after a cursor. CURSOR_EXPIRED when what follows the cursor is no longer kept, or the database was restored: ' +
      'take `changesCursor`, read all rows anew, and follow from there.',
    args: {
      after: t.arg({
        type: 'Cursor',
        description: 'Exclusive. Without it only what is committed from now on.',
      }),
      types: t.arg({ type: [ChangeTypeRef], description: 'Only these.' }),
    },
    subscribe: (_root, args, ctx) => followChanges(ctx, args),
    resolve: (change) => change,
  }),
);
