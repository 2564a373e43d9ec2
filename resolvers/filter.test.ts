import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { filterOf, matches } from '../e2e/kit/random-filter.ts';
import {
  dice,
  seedRandomWorld,
  TIMES,
  type RandomWorld,
  type Thing,
} from '../e2e/kit/random-world.ts';
import { contextOver, otherViewer } from '../e2e/kit/world.ts';
import { entityNamed } from './entities.ts';
import { Invalid, Limited } from './errors.ts';
import {
  compileFilter,
  FILTER_CONDITIONS_MAX,
  FILTER_DEPTH_MAX,
  FILTER_TEXT_BYTES_MAX,
  FILTER_VALUES_MAX,
  params,
  type Filter,
} from './filter.ts';
import { globalId } from './keys.ts';
import { listOf } from './list.ts';
import { RUN, WORKFLOW } from './runs/entities.ts';

const SEED = 20_260_311;
const CASES = 300;

describe.each(DATABASES)('filters ($name)', ({ open }) => {
  let database: TestDatabase;
  let world: RandomWorld;
  beforeAll(async () => {
    database = await open();
    world = await seedRandomWorld(database, SEED, {
      workflows: 20,
      runs: 6,
      steps: 3,
      artifacts: 3,
    });
  });
  afterAll(() => database.close());

  const found = async (entity: typeof RUN | typeof WORKFLOW, filter: Filter) => {
    const page = await listOf(contextOver(database), entity as typeof RUN, { filter, first: 100 });
    return page.nodes.map(({ id }) => id).toSorted();
  };
  const expected = (things: readonly Thing[], filter: Filter) =>
    things
      .filter((thing) => matches(thing, filter))
      .map(({ id }) => String(id))
      .toSorted();

  test(`compose: ${CASES} random ones find what an evaluation in memory finds`, async () => {
    expect(world.runs.length).toBeGreaterThan(40);
    expect(world.runs.length).toBeLessThanOrEqual(100);
    const random = dice(SEED);
    const sizes = new Set<number>();
    for (let index = 0; index < CASES; index += 1) {
      const ofRuns = filterOf('run', random, 4);
      const ofWorkflows = filterOf('workflow', random, 4);
      const runs = expected(world.runs, ofRuns);
      sizes.add(runs.length);
      const shown = (filter: Filter) => `case ${index} of seed ${SEED}: ${JSON.stringify(filter)}`;
      expect(await found(RUN, ofRuns), shown(ofRuns)).toEqual(runs);
      expect(await found(WORKFLOW, ofWorkflows), shown(ofWorkflows)).toEqual(
        expected(world.workflows, ofWorkflows),
      );
    }
    expect(sizes.size, 'answers of many sizes').toBeGreaterThan(20);
  });

  test('ids are taken as global ids and as uuids, of the right type only', async () => {
    const [first] = world.runs;
    const id = String(first!['id']);
    expect(await found(RUN, { id: { eq: globalId('Run', id) } })).toEqual([id]);
    expect(await found(RUN, { id: { in: [id.toUpperCase()] } })).toEqual([id]);
    await expect(found(RUN, { id: { eq: globalId('Workflow', id) } })).rejects.toThrow(Invalid);
  });

  test('the last hours are counted from our clock', async () => {
    const now = new Date(TIMES[4]!.getTime() + 1_800_000);
    const ctx = contextOver(database, { now: () => now });
    const page = await listOf(ctx, RUN, { filter: { createdAt: { lastHours: 1 } }, first: 100 });
    expect(page.nodes.map(({ id }) => id).toSorted()).toEqual(
      expected(world.runs, { createdAt: { eq: TIMES[4] } }),
    );
  });

  test('reach nothing of another workspace', async () => {
    const viewer = await otherViewer(database);
    const page = await listOf(contextOver(database, { viewer }), RUN, { filter: { or: [{}, {}] } });
    expect(page.nodes).toEqual([]);
  });
});

