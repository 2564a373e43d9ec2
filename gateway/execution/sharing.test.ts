import { expect, test } from 'vitest';
import { NotFound } from '../../resolvers/errors.ts';
import { LOCAL_VIEWER, type Viewer } from '../../resolvers/policy.ts';
import { until } from '../../e2e/kit/until.ts';
import { deferred, watchedLog } from '../../e2e/kit/watched-log.ts';
import type { StopSignal } from '../../resolvers/stop.ts';

const VALUE = 'subscription { items { value } }';
const person = (id: string, more: Partial<Viewer> = {}): Viewer => ({
  ...LOCAL_VIEWER,
  id,
  ...more,
});

test('fifty subscribers are sent a hundred changes by a hundred executions, each with a context of its own', async () => {
  const { watch, publish, counts, contexts } = watchedLog();
  const watchers = await Promise.all(Array.from({ length: 50 }, () => watch(VALUE)));
  for (let value = 1; value <= 100; value++) publish(value);
  await until('all', () => watchers.every(({ texts }) => texts.length === 100));
  expect(counts()).toEqual({ executions: 100, shared: 4_900 });
  expect(new Set(contexts).size).toBe(100);
  const [first, ...others] = watchers;
  for (const { texts } of others) expect(texts).toEqual(first!.texts);
  expect(first!.results()[41]).toEqual({
    data: { items: { value: 42 } },
    extensions: { cursor: '42' },
  });
});

test('another selection, another variable, another scope is executed by itself', async () => {
  const { watch, publish, counts } = watchedLog();
  const plus = 'subscription ($plus: Int) { items { value(plus: $plus) } }';
  const elsewhere = person('b', { workspaceId: 'elsewhere' });
  const scoped = 'subscription { items { workspace } }';
  const watchers = [
    await watch(VALUE),
    await watch('subscription { items { other: value } }'),
    await watch('subscription { items(kind: "some") { value } }'),
    await watch(plus, { variables: { plus: 1 } }),
    await watch(plus, { variables: { plus: 2 } }),
    await watch(scoped),
    await watch(scoped, { viewer: elsewhere }),
    await watch(scoped, { viewer: person('c', { roles: ['reader'] }) }),
  ];
  publish(1);
  await until('all', () => watchers.every(({ texts }) => texts.length === 1));
  expect(counts()).toEqual({ executions: 8, shared: 0 });
  expect(watchers.map(({ results }) => results()[0]!.data.items)).toEqual([
    { value: 1 },
    { other: 1 },
    { value: 1 },
    { value: 2 },
    { value: 3 },
    { workspace: LOCAL_VIEWER.workspaceId },
    { workspace: 'elsewhere' },
    { workspace: LOCAL_VIEWER.workspaceId },
  ]);
});

test('where a subscriber began and how its document is written make no difference', async () => {
  const { watch, publish, counts } = watchedLog();
  publish(1);
  publish(2);
  const from = 'subscription A($from: String) { items(after: $from) { value } }';
  const watchers = [
    await watch('subscription A { items { value } }'),
    await watch('subscription A($kind: String = "any") { items(kind: $kind) { value } }'),
    await watch(from, { variables: { from: '1' } }),
    await watch('subscription A { ...Here } fragment Here on Subscription { items { value } }'),
    await watch('subscription A { # comment\n  items(after: "2")\n { value }\n}'),
  ];
  const before = counts().executions;
  publish(3);
  await until('all', () =>
    watchers.every(({ results }) => results().at(-1)?.data.items['value'] === 3),
  );
  expect(counts().executions - before).toBe(3); // As written, by a variable with a default, by a fragment.
});

test('where an execution asks who the viewer is, each gets its own answer, from that item on', async () => {
  const { watch, publish, counts, reports } = watchedLog({
    name: ({ value }, _args, { viewer }) => (value < 3 ? 'nobody' : viewer.id),
  });
  const query = 'subscription { items { name } }';
  const watchers = await Promise.all(
    ['a', 'b', 'c'].map((id) => watch(query, { viewer: person(id) })),
  );
  for (const value of [1, 2, 3, 4]) {
    publish(value);
    await until('all', () => watchers.every(({ texts }) => texts.length === value));
  }
  for (const [number, { results }] of watchers.entries()) {
    const own = ['a', 'b', 'c'][number];
    const names = results().map(({ data, errors }) => errors ?? data.items['name']);
    expect(names).toEqual(['nobody', 'nobody', own, own]);
  }
  expect(reports).toEqual([]);
  // Two shared, one that found out, three each for the last two.
  expect(counts()).toMatchObject({ executions: 2 + 1 + 6 });
});

