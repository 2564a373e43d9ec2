/** How far behind followers of the change feed are, and who holds it up. For metrics and `polyphony doctor`. */
import { statement, type Sql } from '../../sql.ts';
import { parseSnapshot, type Position } from './position.ts';

export interface FeedLag {
  /** Age of the newest change; null when none is kept. */
  readonly newestAge_ms: number | null;
  /** About the age of the oldest change not read yet from `position`; 0 when all is read. */
  readonly lag_ms: number;
  /** The open transaction that has written longest ago: retention of changes waits for it. Null when there is none. */
  readonly oldestTransaction: OpenTransaction | null;
}

interface OpenTransaction {
  /** Of its backend, for pg_terminate_backend. */
  readonly pid: number;
  readonly age_ms: number;
  /** `active`, `idle in transaction`, … */
  readonly state: string;
  /** What it runs or ran last, cut to 100 characters: of ours, its name leads. */
  readonly query: string;
  readonly application: string;
  readonly user: string;
}

/**
 * Reads the lag. `position` is what a follower holds; without one `lag_ms` is 0. By the database's clock. Backends
 * of other roles are seen only by a role that is a member of pg_read_all_stats. Cost: 2 statements, a few rows each.
 */
export async function feedLag(sql: Sql, position?: Position): Promise<FeedLag> {
  const { xmax, open } = parseSnapshot(position?.from ?? '');
  const values = position
    ? [open.map(String), String(xmax), position.xid, position.at]
    : [[], null, null, null];
  const [ages] = await sql.query(AGES, values);
  const [oldest] = await sql.query(OLDEST_TRANSACTION);
  return {
    newestAge_ms: ages?.newestAge_ms ?? null,
    lag_ms: ages?.lag_ms ?? 0,
    oldestTransaction: oldest ?? null,
  };
}

/** $1 to $4 as in feed.page, but $1 with the transaction of which a part was given. A clock set back gives 0. */
const AGES = statement<{ newestAge_ms: number | null; lag_ms: number | null }>(
  'feed.lag',
  `SELECT
    (SELECT ${age('recorded_at')} FROM change ORDER BY xid DESC, position DESC LIMIT 1) AS "newestAge_ms",
    (SELECT ${age('min(recorded_at)')} FROM (
      (SELECT recorded_at FROM change WHERE xid = ANY ($1::xid8[])
        AND (xid <> $3::xid8 OR position > $4::bigint) ORDER BY xid, position LIMIT 1)
      UNION ALL
      (SELECT recorded_at FROM change WHERE xid >= $2::xid8 ORDER BY xid, position LIMIT 1)) unread) AS "lag_ms"`,
);

const OLDEST_TRANSACTION = statement<OpenTransaction>(
  'feed.oldestTransaction',
  `SELECT pid, ${age('xact_start')} AS "age_ms", state, left(query, 100) AS query, application_name AS application,
    usename AS user
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
  ORDER BY age(backend_xid) DESC LIMIT 1`,
);

function age(time: string): string {
  return `greatest(0, extract(epoch FROM clock_timestamp() - ${time}) * 1000)::float8`;
}
