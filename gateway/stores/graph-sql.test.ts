import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, type TestDatabase } from '../../e2e/kit/database.ts';
import { newId } from '../../resolvers/keys.ts';
import { graphBoundsContract } from './graph-bounds.contract.ts';
import { graphChanceContract } from './graph-chance.contract.ts';
import { graphOverSql } from './graph-sql.ts';
import { graphWalksContract } from './graph-walks.contract.ts';
import { graphWriteContract } from './graph-write.contract.ts';
import {
  aNode,
  aRelation,
  BOTH,
  graphReadContract,
  type GraphUnderTest,
} from './graph.contract.ts';

describe.each(DATABASES)('$name', ({ open }) => {
  let database: TestDatabase;
  let underTest: GraphUnderTest;
  beforeAll(async () => {
    database = await open();
    underTest = { graph: graphOverSql(database), space };
  });
  afterAll(() => database.close());

  async function space(): Promise<string> {
    const id = newId();
    await database.db.workspace.create({ data: { id, slug: id, name: 'A space' } });
    return id;
  }

  test.each([1, 10, 100])(
    'each read of %i roots is one statement, a write one per list',
    async (count) => {
      const { graph } = underTest;
      const here = await space();
      const nodes = Array.from({ length: count }, () => aNode());
      const ids = nodes.map(({ id }) => id);
      const relations = nodes.map((node, at) => aRelation(node, nodes[(at + 1) % count]!));
      const pairs = ids.map((fromId, at) => ({ fromId, toId: ids.at(at - 3)! }));
      database.statements();
      await graph.write(here, {
        nodes,
        relations,
        removedNodes: [newId()],
        removedRelations: [newId()],
      });
      await graph.nodes(here, ids);
      await graph.neighbours(here, ids, BOTH, { first: 10 });
      await graph.network(here, ids, BOTH, { depth: 5, nodes: 1_000 });
      await graph.shortestPaths(here, pairs, BOTH, 5);
      await graph.allPaths(here, pairs[0]!, BOTH, { depth: 5, limit: 10 });
      await graph.degrees(here, ids);
      await graph.topByDegree(here, BOTH, 10);
      await graph.relationsAmong(here, ids);
      expect(database.statements()).toEqual([
        'graph.writeNodes',
        'graph.writeRelations',
        'graph.removeRelations',
        'graph.removeNodes',
        'graph.nodes',
        'graph.neighbours',
        'graph.network',
        'graph.shortestPaths',
        'graph.allPaths',
        'graph.degrees',
        'graph.topByDegree',
        'graph.relationsAmong',
      ]);
    },
  );

  graphReadContract(() => underTest);
  graphWalksContract(() => underTest);
  graphBoundsContract(() => underTest);
  graphWriteContract(() => underTest);
  graphChanceContract(() => underTest);
});
