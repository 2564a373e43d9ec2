import { expect, test } from 'vitest';
import { openJoiner } from './joiner.ts';

const ROOTS_MAX = 10;

interface Statement {
  readonly roots: readonly number[];
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

/** A joiner over a store that answers the double of each root when told. */
function openJoined() {
  const join = openJoiner();
  const sent: Statement[] = [];
  const readAll = (roots: readonly number[]) =>
    new Promise<number[]>((resolve, fail) => {
      sent.push({ roots, fail, end: () => resolve(roots.map((root) => 2 * root)) });
    });
  const ask = (words: string, ...roots: number[]) => join(words, roots, ROOTS_MAX, readAll);
  return { ask, sent };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('one statement at a time; who comes meanwhile is answered by one more, each for its own roots', async () => {
  const { ask, sent } = openJoined();
  const answers = [ask('a', 1), ask('a', 2), ask('a', 3, 4), ask('a'), ask('a', 5)];
  expect(sent.map(({ roots }) => roots)).toEqual([[1]]);
  sent[0]!.end();
  await settled();
  expect(sent.map(({ roots }) => roots)).toEqual([[1], [2, 3, 4, 5]]);
  sent[1]!.end();
  expect(await Promise.all(answers)).toEqual([[2], [4], [6, 8], [], [10]]);
});

test('who asks in other words is not joined', async () => {
  const { ask, sent } = openJoined();
  const answers = [ask('a', 1), ask('b', 2), ask('c', 3)];
  expect(sent.map(({ roots }) => roots)).toEqual([[1], [2], [3]]);
  for (const { end } of sent) end();
  expect(await Promise.all(answers)).toEqual([[2], [4], [6]]);
});

test('a slow statement holds up nobody who comes later: all who wait go after some milliseconds', async () => {
  const { ask, sent } = openJoined();
  const slow = ask('a', 1);
  const answers = Array.from({ length: ROOTS_MAX + 1 }, (_, at) => ask('a', at));
  await expect.poll(() => sent.length).toBe(3);
  expect(sent.map(({ roots }) => roots.length)).toEqual([1, ROOTS_MAX, 1]);
  for (const { end } of sent.slice(1)) end();
  expect((await Promise.all(answers)).flat()).toEqual(answers.map((_, at) => 2 * at));
  sent[0]!.end();
  expect(await slow).toEqual([2]);
});

test('what fails, fails for those who were in it, and for nobody else', async () => {
  const { ask, sent } = openJoined();
  const answers = [1, 2, 3].map((root) => ask('a', root).catch((error: Error) => error.message));
  sent[0]!.fail(new Error('away'));
  await settled();
  const after = ask('a', 4);
  sent[1]!.fail(new Error('away again'));
  expect(await Promise.all(answers)).toEqual(['away', 'away again', 'away again']);
  await settled();
  sent[2]!.end();
  expect(await after).toEqual([8]);
});

test(`a statement has ${ROOTS_MAX} roots at most, unless one alone asks for more`, async () => {
  const { ask, sent } = openJoined();
  const many = (count: number) => Array.from({ length: count }, (_, at) => at);
  const counts = [1, ROOTS_MAX - 1, 1, 1, ROOTS_MAX + 1];
  const answers = counts.map((count) => ask('a', ...many(count)));
  for (let at = 0; at < 4; at += 1) {
    await expect.poll(() => sent.length).toBeGreaterThan(at);
    sent[at]!.end();
  }
  expect(sent.map(({ roots }) => roots.length)).toEqual([1, ROOTS_MAX, 1, ROOTS_MAX + 1]);
  expect((await Promise.all(answers)).map((answer) => answer.length)).toEqual(counts);
});
