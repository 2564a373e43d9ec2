/**
 * The epoch of the change feed: while it lasts, transaction ids only rise and each names one transaction. After a
 * restore, a move to another server or a fail-over that lost commits they may start over, and a position from
 * before would skip changes in silence: a new epoch begins, and `change` is emptied with it.
 *
 * An epoch is the time at which it began (ms since 1970), or one more than the last where that is later: a dump that
 * is restored twice gives two epochs, not the same one twice.
 */
import { Unavailable } from '../../errors.ts';
import { statement, type Sql } from '../../sql.ts';

/** SQL: the server, the database and the table that a feed was written in. A restore changes one of them. */
export const ORIGIN = `(SELECT concat_ws('/', system_identifier, (SELECT oid FROM pg_database
  WHERE datname = current_database()), 'change'::regclass::oid) FROM pg_control_system())`;

/** SQL: what each promotion of a standby raises. */
export const TIMELINE = 'left(pg_walfile_name(pg_current_wal_lsn()), 8)';

export interface Epoch {
  readonly epoch: number;
  /** Why a new one began with this call; null when the recorded one goes on. */
  readonly begun: string | null;
}

/** Compare-and-set is lost to another gateway, which then has done it: a second look finds it. */
const LOOKS_MAX = 5;

/**
 * The epoch that holds now; begins a new one if transaction ids may have started over. Before anything is served,
 * and again whenever the feed finds that the server under it changed.
 *
 * Cost: 1 statement; with a new epoch 1 transaction of 2 statements more, one of which empties `change`.
 */
export async function ensureEpoch(sql: Sql, now: () => Date = () => new Date()): Promise<Epoch> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const state = await readState(sql);
    const reason = whyNew(state);
    if (reason === null && state.epoch !== null) return { epoch: state.epoch, begun: null };
    const epoch = await begin(sql, state.epoch, now());
    if (epoch !== null) return { epoch, begun: reason };
  }
  throw new Unavailable('postgres', 'other gateways keep changing the epoch of the change feed');
}

/** A new epoch in any case: after a disk or folder was copied back, which looks like a crash. Cost: as above. */
export async function newEpoch(sql: Sql, now: () => Date = () => new Date()): Promise<Epoch> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const epoch = await begin(sql, (await readState(sql)).epoch, now());
    if (epoch !== null) return { epoch, begun: 'asked for' };
  }
  throw new Unavailable('postgres', 'other gateways keep changing the epoch of the change feed');
}

interface State {
  readonly epoch: number | null;
  readonly sameOrigin: boolean;
  readonly sameTimeline: boolean;
  /** The newest change has an id that the server is still to give. */
  readonly wentBack: boolean;
}

const STATE = statement<State>(
  'feed.epochState',
  `SELECT feed_state.epoch, feed_state.origin = ${ORIGIN} AS "sameOrigin",
    feed_state.timeline = ${TIMELINE} AS "sameTimeline",
    coalesce(newest.xid >= pg_snapshot_xmax(pg_current_snapshot()), false) AS "wentBack"
  FROM (VALUES (1)) AS one (id) LEFT JOIN feed_state USING (id)
  LEFT JOIN (SELECT xid FROM change ORDER BY xid DESC, position DESC LIMIT 1) newest ON true`,
);

/** $1: the epoch that was seen, or null; $2: ms since 1970. No row when another was faster. */
const BEGIN = statement<{ epoch: number }>(
  'feed.beginEpoch',
  `INSERT INTO feed_state AS known (id, epoch, origin, timeline)
  VALUES (1, $2::bigint, ${ORIGIN}, ${TIMELINE})
  ON CONFLICT (id) DO UPDATE SET epoch = greatest(known.epoch + 1, excluded.epoch), origin = excluded.origin,
    timeline = excluded.timeline, removed_xid = NULL, changed_at = now()
  WHERE known.epoch = $1::bigint
  RETURNING epoch`,
);

const EMPTY = statement('feed.empty', 'DELETE FROM change');

async function readState(sql: Sql): Promise<State> {
  const [state] = await sql.query(STATE);
  if (!state) throw new Error('feed.epochState answers one row');
  return state;
}

function whyNew(state: State): string | null {
  if (state.epoch === null) return 'first start';
  if (!state.sameOrigin) return 'another server, database or table';
  if (!state.sameTimeline) return 'another timeline of the server';
  return state.wentBack ? 'transaction ids went back' : null;
}

function begin(sql: Sql, seen: number | null, now: Date): Promise<number | null> {
  return sql.transaction(async (tx) => {
    const [begun] = await tx.query(BEGIN, [seen, now.getTime()]);
    if (!begun) return null;
    await tx.query(EMPTY);
    return begun.epoch;
  });
}
