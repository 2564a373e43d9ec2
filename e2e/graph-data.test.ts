/**
 * Real graphs: loaded as anybody would, and what is known of them comes out by GraphQL. Here all of them into Postgres,
 * and Air routes from there into Neo4j; `npm run soak import-graph` brings all of them, the senses of WordNet too, into
 * the embedded store, Postgres and Neo4j.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rebuildGraph } from '../resolvers/projectors/graph-step.ts';
import { verifyGraph } from '../resolvers/projectors/graph-verify.ts';
import { openServer, type TestDatabase } from './kit/database.ts';
import { AIR_ROUTES } from './kit/facts-air-routes.ts';
import { HETIONET, MODULES } from './kit/facts-registries.ts';
import { WORDNET } from './kit/facts-wordnet.ts';
import { dataPath, load, WHY_NO_GRAPHS, type Ask, type DataSet } from './kit/graph-data.ts';
import { openGraph, type TestGraph } from './kit/graph.ts';
import { ownNeo4jOrNull } from './kit/neo4j-server.ts';
import { built, linesOf, polyphony } from './kit/process.ts';
import { aProjector, type TestProjector } from './kit/projection.ts';

/** Megabytes of JavaScript objects. Held all at once, the rows of WordNet are more. */
const HEAP_MAX_MB = 96;
/** For a machine with much else to do. */
const LOAD_MAX_ms = 600_000;

let database: TestDatabase;
let graph: TestGraph;

const serverUrl = process.env['TEST_DATABASE_URL'];
const neo4j = WHY_NO_GRAPHS || !serverUrl ? null : await ownNeo4jOrNull();
afterAll(() => neo4j?.stop());

describe.skipIf(WHY_NO_GRAPHS || !serverUrl)(`real graphs${WHY_NO_GRAPHS}`, () => {
  beforeAll(async () => {
    await built();
    database = await openServer();
    graph = openGraph(database);
    await load(database, [AIR_ROUTES]);
  }, LOAD_MAX_ms);
  afterAll(close);

  factsOf([AIR_ROUTES], (...asked) => graph.data(...asked));

  describe.skipIf(!neo4j)('with Neo4j, which the projector keeps', () => {
    let projector: TestProjector;
    beforeAll(async () => {
      projector = await aProjector(database, neo4j!.url);
      await rebuildGraph(projector.parts);
    }, LOAD_MAX_ms);
    afterAll(() => projector.close());

    // Of the lightest paths one: each is a hundred reads.
    const some = { ...AIR_ROUTES, facts: AIR_ROUTES.facts.slice(0, -2) };
    factsOf([some], (source, variables) =>
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
        expect(Object.values(compared).reduce((sum, rows) => sum + rows, 0)).toBe(3_749 + 57_645);
      },
      LOAD_MAX_ms,
    );
  });

  describe('with two more of them', () => {
    beforeAll(() => load(database, [HETIONET, MODULES]), LOAD_MAX_ms);

    factsOf([HETIONET, MODULES], (...asked) => graph.data(...asked));
  });

  test(
    'WordNet is loaded by a process with little memory',
    async () => {
      const { code, stdout, stderr } = await polyphony(
        [
          'import-graph',
          ...WORDNET.nodes.flatMap((file) => ['--nodes', dataPath(file)]),
          ...WORDNET.edges.flatMap((file) => ['--edges', dataPath(file)]),
        ],
        { DATABASE_URL: database.url!, NODE_OPTIONS: `--max-old-space-size=${HEAP_MAX_MB}` },
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(linesOf(stdout)).toMatchObject([
        { created: 107_525, changed: 0, unchanged: 0 },
        { created: 131_105, changed: 0, unchanged: 0 },
        { nodes: 107_525, relations: 131_105 },
      ]);
    },
    LOAD_MAX_ms,
  );

  factsOf([WORDNET], (...asked) => graph.data(...asked));
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
