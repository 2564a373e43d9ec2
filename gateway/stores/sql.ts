/** resolvers/sql.ts over `pg`: the same for a server and for the embedded store. */
import { types as pgTypes, type Pool, type PoolClient } from 'pg';
import type { Sql, Statement, TransactionOptions } from '../../resolvers/sql.ts';

const INT8 = 20;
const { getTypeParser } = pgTypes;

/** int8 as number: ours stay below 2^53, and a number costs neither a string nor a BigInt. */
const TYPES = {
  getTypeParser: ((oid: Parameters<typeof getTypeParser>[0], format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? Number
      : getTypeParser(oid, format)) as typeof getTypeParser,
};

/** Sql on a pool. */
export function sqlOver(pool: Pool): Sql {
  return {
    query: (statement, values) => run(pool, statement, values),
    transaction: async (work, options = {}) => {
      const client = await pool.connect();
      try {
        return await inTransaction(client, work, options);
      } finally {
        client.release();
      }
    },
  };
}

async function inTransaction<T>(
  client: PoolClient,
  work: (tx: Sql) => Promise<T>,
  { isolation, readOnly, lockTimeout_ms }: TransactionOptions,
): Promise<T> {
  const tx: Sql = {
    query: (statement, values) => run(client, statement, values),
    transaction: () => Promise.reject(new Error('a transaction inside a transaction')),
  };
  await client.query(
    `BEGIN${isolation ? ` ISOLATION LEVEL ${isolation}` : ''}${readOnly ? ' READ ONLY' : ''}`,
  );
  try {
    if (lockTimeout_ms !== undefined) {
      await client.query(`SET LOCAL lock_timeout = ${Math.trunc(lockTimeout_ms)}`);
    }
    const result = await work(tx);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function run<Row>(
  target: Pool | PoolClient,
  statement: Statement<Row>,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const { rows } = await target.query({
    ...(statement.prepared ? { name: statement.name } : {}),
    text: statement.text,
    values: [...values],
    types: TYPES,
  });
  return rows as Row[];
}
