import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeLine, type InLine } from './line.ts';

interface Item extends InLine {
  readonly n: number;
}

const LIMITS = { flush_events_max: 10, flush_bytes_max: 100 };
let n = 0;
const item = (runId: string, events = 1, bytes = 1): Item => ({
  runId,
  events,
  bytes,
  skips: 0,
  n: (n += 1),
});
const runs = (items: readonly Item[]) => items.map(({ runId }) => runId).join('');

function lineOf(...items: Item[]) {
  const line = makeLine<Item>(LIMITS);
  for (const each of items) line.push(each);
  return line;
}

test('a flush takes calls up to its events and bytes, in order, and one at least', () => {
  const line = lineOf(item('a', 4), item('b', 6), item('c', 1, 60), item('d', 1, 40), item('e'));
  expect(runs(line.take())).toBe('ab');
  expect(runs(line.take())).toBe('cd');
  expect(runs(line.take())).toBe('e');
  expect(line.take()).toEqual([]);
  expect(runs(lineOf(item('a', 11), item('b')).take())).toBe('a');
});

test('a call whose run was locked comes first in the next flush, before later calls of its run', () => {
  const line = lineOf(item('a'), item('b'));
  const [first] = line.take();
  line.push(item('a'));
  expect(line.giveBack([first!])).toEqual([]);
  expect(line.take().map((each) => [each.runId, each === first])).toEqual([
    ['a', true],
    ['a', false],
  ]);
});

test('after its second skip a run goes alone with its calls, and later ones are held behind', () => {
  const line = lineOf(item('a'), item('a'), item('b'));
  const once = line.take().filter(({ runId }) => runId === 'a');
  line.giveBack(once);
  line.push(item('a'));
  const twice = line.take();
  expect(runs(twice)).toBe('aaa');
  line.push(item('a'));
  const alone = line.giveBack(twice);
  expect(alone).toEqual([twice]);
  line.push(item('c'));
  line.push(item('a'));
  expect(runs(line.take())).toBe('c'); // Both of a step behind.
  line.push(item('a'));
  line.release('a');
  expect(line.take().map((each) => each.n)).toEqual([n - 3, n - 1, n]);
});

test('no call overtakes another of its run, however runs are locked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(3)), { maxLength: 60 }),
      fc.infiniteStream(fc.boolean()),
      (pushes, locked) => {
        const line = makeLine<Item>({ flush_events_max: 5, flush_bytes_max: 50 });
        const done: Item[] = [];
        const alone: Item[][] = [];
        const settleAlone = () => {
          const next = alone.shift();
          if (!next) return;
          done.push(...next);
          line.release(next[0]!.runId);
        };
        const flushOnce = () => {
          const batch = line.take();
          const held = new Set(['a', 'b', 'c'].filter(() => locked.next().value));
          done.push(...batch.filter(({ runId }) => !held.has(runId)));
          alone.push(...line.giveBack(batch.filter(({ runId }) => held.has(runId))));
          return batch.length;
        };
        for (const [runId, then] of pushes) {
          line.push(item(runId));
          if (then === 1) flushOnce();
          if (then === 2) settleAlone();
        }
        for (let left = 200; left > 0 && (flushOnce() > 0 || alone.length > 0); left -= 1)
          settleAlone();
        expect(done).toHaveLength(pushes.length);
        for (const run of ['a', 'b', 'c']) {
          const order = done.filter(({ runId }) => runId === run).map((each) => each.n);
          expect(order).toEqual(order.toSorted((x, y) => x - y));
        }
      },
    ),
  );
});
