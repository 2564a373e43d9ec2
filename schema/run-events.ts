/** The log of a run. */
import { RUN_EVENT } from '../resolvers/runs/entities.ts';
import {
  EVENT_CURSOR_COLUMNS,
  eventCursor,
  eventsOfRuns,
  runEvents,
} from '../resolvers/runs/event-pages.ts';
import type { RunEventRow } from '../resolvers/runs/rows.ts';
import { EVENTS_PAGE } from '../resolvers/page.ts';
import { builder } from './builder.ts';
import { showing } from './columns.ts';
import { connectionType } from './connection.ts';
import { EventTypeRef } from './enums.ts';
import { filterInput, pageArgs } from './list.ts';
import { Run } from './runs.ts';

export const RunEvent = builder.objectRef<RunEventRow>('RunEvent').implement({
  description: 'Something that happened to a run. Never changes.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: 'From 1, without a gap.' }),
    cursor: t.field({
      type: 'Cursor',
      description: 'Goes with `after` of `runEvents`.',
      needs: EVENT_CURSOR_COLUMNS,
      resolve: eventCursor,
    }),
    eventId: t.expose('eventId', {
      type: 'UUID',
      description: 'Chosen by whoever sent it; unique in its run.',
    }),
    runId: t.expose('runId', { type: 'UUID' }),
    type: t.expose('type', { type: EventTypeRef }),
    stepKey: t.exposeString('stepKey', { nullable: true }),
    attempt: t.exposeInt('attempt', { nullable: true }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: "The worker's clock." }),
    recordedAt: t.expose('recordedAt', { type: 'DateTime', description: 'Our clock.' }),
    actor: t.exposeString('actor', { description: '`worker`, `gateway` or `user:<id>`.' }),
    causationId: t.expose('causationId', { type: 'UUID', nullable: true }),
    correlationId: t.expose('correlationId', { type: 'UUID', nullable: true }),
    schemaVersion: t.exposeInt('schemaVersion'),
    payload: t.expose('payload', { type: 'JSON' }),
  }),
});

const RunEventConnection = connectionType('RunEvent', RunEvent);

builder.objectField(Run, 'events', (t) =>
  t.batch({
    type: RunEventConnection,
    nullable: true,
    description: 'By seq. A cursor of an event goes with its own run only.',
    args: {
      filter: t.arg({ type: filterInput(RUN_EVENT) }),
      ...pageArgs(t.arg, EVENTS_PAGE),
    },
    needs: ['id'],
    batch: (rows, args, ctx, shown) => eventsOfRuns(ctx, rows, showing(shown, RUN_EVENT, args)),
  }),
);

builder.queryField('runEvents', (t) =>
  t.field({
    type: RunEventConnection,
    nullable: true,
    description:
      'Events of a run by seq, from its first or after a cursor. CURSOR_EXPIRED when the log no longer holds the ' +
      'event of the cursor.',
    args: {
      runId: t.arg.id({ required: true }),
      after: t.arg({ type: 'Cursor', description: 'Exclusive.' }),
      first: t.arg.int({
        extensions: { fallback: EVENTS_PAGE.fallback },
        description: `At most ${EVENTS_PAGE.max}; else ${EVENTS_PAGE.fallback}.`,
      }),
    },
    resolve: (_root, { runId, ...page }, ctx) => runEvents(ctx, runId, page),
  }),
);
