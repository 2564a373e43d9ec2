import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KEPT } from '../resolvers/consistency.ts';

const places = KEPT.flatMap(({ truth, copies }) => [truth, ...copies]);

test.each(places.map(({ heldBy }) => heldBy))('%s has a test of that name: %s', (file, title) => {
  expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`test[^'"\`]*['"\`].*${title}`));
});

test('each table is in one row, and each row is of tables that are there', () => {
  const models = readdirSync('prisma')
    .filter((name) => name.endsWith('.prisma'))
    .map((name) => readFileSync(`prisma/${name}`, 'utf8'));
  const tables = models.flatMap((text) =>
    [...text.matchAll(/^model [^]*?@@map\("(\w+)"\)/gm)].map(([, table]) => table!),
  );
  expect(KEPT.flatMap((kept) => kept.tables).toSorted()).toEqual(tables.toSorted());
});
