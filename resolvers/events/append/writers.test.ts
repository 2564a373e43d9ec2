import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../../e2e/kit/database.ts';
import { addRuns, addVersion, call, event, type Version } from '../../../e2e/kit/log-world.ts';
import type { Sql } from '../../sql.ts';
import { openRunLog } from './append.ts';
import type { RunLog } from '../log.ts';
import { readEvents } from '../read.ts';

const WRITERS = 50;
const ROUNDS = 40;

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let version: Version;
  let codes: unknown[];
  let logs: readonly [RunLog, RunLog];
  beforeAll(async () => {
    database = await open();
    version = await addVersion(database.sql, []);
    codes = [];
    const sql = noting(database.sql, codes);
    logs = [openRunLog(sql, { flush_events_max: 40 }), openRunLog(sql, { flush_events_max: 40 })];
  });
  afterAll(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await database.close();
  });

  const line = (text: string) => event('LOG_APPENDED', { payload: { lines: [text] } });
  const append = (by: RunLog, run: string, texts: readonly string[]) =>
    by.append(call(run, texts.map(line), { actor: 'gateway' }));
  const linesOf = async (run: string) =>
    (await readEvents(database.sql, run, 1, 10_000)).map(({ seq, payload }) => {
      const [text] = payload['lines'] as string[];
      return { seq, text: text! };
    });

  test('50 writers through two gateways leave no gap, no error, and every answer true', async () => {
    const runs = await addRuns(database.sql, version, 20);
    const answered = new Map<string, string>();
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const by = logs[writer % 2]!;
        for (let round = 0; round < ROUNDS; round += 1) {
          // Every third call meets the others on one run; a sixth is sent again through the other gateway.
          const run = runs[round % 3 === 0 ? 0 : (writer * 7 + round) % runs.length]!;
          const given = call(run, [line('a'), line('b')], { actor: 'gateway' });
          const { events } = await by.append(given);
          for (const { eventId, seq } of events) answered.set(eventId, `${run} ${seq}`);
          if (round % 6 > 0) continue;
          const again = await logs[(writer + 1) % 2]!.append(given);
          expect(again.events).toEqual(events.map((each) => ({ ...each, repeated: true })));
        }
      }),
    );
    expect(answered.size).toBe(WRITERS * ROUNDS * 2);
    const stored = new Map<string, string>();
    for (const run of runs) {
      const events = await readEvents(database.sql, run, 0, 10_000);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
      for (const each of events.slice(1)) stored.set(each.eventId, `${run} ${each.seq}`);
      const { rows } = await database.pool.query('SELECT version FROM run WHERE id = $1', [run]);
      expect(Number(rows[0].version)).toBe(events.length);
    }
    expect(stored).toEqual(answered);
    expect(codes).toEqual([]); // No dead-lock, not even one that was tried again.
  });

  test('the same call through both gateways at once is stored once and answered alike', async () => {
    const runs = await addRuns(database.sql, version, 40);
    for (let round = 0; round < 5; round += 1) {
      const given = runs.map((run) => call(run, [line('x')], { actor: 'gateway' }));
      const [here, there] = await Promise.all(
        logs.map((log) => Promise.all(given.map((each) => log.append(each)))),
      );
      for (const [at, { events }] of here!.entries()) {
        expect(events[0]!.seq).toBe(there![at]!.events[0]!.seq);
        expect(events[0]!.repeated).toBe(!there![at]!.events[0]!.repeated);
      }
    }
    expect(codes).toEqual([]);
  });

  test('calls of a gateway to a run are stored in the order in which they were made', async () => {
    const runs = await addRuns(database.sql, version, 5);
    await Promise.all(
      logs.flatMap((log, gateway) =>
        runs.map(async (run) => {
          // Not awaited one by one: the order of the calls alone decides.
          const texts = Array.from({ length: 60 }, (_, at) => `${gateway} ${at}`);
          await Promise.all(texts.map((text) => append(log, run, [text])));
        }),
      ),
    );
    for (const run of runs) {
      const texts = (await linesOf(run)).map(({ text }) => text);
      for (const gateway of ['0', '1']) {
        const own = texts.filter((text) => text.startsWith(gateway));
        expect(own).toEqual(Array.from({ length: 60 }, (_, at) => `${gateway} ${at}`));
      }
    }
  });
});

describe('the queue', () => {
  test('refuses the call past its limit of calls, and of bytes, and takes others again', async () => {
    const database = await DATABASES[0]!.open();
    const version = await addVersion(database.sql, []);
    const runs = await addRuns(database.sql, version, 4);
    const start = (log: RunLog, run: string, text = '') =>
      log.append(call(run, [event('RUN_STARTED', { payload: { text } })])).then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    const few = openRunLog(database.sql, { queue_calls_max: 2 });
    expect(await Promise.all(runs.slice(0, 3).map((run) => start(few, run)))).toEqual([
      'accepted',
      'accepted',
      'queued appends may be at most 2, got 3',
    ]);
    expect(await start(few, runs[2]!)).toBe('accepted');
    const small = openRunLog(database.sql, { queue_bytes_max: 20 });
    const text = 'x'.repeat(20 - '{"text":""}'.length);
    expect(await start(small, runs[3]!, `${text}y`)).toBe(
      'bytes of queued appends may be at most 20, got 21',
    );
    expect(await start(small, runs[3]!, text)).toBe('accepted');
    await database.close();
  });
});

/** `sql`, and the codes of errors that its statements threw. */
function noting(sql: Sql, codes: unknown[]): Sql {
  const note = (error: unknown) => {
    codes.push((error as { code?: unknown }).code ?? error);
    throw error;
  };
  return {
    query: (text, values) => sql.query(text, values).catch(note),
    transaction: (work, options) =>
      sql.transaction(
        (tx) => work({ ...tx, query: (text, values) => tx.query(text, values).catch(note) }),
        options,
      ),
  };
}
