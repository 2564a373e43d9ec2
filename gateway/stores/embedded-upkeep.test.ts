import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbedded, type TestDatabase } from '../../e2e/kit/database.ts';
import { statement } from '../../resolvers/sql.ts';
import { keepUp } from './embedded-upkeep.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openEmbedded();
  await database.pool.query(`CREATE TABLE "Counted" (id int PRIMARY KEY, n int DEFAULT 0)`);
  await database.pool.query(`INSERT INTO "Counted" SELECT g FROM generate_series(1, 1000) g`);
});
afterAll(() => database.close());

const SIZE = statement<{ bytes: number }>(
  'test.size',
  `SELECT pg_relation_size('"Counted"') AS bytes`,
);

async function round(...limits: [log_bytes_max?: number]): ReturnType<typeof keepUp> {
  const client = await database.pool.connect();
  try {
    return await keepUp(client, ...limits);
  } finally {
    client.release();
  }
}

test('a table that is updated again and again does not grow, and untouched ones are left alone', async () => {
  const size = async () => (await database.sql.query(SIZE))[0]!.bytes;
  expect((await round()).vacuumed).toEqual(['"Counted"']);
  const once = await size();
  for (let update = 0; update < 6; update += 1) {
    await database.pool.query('UPDATE "Counted" SET n = n + 1');
    expect((await round()).vacuumed).toEqual(['"Counted"']);
    expect((await round()).vacuumed).toEqual([]);
  }
  expect(await size()).toBeLessThanOrEqual(3 * once); // The rows, room for an update, and the seams.
});

test('the log is given back when more than so much was written since the last time', async () => {
  await round(0);
  const emit = `SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000))`;
  await database.pool.query(emit);
  expect(await round(2_000_000)).toMatchObject({ checkpointed: false });
  await database.pool.query(emit);
  expect(await round(2_000_000)).toMatchObject({ checkpointed: true });
  expect(await round(2_000_000)).toMatchObject({ checkpointed: false });
});
