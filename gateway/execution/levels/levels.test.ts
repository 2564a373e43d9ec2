/** What the executor promises beyond what graphql-js does. That it does the same is held by differential.test.ts. */
import {
  buildSchema,
  GraphQLError,
  parse,
  type DocumentNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { execute, executeToText, prepare } from './execute.ts';
import type { BatchFunction } from './plan.ts';

type Fields = Readonly<Record<string, object>>;

/** A schema with these `resolve`, `extensions` … by `Type.field`. */
function schemaOf(sdl: string, fields: Fields): GraphQLSchema {
  const schema = buildSchema(sdl);
  for (const [coordinate, config] of Object.entries(fields)) {
    const [type = '', name = ''] = coordinate.split('.');
    Object.assign((schema.getType(type) as GraphQLObjectType).getFields()[name]!, config);
  }
  return schema;
}

function asked(schema: GraphQLSchema, text: string) {
  return prepare(schema, parse(text), null);
}

const BOOKS = `
  type Query { books(first: Int = 2): [Book!]! }
  type Mutation { one: Int two: Int! three: Int }
  type Book { id: Int! title: String author(short: Boolean): Author similar(first: Int): [Book] }
  type Author { name: String! books: [Book!]! }
`;

const batch = (fn: BatchFunction) => ({ extensions: { batch: fn } });
const books = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ id, title: `t${id}` }));

describe('batch fields', () => {
  test('are called once for all parents at a place, and once more for another place', async () => {
    const calls: unknown[][] = [];
    const author: BatchFunction = async (parents, args) => {
      calls.push([parents.length, args]);
      return parents.map((parent) => ({ name: `a${(parent as { id: number }).id}` }));
    };
    const schema = schemaOf(BOOKS, {
      'Query.books': { resolve: () => books(3) },
      'Book.author': batch(author),
    });
    const text = '{ books { author { name } brief: author(short: true) { name } } }';
    const result = await execute(asked(schema, text), { contextValue: {} });
    expect(result.errors).toBeUndefined();
    expect(calls).toEqual([
      [3, {}],
      [3, { short: true }],
    ]);
    expect(JSON.stringify(result.data)).toContain('"author":{"name":"a2"},"brief":{"name":"a2"}');
  });

  test('that answer an Error fail one parent; too few values, or no list, fail all', async () => {
    const answers: Record<string, BatchFunction> = {
      one: (parents) => parents.map((_, at) => (at === 1 ? new Error('no') : { name: 'a' })),
      few: () => [{ name: 'a' }],
      none: () => null as never,
    };
    const failed = async (answer: BatchFunction) => {
      const schema = schemaOf(BOOKS, {
        'Query.books': { resolve: () => books(3) },
        'Book.author': batch(answer),
      });
      const result = await execute(asked(schema, '{ books { author { name } } }'), {
        contextValue: {},
      });
      return result.errors?.map(({ message, path }) => `${path?.join('.')} ${message}`);
    };
    expect(await failed(answers['one']!)).toEqual(['books.1.author no']);
    expect(await failed(answers['few']!)).toEqual(
      [0, 1, 2].map((at) => `books.${at}.author Book.author: batch answered 1 values to 3 parents`),
    );
    expect(await failed(answers['none']!)).toHaveLength(3);
  });

  test.each([
    ['by a variable', 'query($s: Boolean) { books { author(short: $s) { name } } }'],
    ['that are constant, and serve all executions', '{ books { author(short: true) { name } } }'],
  ])('cannot change the arguments that they share: %s', async (_how, text) => {
    const schema = schemaOf(BOOKS, {
      'Query.books': { resolve: () => books(1) },
      'Book.author': batch((parents, args) => {
        (args as { short: boolean }).short = false;
        return parents.map(() => null);
      }),
    });
    const variables = { s: true };
    const result = await execute(asked(schema, text), { contextValue: {}, variables });
    expect(result.errors?.[0]?.message).toMatch(/read only/);
  });
});

