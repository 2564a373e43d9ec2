import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../e2e/kit/database.ts';
import { seedRandomWorld } from '../e2e/kit/random-world.ts';
import { contextOver } from '../e2e/kit/world.ts';
import { listsOf } from './list.ts';
import { RUN } from './runs/entities.ts';

describe.each(DATABASES)('lists of many parents ($name)', ({ open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
    await seedRandomWorld(database, 7, { workflows: 1, runs: 2, steps: 1, artifacts: 1 });
  });
  afterAll(() => database.close());

  test('keys of parents arrive as they are, whatever is in them', async () => {
    const odd = [
      '',
      ' ',
      'NULL',
      'a,b',
      '{a}',
      '"',
      '\\',
      '\\"',
      `it's`,
      'tab\tend\n',
      'grün 🌱',
      'a"},{"b',
    ];
    const keys = odd.map((key) => [key]);
    for (const [at, key] of odd.entries()) {
      const hex = Buffer.from(key).toString('hex');
      const on = (_child: string, parent: string) =>
        `encode(convert_to(${parent}.k0, 'UTF8'), 'hex') = '${hex}'`;
      const link = { name: 'byOdd', casts: ['text'], on };
      const pages = await listsOf(contextOver(database), RUN, link, keys, { first: 1 });
      expect(pages.map(({ nodes }) => nodes.length)).toEqual(odd.map((_, i) => (i === at ? 1 : 0)));
    }
  });
});
