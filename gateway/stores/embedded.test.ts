import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SETTINGS, testTemplate } from '../../e2e/kit/database.ts';
import { busyText } from '../../e2e/kit/stores.ts';
import { Unavailable } from '../../resolvers/errors.ts';
import { statement } from '../../resolvers/sql.ts';
import { openEmbedded, type Embedded } from './embedded.ts';
import { watchPool } from './pool.ts';
import { openPostgres, type Store } from './postgres.ts';
import { sqlOver } from './sql.ts';
import type { WatchedQuery } from './watched-client.ts';

let data_dir: string;
let template: string;
beforeEach(async () => {
  data_dir = await mkdtemp(join(tmpdir(), 'polyphony-embedded-'));
  template = await testTemplate();
});
afterEach(() => rm(data_dir, { recursive: true, force: true }));

const ONE = statement<{ one: number }>('test.one', 'SELECT 1 AS one');
const NUMBERS = statement<{ number: number }>(
  'test.numbers',
  'SELECT number FROM written ORDER BY number',
);
const WRITE = statement('test.write', 'INSERT INTO written (number) VALUES ($1)');
const PREPARED = statement<{ name: string }>(
  'test.prepared',
  `SELECT name FROM pg_prepared_statements WHERE name LIKE '%kept%' ORDER BY name`,
);

function open(hooks: Parameters<typeof openPostgres>[1] = {}): Promise<Store> {
  return openPostgres({ ...SETTINGS, data_dir }, { template, ...hooks });
}

async function openWritten(hooks: Parameters<typeof openPostgres>[1] = {}): Promise<Store> {
  const store = await open(hooks);
  await store.pool.query('CREATE TABLE IF NOT EXISTS written (number int8)');
  return store;
}

describe('a data folder', () => {
  test('is made from the template, and keeps what was written', async () => {
    const first = await openWritten();
    await first.sql.query(WRITE, [1]);
    expect(await first.migrate()).toEqual([]); // The template is migrated.
    await first.close();
    const second = await open();
    expect(await second.sql.query(NUMBERS)).toEqual([{ number: 1 }]);
    await second.close();
  });

  test('whose making was interrupted is made anew', async () => {
    const making = join(data_dir, 'postgres.making');
    await mkdir(making);
    await writeFile(join(making, 'PG_VERSION'), '18');
    const store = await open();
    expect(await store.sql.query(ONE)).toEqual([{ one: 1 }]);
    expect(existsSync(making)).toBe(false);
    await store.close();
  });

  test('that cannot be made says why', async () => {
    await expect(open({ template: join(data_dir, 'none.tar.gz') })).rejects.toThrow(/none.tar.gz/);
  });
});

describe('the thread', () => {
  let embedded: Embedded;
  const lost: Error[] = [];
  beforeEach(async () => {
    await (await openWritten()).close();
    embedded = openEmbedded({
      folder: join(data_dir, 'postgres'),
      template,
      acquire_timeout_ms: 20_000,
      idle_transaction_timeout_ms: 20_000,
      lost: (cause) => lost.push(cause),
    });
  });
  afterEach(() => embedded.close());

  test('dies: what was committed is there, what was not is gone, and the next statement is served', async () => {
    watchPool(embedded.pool, { statement_timeout_ms: 20_000, prepared_max: 10 });
    const sql = sqlOver(embedded.pool);
    await sql.query(WRITE, [1]);
    const dying = sql.transaction(async (tx) => {
      await tx.query(WRITE, [2]);
      await Promise.all([
        tx.query(statement('test.busy', busyText(60_000))),
        embedded.thread()?.terminate(),
      ]);
    });
    await expect(dying).rejects.toBeInstanceOf(Unavailable);
    expect(lost).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(await sql.query(NUMBERS)).toEqual([{ number: 1 }]);
    expect(await Promise.all([1, 2, 3, 4].map(() => sql.query(ONE)))).toHaveLength(4);
    await embedded.pool.end();
    await embedded.close();
    expect(lost).toHaveLength(1); // Closing is no loss.
  });

  test('gives each client its own prepared statements: what came twice, the newest, and forgets them with it', async () => {
    watchPool(embedded.pool, { statement_timeout_ms: 20_000, prepared_max: 3 });
    const [first, second] = [await embedded.pool.connect(), await embedded.pool.connect()];
    for (const client of [first, second]) {
      for (const label of [
        'kept_old',
        'kept_old',
        'kept_1',
        'kept_1',
        'once',
        'kept_2',
        'kept_2',
      ]) {
        const text = `SELECT '${label}' AS name`;
        const { rows } = await client.query({ label, text, mayPrepare: true } as WatchedQuery);
        expect(rows).toEqual([{ name: label }]);
      }
    }
    const names = async () =>
      (await sqlOver(embedded.pool).query(PREPARED)).map(({ name }) => name);
    const ofSecond = ['2.p1 kept_old', '2.p2 kept_1', '2.p3 kept_2'];
    const ofFirst = ofSecond.map((name) => name.replace('2.', '1.'));
    expect(await names()).toEqual([...ofFirst, ...ofSecond]);
    first.release(true);
    await expect.poll(names).toEqual(ofSecond);
    second.release();
    await expect.poll(names).toEqual(['2.p2 kept_1', '2.p3 kept_2']);
    await embedded.pool.end();
  });
});

describe('kill -9', () => {
  test('loses nothing that was acknowledged', async () => {
    await (await openWritten()).close();
    let acknowledged = 0;
    for (let round = 0; round < 3; round += 1) {
      acknowledged = await writeUntilKilled(acknowledged + 50);
      const store = await open();
      const numbers = (await store.sql.query(NUMBERS)).map(({ number }) => number);
      await store.close();
      expect(numbers.length).toBeGreaterThanOrEqual(acknowledged);
      expect(numbers.length).toBeLessThanOrEqual(acknowledged + 1); // Committed, its answer lost.
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    }
  });
});

/** Has another process write until it has acknowledged so many, kills it; the last number it acknowledged. */
async function writeUntilKilled(count: number): Promise<number> {
  const script = fileURLToPath(new URL('../../e2e/kit/write-rows.ts', import.meta.url));
  const settings = JSON.stringify({ ...SETTINGS, data_dir });
  const child = spawn(process.execPath, ['--import', 'tsx', script, settings, template], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  let last = 0;
  for await (const part of child.stdout) {
    printed += String(part);
    last = Number(printed.split('\n').at(-2) ?? 0);
    if (last >= count && !child.killed) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return last;
}