test('a page of properties makes no promise: it is answered at once', () => {
  const schema = schemaOf(BOOKS, { 'Query.books': { resolve: () => books(50) } });
  const result = executeToText(asked(schema, '{ books { id title } }'), { contextValue: {} });
  expect(result).not.toBeInstanceOf(Promise);
  expect(result).toMatchObject({
    data: expect.stringMatching(/^\{"books":\[\{"id":0,"title":"t0"\}/),
  });
});

test('a field goes on when its own values are there, though another of its level waits', async () => {
  const order: string[] = [];
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  const schema = schemaOf(BOOKS, {
    'Query.books': { resolve: () => books(2) },
    'Book.author': batch(async (parents) => {
      await held;
      order.push('author');
      return parents.map(() => null);
    }),
    'Book.similar': batch((parents) => parents.map(() => books(1))),
    'Book.title': batch((parents) => {
      order.push(`title of ${parents.length}`);
      release();
      return parents.map(() => 't');
    }),
  });
  const text = '{ books { author { name } similar { title } } }';
  expect((await execute(asked(schema, text), { contextValue: {} })).errors).toBeUndefined();
  expect(order).toEqual(['title of 2', 'author']);
});

test('an info is made for each call, is whole when copied, and knows its path', async () => {
  const infos: GraphQLResolveInfo[] = [];
  const schema = schemaOf(BOOKS, {
    'Query.books': { resolve: () => books(2) },
    'Book.title': {
      resolve: (_book: unknown, _args: object, _context: object, info: GraphQLResolveInfo) => {
        infos.push({ ...info });
        return 't';
      },
    },
  });
  await execute(asked(schema, '{ all: books { title } }'), { contextValue: {}, rootValue: 7 });
  expect(infos).toHaveLength(2);
  expect(infos[1]).toMatchObject({
    fieldName: 'title',
    rootValue: 7,
    path: {
      key: 'title',
      typename: 'Book',
      prev: { key: 1, prev: { key: 'all', prev: undefined } },
    },
  });
});

describe('mutations', () => {
  const run = async (two: () => unknown) => {
    const order: string[] = [];
    const step = (name: string, value: () => unknown) => ({
      resolve: async () => {
        order.push(`${name} begins`);
        await new Promise((done) => setImmediate(done));
        order.push(`${name} ends`);
        return value();
      },
    });
    const schema = schemaOf(BOOKS, {
      'Mutation.one': step('one', () => 1),
      'Mutation.two': step('two', two),
      'Mutation.three': step('three', () => 3),
    });
    const result = await execute(asked(schema, 'mutation { one two three }'), { contextValue: {} });
    return { order, result };
  };

  test('run one after the other', async () => {
    const { order, result } = await run(() => 2);
    expect({ ...result.data }).toEqual({ one: 1, two: 2, three: 3 });
    expect(order).toEqual(
      ['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
  });

  test('stop at the one whose failure nulls the whole answer', async () => {
    const { order, result } = await run(() => null);
    expect(result.data).toBeNull();
    expect(result.errors).toHaveLength(1);
    expect(order.at(-1)).toBe('two ends');
  });
});

test('when its signal aborts, an execution rejects at once and begins nothing more', async () => {
  const leaving = new AbortController();
  let began = 0;
  let answered = () => {};
  const late = new Promise<void>((done) => (answered = done));
  const schema = schemaOf(BOOKS, {
    'Query.books': {
      resolve: async () => {
        leaving.abort(new Error('left'));
        await new Promise((done) => setImmediate(done));
        answered();
        return books(2);
      },
    },
    'Book.author': batch((parents) => {
      began += parents.length;
      return parents.map(() => null);
    }),
  });
  const prepared = asked(schema, '{ books { author { name } } }');
  const { signal } = leaving;
  await expect(execute(prepared, { contextValue: {}, signal })).rejects.toThrow('left');
  await late;
  await new Promise((done) => setImmediate(done)); // What its answer would begin has begun.
  expect(began).toBe(0);
  expect(() => execute(prepared, { contextValue: {}, signal })).toThrow('left');
});

test('an operation has one plan for each combination of its conditions, however often it runs', async () => {
  let reads = 0;
  const schema = schemaOf(BOOKS, { 'Query.books': { resolve: () => books(1) } });
  const prepared = asked(
    schema,
    'query($a: Boolean!, $b: Boolean!) { books { id @include(if: $a) ...T } } fragment T on Book { title @skip(if: $b) }',
  );
  const plans = new Set<unknown>();
  for (const [a, b] of [
    [true, true],
    [true, false],
    [false, true],
    [true, true],
    [true, false],
  ] as const) {
    plans.add(prepared.planFor({ a, b }));
    const { data } = await execute(prepared, { contextValue: {}, variables: { a, b } });
    const [book] = data!['books'] as object[];
    expect(Object.keys(book!)).toEqual([...(a ? ['id'] : []), ...(b ? [] : ['title'])]);
    reads += 1;
  }
  expect([plans.size, reads]).toEqual([3, 5]);
});

test.each([
  ['{ books { id } }', 'Nope', 'Unknown operation named "Nope".'],
  ['query A { books { id } } query B { books { id } }', null, /multiple operations/],
  ['fragment F on Book { id }', null, 'Must provide an operation.'],
])('%s, asked for as %s, is no operation', (text, name, message) => {
  const document: DocumentNode = parse(text);
  expect(() => prepare(buildSchema(BOOKS), document, name)).toThrow(GraphQLError);
  expect(() => prepare(buildSchema(BOOKS), document, name)).toThrow(message);
});

test('keys that objects inherit, and texts that JSON escapes, are answered as any other', async () => {
  const strange = '"\\\n\u2028\ud800 é 😀';
  const schema = schemaOf(BOOKS, {
    'Query.books': {
      resolve: () => [
        { id: 1, title: strange },
        { id: 2, title: `${strange}${'x'.repeat(99)}` },
      ],
    },
  });
  const prepared = asked(schema, '{ books { __proto__: id constructor: title toString: title } }');
  const { data } = await executeToText(prepared, { contextValue: {} });
  const result = await execute(prepared, { contextValue: {} });
  expect(data).toBe(JSON.stringify(result.data));
  expect(data).toContain('{"__proto__":1,"constructor":"\\"\\\\\\n');
});
