import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { Out } from '../gateway/execution/levels/out.ts';
import { Timestamp } from './instant.ts';
import { statement } from './sql.ts';

/** Every number of digits after the seconds, and years and offsets that are written otherwise. */
const TIMES = [
  '2026-01-02T03:04:05.678Z',
  '2026-01-02T03:04:05.670Z',
  '2026-01-02T03:04:05.600Z',
  '2026-01-02T03:04:05.000Z',
  '0001-01-01T00:00:00.001Z',
  '9999-12-31T23:59:59.999Z',
];
const TEXTS = [
  '2026-01-02T03:04:05.678901+00:00',
  '2026-01-02T03:04:05.6789+00:00',
  '2026-01-02T03:04:05+02:00',
  '2026-01-02T03:04:05.678-05:30',
];
const AS_JSON = statement<{ text: string }>(
  'test.json',
  'SELECT to_json(t) #>> $$ {} $$ AS text FROM unnest($1::timestamptz[]) AS t',
);

function written(time: Timestamp): string | null {
  const out = new Out();
  return time.writeJson(out) ? out.toString() : null;
}

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  test('times are told and written with milliseconds, however Postgres writes them', async () => {
    const rows = await database.sql.query(AS_JSON, [TIMES]);
    expect(new Set(rows.map(({ text }) => text.length)).size).toBeGreaterThan(3); // It leaves zeros out.
    const times = rows.map(({ text }) => new Timestamp(text));
    expect(times.map((time) => time.toISOString())).toEqual(TIMES);
    expect(times.map(written)).toEqual(TIMES.map((text) => JSON.stringify(text)));
  });
});

test.each(TEXTS)('%s is told as Date tells it, and not written without', (text) => {
  const time = new Timestamp(text);
  expect(time.toISOString()).toBe(new Date(text).toISOString());
  expect(written(time)).toBe(null);
});
