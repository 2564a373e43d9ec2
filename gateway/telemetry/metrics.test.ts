import { expect, test } from 'vitest';
import { openMetrics } from './metrics.ts';

const sample = (text: string, start: string) =>
  text.split('\n').filter((line) => line.startsWith(start));

test('operations are counted by kind and by the most severe code among their errors', async () => {
  const metrics = openMetrics();
  metrics.operation({ operation: 'query', codes: [] }, 12);
  metrics.operation({ operation: 'query', codes: ['NOT_FOUND', 'UNAVAILABLE'] }, 12);
  metrics.operation({ operation: null, codes: ['INVALID'] }, 1);
  expect(sample(await metrics.print(), 'polyphony_operation_seconds_count')).toEqual([
    'polyphony_operation_seconds_count{operation="query",outcome="ok"} 1',
    'polyphony_operation_seconds_count{operation="query",outcome="unavailable"} 1',
    'polyphony_operation_seconds_count{operation="none",outcome="invalid"} 1',
  ]);
});

test('store calls, waits and errors are told by statement name', async () => {
  const metrics = openMetrics();
  const call = {
    store: 'postgres',
    name: 'runs.byIds',
    wait_ms: 2,
    run_ms: 3,
    rows: 1,
    error: null,
  } as const;
  metrics.storeCall(call);
  metrics.storeCall({ ...call, error: '57014' });
  const text = await metrics.print();
  expect(text).toContain(
    'polyphony_store_call_seconds_count{store="postgres",statement="runs.byIds"} 2',
  );
  expect(text).toContain('polyphony_store_wait_seconds_sum{store="postgres"} 0.004');
  expect(text).toContain(
    'polyphony_store_errors_total{store="postgres",statement="runs.byIds",code="57014"} 1',
  );
});

test('past 500 statement names the next ones share a series, and known ones keep theirs', async () => {
  const metrics = openMetrics();
  const call = { store: 'postgres', wait_ms: 0, run_ms: 1, rows: 1, error: null } as const;
  for (let n = 1; n <= 502; n++) metrics.storeCall({ ...call, name: `made.up${n}` });
  metrics.storeCall({ ...call, name: 'made.up500' });
  const counts = sample(await metrics.print(), 'polyphony_store_call_seconds_count');
  expect(counts).toHaveLength(501);
  expect(counts).toContain(
    'polyphony_store_call_seconds_count{store="postgres",statement="made.up500"} 2',
  );
  expect(counts).toContain(
    'polyphony_store_call_seconds_count{store="postgres",statement="other"} 2',
  );
});

test('flushes, the queue, the pool and the feed are told', async () => {
  const metrics = openMetrics();
  metrics.flush({ calls: 64, events: 640, took_ms: 20, skipped: 3 });
  metrics.watch({
    pool: () => ({ total: 7, idle: 2, waiting: 4 }),
    appending: () => 9,
    feed: async () => ({ lag_ms: 1_500, newestAge_ms: 200, oldestTransaction: open(1_000) }),
  });
  const text = await metrics.print();
  expect(text).toContain('polyphony_log_flush_events_sum 640');
  expect(text).toContain('polyphony_log_flush_seconds_sum 0.02');
  expect(text).toContain('polyphony_log_skipped_calls_total 3');
  expect(text).toContain('polyphony_log_queue_calls 9');
  expect(sample(text, 'polyphony_pool_connections{')).toEqual([
    'polyphony_pool_connections{state="busy"} 5',
    'polyphony_pool_connections{state="idle"} 2',
    'polyphony_pool_connections{state="waiting"} 4',
  ]);
  expect(text).toContain('polyphony_feed_lag_seconds 1.5');
  expect(text).toContain('polyphony_feed_newest_change_seconds 0.2');
  expect(text).toContain(
    'polyphony_feed_oldest_transaction_seconds{pid="77",application="psql",state="active"} 1',
  );
});

test('a young transaction makes no series, and an old one leaves when it ends', async () => {
  const metrics = openMetrics();
  let oldestTransaction: ReturnType<typeof open> | null = open(5_000);
  metrics.watch({ feed: async () => ({ lag_ms: 0, newestAge_ms: null, oldestTransaction }) });
  const series = async () =>
    sample(await metrics.print(), 'polyphony_feed_oldest_transaction_seconds{');
  expect(await series()).toHaveLength(1);
  oldestTransaction = open(999);
  expect(await series()).toEqual([]);
  oldestTransaction = null;
  expect(await series()).toEqual([]);
});

test('metrics are there while a store is away: its figures are NaN, the rest is told', async () => {
  const metrics = openMetrics();
  metrics.watch({ feed: () => Promise.reject(new Error('away')) });
  const text = await metrics.print();
  expect(text).toMatch(/polyphony_feed_lag_seconds Nan/i);
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(text).toContain('process_resident_memory_bytes');
});

test('two gateways in one process count for themselves', async () => {
  const [one, other] = [openMetrics(), openMetrics()];
  one.http('/graphql', 200);
  expect(await other.print()).not.toContain('polyphony_http_requests_total{');
  expect(await one.print()).toContain(
    'polyphony_http_requests_total{route="/graphql",status="200"} 1',
  );
});

function open(age_ms: number) {
  return { pid: 77, age_ms, state: 'active', query: '', application: 'psql', user: 'me' };
}

test('the projection of the graph is told of where there is one: how far behind, and what was done', async () => {
  const metrics = openMetrics();
  expect(await metrics.print()).not.toContain('polyphony_projection');
  let lag_ms: number | null = 1_500;
  metrics.watch({ projectionLag_ms: async () => lag_ms });
  metrics.projected({ what: 'applied', changes: 3 });
  metrics.projected({ what: 'lost' });
  metrics.projected({ what: 'rebuilding', reason: 'asked for' });
  metrics.projected({ what: 'rebuilt' });
  metrics.projected({ what: 'applied', changes: 2 });
  const text = await metrics.print();
  for (const line of ['lag_seconds 1.5', 'changes_total 5', 'lost_total 1', 'rebuilds_total 1']) {
    expect(text).toContain(`polyphony_projection_${line}\n`);
  }
  lag_ms = null;
  expect(await metrics.print()).toMatch(/polyphony_projection_lag_seconds nan/i);
});
