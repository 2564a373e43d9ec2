import { afterEach, describe, expect, test } from 'vitest';
import type { PoolClient } from 'pg';
import type { TestDatabase } from '../../e2e/kit/database.ts';
import { cut, STORES } from '../../e2e/kit/stores.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import { dynamicStatement, statement } from '../../resolvers/sql.ts';

const ONE = statement<{ one: number }>('test.one', 'SELECT 1 AS one');
const FAIL = statement('test.fail', 'SELECT 1 / 0');
const ADD = statement('test.add', 'INSERT INTO ledger (writer, amount) VALUES ($1, $2)');
const ENTRIES = statement<{ writer: string; amount: number }>(
  'test.entries',
  'SELECT writer, amount FROM ledger ORDER BY writer, amount',
);

describe.each(STORES)('$name', ({ open }) => {
  let database: TestDatabase;
  afterEach(() => database.close());

  async function openLedger(...settings: Parameters<typeof open>): Promise<void> {
    database = await open(...settings);
    await database.pool.query(`CREATE TABLE ledger (writer text, amount int8 CHECK (amount > 0))`);
  }

  test('a transaction is kept whole, or not at all when its work throws', async () => {
    await openLedger();
    const kept = await database.sql.transaction(async (tx) => {
      await tx.query(ADD, ['kept', 1]);
      return tx.query(ENTRIES);
    });
    expect(kept).toEqual([{ writer: 'kept', amount: 1 }]);
    const thrown = new Error('changed my mind');
    const lost = database.sql.transaction(async (tx) => {
      await tx.query(ADD, ['lost', 1]);
      throw thrown;
    });
    await expect(lost).rejects.toBe(thrown);
    expect(await database.sql.query(ENTRIES)).toEqual(kept);
  });

  test('a statement at fault is told by its SQLSTATE, and costs no connection', async () => {
    await openLedger();
    let thrownAway = 0;
    database.pool.on('remove', () => {
      thrownAway += 1;
    });
    await expect(database.sql.query(FAIL)).rejects.toMatchObject({ code: '22012' });
    await expect(database.sql.query(ADD, ['zero', 0])).rejects.toMatchObject({ code: '23514' });
    await expect(
      database.sql.transaction((tx) => tx.query(ADD, ['zero', 0])),
    ).rejects.toMatchObject({ code: '23514' });
    expect(await database.sql.query(ONE)).toEqual([{ one: 1 }]);
    expect(thrownAway).toBe(0);
  });

  test('a COMMIT that fails throws, and nothing is kept', async () => {
    await openLedger();
    await database.pool.query(
      `ALTER TABLE ledger ADD CONSTRAINT once UNIQUE (writer) DEFERRABLE INITIALLY DEFERRED`,
    );
    const twice = database.sql.transaction(async (tx) => {
      await tx.query(ADD, ['twice', 1]);
      await tx.query(ADD, ['twice', 2]);
    });
    await expect(twice).rejects.toMatchObject({ code: '23505' });
    const byPrisma = database.db.$transaction(async (tx) => {
      await tx.$executeRawUnsafe(`INSERT INTO ledger VALUES ('twice', 1), ('twice', 2)`);
    });
    await expect(byPrisma).rejects.toThrow(/once|Unique/);
    expect(await database.sql.query(ENTRIES)).toEqual([]);
  });

  test('a failed statement that the work overlooked still fails the transaction', async () => {
    await openLedger();
    const overlooked = database.sql.transaction(async (tx) => {
      await tx.query(ADD, ['lost', 1]);
      await tx.query(FAIL).catch(() => undefined);
    });
    await expect(overlooked).rejects.toThrow(/rolled back/);
    expect(await database.sql.query(ENTRIES)).toEqual([]);
  });

  test('hundreds at once do not mix, though many fail and many connections are cut', async () => {
    await openLedger();
    const sum = await interleave(database, 300);
    const entries = await database.sql.query(ENTRIES);
    expect(entries.reduce((total, { amount }) => total + amount, 0)).toBe(sum);
    for (const { writer, amount } of entries) expect(writer).toBe(`writer ${amount}`);
  });

  test('a connection that dies in its transaction is Unavailable; what it did is rolled back', async () => {
    await openLedger({ database_pool_max: 4 });
    const client = await lentClient(database);
    const dying = database.sql.transaction(async (tx) => {
      await tx.query(ADD, ['lost', 1]);
      cut(client());
      await tx.query(ADD, ['lost', 2]);
    });
    await expect(dying).rejects.toBeInstanceOf(Unavailable);
    expect(await database.sql.query(ENTRIES)).toEqual([]);
    expect(await Promise.all([1, 2, 3, 4].map(() => database.sql.query(ONE)))).toHaveLength(4);
  });

  test('a COMMIT whose answer is lost is Unavailable: it may have happened', async () => {
    await openLedger();
    const client = await lentClient(database);
    const lost = database.sql.transaction(async (tx) => {
      await tx.query(ADD, ['maybe', 1]);
      cutAfter(client(), 'COMMIT');
    });
    await expect(lost).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: /no answer to COMMIT: it may have happened/,
    });
    expect(await database.sql.query(ONE)).toEqual([{ one: 1 }]);
  });

  test('a transaction that falls silent is ended, and gives up what it held', async () => {
    await openLedger({ database_idle_transaction_timeout_ms: 300 });
    await database.sql.query(ADD, ['row', 1]);
    const silent = await database.pool.connect();
    await silent.query('BEGIN');
    await silent.query('UPDATE ledger SET amount = 2');
    const raise = dynamicStatement('test.raise', 'UPDATE ledger SET amount = amount + 10');
    await database.sql.query(raise);
    expect(await database.sql.query(ENTRIES)).toEqual([{ writer: 'row', amount: 11 }]);
    await expect(silent.query('COMMIT')).rejects.toThrow();
    silent.release(true);
  });

  test('a statement outside the transaction it is in is found at once', async () => {
    await openLedger();
    const nested = database.sql.transaction(() => database.sql.query(ONE));
    await expect(nested).rejects.toThrow(/outside the transaction it is in/);
    const byPrisma = database.db.$transaction(() => database.sql.query(ONE));
    await expect(byPrisma).rejects.toThrow(/outside the transaction it is in/);
    const twice = database.sql.transaction((tx) => tx.transaction(() => Promise.resolve()));
    await expect(twice).rejects.toThrow(/inside a transaction/);
    expect(await database.sql.query(ONE)).toEqual([{ one: 1 }]);
  });
});

