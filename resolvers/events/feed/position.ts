/**
 * A position in the change feed: what its holder was given. It is a snapshot of transactions, not a number, since
 * transactions do not commit in the order of their ids.
 *
 *   epoch  of the feed; transaction ids mean nothing in another one
 *   from   pg_snapshot as Postgres writes it, `xmin:xmax:xip,…`: every change of a transaction visible in it was
 *          given. Trimmed: xmax is one above the newest change given, and no open id above that is named. A crash
 *          lets the server give the ids of aborted transactions again, and none of those may count as given.
 *   xid,at one transaction of which a part was given: its changes up to number `at`. It stands in `from` as open.
 *          `0` and `0` when there is none.
 *
 * As text, for whoever stores it: base64url of `feed/<epoch>/<from>/<xid>/<at>/<crc32 of what is before, hex>`.
 * `feed/7/731:740:731,739/739/12/f986d60e` reads: epoch 7, all up to transaction 739 but 731, which was open, and of
 * 739 itself the changes up to number 12. As text: ZmVlZC83LzczMTo3NDA6NzMxLDczOS83MzkvMTIvZjk4NmQ2MGU
 */
import { crc32 } from 'node:zlib';
import { Invalid } from '../../errors.ts';

export interface Position {
  readonly epoch: number;
  readonly from: string;
  readonly xid: string;
  readonly at: string;
}

/** Where a change stands: its transaction, and its number. */
export interface Place {
  readonly xid: string;
  readonly at: string;
}

/** A pg_snapshot taken apart. `open` ascends; everything else below `xmax` was over. */
export interface Snapshot {
  readonly xmax: bigint;
  readonly open: readonly bigint[];
}

/** Longest text taken: some 1,500 open transactions. */
const TEXT_CHARS_MAX = 32_768;

const ID_MAX = 2n ** 63n - 1n;
const LAYOUT = /^feed\/(\d{1,15})\/(\d+:\d+:[\d,]*)\/(\d+)\/(\d+)\/[0-9a-f]{8}$/;

/** The opaque text of a position. */
export function formatPosition({ epoch, from, xid, at }: Position): string {
  const body = `feed/${epoch}/${from}/${xid}/${at}/`;
  const checksum = crc32(body).toString(16).padStart(8, '0');
  return Buffer.from(body + checksum).toString('base64url');
}

/** Takes a text apart again. Refuses with Invalid what formatPosition did not make; `field` is its name. */
export function parsePosition(text: string, field = 'after'): Position {
  const wrong = new Invalid(field, 'not a position of the change feed, or damaged');
  if (text.length > TEXT_CHARS_MAX) throw wrong;
  const [, epoch, from, xid, at] =
    LAYOUT.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (!epoch || !from || !xid || !at) throw wrong;
  const position = { epoch: Number(epoch), from, xid, at };
  if (!sound(position) || formatPosition(position) !== text) throw wrong;
  return position;
}

/** The position of somebody who has been given all of `now`, of which `newest` is the newest change, if any. */
export function positionAt(epoch: number, now: Snapshot, newest: string | null): Position {
  const xmax = BigInt(newest ?? 0) + 1n;
  return { epoch, from: formatSnapshot({ xmax, open: below(now.open, xmax) }), ...WHOLE };
}

/**
 * The position after the change at `last`, which was read from `position` in the order of feed.page while `now`
 * was the snapshot. With `rest` false nothing visible in `now` is left after it; `last` is null when there was
 * nothing at all.
 */
export function advance(
  position: Position,
  now: Snapshot,
  last: Place | null,
  rest: boolean,
): Position {
  if (rest && last?.xid === position.xid) return { ...position, at: last?.at ?? position.at };
  const before = parseSnapshot(position.from);
  const given = BigInt(last?.xid ?? 0);
  const xmax = given < before.xmax ? before.xmax : given + 1n;
  const { epoch } = position;
  if (!rest || last === null) {
    return { epoch, from: formatSnapshot({ xmax, open: below(now.open, xmax) }), ...WHOLE };
  }

  // Up to `given` we are as far as `now`; above it as far as before, and the part begun before is complete by now.
  const partial = BigInt(position.xid);
  const later = before.open.filter((id) => id > given && id !== partial);
  const open = [...below(now.open, given), given, ...later];
  return { epoch, from: formatSnapshot({ xmax, open }), xid: last.xid, at: last.at };
}

