import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { seedRandomWorld } from '../e2e/kit/random-world.ts';
import { RUN } from './runs/entities.ts';
import type { RunRow } from './runs/rows.ts';
import { LEVEL_BYTES_MAX, selectedOf } from './selected.ts';

const COLUMNS = { names: new Set(Object.keys(RUN.columns)), cursors: false };

describe.each(DATABASES)('rows ($name)', ({ open }) => {
  let database: TestDatabase;
  const selected = selectedOf<RunRow>(RUN, COLUMNS, []);
  const text = `SELECT ${selected.listOf('x')} FROM run x ORDER BY x.id`;
  const statementOf = (rows_max: number) =>
    selected.statement('test.rows', text, { prepared: false, rows_max });
  beforeAll(async () => {
    database = await open();
    await seedRandomWorld(database, 7, { workflows: 5, runs: 6, steps: 1, artifacts: 1 });
  });
  afterAll(() => database.close());

  test('are the same whether they come packed or one by one', async () => {
    const [few, many] = [statementOf(1), statementOf(1_000)];
    expect([few.unpack?.isPacked, many.unpack?.isPacked]).toEqual([false, true]);
    const rows = await database.sql.query(few);
    expect(rows.length).toBeGreaterThan(5);
    const shown = (all: readonly RunRow[]) => JSON.parse(JSON.stringify(all)) as unknown;
    expect(shown(await database.sql.query(many))).toEqual(shown(rows));
    expect(rows.some(({ startedAt }) => startedAt === null)).toBe(true);
    for (const { createdAt } of rows) {
      expect(createdAt.toISOString()).toBe(new Date(createdAt.getTime()).toISOString());
    }
  });

  test('of no list are none', async () => {
    const none = text.replace('ORDER BY', 'WHERE FALSE ORDER BY');
    const options = { prepared: false, rows_max: 1_000 };
    expect(await database.sql.query(selected.statement('test.none', none, options))).toEqual([]);
  });

  test('as large as a level may be are read, a byte more is LIMITED', async () => {
    const many = statementOf(1_000);
    const within = (bytes: number) => ({
      ...many,
      text: many.text.replace(`<= ${LEVEL_BYTES_MAX}`, `<= ${bytes}`),
    });
    const [, sum] = /WHERE (0.*) <=/s.exec(many.text)!;
    const { rows } = await database.pool.query<{ bytes: string }>(
      within(Number.MAX_SAFE_INTEGER).text.replace('SELECT *', () => `SELECT ${sum} AS bytes`),
    );
    const bytes = Number(rows[0]!.bytes);
    const whole = await database.sql.query(many);
    expect(await database.sql.query(within(bytes))).toEqual(whole);
    await expect(database.sql.query(within(bytes - 1))).rejects.toMatchObject({ code: 'LIMITED' });
  });
});
