import { buildSchema, type GraphQLError, type GraphQLFieldResolver } from 'graphql';
import { expect, test } from 'vitest';
import type { LiveCtx } from '../../resolvers/context.ts';
import { Conflict, Invalid, Limited, NotFound, Unavailable } from '../../resolvers/errors.ts';
import { answering, resultOf, type Asker } from './answer.ts';
import { openDocuments } from './documents.ts';
import type { StopSignal } from '../../resolvers/stop.ts';

const SDL = `
  scalar Even
  enum Colour { RED GREEN }
  type Query { ok: String, other: String, list(n: Int!): [Int!], even(x: Even): Int, colour(c: Colour): Int, bad: Int }
  type Mutation { go: String }`;

const ASKER: Asker = { requestId: 'r', signal: new AbortController().signal, mayMutate: true };

function setUp(
  resolve: Record<string, GraphQLFieldResolver<unknown, LiveCtx>> = {},
  deadline_ms = 10_000,
) {
  const schema = buildSchema(SDL);
  const fields = {
    ...schema.getQueryType()?.getFields(),
    ...schema.getMutationType()?.getFields(),
  };
  for (const [name, resolver] of Object.entries(resolve)) {
    const field = fields[name];
    if (field) field.resolve = resolver;
  }
  const reported: { error: unknown; id: string }[] = [];
  const limits = { tokens_max: 1_000, documents_max: 10, characters_max: 10_000 };
  const answers = answering({
    schema,
    documentOf: openDocuments(schema, limits),
    contextOf: (_asker, signal) => ({ signal }) as LiveCtx,
    check: () => undefined,
    deadline_ms,
    reportOf: () => (error, id) => reported.push({ error, id }),
  });
  const answer = async (...given: Parameters<typeof answers>) => {
    const answered = await answers(...given);
    return { ...answered, result: resultOf(answered) };
  };
  return { answer, reported, schema };
}

const shown = (errors: readonly GraphQLError[] = []) =>
  errors.map(({ message, path, extensions: { http: _http, ...extensions } }) => ({
    message,
    path,
    extensions,
  }));

test('a refusal reaches the client with its code, its path and what it knows', async () => {
  const refusals = [
    [
      new Invalid('input.x', 'must be even'),
      { code: 'INVALID', issues: [{ path: 'input.x', message: 'must be even' }] },
    ],
    [new NotFound('Run', 'r1'), { code: 'NOT_FOUND', id: 'r1' }],
    [
      new Conflict('Run r1', 'version 1', 'version 2'),
      { code: 'CONFLICT', expected: 'version 1', actual: 'version 2' },
    ],
    [new Limited('first', 100, 101), { code: 'LIMITED', limit: 100, seen: 101 }],
    [new Unavailable('postgres', 'it is away'), { code: 'UNAVAILABLE', store: 'postgres' }],
  ] as const;
  for (const [refusal, extensions] of refusals) {
    const { answer, reported } = setUp({
      ok: () => {
        throw refusal;
      },
      other: () => 'here',
    });
    const { result, codes } = await answer({ query: '{ ok other }' }, ASKER);
    expect(result.data).toEqual({ ok: null, other: 'here' });
    expect(shown(result.errors)).toEqual([{ message: refusal.message, path: ['ok'], extensions }]);
    expect(codes).toEqual([refusal.code]);
    expect(reported).toEqual([]);
  }
});

test('anything else thrown is masked under an id, and reported whole under that id', async () => {
  const secret = new Error('the password is hunter2');
  const { answer, reported } = setUp({ ok: () => Promise.reject(secret) });
  const { result, codes } = await answer({ query: '{ ok }' }, ASKER);
  const [{ error, id } = { error: null, id: '' }] = reported;
  expect(error).toBe(secret);
  expect(shown(result.errors)).toEqual([
    {
      message: `Internal error. Quote ${id} when you report it.`,
      path: ['ok'],
      extensions: { code: 'INTERNAL', id },
    },
  ]);
  expect(JSON.stringify(result)).not.toContain('hunter2');
  expect(codes).toEqual(['INTERNAL']);
});

test('a value of ours that does not fit its type is our bug, not the client’s', async () => {
  const { answer, reported } = setUp({ bad: () => 'not a number', list: () => [null] });
  const { codes } = await answer({ query: '{ bad list(n: 1) }' }, ASKER);
  expect(codes).toEqual(['INTERNAL']);
  expect(reported).toHaveLength(2);
});

test('an error of the document keeps its location and tells no names', async () => {
  const { answer } = setUp();
  const cases = [
    ['{ ok', 'Syntax Error: Expected Name, found <EOF>.'],
    ['{ okk }', 'Cannot query field "okk" on type "Query".'],
    ['{ colour(c: GREN) }', 'Value "GREN" does not exist in "Colour" enum.'],
  ] as const;
  for (const [query, message] of cases) {
    const { result } = await answer({ query }, ASKER);
    expect(result.data).toBeUndefined();
    expect(result.errors?.[0]?.locations).toHaveLength(1);
    expect(shown(result.errors)).toEqual([
      { message, path: undefined, extensions: { code: 'INVALID' } },
    ]);
  }
});