describe('bounds of filters', () => {
  const compile = (filter: Filter) =>
    compileFilter(entityNamed('Run'), filter, 'x', { params: params(), now: new Date(0) });
  const nested = (depth: number): Filter =>
    depth === 1 ? { status: { eq: 'FAILED' } } : { not: nested(depth - 1) };
  const wide = (conditions: number): Filter => ({
    or: Array.from({ length: conditions / 2 }, () => ({ stepsDone: { eq: 1 } })),
  });

  test('depth: at the limit it compiles, one past it is Limited', () => {
    expect(compile(nested(FILTER_DEPTH_MAX))).toContain('IS NOT TRUE');
    expect(() => compile(nested(FILTER_DEPTH_MAX + 1))).toThrow(Limited);
  });

  test('conditions: at the limit they compile, one past it is Limited', () => {
    expect(compile(wide(FILTER_CONDITIONS_MAX))).toContain(' OR ');
    expect(() => compile({ ...wide(FILTER_CONDITIONS_MAX), version: { eq: 1 } })).toThrow(Limited);
  });

  test('alternatives past the bound are refused before one of them is looked at', () => {
    let looked = 0;
    const alternative = { enumerable: true, get: () => ({ eq: (looked += 1) }) };
    const alternatives = Array.from({ length: 100_000 }, () =>
      Object.defineProperty({}, 'stepsDone', alternative),
    );
    const into = params();
    for (const filter of [{ or: alternatives }, { and: [{ or: alternatives }] }]) {
      expect(() =>
        compileFilter(entityNamed('Run'), filter, 'x', { params: into, now: new Date(0) }),
      ).toThrow(/conditions of a filter may be at most 100, got 10000[01]$/);
    }
    expect({ looked, values: into.values }).toEqual({ looked: 0, values: [] });
  });

  test('values of a list: at the limit they compile, one past it is Limited', () => {
    const list = (count: number): Filter => ({ tags: { hasAny: Array<string>(count).fill('a') } });
    expect(compile(list(FILTER_VALUES_MAX))).toContain('&&');
    expect(() => compile(list(FILTER_VALUES_MAX + 1))).toThrow(Limited);
  });

  test('a text is refused past its bound, with NUL and with half a pair, and the field is named', () => {
    const eq = (value: string): Filter => ({ and: [{ error: { contains: value } }] });
    expect(compile(eq('x'.repeat(FILTER_TEXT_BYTES_MAX)))).toContain('ILIKE');
    for (const bad of ['x'.repeat(FILTER_TEXT_BYTES_MAX + 1), 'a\0', '\ud800']) {
      expect(() => compile(eq(bad))).toThrow(/^filter\.and\[0\]\.error\.contains: /);
    }
    const json = (value: unknown): Filter => ({ metadata: { contains: value } });
    expect(() => compile(json({ a: ['\0'] }))).toThrow(/^filter\.metadata\.contains\.a\[0\]: /);
    expect(() => compile(json({ a: 'x'.repeat(FILTER_TEXT_BYTES_MAX) }))).toThrow(Invalid);
    expect(compile(json({ a: '\\u0000' }))).toContain('@>');
  });

  test('hours are above 0 and bounded', () => {
    const hours = (lastHours: number): Filter => ({ createdAt: { lastHours } });
    expect(compile(hours(87_600))).toContain('>');
    for (const bad of [0, -1, 87_601, NaN]) expect(() => compile(hours(bad))).toThrow(Invalid);
  });

  test('a value never becomes part of the text', () => {
    const into = params();
    const text = compileFilter(
      entityNamed('Run'),
      { error: { eq: "'; DROP TABLE run; --" }, status: { in: ['FAILED'] }, tags: { has: "'x" } },
      'x',
      { params: into, now: new Date(0) },
    );
    expect(text).not.toMatch(/'/);
    expect(into.values).toEqual(["'; DROP TABLE run; --", ['FAILED'], ["'x"]]);
  });
});
