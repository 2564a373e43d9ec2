import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PoolClient } from 'pg';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addWorkflows, drain, idsOf } from '../../../e2e/kit/feed.ts';
import { statement } from '../../sql.ts';
import { openFeed, type Feed } from './feed.ts';
import { parseSnapshot, type Position } from './position.ts';

/** Transactions that overlap: only a server has more than one session. */
const server = DATABASES.find(({ name }) => name === 'postgres');

describe.runIf(server)('transactions that overlap, on a server', () => {
  let database: TestDatabase;
  let feed: Feed;
  beforeAll(async () => {
    database = await server!.open();
    feed = openFeed(database.sql);
  });
  afterAll(() => database.close());

  const clients = new Set<PoolClient>();
  afterEach(() => {
    for (const client of clients) client.release(true); // Of a test that failed.
    clients.clear();
  });

  /** A transaction that stays open, and the workflows that it has written. */
  async function openTransaction(count: number) {
    const client = await database.pool.connect();
    clients.add(client);
    await client.query('BEGIN');
    const ids = await addWorkflows(client, count);
    const end = async (how: 'COMMIT' | 'ROLLBACK') => {
      await client.query(how);
      clients.delete(client);
      client.release();
    };
    return { ids, client, end };
  }

  test('an open transaction holds nothing up, and what it wrote comes once, when it commits', async () => {
    const start = await feed.first();
    const late = await openTransaction(3);
    const early = await addWorkflows(database.pool, 2);
    const first = await drain(feed, start, 2);
    expect(idsOf(first.changes)).toEqual(early);
    const more = await addWorkflows(database.pool, 1);
    const second = await drain(feed, first.next, 2);
    expect(idsOf(second.changes)).toEqual(more);

    await late.end('COMMIT');
    const third = await drain(feed, second.next, 2);
    expect(idsOf(third.changes)).toEqual(late.ids);
    expect((await drain(feed, third.next)).changes).toEqual([]);
  });

  test('a transaction that commits behind a half-read one comes once, and the half-read one goes on', async () => {
    const start = await feed.first();
    const late = await openTransaction(4);
    const big = await addWorkflows(database.pool, 5);
    const half = await feed.page(start, 2);
    expect(idsOf(half.changes)).toEqual(big.slice(0, 2));
    await late.end('COMMIT');
    const { changes } = await drain(feed, half.next, 2);
    expect(idsOf(changes)).toEqual([...big.slice(2), ...late.ids]);
  });

  test('what was rolled back never comes', async () => {
    const start = await feed.first();
    const lost = await openTransaction(2);
    const kept = await addWorkflows(database.pool, 1);
    const { changes, next } = await drain(feed, start);
    await lost.end('ROLLBACK');
    expect(idsOf([...changes, ...(await drain(feed, next)).changes])).toEqual(kept);
  });

  test('a page tells all that the server saw, a position no id above the newest change', async () => {
    const start = await feed.first();
    await addWorkflows(database.pool, 1);
    const burnt = await openTransaction(1); // Its id is taken, and will never have a change.
    await burnt.end('ROLLBACK');
    const page = await feed.page(start, 10);
    const xid = BigInt(page.changes[0]?.xid ?? 0);
    expect(parseSnapshot(page.next.from).xmax).toBe(xid + 1n);
    expect(parseSnapshot(page.snapshot).xmax).toBeGreaterThan(xid + 1n);
    expect(parseSnapshot((await feed.first()).from).xmax).toBe(xid + 1n);
  });

  test('a rebuild reads its rows and its first position at one moment: each row is in one of the two', async () => {
    const early = await addWorkflows(database.pool, 2);
    const late = await openTransaction(2);
    const allIds = statement<{ id: string }>('test.ids', 'SELECT id FROM workflow');
    const between = await openTransaction(1);
    const { rows, position } = await database.sql.transaction(
      async (tx) => {
        const found = await tx.query(allIds);
        await between.end('COMMIT');
        return { rows: idsOf(found), position: await feed.first(tx) };
      },
      { isolation: 'REPEATABLE READ', readOnly: true },
    );
    await late.end('COMMIT');
    const fed = idsOf((await drain(feed, position)).changes);
    const all = idsOf(await database.sql.query(allIds));
    expect(rows).toEqual(expect.arrayContaining(early));
    expect(fed).toHaveLength(3);
    expect([...rows, ...fed].toSorted()).toEqual(all.toSorted());
  });

  test('each change comes exactly once to every reader, however six connections commit and roll back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 10, maxLength: 60, size: 'max' }), runSteps),
      { numRuns: 40 },
    );
  });

  async function runSteps(steps: readonly Step[]) {
    const start = await feed.first();
    const readers = [1, 2, 3].map(() => ({ position: start, seen: [] as string[] }));
    const writers = new Map<number, Awaited<ReturnType<typeof openTransaction>>>();
    const committed: string[] = [];
    const end = async (who: number, how: 'COMMIT' | 'ROLLBACK') => {
      const writer = writers.get(who);
      writers.delete(who);
      await writer?.end(how);
      if (how === 'COMMIT') committed.push(...(writer?.ids ?? []));
    };
    for (const { what, who, count } of steps) {
      const writer = writers.get(who);
      if (what === 'read') await read(readers[who % readers.length], count);
      else if (what === 'commit') await end(who, 'COMMIT');
      else if (what === 'rollback') await end(who, 'ROLLBACK');
      else if (writer) writer.ids.push(...(await addWorkflows(writer.client, count)));
      else writers.set(who, await openTransaction(count));
    }
    for (const who of writers.keys()) await end(who, 'COMMIT');
    for (const reader of readers) {
      while (await read(reader, 3)) continue;
      expect(reader.seen.toSorted()).toEqual(committed.toSorted());
    }
  }

  async function read(reader: { position: Position; seen: string[] } | undefined, limit: number) {
    if (!reader) return false;
    const { changes, next, more } = await feed.page(reader.position, limit);
    reader.position = next;
    reader.seen.push(...idsOf(changes));
    return more;
  }
});

interface Step {
  readonly what: 'write' | 'commit' | 'rollback' | 'read';
  readonly who: number;
  readonly count: number;
}

const STEP: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('write', 'write', 'write', 'commit', 'rollback', 'read', 'read'),
  who: fc.nat(5),
  count: fc.integer({ min: 1, max: 4 }),
});
