import { afterAll, beforeAll, describe } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { contextOver } from '../../e2e/kit/world.ts';
import { lineageChanceContract } from './lineage-chance.contract.ts';
import { lineageListsContract } from './lineage-lists.contract.ts';
import { lineageContract, type LineageUnderTest } from './lineage.contract.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let underTest: LineageUnderTest;
  beforeAll(async () => {
    database = await open();
    underTest = {
      database,
      ctx: contextOver(database),
      settle: () => Promise.resolve(),
      statements: () => database.statements(),
    };
  });
  afterAll(() => database.close());

  lineageContract(() => underTest);
  lineageListsContract(() => underTest);
  lineageChanceContract(() => underTest);
});