const WHOLE = { xid: '0', at: '0' };

/**
 * Whether all that the holder of `token` was given, the holder of `position` was given as well. What is made of rows
 * read after `position` then is as new as what the other saw, or newer. O(open ids of both).
 *
 * A position has given the changes of the transactions that are over in it, which are those with an id below its xmax
 * that is not open, and up to `at` those of the one of which it gave a part. So it covers the token if
 *   1. no id that is over in the token is open in the position,
 *   2. none that is over in the token is at or above the position's xmax: of the ids from there to the token's xmax
 *      all are open in the token,
 *   3. the part that the token was given is over in the position, or a part of the same and no shorter there.
 * By 1 and 2 what is over there is over here. The part is open in the token's `from`, so 1 and 2 say nothing of it,
 * hence 3. What the position has of a part is open in it: 1 refuses where that is over in the token, even should the
 * part be all there is. To refuse costs a read of the truth; to cover wrongly would be a stale answer.
 *
 * No id means another transaction later: a crash gives anew only ids above the newest that committed, and of those
 * neither xmax nor an open id names any, as both are trimmed. And nobody waits for ever: whoever reads to the end after
 * a token was given covers it. Its xmax is above the newest change there is, so 2 holds; an id that is open now was open
 * or not begun then, so 1 holds; a part that was given is of a transaction that is over, so 3 holds.
 */
export function covers(position: Position, token: Position): boolean {
  if (position.epoch !== token.epoch) return false;
  const here = parseSnapshot(position.from);
  const there = parseSnapshot(token.from);
  const open = new Set(there.open);
  if (here.open.some((id) => id < there.xmax && !open.has(id))) return false;
  const openBeyond = there.open.filter((id) => id >= here.xmax).length;
  if (there.xmax - here.xmax > BigInt(openBeyond)) return false;
  if (token.xid === WHOLE.xid) return true;
  const part = BigInt(token.xid);
  const isWhole = part < here.xmax && !here.open.includes(part);
  return isWhole || (position.xid === token.xid && BigInt(position.at) >= BigInt(token.at));
}

/** The lowest id that this position still waits for: nothing at or above it may have been removed. */
export function oldestMissing(position: Position): bigint {
  const { xmax, open } = parseSnapshot(position.from);
  return open[0] ?? xmax;
}

/** `xmin:xmax:xip,…` taken apart. Its xmin is the first of `open`, or xmax. */
export function parseSnapshot(text: string): Snapshot {
  const [, xmax, open] = text.split(':');
  return { xmax: BigInt(xmax ?? 0), open: open ? open.split(',').map(BigInt) : [] };
}

function formatSnapshot({ xmax, open }: Snapshot): string {
  return `${open[0] ?? xmax}:${xmax}:${open.join(',')}`;
}

function below(ids: readonly bigint[], end: bigint): bigint[] {
  return ids.filter((id) => id < end);
}

/** Whether Postgres could have given this snapshot, and the part is of an open transaction in it. */
function sound({ from, xid, at }: Position): boolean {
  if (!/^\d+:\d+:(\d+(,\d+)*)?$/.test(from)) return false;
  const { xmax, open } = parseSnapshot(from);
  const ids = [0n, ...open, xmax];
  return (
    ids.every((id, i) => i === 0 || (id > (ids[i - 1] ?? 0n) && id <= ID_MAX)) &&
    from === formatSnapshot({ xmax, open }) &&
    [xid, at].every((number) => String(BigInt(number)) === number && BigInt(number) <= ID_MAX) &&
    (xid === '0' ? at === '0' : open.includes(BigInt(xid)))
  );
}
