import { expect, test } from 'vitest';
import { Unavailable } from '../../../resolvers/errors.ts';
import { cypher, type Cypher } from './client.ts';
import { openPlans } from './plans.ts';

const [ONE, OTHER] = [cypher('test.one', 'RETURN 1'), cypher('test.other', 'RETURN 2')];
const LONG_ms = 60_000;

/** A server that ends a plan when told to. */
function aServer() {
  const begun: string[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const plans = openPlans(({ name }: Cypher<unknown>) => {
    begun.push(name);
    return new Promise<void>((resolve, reject) => void ends.push({ resolve, reject }));
  });
  return { plans, begun, ends };
}

test('a text is planned once, whoever asks and however seldom one waits for it', async () => {
  const { plans, begun, ends } = aServer();
  expect(await plans.has(ONE, 0)).toBe(false);
  expect(await plans.has(ONE, 0)).toBe(false);
  const patient = plans.has(ONE, LONG_ms);
  ends[0]!.resolve();
  expect(await patient).toBe(true);
  expect(await plans.has(ONE, 0)).toBe(true);
  expect(begun).toEqual(['test.one']);
});

test('texts are planned one after the other, whatever becomes of the first', async () => {
  const { plans, begun, ends } = aServer();
  const first = plans.has(ONE, LONG_ms);
  const second = plans.has(OTHER, LONG_ms);
  await expect.poll(() => begun).toEqual(['test.one']);
  ends[0]!.reject(new Unavailable('neo4j', 'it is gone'));
  await expect(first).rejects.toThrow(Unavailable);
  await expect.poll(() => begun).toEqual(['test.one', 'test.other']);
  ends[1]!.resolve();
  expect(await second).toBe(true);
});

test('one that failed is planned when it comes again, unless it is the text that is wrong', async () => {
  const { plans, begun, ends } = aServer();
  const away = plans.has(ONE, LONG_ms);
  await expect.poll(() => ends.length).toBe(1);
  ends[0]!.reject(new Unavailable('neo4j', 'it is gone'));
  await expect(away).rejects.toThrow(Unavailable);
  const wrong = plans.has(ONE, LONG_ms);
  await expect.poll(() => ends.length).toBe(2);
  ends[1]!.reject(new Error('no such function'));
  expect(await wrong).toBe(true);
  expect(await plans.has(ONE, 0)).toBe(true);
  expect(begun).toHaveLength(2);
});

test.each([
  ['one text, which was read in vain', ONE.text, true],
  ['all, with a server that is gone,', null, false],
])('%s is planned anew, once it is forgotten', async (_what, forgotten, keepsOther) => {
  const { plans, begun, ends } = aServer();
  const before = [plans.has(ONE, LONG_ms), plans.has(OTHER, LONG_ms)];
  for (const at of [0, 1]) {
    await expect.poll(() => ends.length).toBe(at + 1);
    ends[at]!.resolve();
  }
  await Promise.all(before);
  plans.forget(forgotten);
  expect(await plans.has(ONE, 0)).toBe(false);
  expect(await plans.has(OTHER, 0)).toBe(keepsOther);
  await expect.poll(() => begun.length).toBe(3);
});
