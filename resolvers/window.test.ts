import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { contextOver, seedArtifacts } from '../e2e/kit/world.ts';
import { ARTIFACT } from './artifacts/entities.ts';
import type { ArtifactRow } from './artifacts/rows.ts';
import type { Ctx } from './context.ts';
import type { OrderTerm } from './entity.ts';
import type { Filter } from './filter.ts';
import { listOf } from './list.ts';
import { newId } from './keys.ts';
import { AHEAD_ROWS } from './window.ts';

/** Old rows beyond AHEAD_ROWS, so that pages come from both ways. */
const ROWS = AHEAD_ROWS + 600;
const BEGAN = Date.UTC(2026, 0, 1);

const rows = Array.from({ length: ROWS }, (_, at) => ({
  id: newId(BEGAN + at),
  name: `${at < 300 ? 'legacy' : 'recent'} ${at}`,
  kind: at % 500 === 0 ? 'rare' : 'frequent',
  quality: at % 3 === 0 ? null : (at % 11) / 10 > 1 ? 1 : (at % 11) / 10,
  sizeBytes: at % 7,
  createdAt: new Date(BEGAN + at),
}));

const FILTERS: readonly (readonly [Filter, (row: (typeof rows)[number]) => boolean])[] = [
  [{}, () => true],
  [{ kind: { eq: 'frequent' } }, ({ kind }) => kind === 'frequent'],
  [{ kind: { eq: 'rare' } }, ({ kind }) => kind === 'rare'],
  [{ search: { matches: 'legacy' } }, ({ name }) => name.startsWith('legacy')],
  [
    { search: { matches: 'legacy or rare' } },
    ({ name, kind }) => name.startsWith('legacy') || kind === 'rare',
  ],
  [
    { quality: { gte: 0.9 }, search: { matches: 'legacy' } },
    ({ quality, name }) => (quality ?? 0) >= 0.9 && name.startsWith('legacy'),
  ],
  [{ not: { quality: { gte: 0 } } }, ({ quality }) => quality === null],
  [{ name: { contains: 'LEGACY 2' } }, ({ name }) => name.includes('legacy 2')],
  [{ search: { matches: 'absent' } }, () => false],
];

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let ctx: Ctx;
  beforeAll(async () => {
    database = await open();
    ctx = contextOver(database);
    await seedArtifacts(database, rows);
  });
  afterAll(() => database.close());

  test('pages of any filter and order, walked either way, are the filtered and sorted rows', async () => {
    const field = fc.constantFrom('createdAt', 'quality', 'sizeBytes');
    const term = fc.record({ field, direction: fc.constantFrom('ASC' as const, 'DESC' as const) });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FILTERS),
        fc.uniqueArray(term, { minLength: 1, maxLength: 2, selector: (one) => one.field }),
        fc.boolean(),
        fc.integer({ min: 60, max: 100 }),
        async ([filter, matches], orderBy, backward, size) => {
          const expected = rows
            .filter(matches)
            .toSorted(comparing(orderBy))
            .map(({ id }) => id);
          const wanted = backward ? expected.toReversed() : expected;
          const seen = await walk(ctx, filter, orderBy, backward, size, wanted.length + size);
          expect(seen).toEqual(wanted.slice(0, PAGES_MAX * size));
        },
      ),
      { numRuns: database.name === 'postgres' ? 60 : 25 },
    );
  }, 300_000);

  test('a page is one statement, whichever way it was found', async () => {
    for (const [filter] of FILTERS) {
      database.statements();
      await listOf(ctx, ARTIFACT, { filter });
      expect(database.statements()).toEqual(['artifacts.list']);
    }
  });

  test('matches that lie just within what is read ahead, and just past it, are found', async () => {
    for (const place of [AHEAD_ROWS - 1, AHEAD_ROWS, AHEAD_ROWS + 1]) {
      const wanted = rows.at(-place)!;
      const page = await listOf(ctx, ARTIFACT, { filter: { name: { eq: wanted.name } } });
      expect(page.nodes.map(({ id }) => id)).toEqual([wanted.id]);
      expect(page.hasNextPage).toBe(false);
    }
  });
});

const PAGES_MAX = 6;

/** The ids of the first PAGES_MAX pages, in the direction of reading. */
async function walk(
  ctx: Ctx,
  filter: Filter,
  orderBy: readonly OrderTerm[],
  backward: boolean,
  size: number,
  enough: number,
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX && seen.length < enough; pages += 1) {
    const place = backward ? { last: size, before: cursor } : { first: size, after: cursor };
    const page: Awaited<ReturnType<typeof listOf<ArtifactRow>>> = await listOf(ctx, ARTIFACT, {
      filter,
      orderBy,
      ...place,
    });
    const nodes = backward ? page.nodes.toReversed() : page.nodes;
    seen.push(...nodes.map(({ id }) => id));
    const last = nodes.at(-1);
    if (!last || !(backward ? page.hasPreviousPage : page.hasNextPage)) break;
    cursor = page.cursorOf(last);
  }
  return seen;
}

/** Null is smallest; ties by id, in the direction of the last word. */
function comparing(orderBy: readonly OrderTerm[]) {
  const terms = [...orderBy, { field: 'id', direction: orderBy.at(-1)!.direction }];
  return (a: object, b: object) => {
    for (const { field, direction } of terms) {
      const [x, y] = [a, b].map((row) => {
        const value = (row as Record<string, string | number | Date | null>)[field]!;
        return value instanceof Date ? value.getTime() : (value ?? -1);
      });
      if (x !== y) return (x! < y! ? -1 : 1) * (direction === 'ASC' ? 1 : -1);
    }
    return 0;
  };
}
