/** Read-your-writes, across stores and gateways. */
import { consistencyToken } from '../resolvers/events/feed/consistency.ts';
import { builder } from './builder.ts';

builder.mutationField('consistency', (t) =>
  t.field({
    type: 'Cursor',
    nullable: true,
    description:
      'A token of everything written before this field: ask for it last. Send it back as the header X-Consistency, or ' +
      'as `extensions.consistency` of a request, and its reads see all that, from whatever store and gateway. ' +
      'CURSOR_EXPIRED when nobody can show it any more: the database was restored.',
    resolve: (_root, _args, ctx) => consistencyToken(ctx.live.feed),
  }),
);
