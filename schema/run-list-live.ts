/** The runs of a filter, followed while they come, change and go. */
import { globalId } from '../resolvers/keys.ts';
import { followRuns, type RunsUpdate } from '../resolvers/live/lists/run-list.ts';
import type { StatusCount } from '../resolvers/live/lists/run-window.ts';
import { PAGE } from '../resolvers/page.ts';
import { RUN } from '../resolvers/runs/entities.ts';
import { builder } from './builder.ts';
import { RunStatusRef } from './enums.ts';
import { filterInput } from './list.ts';
import { LiveTypeRef } from './run-live.ts';
import { Run } from './runs.ts';

const RunStatusCount = builder.objectRef<StatusCount>('RunStatusCount').implement({
  fields: (t) => ({
    status: t.expose('status', { type: RunStatusRef }),
    count: t.exposeInt('count', { description: 'Absolute: replaces the one before.' }),
  }),
});

const RunsUpdateRef = builder.objectRef<RunsUpdate>('RunsUpdate').implement({
  description:
    'The newest runs that match, at most `first`: all of them, or how they changed since the item before. Take out ' +
    '`removed`, put `runs` in by id, and you hold them all.',
  fields: (t) => ({
    type: t.expose('type', { type: LiveTypeRef }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why you are told to start over; null for a first snapshot and for changes.',
    }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Goes with `after`, of the same `filter` and `first`. Never expires.',
    }),
    runs: t.expose('runs', {
      type: [Run],
      description:
        'Newest first: the whole list in a snapshot, else those that came into it or changed.',
    }),
    removed: t.idList({
      description: 'Ids of runs that are not in the list; you may never have had some of them.',
      resolve: ({ removed }) => removed.map((id) => globalId('Run', id)),
    }),
    counts: t.expose('counts', {
      type: [RunStatusCount],
      description:
        'Of all runs that match, not only those in the list: a status that is not named has none. They follow about ' +
        'a second behind.',
    }),
  }),
});

builder.subscriptionField('runs', (t) =>
  t.field({
    type: RunsUpdateRef,
    description:
      'The newest runs that match and counters by status, then what changes in either. A slow reader gets the newest ' +
      'values of all that changed meanwhile.',
    args: {
      filter: t.arg({ type: filterInput(RUN) }),
      first: t.arg.int({
        extensions: { fallback: PAGE.fallback },
        description: `Size of the list: 0 (counters only) to ${PAGE.max}; else ${PAGE.fallback}.`,
      }),
      after: t.arg({
        type: 'Cursor',
        description: 'Of the last item you have, with the same `filter` and `first`.',
      }),
    },
    subscribe: (_root, args, ctx) => followRuns(ctx, args),
    resolve: (update) => update,
  }),
);
