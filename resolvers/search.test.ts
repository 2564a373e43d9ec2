import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { contextOver, seedArtifacts } from '../e2e/kit/world.ts';
import { ARTIFACT } from './artifacts/entities.ts';
import { textFault } from './issues.ts';
import { listOf } from './list.ts';
import { SEARCH_BYTES_MAX, searchTerms } from './search.ts';

test.each([
  ['sorted.bam', '"sorted.bam"'],
  ['  many   words ', '"many" "words"'],
  ['bam -legacy', '"bam" -"legacy"'],
  ['bam OR vcf', '"bam" or "vcf"'],
  ['"run report" bam', '"run report" "bam"'],
  ['-"run report"', '-"run report"'],
  ['"never closed', '"never closed"'],
  ['sample-1', '"sample 1"'],
  ['- "" -- -"" "-"', ''],
  ['or *** OR', ''],
  ['', ''],
])('%j is understood as %j', (typed, terms) => {
  expect(searchTerms(typed)).toBe(terms);
});

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
    await seedArtifacts(
      database,
      [
        ['NA12878_sorted.bam', 'bam'],
        ['NA12878_raw.fastq', 'fastq'],
        ['sample-1.BAM', 'alignment'],
        ['legacy/sorted_bam', 'index'],
        ['run report', 'html'],
        ['größe_测试.csv', 'table'],
      ].map(([name, kind]) => ({ name: name!, kind: kind! })),
    );
  });
  afterAll(() => database.close());

  const found = async (matches: string | null) => {
    const page = await listOf(contextOver(database), ARTIFACT, { filter: { search: { matches } } });
    return page.nodes.map(({ name }) => name).toSorted();
  };

  test('words match whole words of name and kind, whatever stands between them and however written', async () => {
    expect(await found('bam')).toEqual(['NA12878_sorted.bam', 'legacy/sorted_bam', 'sample-1.BAM']);
    expect(await found('BAM na12878')).toEqual(['NA12878_sorted.bam']);
    expect(await found('alignment')).toEqual(['sample-1.BAM']);
    expect(await found('sort')).toEqual([]);
  });

  test('what was typed as one word with marks in it means its parts one after the other', async () => {
    expect(await found('sorted.bam')).toEqual(['NA12878_sorted.bam', 'legacy/sorted_bam']);
    expect(await found('bam.sorted')).toEqual([]);
    expect(await found('sample-1')).toEqual(['sample-1.BAM']);
  });

  test('letters of any script are letters, whatever the locale of the server', async () => {
    expect(await found('größe')).toEqual(['größe_测试.csv']);
    expect(await found('测试.csv')).toEqual(['größe_测试.csv']);
    expect(await found('gr')).toEqual([]);
    expect(await found('数据')).toEqual([]);
  });

  test('phrases, alternatives and exclusions are understood', async () => {
    expect(await found('"run report"')).toEqual(['run report']);
    expect(await found('"report run"')).toEqual([]);
    expect(await found('fastq or html')).toEqual(['NA12878_raw.fastq', 'run report']);
    expect(await found('bam -legacy')).toEqual(['NA12878_sorted.bam', 'sample-1.BAM']);
  });

  test('a text without any word does not restrict', async () => {
    for (const typed of ['', '  ', '***', '"', '-', null]) {
      expect(await found(typed)).toHaveLength(6);
    }
  });

  test('nothing that can be typed is an error', async () => {
    const typed = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom(
          'a',
          '"',
          '-',
          ' ',
          '&',
          '|',
          '!',
          '(',
          ')',
          ':',
          '*',
          '<',
          '\\',
          "'",
          'or',
        ),
        maxLength: 30,
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        typed.filter((text) => textFault(text, SEARCH_BYTES_MAX) === null),
        async (text) => {
          expect(Array.isArray(await found(text))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the bound is on bytes: at it the search runs, one past it the field is named', async () => {
    expect(await found('İ'.repeat(SEARCH_BYTES_MAX / 2))).toEqual([]);
    await expect(found('x'.repeat(SEARCH_BYTES_MAX))).resolves.toEqual([]);
    await expect(found('x'.repeat(SEARCH_BYTES_MAX + 1))).rejects.toThrow(
      'filter.search.matches: may be at most 500 bytes, has 501',
    );
    await expect(found('a\0')).rejects.toMatchObject({ code: 'INVALID' });
    await expect(found('a\ud800')).rejects.toMatchObject({ code: 'INVALID' });
  });
});
