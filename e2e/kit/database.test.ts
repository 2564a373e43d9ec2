import { expect, test, describe } from 'vitest';
import { statement } from '../../resolvers/sql.ts';
import { DATABASES } from './database.ts';

const COUNT = statement<{ n: number }>('kit.count', 'SELECT count(*) AS n FROM workspace');

describe.each(DATABASES)('$name', ({ open }) => {
  test('each test database is migrated, its own, and tells which statements ran', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    try {
      one.statements();
      await one.db.workspace.create({
        data: { id: '00000000-0000-7000-8000-000000000002', slug: 'other', name: 'Other' },
      });
      await one.sql.transaction((tx) => tx.query(COUNT));
      expect(one.statements()).toEqual(['prisma.insert.workspace', 'kit.count']);
      expect(one.statements()).toEqual([]);
      expect(await one.sql.query(COUNT)).toEqual([{ n: 2 }]);
      expect(await two.sql.query(COUNT)).toEqual([{ n: 1 }]);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });
});
