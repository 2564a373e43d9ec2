/**
 * The change feed: which rows of the followed tables changed, for all who follow them. Complete, each change once, in
 * pages that continue each other; late commits come when they commit, and an open transaction holds nothing up.
 * Order per entity is by `version` alone: take a change as "this id changed", read the row, keep the newer version.
 * The rows come from triggers (prisma/migrations); position.ts says what a position is, epoch.ts when it ends.
 */
import assert from 'node:assert/strict';
import { CursorExpired, Unavailable } from '../../errors.ts';
import { statement, type Sql } from '../../sql.ts';
import { ensureEpoch, ORIGIN, TIMELINE } from './epoch.ts';
import { advance, oldestMissing, parseSnapshot, positionAt, type Position } from './position.ts';

/** As the triggers write them. */
export const CHANGE_KINDS = [
  'workflow',
  'run',
  'artifact',
  'entity',
  'relation',
  'agent',
  'document',
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** That a row changed. Ids and versions only: read the row. */
export interface Change {
  readonly kind: ChangeKind;
  readonly id: string;
  readonly workspaceId: string;
  /** Rises with each change of this row; of a deleted one it is the last it had + 1. */
  readonly version: number;
  readonly gone: boolean;
  /** Of a run: the first and last event that this commit appended; null when it is gone, and of other kinds. */
  readonly fromSeq: number | null;
  readonly toSeq: number | null;
  readonly recordedAt: Date;
  /** Where it stands; with `Page.snapshot` and position.ts's advance it makes the position after it. */
  readonly xid: string;
  readonly at: string;
}

interface Page {
  readonly changes: readonly Change[];
  /** Where the next page begins. */
  readonly next: Position;
  /** True when the page was full: there may be more at once. */
  readonly more: boolean;
  /** What the server saw while it read this, untrimmed: in memory only. Once `more` is false, all of it was given. */
  readonly snapshot: string;
}

/** Absent means any. */
export interface Only {
  readonly workspaceId?: string;
  readonly kinds?: readonly ChangeKind[];
}

export interface Feed {
  /**
   * The position now. To rebuild something and feed it from there, pass the REPEATABLE READ transaction that reads
   * the rows: position and rows are of one moment. Cost: 1 statement.
   */
  first(tx?: Sql): Promise<Position>;
  /**
   * Reads the next `limit` changes (1 to FEED_PAGE_MAX) after a position and gives those asked for, so a page may
   * hold fewer while there is more. Refuses with CursorExpired a position of another epoch, or one older than what
   * is kept. Cost: 1 statement that reads `limit` rows, however many there are and however long a transaction is
   * open; rows of uncommitted transactions that are newer than every change given count as well.
   */
  page(position: Position, limit: number, only?: Only): Promise<Page>;
}

export const FEED_PAGE_MAX = 10_000;

/**
 * The feed of a database. `sql` is the primary: a replica would give no position that the primary understands.
 * `now` is our clock, by which an epoch is named.
 */
export function openFeed(sql: Sql, now: () => Date = () => new Date()): Feed {
  return {
    async first(tx = sql) {
      let state = await readNow(tx);
      if (!state?.current && tx === sql) {
        await ensureEpoch(sql, now);
        state = await readNow(sql);
      }
      if (!state?.current) throw new Unavailable('postgres', 'the change feed has no epoch yet');
      assert(
        !state.wrote,
        'a position read in a transaction that has written would hold its own changes',
      );
      return positionAt(state.epoch, parseSnapshot(state.snapshot), state.newest);
    },

    async page(position, limit, only = {}) {
      assert(Number.isInteger(limit) && limit >= 1 && limit <= FEED_PAGE_MAX, `limit ${limit}`);
      const rows = await sql.query(PAGE, pageValues(position, limit, only));
      const [state] = rows;
      if (!state?.current) await ensureEpoch(sql, now);
      refuseExpired(position, state);
      return toPage(position, limit, only, rows, state.snapshot);
    },
  };
}

interface State {
  /** Of the recorded epoch, on the server that it was recorded on. */
  readonly current: boolean;
  readonly epoch: number;
  readonly snapshot: string;
  readonly wrote: boolean;
}

const STATE = `epoch, origin = ${ORIGIN} AND timeline = ${TIMELINE} AS current, removed_xid,
  pg_current_snapshot() AS snapshot, pg_current_xact_id_if_assigned() IS NOT NULL AS wrote`;

const NOW = statement<State & { newest: string | null }>(
  'feed.first',
  `SELECT ${STATE}, (SELECT xid FROM change ORDER BY xid DESC, position DESC LIMIT 1) AS newest FROM feed_state WHERE feed_state.id = 1`,
);

async function readNow(sql: Sql): Promise<(State & { newest: string | null }) | undefined> {
  const [row] = await sql.query(NOW);
  return row;
}

/** One per change that is wanted, and the last that was read in any case; `number` is null when there is none. */
type PageRow = State & { removedXid: string | null } & (
    | ({ number: number } & Change)
    | { number: null }
  );

/**
 * $1: open ids of the position, without the one of which a part was given; $2: its xmax; $3, $4: that part; $5: the
 * limit; $6, $7: workspace and kinds, or null. Three ranges of the primary key: the rest of the part, transactions
 * that were open and now are over, and those begun later. With one range each poll would walk all that is behind the
 * oldest open transaction, and with all open ones in the second, all that they have not committed. No row needs to
 * be compared with `snapshot`: the statement has written nothing, so it sees just that.
 */
const PAGE = statement<PageRow>(
  'feed.page',
  `WITH state AS MATERIALIZED (SELECT ${STATE} FROM feed_state WHERE feed_state.id = 1), found AS MATERIALIZED (
    SELECT three.*, row_number() OVER (ORDER BY three.xid <> $3::xid8, three.xid, three.position) AS number
    FROM state CROSS JOIN LATERAL (
      (SELECT * FROM change WHERE xid = $3::xid8 AND position > $4::bigint ORDER BY xid, position LIMIT $5)
      UNION ALL
      (SELECT * FROM change WHERE xid = ANY (ARRAY(
        SELECT id FROM unnest($1::xid8[]) AS id WHERE pg_visible_in_snapshot(id, state.snapshot)))
      ORDER BY xid, position LIMIT $5)
      UNION ALL
      (SELECT * FROM change WHERE xid >= $2::xid8 ORDER BY xid, position LIMIT $5)
    ) three ORDER BY number LIMIT $5)
  SELECT state.current, state.epoch, state.snapshot, state.wrote, state.removed_xid AS "removedXid",
    number, kind, id, workspace_id AS "workspaceId", version, gone, from_seq AS "fromSeq", to_seq AS "toSeq",
    recorded_at AS "recordedAt", xid, position::text AS at
  FROM state LEFT JOIN found ON number = (SELECT max(number) FROM found)
    OR (($6::uuid IS NULL OR workspace_id = $6) AND ($7::text[] IS NULL OR kind = ANY ($7)))
  ORDER BY number`,
);

function pageValues(position: Position, limit: number, only: Only): unknown[] {
  const { xmax, open } = parseSnapshot(position.from);
  const others = open.map(String).filter((id) => id !== position.xid);
  const { workspaceId = null, kinds = null } = only;
  return [others, String(xmax), position.xid, position.at, limit, workspaceId, kinds];
}

function refuseExpired(position: Position, state: PageRow | undefined): asserts state is PageRow {
  if (!state?.current || state.epoch !== position.epoch) {
    throw new CursorExpired('the change feed began a new epoch after this position');
  }
  assert(!state.wrote, 'the feed is not read in a transaction that has written');
  if (state.removedXid !== null && oldestMissing(position) <= BigInt(state.removedXid)) {
    throw new CursorExpired('changes after this position are no longer kept');
  }
  if (parseSnapshot(position.from).xmax > parseSnapshot(state.snapshot).xmax) {
    throw new CursorExpired('this position is ahead of the server');
  }
}

function toPage(position: Position, limit: number, only: Only, rows: PageRow[], snapshot: string) {
  const found = rows.filter((row) => row.number !== null);
  const last = found.at(-1) ?? null;
  const more = last?.number === limit;
  const changes = found.filter((row) => wanted(only, row)).map(toChange);
  return { changes, next: advance(position, parseSnapshot(snapshot), last, more), more, snapshot };
}

function wanted({ workspaceId, kinds }: Only, change: Change): boolean {
  return (
    (workspaceId === undefined || workspaceId === change.workspaceId) &&
    (kinds === undefined || kinds.includes(change.kind))
  );
}

function toChange({
  kind,
  id,
  workspaceId,
  version,
  gone,
  fromSeq,
  toSeq,
  ...row
}: Change): Change {
  const { recordedAt, xid, at } = row;
  return { kind, id, workspaceId, version, gone, fromSeq, toSeq, recordedAt, xid, at };
}