describe('embedded, without the guard of tests', () => {
  test('a transaction that waits for itself ends at the deadline, and nobody else is stuck', async () => {
    const database = await STORES[0]!.open(
      { database_statement_timeout_ms: 2_000 },
      { guard: { inside: (work) => work(), check: () => undefined } },
    );
    const nested = database.sql.transaction(() => database.sql.query(ONE));
    await expect(nested).rejects.toBeInstanceOf(Unavailable);
    expect(await database.sql.query(ONE)).toEqual([{ one: 1 }]);
    await database.close();
  });
});

/** Transactions of three entries each: a third fails, half of those by a cut connection. The sum of the rest. */
async function interleave({ pool }: TestDatabase, count: number): Promise<number> {
  const sums = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const fate = index % 6 === 0 ? 'cut' : index % 6 === 3 ? 'rolled back' : 'kept';
      const client = await pool.connect();
      await client.query('BEGIN');
      for (let part = 0; part < 3; part += 1) {
        const amount = index * 3 + part + 1;
        await client.query({ name: 'add', text: ADD.text, values: [`writer ${amount}`, amount] });
      }
      if (fate === 'cut') cut(client);
      else await client.query(fate === 'kept' ? 'COMMIT' : 'ROLLBACK');
      client.release(fate === 'cut');
      return fate === 'kept' ? index * 9 + 6 : 0;
    }),
  );
  return sums.reduce((total, sum) => total + sum, 0);
}

/** The client that was lent last. */
async function lentClient({ pool, sql }: TestDatabase): Promise<() => PoolClient> {
  let lent: PoolClient | undefined;
  pool.on('acquire', (client) => {
    lent = client;
  });
  await sql.query(ONE);
  return () => lent!;
}

/** Cuts the connection once the client has sent this text, before its answer. */
function cutAfter(client: PoolClient, text: string): void {
  const { connection } = client;
  const query = connection.query.bind(connection);
  connection.query = (sent) => {
    query(sent);
    if (sent === text) setImmediate(() => cut(client));
  };
}
