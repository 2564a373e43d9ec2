import { expect, test } from 'vitest';
import { collectIssues, ISSUES_MAX } from '../issues.ts';
import { checkGraph, NAME_BYTES_MAX, STEP_KEY_BYTES_MAX, type GraphStep } from './graph.ts';

const PATHS = { steps: 'input.steps', key: 'key' };
const step = (key: string, ...parents: string[]): GraphStep => ({ key, name: key, parents });

function problems(steps: readonly GraphStep[]): string[] {
  const issues = collectIssues();
  checkGraph(steps, PATHS, issues);
  return issues.refusal('input').issues.map(({ path, message }) => `${path}: ${message}`);
}

test('a graph without cycles passes, whatever the order of its steps', () => {
  expect(problems([step('c', 'a', 'b'), step('a'), step('b', 'a'), step('alone')])).toEqual([]);
});

test('each broken rule is told with its path', () => {
  expect(problems([step('a', 'nobody'), step('a'), step('b', 'a', 'a'), step('')])).toEqual([
    'input.steps[1].key: "a" is taken by input.steps[0] already',
    'input.steps[3].key: must not be empty',
    'input.steps[3].name: must not be empty',
    'input.steps[0].parents[0]: there is no step "nobody"',
    'input.steps[2].parents[1]: "a" is named twice',
  ]);
  expect(problems([])).toEqual(['input.steps: must hold at least one step']);
});

test('each cycle is told once, with its members, and not with what merely hangs below it', () => {
  const steps = [
    step('above'),
    step('b', 'above', 'd'),
    step('c', 'b'),
    step('d', 'c'),
    step('below', 'd'),
    step('self', 'self'),
  ];
  expect(problems(steps)).toEqual([
    'input.steps[1].parents: must not form a cycle: "b" waits for "d" waits for "c" waits for "b"',
    'input.steps[5].parents: must not form a cycle: "self" waits for "self"',
  ]);
});

test('a cycle of 20,000 steps is found without a deep stack and told in one line', () => {
  const steps = Array.from({ length: 20_000 }, (_, n) => step(`s${n}`, `s${(n + 1) % 20_000}`));
  const [problem, ...rest] = problems(steps);
  expect(rest).toEqual([]);
  expect(problem).toMatch(/^input\.steps\[0\]\.parents: .*"s0" waits for "s1" .* \(20000 steps\)$/);
});

test('there may be 20,000 steps and 200,000 parents, not one more', () => {
  const many = (steps: number, parents: number) => {
    const wide = Array.from({ length: steps }, (_, n) => step(`s${n}`));
    const keys = wide.slice(0, 200).map(({ key }) => key);
    return wide.map((one, n) => {
      const fill = Math.min(Math.max(parents - (n - 200) * 200, 0), 200);
      return n < 200 ? one : { ...one, parents: keys.slice(0, fill) };
    });
  };
  expect(problems(many(20_000, 200_000))).toEqual([]);
  expect(problems(many(20_001, 0))).toEqual([
    'input.steps: may hold at most 20000 steps, got 20001',
  ]);
  expect(problems(many(20_000, 200_001))).toEqual([
    'input.steps: may name at most 200000 parents in all, got 200001',
  ]);
});

test('keys and names may be as long as their bound in bytes, and must be storable', () => {
  const longest = 'é'.repeat(STEP_KEY_BYTES_MAX / 2);
  expect(STEP_KEY_BYTES_MAX).toBe(NAME_BYTES_MAX);
  expect(problems([step(longest)])).toEqual([]);
  expect(problems([step(`${longest}x`)])).toEqual([
    'input.steps[0].key: may be at most 500 bytes, has 501',
    'input.steps[0].name: may be at most 500 bytes, has 501',
  ]);
  expect(problems([{ ...step('a\0'), name: '\ud800' }])).toEqual([
    'input.steps[0].key: must not hold a NUL character',
    'input.steps[0].name: must not hold half of a surrogate pair',
  ]);
  expect(problems([step('😀')])).toEqual([]);
});

test('names that objects have by themselves are keys like any other', () => {
  expect(problems([step('__proto__'), step('constructor', '__proto__')])).toEqual([]);
  expect(problems([step('a', 'toString')])).toEqual([
    'input.steps[0].parents[0]: there is no step "toString"',
  ]);
});

test('the first hundred problems are told, the rest is counted', () => {
  const told = problems(Array.from({ length: ISSUES_MAX + 3 }, (_, n) => step(`s${n}`, 'x')));
  expect(told).toHaveLength(ISSUES_MAX + 1);
  expect(told.at(-1)).toBe('input: and 3 more');
});
