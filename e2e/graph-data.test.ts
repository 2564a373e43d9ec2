/**
 * Real graphs: loaded as anybody would, and what is known of them comes out by GraphQL. Here two of them, from Postgres
 * and from Neo4j; `npm run soak import-graph` brings all of them, WordNet with its senses too, into the embedded store,
 * Postgres and Neo4j, and loads WordNet by a process with little memory.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rebuildGraph } from '../resolvers/projectors/graph-step.ts';
import { verifyGraph } from '../resolvers/projectors/graph-verify.ts';
import { openServer, type TestDatabase } from './kit/database.ts';
import { AIR_ROUTES } from './kit/facts-air-routes.ts';
import { MODULES } from './kit/facts-registries.ts';
import { load, WHY_NO_GRAPHS, type Ask, type DataSet } from './kit/graph-data.ts';
import { openGraph, type TestGraph } from './kit/graph.ts';
import { ownNeo4jOrNull } from './kit/neo4j-server.ts';
import { aProjector, type TestProjector } from './kit/projection.ts';

const SETS = [AIR_ROUTES, MODULES];
/** For a machine with much else to do. */
const LOAD_MAX_ms = 600_000;

let database: TestDatabase;
let graph: TestGraph;

const serverUrl = process.env['TEST_DATABASE_URL'];
const neo4j = WHY_NO_GRAPHS || !serverUrl ? null : await ownNeo4jOrNull();
afterAll(() => neo4j?.stop());

describe.skipIf(WHY_NO_GRAPHS || !serverUrl)(`real graphs${WHY_NO_GRAPHS}`, () => {
  beforeAll(async () => {
    database = await openServer();
    graph = openGraph(database);
    await load(database, SETS);
  }, LOAD_MAX_ms);
  afterAll(close);

  factsOf(SETS, (...asked) => graph.data(...asked));

  describe.skipIf(!neo4j)('with Neo4j, which the projector keeps', () => {
    let projector: TestProjector;
    beforeAll(async () => {
      projector = await aProjector(database, neo4j!.url);
      await rebuildGraph(projector.parts);
    }, LOAD_MAX_ms);
    afterAll(() => projector.close());

    // Of the lightest paths one: each is a hundred reads.
    const some = { ...AIR_ROUTES, facts: AIR_ROUTES.facts.slice(0, -2) };
    factsOf([some, MODULES], (source, variables) =>
      graph.data(source, variables, { graphFor: () => projector.store.graph }),
    );

    test(
      'which was asked for them, and differs from the rows in nothing',
      async () => {
        const asked = new Set(projector.calls());
        for (const name of ['graph.neighbours', 'graph.degrees', 'graph.topByDegree']) {
          expect(asked).toContain(name);
        }
        const found: unknown[] = [];
        const { compared, differences } = await verifyGraph(projector.parts, {
          repair: false,
          found: (difference) => found.push(difference),
        });
        expect({ differences, found }).toEqual({ differences: 0, found: [] });
        const rows = Object.values(compared).reduce((sum, count) => sum + count, 0);
        expect(rows).toBeGreaterThan(3_749 + 57_645); // Of Air routes alone.
      },
      LOAD_MAX_ms,
    );
  });
});

async function close(): Promise<void> {
  await graph.close();
  await database.close();
}

function factsOf(sets: readonly DataSet[], ask: Ask): void {
  for (const { name, facts } of sets) {
    describe(name, () => {
      test.each(facts)('$title', async ({ asked, expected }) => {
        expect(await asked(ask)).toEqual(expected());
      });
    });
  }
}
