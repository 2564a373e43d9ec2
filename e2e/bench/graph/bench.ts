/**
 * Walks through GraphQL beside the bare driver with the same Cypher and beside `@neo4j/graphql`, on one Neo4j, and
 * SQL's walks beside Neo4j's by size. `--only neighbours,network,shortest,lineage` (none: sizes alone), `--links`
 * with `--each` of them from a place (14, as an airport of real routes has; a network then meets most places several
 * times), `--lineage steps` (what was made by steps of a run, which used what they made it of) or `derived` (as was said
 * when it was registered), `--rounds`, `--seconds`, `--warm`, `--sizes 1000,10000,100000` (none: no sizes).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { graphOverSql } from '../../../gateway/stores/graph-sql.ts';
import { LOCAL_VIEWER } from '../../../resolvers/policy.ts';
import { openServer } from '../../kit/database.ts';
import { startNeo4j } from '../../kit/neo4j-server.ts';
import { bareNeo4j, type BareNeo4j } from '../../kit/projection.ts';
import { until } from '../../kit/until.ts';
import { seedArtifacts, seedDerivations, seedRun, seedUses } from '../../kit/world.ts';
import { cpuOf } from '../gateway-process.ts';
import { openWorld } from '../world.ts';
import { layersOfThings, placesGraph, type BenchGraph, type BenchThings } from './data.ts';
import { measure, slice, type Pace } from './measure.ts';
import { OPERATION_NAMES, type Asked, type LineageBy, type OperationName } from './operations.ts';
import { bySize, writeAll } from './sizes.ts';
import { compare, startOurs, startRivals, type RunningServer, type Setting } from './servers.ts';

const OPTIONS = {
  only: { type: 'string', default: OPERATION_NAMES.join(',') },
  links: { type: 'string', default: '12600' },
  each: { type: 'string', default: '14' },
  lineage: { type: 'string', default: 'steps' },
  rounds: { type: 'string', default: '7' },
  seconds: { type: 'string', default: '2' },
  warm: { type: 'string', default: '8' },
  sizes: { type: 'string', default: '1000,10000,100000' },
} as const;

const SEED = 20_261_130;
const LAYER_WIDTH = 200;
/** Questions of each operation, asked in turn. */
const ASKED = 200;
/** For all rows to be in Neo4j. */
const PROJECT_WAIT_MS = 600_000;

export async function run(args: string[]): Promise<object> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const listed = (list: string) => list.split(',').filter((item) => item !== '');
  const pace: Pace = {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warm_s: Number(values.warm),
  };
  const world = await openWorld();
  const neo4j = await startNeo4j('all');
  try {
    const { lineage } = values;
    if (lineage !== 'steps' && lineage !== 'derived') {
      throw new Error(`--lineage is steps or derived, not ${lineage}`);
    }
    const only = OPERATION_NAMES.filter((name) => listed(values.only).includes(name));
    const places = placesGraph(SEED, Number(values.links), Number(values.each));
    const operations =
      only.length > 0 ? await walks(world.database, neo4j, { places, lineage }, only, pace) : {};
    const sizes = listed(values.sizes).map(Number);
    if (sizes.length === 0) return operations;
    const other = await openServer(); // Whose rows no projector follows.
    try {
      const rounds = pace.rounds * 5;
      return { ...operations, sizes: await bySize(other, neo4j.url, sizes, rounds) };
    } finally {
      await other.close();
    }
  } finally {
    await neo4j.stop();
    await world.close();
  }
}

type World = Awaited<ReturnType<typeof openWorld>>['database'];
type Neo4j = Awaited<ReturnType<typeof startNeo4j>>;

