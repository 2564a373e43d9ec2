import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { addWorkflows } from '../../e2e/kit/feed.ts';
import { openFeed } from '../../resolvers/events/feed/feed.ts';
import { statement } from '../../resolvers/sql.ts';
import { alone, startJobs, type Job } from './jobs.ts';
import { retentionJobs } from './retention.ts';

/** Time that passes when the test says so; each wait is told. */
function handClock() {
  const waits: { ms: number; pass: () => void }[] = [];
  const wait = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      waits.push({ ms, pass: resolve });
      signal.addEventListener('abort', () => reject(new Error('stopped')));
    });
  const pass = async () => {
    await vi.waitFor(() => expect(waits).not.toHaveLength(0));
    waits.shift()?.pass();
  };
  return { waits, wait, pass };
}

describe('jobs', () => {
  const told = () => ({ done: vi.fn(), failed: vi.fn() });

  test('a job comes again and again, its time a fifth more or less so that gateways do not meet', async () => {
    for (const [random, ms] of [
      [0, 800],
      [0.5, 1_000],
      [1, 1_200],
    ] as const) {
      const clock = handClock();
      const work = vi.fn<Job['work']>().mockResolvedValue({ removed: 1 });
      const tell = told();
      const jobs = startJobs([{ name: 'sweep', every_ms: 1_000, work }], {
        ...tell,
        wait: clock.wait,
        random: () => random,
      });
      expect(work).not.toHaveBeenCalled();
      for (let i = 1; i <= 3; i += 1) {
        await vi.waitFor(() => expect(clock.waits[0]?.ms).toBeCloseTo(ms));
        await clock.pass();
        await vi.waitFor(() => expect(tell.done).toHaveBeenCalledTimes(i));
      }
      expect(tell.done).toHaveBeenCalledWith('sweep', { removed: 1 });
      await jobs.stop();
    }
  });

  test('a job that throws is told of and comes again; the others do not notice', async () => {
    const clock = handClock();
    const tell = told();
    const broken: Job = {
      name: 'broken',
      every_ms: 1,
      work: () => Promise.reject(new Error('away')),
    };
    const jobs = startJobs([broken], { ...tell, wait: clock.wait });
    for (let i = 1; i <= 2; i += 1) {
      await clock.pass();
      await vi.waitFor(() => expect(tell.failed).toHaveBeenCalledTimes(i));
    }
    expect(tell.failed).toHaveBeenCalledWith('broken', new Error('away'));
    await jobs.stop();
  });

  test('a stop waits for the batch that runs, and tells it; nothing comes after', async () => {
    const clock = handClock();
    let end = () => undefined as void;
    let signal: AbortSignal | undefined;
    const work: Job['work'] = (given) =>
      new Promise((resolve) => {
        signal = given;
        end = () => resolve(null);
      });
    const jobs = startJobs([{ name: 'long', every_ms: 1, work }], { ...told(), wait: clock.wait });
    await clock.pass();
    await vi.waitFor(() => expect(signal?.aborted).toBe(false));
    let stopped = false;
    const stopping = jobs.stop().then(() => (stopped = true));
    expect(signal?.aborted).toBe(true);
    await new Promise(setImmediate);
    expect(stopped).toBe(false);
    end();
    await stopping;
    expect(clock.waits).toEqual([]);
  });
});

describe.each(DATABASES)('$name', ({ name, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  if (name === 'postgres') {
    test('one gateway at a time is at a job; another job is free', async () => {
      let leave = () => undefined as void;
      const left = new Promise<void>((resolve) => (leave = resolve));
      const first = alone(database.sql, 'runs', () => left.then(() => 'first'));
      await vi.waitFor(async () =>
        expect(await alone(database.sql, 'runs', async () => 'second')).toBeNull(),
      );
      expect(await alone(database.sql, 'keys', async () => 'other')).toBe('other');
      leave();
      expect(await first).toBe('first');
      expect(await alone(database.sql, 'runs', async () => 'third')).toBe('third');
    });
  }

  test('retention comes batch after batch until nothing old is left, by our clock', async () => {
    await openFeed(database.sql).first();
    for (let i = 0; i < 3; i += 1) await addWorkflows(database.pool, 2_500);
    await addWorkflows(database.pool, 1);
    const [job] = retentionJobs(database.sql, {
      changeKeep_ms: 1_000,
      runKeep_days: 0,
      now: () => new Date(Date.now() + 60_000),
    });
    const count = statement<{ kept: number }>('test.count', 'SELECT count(*) AS kept FROM change');
    const removed: number[] = [];
    const sweep = async () => {
      const did = await job?.work(new AbortController().signal);
      removed.push(Number(did?.['removed'] ?? 0));
      expect(await database.sql.query(count)).toEqual([{ kept: 1 }]);
    };
    await vi.waitFor(sweep, { timeout: 30_000 }); // Transactions of other databases hold it back as well.
    expect(removed.reduce((sum, batch) => sum + batch)).toBe(7_500);
    expect(await job?.work(new AbortController().signal)).toBeNull();
  });

  test('runs are kept for ever unless a number of days is set', () => {
    const names = (runKeep_days: number) =>
      retentionJobs(database.sql, { changeKeep_ms: 1, runKeep_days, now: () => new Date() }).map(
        (job) => job.name,
      );
    expect(names(1)).toContain('remove old runs');
    expect(names(0)).not.toContain('remove old runs');
  });
});
