import { setImmediate as turn } from 'node:timers/promises';
import { buildSchema, type GraphQLFieldResolver } from 'graphql';
import { expect, test } from 'vitest';
import type { LiveCtx } from '../../resolvers/context.ts';
import { NotFound } from '../../resolvers/errors.ts';
import { LOCAL_VIEWER, type Viewer } from '../../resolvers/policy.ts';
import { until } from '../../e2e/kit/until.ts';
import type { Answering } from './answer.ts';
import { openDocuments } from './documents.ts';
import { openSharing, type SharingLimits } from './sharing.ts';
import { streaming } from './stream.ts';

/** A log in memory, whose followers are handed the same objects, as those of resolvers/live/ are. */
function world(
  resolvers: Record<string, GraphQLFieldResolver<Item, LiveCtx>> = {},
  limits?: SharingLimits,
) {
  const schema = buildSchema(`
    type Query { a: Int }
    type Item { value(plus: Int): Int, workspace: String, name: String, broken: Int, slow: Int }
    type Subscription { items(after: String, kind: String = "any"): Item }`);
  const log: Item[] = [];
  let grown = deferred();
  const contexts: LiveCtx[] = [];
  const reports: unknown[] = [];

  async function* after(place: number, signal: AbortSignal): AsyncGenerator<Item> {
    for (let at = place; !signal.aborted;) {
      if (at < log.length) yield log[at++]!;
      else await grown.promise;
    }
  }
  const fields = schema.getSubscriptionType()!.getFields()['items']!;
  fields.subscribe = (_root, { after: place = '0' }: { after?: string }, ctx: LiveCtx) =>
    after(Number(place), ctx.signal);
  fields.resolve = (item) => item;
  const all: typeof resolvers = {
    value: ({ value }, { plus }, ctx) => {
      contexts.push(ctx);
      return value + (plus ?? 0);
    },
    workspace: (_item, _args, { viewer }) => viewer.workspaceId,
    name: (_item, _args, { viewer }) => viewer.id,
    ...resolvers,
  };
  const item = schema.getType('Item') as unknown as {
    getFields(): Record<string, { resolve?: unknown }>;
  };
  for (const [name, resolve] of Object.entries(all)) item.getFields()[name]!.resolve = resolve;

  const viewers = new Map<string, Viewer>();
  const parts: Answering = {
    schema,
    documentOf: openDocuments(schema, {
      tokens_max: 1_000,
      documents_max: 100,
      characters_max: 100_000,
    }),
    contextOf: ({ requestId }, signal) =>
      ({ signal, requestId, viewer: viewers.get(requestId) ?? LOCAL_VIEWER }) as LiveCtx,
    deadline_ms: 1_000,
    reportOf: (requestId) => (error, id) => reports.push({ error, id, requestId }),
  };
  const sharing = openSharing(parts, limits);
  const stream = streaming(parts, sharing);

  return {
    contexts,
    reports,
    counts: () => sharing.counts(),
    publish(value: number): void {
      log.push({ value, cursor: String(log.length + 1) });
      grown.resolve();
      grown = deferred();
    },
    /** What it is sent, as it comes. */
    async watch(query: string, { variables = {}, viewer, from = Promise.resolve() }: Watch = {}) {
      const gone = new AbortController();
      const requestId = `request-${viewers.size}`;
      viewers.set(requestId, viewer ?? LOCAL_VIEWER);
      const asker = { requestId, signal: gone.signal, mayMutate: true };
      const begun = await stream({ query, variables }, asker);
      if ('refused' in begun) throw new Error(JSON.stringify(begun.refused));
      const texts: string[] = [];
      const read = async () => {
        await from;
        for await (const { text } of begun.items) texts.push(text);
      };
      void read();
      await turn();
      const leave = async () => {
        gone.abort();
        await begun.items.return!();
      };
      return { texts, results: () => texts.map((text) => JSON.parse(text) as Result), leave };
    },
  };
}

interface Item {
  readonly value: number;
  readonly cursor: string;
}
interface Watch {
  readonly variables?: Record<string, unknown>;
  readonly viewer?: Viewer;
  /** Reads nothing before. */
  readonly from?: Promise<void>;
}
interface Result {
  readonly data: { items: Record<string, unknown> };
  readonly errors?: { message: string; extensions: { code: string; id?: string } }[];
  readonly extensions: { cursor: string };
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const VALUE = 'subscription { items { value } }';
const person = (id: string, more: Partial<Viewer> = {}): Viewer => ({
  ...LOCAL_VIEWER,
  id,
  ...more,
});

test('fifty subscribers are sent a hundred changes by a hundred executions, each with a context of its own', async () => {
  const { watch, publish, counts, contexts } = world();
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
  const { watch, publish, counts } = world();
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
  const { watch, publish, counts } = world();
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
  const { watch, publish, counts, reports } = world({
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
  const signals: AbortSignal[] = [];
  const { watch, publish, counts } = world({
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

test('a bug is reported once; all who wait are told the same id, who reads later tries again', async () => {
  let broken = true;
  const { watch, publish, reports } = world({
    broken: () => {
      if (broken) throw new Error('a bug');
      return 1;
    },
  });
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
  const { watch, publish, counts } = world({
    broken: () => {
      throw new NotFound('thing', 'x');
    },
  });
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
  const { watch, publish, counts } = world({ name: () => name });
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
    const { watch, publish, counts } = world({}, kept);
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
