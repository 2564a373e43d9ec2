/**
 * Partitions of run_event, one per month (UTC) of the runs' begin: their ids are uuid v7, whose first 48 bits are
 * milliseconds since 1970, so a range of ids is a range of time. `run_event_2026_11` holds the runs from
 * 01a19467-e800-0000-0000-000000000000 up to, without, 01a22ee6-b000-0000-0000-000000000000. What has no month of its
 * own is in `run_event_rest`. So the indexes that appends touch stay small, and an emptied month gives its disk back.
 */
import { dynamicStatement, statement, type Sql } from '../../resolvers/sql.ts';

export interface PartitionOptions {
  /** Months after the current one that get a partition now. */
  readonly ahead_max: number;
  /** Appends wait behind us for as long as we wait for a lock: give up after this and come back. */
  readonly lockTimeout_ms: number;
}

export interface Partitions {
  readonly made: readonly string[];
  /** Months that stay in run_event_rest, because runs of theirs already are there. */
  readonly left: readonly string[];
}

/**
 * Makes the partitions of the current month and those ahead. While one is attached, appends wait for as long as it
 * takes to see that run_event_rest holds nothing of its month: 0.1 s for 1,000,000 rows there. Throws when a lock was
 * not to be had in time; what was made stays. Cost: 1 statement when all are there, 6 for each that is missing.
 */
export async function makePartitions(
  sql: Sql,
  now: Date,
  { ahead_max, lockTimeout_ms }: PartitionOptions,
): Promise<Partitions> {
  const there = new Set(await partitionNames(sql));
  const months = Array.from({ length: ahead_max + 1 }, (_, i) => monthAfter(now, i));
  const made: string[] = [];
  const left: string[] = [];
  for (const month of months) {
    if (there.has(month.name)) continue;
    const free = await isFree(sql, month);
    if (!free) left.push(month.name);
    else if (await sql.transaction((tx) => attach(tx, month), { lockTimeout_ms }))
      made.push(month.name);
  }
  return { made, left };
}

/**
 * Drops the partitions of months that ended before `before` and hold nothing any more; answers their names. Throws
 * when a lock was not to be had in time. Cost: 2 statements, and 3 for each that is dropped.
 */
export async function dropEmptyPartitions(
  sql: Sql,
  before: Date,
  { lockTimeout_ms }: Pick<PartitionOptions, 'lockTimeout_ms'>,
): Promise<string[]> {
  const end = monthAfter(before, 0).name; // Its own month has not ended.
  const dropped: string[] = [];
  for (const name of await partitionNames(sql)) {
    if (name >= end || !(await isEmpty(sql, name))) continue;
    const done = await sql.transaction((tx) => dropEmpty(tx, name), { lockTimeout_ms });
    if (done) dropped.push(name);
  }
  return dropped;
}

interface Month {
  readonly name: string;
  /** Least id of the month, and of the next one. */
  readonly from: string;
  readonly to: string;
}

function monthAfter(time: Date, months: number): Month {
  const begin = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + months));
  const end = Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + 1);
  const name = `run_event_${begin.toISOString().slice(0, 7).replace('-', '_')}`;
  return { name, from: leastIdAt(begin.getTime()), to: leastIdAt(end) };
}

/** The least uuid whose first 48 bits are this time. */
function leastIdAt(time_ms: number): string {
  const hex = time_ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

const NAMES = statement<{ name: string }>(
  'partitions.names',
  `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
  WHERE inhparent = 'run_event'::regclass AND relname ~ '^run_event_\\d{4}_\\d{2}$' ORDER BY relname`,
);

async function partitionNames(sql: Sql): Promise<string[]> {
  return (await sql.query(NAMES)).map(({ name }) => name);
}

const RESTING = statement<{ found: boolean }>(
  'partitions.resting',
  'SELECT EXISTS (SELECT FROM run_event_rest WHERE run_id >= $1 AND run_id < $2) AS found',
);

/** Whether no run of this month rests in run_event_rest. */
async function isFree(sql: Sql, { from, to }: Month): Promise<boolean> {
  const [row] = await sql.query(RESTING, [from, to]);
  return row?.found === false;
}

/**
 * Appends read the log, then write `run`; attaching needs both locks, so it takes them in that order. The lock
 * time-out ends what still waits in a circle.
 */
const LOCK_REST = statement(
  'partitions.lockRest',
  'LOCK TABLE ONLY run_event_rest IN ACCESS EXCLUSIVE MODE',
);

/** False when another gateway was faster, or a run of this month came to rest meanwhile. */
async function attach(tx: Sql, month: Month): Promise<boolean> {
  const { name, from, to } = month;
  await tx.query(LOCK_REST);
  if ((await partitionNames(tx)).includes(name) || !(await isFree(tx, month))) return false;
  const create = `CREATE TABLE ${name} (LIKE run_event INCLUDING ALL)`;
  await tx.query(dynamicStatement('partitions.create', create));
  const bounds = `FOR VALUES FROM ('${from}') TO ('${to}')`;
  const text = `ALTER TABLE run_event ATTACH PARTITION ${name} ${bounds}`;
  await tx.query(dynamicStatement('partitions.attach', text));
  return true;
}

async function isEmpty(sql: Sql, name: string): Promise<boolean> {
  const [row] = await sql.query(
    dynamicStatement<{ empty: boolean }>(
      'partitions.isEmpty',
      `SELECT NOT EXISTS (SELECT FROM ${name}) AS empty`,
    ),
  );
  return row?.empty ?? false;
}

const LOCK_ALL = statement(
  'partitions.lockAll',
  'LOCK TABLE ONLY run, ONLY run_event IN ACCESS EXCLUSIVE MODE',
);

async function dropEmpty(tx: Sql, name: string): Promise<boolean> {
  await tx.query(LOCK_ALL);
  if (!(await isEmpty(tx, name))) return false; // Somebody appended to it meanwhile.
  await tx.query(dynamicStatement('partitions.drop', `DROP TABLE ${name}`));
  return true;
}