test('who leaves in the middle of a shared execution takes nothing from the others', async () => {
  const gate = deferred();
  const signals: StopSignal[] = [];
  const { watch, publish, counts } = watchedLog({
    slow: async ({ value }, _args, { signal }) => {
      signals.push(signal);
      await gate.promise;
      signal.throwIfAborted();
      return value;
    },
  });
  const query = 'subscription { items { slow } }';
  const first = await watch(query);
  const second = await watch(query);
  publish(7);
  await until('it is executed', () => signals.length === 1);
  await first.leave();
  gate.resolve();
  await until('the result', () => second.texts.length === 1);
  expect(second.results()[0]).toMatchObject({ data: { items: { slow: 7 } } });
  expect(counts()).toEqual({ executions: 1, shared: 1 });
});

/** All who wait come in one turn: what failed is kept no longer. */
const ONE_TURN = { now_ms: () => 0 };

test('a bug is reported once; all who wait are told the same id, who reads later tries again', async () => {
  let broken = true;
  const { watch, publish, reports } = watchedLog(
    {
      broken: () => {
        if (broken) throw new Error('a bug');
        return 1;
      },
    },
    ONE_TURN,
  );
  const query = 'subscription { items { broken } }';
  const watchers = [await watch(query), await watch(query)];
  const gate = deferred();
  const later = await watch(query, { from: gate.promise });
  publish(1);
  await until('all', () => watchers.every(({ texts }) => texts.length === 1));
  expect(reports).toHaveLength(1);
  const [{ id, requestId }] = reports as [{ id: string; requestId: string }];
  for (const { results } of watchers) expect(results()[0]!.errors![0]!.extensions.id).toBe(id);
  expect(requestId).not.toMatch(/^request-/); // Of no subscriber.
  broken = false;
  gate.resolve();
  await until('the result', () => later.texts.length === 1);
  expect(later.results()[0]).toMatchObject({ data: { items: { broken: 1 } } });
});

test('a refusal of a field is told to all by its code', async () => {
  const { watch, publish, counts } = watchedLog(
    {
      broken: () => {
        throw new NotFound('thing', 'x');
      },
    },
    ONE_TURN,
  );
  const query = 'subscription { items { value broken } }';
  const watchers = [await watch(query), await watch(query)];
  publish(1);
  await until('all', () => watchers.every(({ texts }) => texts.length === 1));
  for (const { results } of watchers) {
    expect(results()[0]).toMatchObject({
      data: { items: { value: 1, broken: null } },
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
  }
  expect(counts().executions).toBe(1);
});

test('what was executed before a subscriber came is executed again for it', async () => {
  let name = 'before';
  const { watch, publish, counts } = watchedLog({ name: () => name });
  const query = 'subscription { items { name } }';
  const first = await watch(query);
  publish(1);
  await until('the result', () => first.texts.length === 1);
  name = 'after';
  const second = await watch(query);
  await until('the result', () => second.texts.length === 1);
  expect(second.results()[0]!.data.items).toEqual({ name: 'after' });
  expect(counts()).toEqual({ executions: 2, shared: 0 });
});

const RESULT_CHARS = '{"data":{"items":{"value":1}},"extensions":{"cursor":"1"}}'.length;

test.each([
  { limit: 'results', kept: { results_max: 3, characters_max: 1_000_000 } },
  { limit: 'characters', kept: { results_max: 1_000, characters_max: 3 * RESULT_CHARS } },
])('results past the limit of $limit are let go, oldest first', async ({ kept }) => {
  for (const [published, executions] of [
    [3, 3],
    [4, 8], // The slow one comes when the first is gone; making it again drives out the next.
  ] as const) {
    const { watch, publish, counts } = watchedLog({}, { limits: kept });
    const gate = deferred();
    const slow = await watch(VALUE, { from: gate.promise });
    const quick = await watch(VALUE);
    for (let value = 1; value <= published; value++) publish(value);
    await until('the quick one has all', () => quick.texts.length === published);
    gate.resolve();
    await until('so has the slow one', () => slow.texts.length === published);
    expect(counts().executions).toBe(executions);
  }
});
