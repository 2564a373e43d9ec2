/**
 * Mutations that a caller may send twice: with an `idempotencyKey` the second sending is answered with what the first
 * one made. Kept 24 hours per viewer, written in the transaction of what was made.
 */
import { createHash } from 'node:crypto';
import type { Ctx } from './context.ts';
import { Conflict, Invalid } from './errors.ts';
import { textFault } from './issues.ts';
import { statement, type Tx } from './sql.ts';

/** UTF-8 bytes of a key. */
export const IDEMPOTENCY_KEY_BYTES_MAX = 255;
/** Retention removes older ones; here they count as gone. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;

/** What a mutation is given, with a key or without. */
export interface Repeatable {
  readonly idempotencyKey?: string | null | undefined;
}

/**
 * Runs `work` in one transaction and answers the id of what it made; for a key seen before, that of the first time
 * without running it. Two at the same time: the second waits for the first. Refuses: Invalid (the key), Conflict
 * (the key was used with another input or mutation). `input`: Repeatable, and whatever else the mutation is given. Cost: 3 statements more when there is a key.
 */
export async function once(
  ctx: Ctx,
  mutation: string,
  input: object,
  work: (tx: Tx) => Promise<string>,
): Promise<string> {
  const key = (input as Repeatable).idempotencyKey;
  if (key === null || key === undefined) return ctx.sql.transaction(work);
  const fault = key === '' ? 'must not be empty' : textFault(key, IDEMPOTENCY_KEY_BYTES_MAX);
  if (fault) throw new Invalid('input.idempotencyKey', fault);
  const hash = requestHash(mutation, input);
  const owner = [ctx.viewer.workspaceId, ctx.viewer.id, key];
  return ctx.sql.transaction(async (tx) => {
    const now = ctx.now();
    const expired = new Date(now.getTime() - IDEMPOTENCY_KEPT_MS);
    const [taken] = await tx.query(TAKE, [...owner, hash, now, expired]);
    if (!taken) {
      const [before] = await tx.query(FIND, owner);
      if (before?.requestHash === hash) return before.resultId;
      throw new Conflict(`The idempotency key ${key}`, 'the input of its first use', 'of another');
    }
    const id = await work(tx);
    await tx.query(KEEP, [...owner, id]);
    return id;
  });
}

/** The nil uuid stands until the work is done; nobody else sees it: the transaction is open. */
const TAKE = statement<{ key: string }>(
  'idempotency.take',
  `INSERT INTO idempotency_key AS k (workspace_id, viewer_id, key, request_hash, created_at, result_id)
  VALUES ($1, $2, $3, $4, $5, '00000000-0000-0000-0000-000000000000')
  ON CONFLICT (workspace_id, viewer_id, key) DO UPDATE
    SET request_hash = excluded.request_hash, created_at = excluded.created_at WHERE k.created_at <= $6
  RETURNING k.key`,
);
const FIND = statement<{ requestHash: string; resultId: string }>(
  'idempotency.find',
  `SELECT request_hash AS "requestHash", result_id AS "resultId" FROM idempotency_key
  WHERE workspace_id = $1 AND viewer_id = $2 AND key = $3`,
);
const KEEP = statement(
  'idempotency.keep',
  `UPDATE idempotency_key SET result_id = $4 WHERE workspace_id = $1 AND viewer_id = $2 AND key = $3`,
);

/**
 * Of the mutation's name and its input, whatever the order of its keys. A null argument is as good as none; deeper, in
 * metadata, it may mean to delete.
 */
function requestHash(mutation: string, input: object): string {
  const given = Object.entries({ mutation, ...input }).filter(([, value]) => value !== null);
  const canonical = JSON.stringify(Object.fromEntries(given), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash('sha256').update(canonical).digest('hex');
}