test('variables of the wrong type are the client’s, told without names it did not send', async () => {
  const { answer, reported } = setUp();
  const wrong = await answer(
    { query: 'query ($c: Colour) { colour(c: $c) }', variables: { c: 'GREN' } },
    ASKER,
  );
  expect(wrong.codes).toEqual(['INVALID']);
  expect(wrong.result.errors?.[0]?.message).not.toMatch(/GREEN|Did you mean/);
  const missing = await answer({ query: 'query ($n: Int!) { list(n: $n) }' }, ASKER);
  expect(missing.codes).toEqual(['INVALID']);
  expect(reported).toEqual([]);
});

test('what a scalar refuses is the client’s, also through a variable', async () => {
  const { answer, schema, reported } = setUp();
  const even = schema.getType('Even') as unknown as { parseValue: (value: unknown) => unknown };
  even.parseValue = (value) => {
    throw new Invalid('Even', `must be even, got ${String(value)}`);
  };
  const { result, codes } = await answer(
    { query: 'query ($x: Even) { even(x: $x) }', variables: { x: 3 } },
    ASKER,
  );
  expect(codes).toEqual(['INVALID']);
  expect(result.errors?.[0]?.message).toMatch(/must be even, got 3/);
  expect(reported).toEqual([]);
});

test('what a scalar refuses of a literal is the client’s, with its place', async () => {
  const { answer, schema, reported } = setUp();
  const even = schema.getType('Even') as unknown as { parseLiteral: () => unknown };
  even.parseLiteral = () => {
    throw new TypeError('an Even is a multiple of 2');
  };
  for (const query of ['{ even(x: 3) }', 'query ($x: Even = 3) { even(x: $x) }']) {
    const { result, codes } = await answer({ query }, ASKER);
    expect(codes).toEqual(['INVALID']);
    expect(result.errors?.[0]?.message).toMatch(/found 3; an Even is a multiple of 2/);
    expect(result.errors?.[0]?.locations).toHaveLength(1);
  }
  expect(reported).toEqual([]);
});

test('a mutation runs only where mutations may come from', async () => {
  let ran = 0;
  const { answer } = setUp({ go: () => `run ${(ran += 1)}` });
  const refused = await answer({ query: 'mutation { go }' }, { ...ASKER, mayMutate: false });
  expect(refused).toMatchObject({ operation: 'mutation', codes: ['INVALID'] });
  expect(refused.result.errors?.[0]?.extensions['http']).toEqual({
    status: 405,
    headers: { allow: 'POST' },
  });
  expect(ran).toBe(0);
  expect((await answer({ query: 'mutation { go }' }, ASKER)).result.data).toEqual({ go: 'run 1' });
});

test('past its deadline an operation is answered UNAVAILABLE, and its signal aborts', async () => {
  let heard: StopSignal | undefined;
  const { answer } = setUp(
    { ok: (_root, _args, { signal }) => new Promise(() => (heard = signal)) },
    50,
  );
  const { result, codes } = await answer({ query: 'query Slow { ok }' }, ASKER);
  expect(codes).toEqual(['UNAVAILABLE']);
  expect(result.errors?.[0]?.message).toContain('no answer within 50 ms');
  expect(heard?.aborted).toBe(true);
});

test('the signal of an operation aborts when its client leaves, and not after the answer', async () => {
  const client = new AbortController();
  const signals: StopSignal[] = [];
  const { answer } = setUp({ ok: (_root, _args, { signal }) => void signals.push(signal) });
  await answer({ query: '{ ok }' }, { ...ASKER, signal: client.signal });
  client.abort();
  await answer({ query: '{ ok }' }, { ...ASKER, signal: client.signal });
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]); // The second was not begun.
});

test('a bug below us is in the answer, not thrown at the transport', async () => {
  const { answer, reported } = setUp();
  const odd = { query: null as unknown as string };
  expect(await answer(odd, ASKER)).toMatchObject({ codes: ['INTERNAL'], operation: null });
  expect(reported).toHaveLength(1);
});

test('of several operations the named one runs, and an unknown name is the client’s error', async () => {
  const { answer } = setUp({ ok: () => 'yes' });
  const query = 'query A { ok } query B { other }';
  expect(await answer({ query, operationName: 'A' }, ASKER)).toMatchObject({
    result: { data: { ok: 'yes' } },
    operation: 'query',
    operationName: 'A',
  });
  for (const operationName of ['C', null]) {
    expect((await answer({ query, operationName }, ASKER)).codes).toEqual(['INVALID']);
  }
});
