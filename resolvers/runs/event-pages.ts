/**
 * Pages of a run's log. The cursor of an event is its own wherever it is read: base64url of 6 bytes of SHA-256 over
 * the run and the position, then `[seq, last 8 digits of the event's id]` (the first are the time in many ids).
 * Worked example: event 7 whose id ends with 0b3f77aa is `<6 bytes>[7,"0b3f77aa"]`. After a restore the log may hold
 * another event there: then the cursor is CURSOR_EXPIRED, which the id tells better than an epoch would.
 */
import type { Ctx } from '../context.ts';
import { selectList } from '../entity.ts';
import { CursorExpired, Invalid } from '../errors.ts';
import type { Connection } from '../connection.ts';
import { listsOf, type Cursors, type Link, type ListArgs } from '../list.ts';
import { EVENTS_PAGE, FOREIGN_CURSOR, readCursor, readPage, writeCursor } from '../page.ts';
import { statement } from '../sql.ts';
import { RUN_EVENT } from './entities.ts';
import { existingRun } from './queries.ts';
import type { RunEventRow } from './rows.ts';

const EVENTS_FROM = statement<RunEventRow>(
  'runEvents.from',
  `SELECT ${selectList(RUN_EVENT, 'x')} FROM run_event x
  WHERE x.run_id = $1 AND x.seq >= $2 ORDER BY x.seq LIMIT $3`,
);

const ID_DIGITS = 8;

/** What the cursor of an event is made of. */
export const EVENT_CURSOR_COLUMNS = [
  'runId',
  'seq',
  'eventId',
] as const satisfies (keyof RunEventRow)[];

/** The cursor of an event, wherever it is read. */
export function eventCursor(
  event: Pick<RunEventRow, (typeof EVENT_CURSOR_COLUMNS)[number]>,
): string {
  return writeCursor(`RunEvent ${event.runId}`, [event.seq, event.eventId.slice(-ID_DIGITS)]);
}

/**
 * Events of a run after a cursor, or from its first. Refuses: Invalid (page, cursor), NotFound, CursorExpired when
 * the log no longer holds the event of the cursor. Two statements.
 */
export async function runEvents(
  ctx: Ctx,
  runId: string,
  args: { readonly after?: string | null | undefined; readonly first?: number | null | undefined },
): Promise<Connection<RunEventRow>> {
  const page = readPage(args, EVENTS_PAGE);
  const run = await existingRun(ctx, runId);
  const after = page.after === null ? null : readEventCursor(run.id, page.after, 'after');
  // The event of the cursor is read as well, to see that it still is the same.
  const rows = await ctx.sql.query(EVENTS_FROM, [
    run.id,
    after?.seq ?? 1,
    page.size + (after ? 2 : 1),
  ]);
  if (after) {
    const held = rows.shift();
    if (held?.seq !== after.seq || !held.eventId.endsWith(after.idEnd)) {
      throw new CursorExpired(
        `event ${after.seq} of run ${run.id} is no longer the one of the cursor`,
      );
    }
  }
  return {
    nodes: rows.slice(0, page.size),
    hasNextPage: rows.length > page.size,
    hasPreviousPage: after !== null,
    cursorOf: eventCursor,
    counter: () => Promise.resolve([run.version]), // The log is gapless: its newest seq is its length.
    index: 0,
  };
}

const EVENT_AT = statement<{ eventId: string }>(
  'runEvents.at',
  'SELECT event_id AS "eventId" FROM run_event WHERE run_id = $1 AND seq = $2',
);

/** Where a reader of state stands: with what seq, or why it must start over (null: it begins). */
export type StateFrom = { readonly seq: number } | { readonly restart: string | null };

/**
 * Where to go on after a cursor of this run. It never expires: when the log no longer holds its event, `restart`
 * says so. Refuses a foreign or damaged one with Invalid. At most one statement.
 */
export async function stateAfter(
  ctx: Ctx,
  runId: string,
  after: string | null,
): Promise<StateFrom> {
  if (after === null) return { restart: null };
  const { seq, idEnd } = readEventCursor(runId, after, 'after');
  const [held] = await ctx.sql.query(EVENT_AT, [runId, seq]);
  if (held?.eventId.endsWith(idEnd)) return { seq };
  return { restart: `event ${seq} of run ${runId} is no longer the one of the cursor` };
}

/** As stateAfter, for readers of events: null begins before the first. Refuses: Invalid, CursorExpired. */
export async function seqAfter(ctx: Ctx, runId: string, after: string | null): Promise<number> {
  const from = await stateAfter(ctx, runId, after);
  if ('seq' in from) return from.seq;
  if (from.restart !== null) throw new CursorExpired(from.restart);
  return 0;
}

/** The same page of each run's log. One statement. A cursor goes with one run only. */
export function eventsOfRuns(
  ctx: Ctx,
  parents: readonly { readonly id: string }[],
  args: ListArgs,
): Promise<Connection<RunEventRow>[]> {
  const keys = parents.map(({ id }) => [id]);
  return listsOf(ctx, RUN_EVENT, BY_RUN, keys, args, EVENTS_PAGE);
}

const CURSORS: Cursors = {
  columns: EVENT_CURSOR_COLUMNS,
  write: (row) => eventCursor(row as RunEventRow),
  read: (cursor, path, keys) => {
    const [key] = keys;
    if (keys.length !== 1 || !key) {
      throw new Invalid(path, `goes with one run, this asks for events of ${keys.length}`);
    }
    return [readEventCursor(String(key[0]), cursor, path).seq];
  },
};

const BY_RUN: Link = {
  name: 'byRun',
  casts: ['uuid'],
  on: (child, parent) => `${child}.run_id = ${parent}.k0`,
  cursors: CURSORS,
};

function readEventCursor(runId: string, cursor: string, path: string) {
  const [seq, idEnd] = readCursor(`RunEvent ${runId}`, cursor, path);
  if (!Number.isSafeInteger(seq) || typeof idEnd !== 'string') {
    throw new Invalid(path, FOREIGN_CURSOR);
  }
  return { seq: seq as number, idEnd };
}