async function walks(
  database: World,
  { url, pid }: Neo4j,
  { places, lineage }: { readonly places: BenchGraph; readonly lineage: LineageBy },
  operations: readonly OperationName[],
  pace: Pace,
): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'polyphony-graph-'));
  const bare = bareNeo4j(url);
  const servers: RunningServer[] = [];
  try {
    const things = layersOfThings(SEED, LAYER_WIDTH);
    const asked = questions(places, things);
    const setting: Setting = {
      database_url: database.url!,
      neo4j_url: url,
      folder,
      asked,
      lineage,
    };
    await writeAll(graphOverSql(database), LOCAL_VIEWER.workspaceId, places);
    await (lineage === 'steps' ? seedBySteps : seedDerived)(database, things);
    await database.pool.query('/* bench.analyze */ ANALYZE');
    servers.push(await startOurs(setting));
    const project_s = await projected(bare);
    await copy(bare, things);
    servers.push(...(await startRivals(setting)));
    const bytes = await compare(servers, setting);
    const figures: Record<string, object> = {};
    for (const operation of operations) {
      await planned(servers[0]!, operation);
      const before = await fallbacksOf(servers[0]!);
      const begun = await statementsOf(servers[0]!);
      const figure = await measure(operation, servers, () => cpuOf({ pid }), pace);
      const statements = ((await statementsOf(servers[0]!)) - begun) / figure.requests;
      console.error(`${operation}: ${statements.toFixed(2)} statements of Neo4j for a request`);
      figures[operation] = { ...figure, statements };
      const fallbacks = (await fallbacksOf(servers[0]!)) - before;
      if (fallbacks > 0) throw new Error(`${operation}: SQL answered ${fallbacks} times`);
    }
    return { project_s, bytes, operations: figures };
  } finally {
    for (const { process } of servers) await process.stop();
    await bare.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each thing by a step of its own. */
async function seedBySteps(database: World, { things, made }: BenchThings): Promise<void> {
  const runId = await seedRun(
    database,
    things.map(({ id }) => id),
  );
  await seedArtifacts(
    database,
    things.map((thing) => ({ ...thing, runId, stepKey: thing.id })),
  );
  await seedUses(
    database,
    made.map(([of, id]) => [runId, id, of]),
  );
}

async function seedDerived(database: World, { things, made }: BenchThings): Promise<void> {
  await seedArtifacts(database, things);
  await seedDerivations(database, made);
}

function questions({ nodes }: BenchGraph, { things }: BenchThings): Record<OperationName, Asked[]> {
  const walked = Array.from({ length: ASKED }, (_, at) => ({
    from: nodes.at(-1 - at)!.id,
    to: nodes[at]!.id,
  }));
  return {
    neighbours: walked,
    network: walked,
    shortest: walked,
    lineage: things.slice(0, LAYER_WIDTH).map(({ id }) => ({ from: id, to: id })),
  };
}

/** Seconds until the gateway has brought all there is. */
async function projected(bare: BareNeo4j): Promise<number> {
  const began_ms = performance.now();
  const isWhole = async () => {
    const [row] = await bare.run<{ isWhole: boolean }>(
      `/* bench.projected */ MATCH (p:Projection)
      RETURN p.complete AND p.rebuildStage IS NULL AS isWhole`,
    );
    return row?.isWhole === true;
  };
  await until('all is in Neo4j', isWhole, PROJECT_WAIT_MS);
  return Math.round((performance.now() - began_ms) / 1_000);
}

/** The same again as `@neo4j/graphql` wants it: a label and a type for each kind, and names beside what they name. */
async function copy(bare: BareNeo4j, { things }: BenchThings): Promise<void> {
  for (const label of ['Place', 'Thing', 'Job']) {
    await bare.run(
      `/* bench.constraint */ CREATE CONSTRAINT FOR (x:${label}) REQUIRE x.id IS UNIQUE`,
    );
  }
  await bare.run(
    '/* bench.places */ MATCH (n:Node) CREATE (:Place {id: n.id, key: n.key, name: n.name})',
  );
  await bare.run(
    `/* bench.links */ MATCH (n:Node)-[:REL]->(m:Node)
    MATCH (a:Place {id: n.id}) MATCH (b:Place {id: m.id}) CREATE (a)-[:LINKS]->(b)`,
  );
  await bare.run(
    '/* bench.things */ UNWIND $things AS x CREATE (:Thing {id: x.id, key: x.id, name: x.name})',
    { things },
  );
  await bare.run(
    `/* bench.madeOf */ MATCH (n:Artifact)-[:DERIVED]->(m:Artifact)
    MATCH (a:Thing {id: m.id}) MATCH (b:Thing {id: n.id}) CREATE (a)-[:MADE_OF]->(b)`,
  );
  await bare.run(
    `/* bench.madeBy */ MATCH (s:Step)-[:MADE]->(m:Artifact)
    MATCH (a:Thing {id: m.id}) MERGE (job:Job {id: s.id}) CREATE (a)-[:MADE_BY]->(job)`,
  );
  await bare.run(
    `/* bench.used */ MATCH (n:Artifact)-[:USED]->(s:Step)
    MATCH (b:Thing {id: n.id}) MATCH (job:Job {id: s.id}) CREATE (job)-[:USES]->(b)`,
  );
}

/** Asks until Neo4j has planned it: SQL answers before that. */
async function planned(ours: RunningServer, operation: OperationName): Promise<void> {
  await until('Neo4j answers', async () => {
    const before = await fallbacksOf(ours);
    await slice(ours, operation, 1);
    return (await fallbacksOf(ours)) === before;
  });
}

/** Reads that SQL answered so far, in place of Neo4j. */
const fallbacksOf = (server: RunningServer) =>
  counted(server, /^polyphony_graph_fallbacks_total\{.*\} (\d+)$/gm);

/** Reads that Neo4j answered so far: one may be for several requests. */
const statementsOf = (server: RunningServer) =>
  counted(server, /^polyphony_store_call_seconds_count\{.*"neo4j".*\} (\d+)$/gm);

async function counted({ process }: RunningServer, each: RegExp): Promise<number> {
  const text = await (await fetch(`${process.url}/metrics`)).text();
  return [...text.matchAll(each)].reduce((sum, [, count]) => sum + Number(count), 0);
}
