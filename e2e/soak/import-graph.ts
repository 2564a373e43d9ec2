/** All shared graphs into all stores, as e2e/graph-data.test.ts brings two of them, and WordNet in little memory. */
import { deepStrictEqual } from 'node:assert';
import { rebuildGraph } from '../../resolvers/projectors/graph-step.ts';
import { verifyGraph } from '../../resolvers/projectors/graph-verify.ts';
import { openEmbedded, openServer, type TestDatabase } from '../kit/database.ts';
import { AIR_ROUTES } from '../kit/facts-air-routes.ts';
import { HETIONET, MODULES } from '../kit/facts-registries.ts';
import { WORDNET, WORDNET_SENSES } from '../kit/facts-wordnet.ts';
import { dataPath, load, WHY_NO_GRAPHS, type Ask, type DataSet } from '../kit/graph-data.ts';
import { openGraph } from '../kit/graph.ts';
import { startNeo4j } from '../kit/neo4j-server.ts';
import { startPostgres } from '../kit/postgres-server.ts';
import { built, linesOf, polyphony } from '../kit/process.ts';
import { aProjector } from '../kit/projection.ts';

/** Megabytes of JavaScript objects. Held all at once, the rows of WordNet are more. */
const HEAP_MAX_MB = 96;
const SETS = [AIR_ROUTES, HETIONET, MODULES, WORDNET];
/** After what is known of WordNet was asked: some of their relations are of kinds that synsets have too. */
const LATER = [WORDNET_SENSES];

/** Throws at the first answer that is not what it must be; prints how long each part took. */
export async function loadEverywhere(): Promise<void> {
  if (WHY_NO_GRAPHS) throw new Error(`soak import-graph:${WHY_NO_GRAPHS}`);
  const embedded = await openEmbedded();
  await loaded('embedded', embedded, SETS);
  await loaded('embedded', embedded, LATER);
  await embedded.close();

  const postgres = await startPostgres();
  process.env['TEST_DATABASE_URL'] = postgres.url;
  await timed('postgres: WordNet in little memory', loadInLittle);
  const server = await openServer();
  await loaded('postgres', server, SETS);

  const neo4j = await startNeo4j();
  const projector = await aProjector(server, neo4j.url);
  await timed('neo4j: rebuilt', () => rebuildGraph(projector.parts));
  const graph = openGraph(server);
  const ask: Ask = (source, variables) =>
    graph.data(source, variables, { graphFor: () => projector.store.graph });
  await facts('neo4j', ask, SETS);
  await loaded('postgres', server, LATER);
  await timed('neo4j: caught up', () => projector.catchUp());
  await facts('neo4j', ask, LATER);
  await timed('neo4j: verified', async () => {
    const found = (difference: object) => console.error(JSON.stringify(difference));
    const { differences } = await verifyGraph(projector.parts, { repair: false, found });
    deepStrictEqual(differences, 0);
  });
  await graph.close();
  await projector.close();
  await server.close();
  await Promise.all([neo4j.stop(), postgres.stop()]);
}

/** By the command, which holds nothing but what it is at. */
async function loadInLittle(): Promise<void> {
  await built();
  const database = await openServer();
  const { code, stdout, stderr } = await polyphony(
    [
      'import-graph',
      ...WORDNET.nodes.flatMap((file) => ['--nodes', dataPath(file)]),
      ...WORDNET.edges.flatMap((file) => ['--edges', dataPath(file)]),
    ],
    { DATABASE_URL: database.url!, NODE_OPTIONS: `--max-old-space-size=${HEAP_MAX_MB}` },
  );
  deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
  const { nodes, relations } = linesOf(stdout).at(-1) as Record<string, unknown>;
  deepStrictEqual({ nodes, relations }, { nodes: 107_525, relations: 131_105 });
  await database.close();
}

async function loaded(
  name: string,
  database: TestDatabase,
  sets: readonly DataSet[],
): Promise<void> {
  for (const set of sets) await timed(`${name}: ${set.name}`, () => load(database, [set]));
  const graph = openGraph(database);
  await facts(name, (...asked) => graph.data(...asked), sets);
  await graph.close();
}

async function facts(name: string, ask: Ask, sets: readonly DataSet[]): Promise<void> {
  for (const set of sets) {
    for (const { title, asked, expected } of set.facts) {
      deepStrictEqual(await asked(ask), expected(), `${name}: ${set.name}: ${title}`);
    }
    console.info(`${name}: ${set.name}: ${set.facts.length} facts hold`);
  }
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const began_ms = performance.now();
  await work();
  console.info(`${what} in ${((performance.now() - began_ms) / 1_000).toFixed(1)} s`);
}
