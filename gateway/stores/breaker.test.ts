import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openBreaker } from './breaker.ts';

const SETTINGS = { failures: 3, window_ms: 1_000, open_ms: 500 };

function aBreaker() {
  const clock = { now_ms: 0 };
  const breaker = openBreaker(SETTINGS, () => clock.now_ms);
  const fail = (times = 1) => {
    for (let i = 0; i < times; i += 1) breaker.enter(true)?.failed();
  };
  return { clock, breaker, fail };
}

test('it opens after so many failures in a row, and not one before', () => {
  const { breaker, fail } = aBreaker();
  fail(2);
  expect([breaker.state(), breaker.enter(false) !== null]).toEqual(['closed', true]);
  fail();
  expect([breaker.state(), breaker.enter(true)]).toEqual(['open', null]);
});

test('a success ends the row; what left does not', () => {
  const { breaker, fail } = aBreaker();
  fail(2);
  breaker.enter(true)!.succeeded();
  fail(2);
  expect(breaker.state()).toBe('closed');
  breaker.enter(true)!.left();
  fail();
  expect(breaker.state()).toBe('open');
});

test('failures count within the window only', () => {
  const { clock, breaker, fail } = aBreaker();
  fail();
  clock.now_ms = 999;
  fail();
  clock.now_ms = 1_000; // The first is out.
  fail();
  expect(breaker.state()).toBe('closed');
  clock.now_ms = 1_998;
  fail();
  expect(breaker.state()).toBe('open');
});

test('once its time is over one tries, and nobody else until that one is done', () => {
  const { clock, breaker, fail } = aBreaker();
  fail(3);
  clock.now_ms = 499;
  expect(breaker.enter(true)).toBeNull();
  clock.now_ms = 500;
  expect(breaker.enter(false)).toBeNull(); // Who does not want to be the one.
  const one = breaker.enter(true)!;
  expect([breaker.state(), breaker.enter(true), breaker.enter(false)]).toEqual([
    'half-open',
    null,
    null,
  ]);
  one.left();
  const another = breaker.enter(true)!;
  another.succeeded();
  expect([breaker.state(), breaker.enter(false) !== null]).toEqual(['closed', true]);
});

test('when the one that tries fails, it is open for as long again', () => {
  const { clock, breaker, fail } = aBreaker();
  fail(3);
  clock.now_ms = 500;
  breaker.enter(true)!.failed();
  clock.now_ms = 999;
  expect([breaker.state(), breaker.enter(true)]).toEqual(['open', null]);
  clock.now_ms = 1_000;
  breaker.enter(true)!.succeeded();
  expect(breaker.state()).toBe('closed');
});

test('what ends after the state has changed says nothing of the new one, nor does it twice', () => {
  const { clock, breaker, fail } = aBreaker();
  const [late, lateToo] = [breaker.enter(true)!, breaker.enter(true)!];
  fail(3);
  late.succeeded();
  expect(breaker.state()).toBe('open');
  clock.now_ms = 500;
  breaker.enter(true)!.succeeded();
  for (let i = 0; i < 3; i += 1) lateToo.failed();
  expect(breaker.state()).toBe('closed');
  const twice = breaker.enter(true)!;
  for (let i = 0; i < 3; i += 1) twice.failed();
  expect(breaker.state()).toBe('closed');
});

test('whatever happens, one at most tries, and a store that answers is used again', () => {
  const step = fc.record({
    do: fc.constantFrom('enter', 'succeeded', 'failed', 'left', 'wait'),
    who: fc.nat(5),
    ms: fc.integer({ min: 0, max: 700 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clock, breaker } = aBreaker();
      const under = new Map<number, { passage: object; tries: boolean }>();
      for (const { do: what, who, ms } of steps) {
        if (what === 'wait') clock.now_ms += ms;
        else if (what === 'enter') {
          if (under.has(who)) continue;
          const passage = breaker.enter(true);
          if (passage) under.set(who, { passage, tries: breaker.state() === 'half-open' });
        } else {
          const call = under.get(who) as { passage: Record<string, () => void> } | undefined;
          call?.passage[what]!();
          under.delete(who);
        }
        if (breaker.state() !== 'half-open') {
          for (const call of under.values()) call.tries = false; // Too late to say anything.
        }
        const trying = [...under.values()].filter(({ tries }) => tries).length;
        expect(trying).toBeLessThanOrEqual(1);
      }
      for (const [, { passage }] of under) (passage as { left(): void }).left();
      clock.now_ms += SETTINGS.open_ms;
      breaker.enter(true)!.succeeded();
      expect(breaker.state()).toBe('closed');
    }),
  );
});
