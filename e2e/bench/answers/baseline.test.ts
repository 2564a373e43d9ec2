/** The guard is seen failing: what it lets pass, and what not. */
import { describe, expect, test } from 'vitest';
import { worse, type Baseline } from './baseline.ts';

const BASELINE: Baseline = {
  statements: {
    page: { 'runs.byWorkflow': 1, 'workflows.list': 1 },
    outline: { 'workflows.list': 1 },
    run: { 'runs.byIds': 1 },
    typename: {},
  },
  ratios: { 'page: ours / levels': { median: 1, low: 0.9, high: 1.2 } },
};

/** A run in which the ratio's median was this. */
function measured(median: number, statements: Partial<Baseline['statements']> = {}): Baseline {
  return {
    statements: { ...BASELINE.statements, ...statements },
    ratios: { 'page: ours / levels': { median, low: median, high: median } },
  };
}

describe('the guard', () => {
  test('lets pass what is as before, less, or worse by less than the spread and a tenth', () => {
    expect(worse(BASELINE, BASELINE)).toEqual([]);
    expect(worse(BASELINE, measured(0.2))).toEqual([]);
    expect(worse(BASELINE, measured(1.319, { run: {} }))).toEqual([]);
  });

  test('fails by a ratio whose median is more than a tenth beyond the spread', () => {
    expect(worse(BASELINE, measured(1.33))).toEqual([
      'page: ours / levels is 1.33, more than 1.1 × 1.2; it was 1 (0.9 to 1.2)',
    ]);
  });

  test('fails by one more statement, and by one that was not there', () => {
    const more = measured(1, {
      page: { 'runs.byWorkflow': 2, 'workflows.list': 1 },
      typename: { 'runs.list': 1 },
    });
    expect(worse(BASELINE, more)).toEqual([
      'page: runs.byWorkflow runs 2 times, not 1',
      'typename: runs.list runs 1 times, not 0',
    ]);
  });

  test('does not compare what was not measured, now or then', () => {
    const { statements, ratios } = BASELINE;
    expect(worse(BASELINE, { statements, ratios: {} })).toEqual([]);
    expect(worse({ statements, ratios: {} }, { statements, ratios })).toEqual([]);
  });
});
