/** A run, followed while it happens. */
import { followEvents } from '../resolvers/live/run/run-events.ts';
import { followRun, type RunUpdate } from '../resolvers/live/run/run-state.ts';
import { Artifact } from './artifacts.ts';
import { builder } from './builder.ts';
import { EventTypeRef } from './enums.ts';
import { RunEvent } from './run-events.ts';
import { Run, StepRun } from './runs.ts';

/** Whether an item of a state field replaces or adds to what the client has. */
export const LiveTypeRef = builder.enumType('LiveType', {
  description: 'What to do with an item of a live field.',
  values: {
    SNAPSHOT: { description: 'Replace all that you have of it.' },
    CHANGE: { description: 'Merge by id; of each id the higher version wins.' },
  } as const,
});

const RunUpdateRef = builder.objectRef<RunUpdate>('RunUpdate').implement({
  description: 'A run as it is now: whole, or what changed since the item before.',
  fields: (t) => ({
    type: t.expose('type', { type: LiveTypeRef }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why you are told to start over; null for a first snapshot and for changes.',
    }),
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: 'Goes with `after`. Never expires.',
    }),
    run: t.expose('run', { type: Run }),
    steps: t.expose('steps', {
      type: [StepRun],
      description: 'All of them in a snapshot, else those that changed; `changedSeq` orders them.',
    }),
    artifacts: t.expose('artifacts', { type: [Artifact] }),
  }),
});

builder.subscriptionField('run', (t) =>
  t.field({
    type: RunUpdateRef,
    description:
      'A snapshot, then what changes. A slow reader gets the newest values of all that changed meanwhile.',
    args: {
      id: t.arg.id({ required: true }),
      after: t.arg({ type: 'Cursor', description: 'Of the last item you have: no snapshot then.' }),
    },
    subscribe: (_root, { id, after }, ctx) => followRun(ctx, { runId: id, after }),
    resolve: (update) => update,
  }),
);

builder.subscriptionField('runEvents', (t) =>
  t.field({
    type: RunEvent,
    description:
      'Every event of a run, in order, each once, from the first or after a cursor. CURSOR_EXPIRED when the log no ' +
      'longer holds the event of the cursor.',
    args: {
      runId: t.arg.id({ required: true }),
      after: t.arg({ type: 'Cursor', description: 'Exclusive.' }),
      types: t.arg({ type: [EventTypeRef], description: 'Only these.' }),
    },
    subscribe: (_root, args, ctx) => followEvents(ctx, args),
    resolve: (event) => event,
  }),
);
