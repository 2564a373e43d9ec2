/** A database that fails when told to: for tests of what callers do about it. */
import type { Sql, Statement } from '../../resolvers/sql.ts';

/** Called at each moment of a transaction; throws what the database would. */
export type Fault = (
  when: 'begin' | 'statement' | 'beforeCommit' | 'afterCommit',
  statement?: Statement<unknown>,
) => void | Promise<void>;

/** `sql`, with `fault` asked at each moment of its transactions. `afterCommit` is a lost answer. */
export function faultySql(sql: Sql, fault: Fault): Sql {
  return {
    query: (statement, values) => sql.query(statement, values),
    async transaction(work, options) {
      await fault('begin');
      const result = await sql.transaction(async (tx) => {
        const answer = await work({
          ...tx,
          query: async (statement, values) => {
            await fault('statement', statement);
            return tx.query(statement, values);
          },
        });
        await fault('beforeCommit');
        return answer;
      }, options);
      await fault('afterCommit');
      return result;
    },
  };
}

/** An error as `pg` throws it, with its SQLSTATE. */
export function databaseError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}
