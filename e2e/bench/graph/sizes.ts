/** The same walks by both adapters of the port, on graphs of growing size: where SQL falls behind. */
import { isDeepStrictEqual } from 'node:util';
import { openGraphNeo4j } from '../../../gateway/stores/graph-neo4j.ts';
import { graphOverSql } from '../../../gateway/stores/graph-sql.ts';
import { BATCH_MAX, type Graph } from '../../../resolvers/graph/port.ts';
import { newId } from '../../../resolvers/keys.ts';
import type { TestDatabase } from '../../kit/database.ts';
import { placesGraph, type BenchGraph } from './data.ts';
import { quartiles } from './measure.ts';

const DEPTHS = [1, 2, 3];
const NODES = 1_000;
const WARM = 20;
const LINKS_EACH = 5;
/** SQL may take so many times as long as Neo4j. */
const TIMES_MAX = 3;

/** Writes each graph to both, and walks it from `rounds` nodes. Throws unless both answer the same. */
export async function bySize(
  database: TestDatabase,
  neo4j_url: string,
  sizes: readonly number[],
  rounds: number,
): Promise<object[]> {
  const sql = graphOverSql(database);
  const neo4j = await openGraphNeo4j({ url: neo4j_url, timeout_ms: 60_000, connections_max: 2 });
  const rows: object[] = [];
  try {
    for (const size of sizes) {
      const workspaceId = newId();
      await database.db.workspace.create({
        data: { id: workspaceId, slug: workspaceId, name: '' },
      });
      const graph = placesGraph(size, size, LINKS_EACH);
      for (const store of [sql, neo4j.graph]) await writeAll(store, workspaceId, graph);
      await database.pool.query('/* bench.analyze */ ANALYZE');
      for (const depth of DEPTHS) {
        const row = {
          relations: size,
          depth,
          ...(await both(sql, neo4j.graph, workspaceId, graph, depth, rounds)),
        };
        console.error(JSON.stringify(row));
        rows.push(row);
      }
    }
    return rows;
  } finally {
    await neo4j.close();
  }
}

async function both(
  sql: Graph,
  neo4j: Graph,
  workspaceId: string,
  { nodes }: BenchGraph,
  depth: number,
  rounds: number,
): Promise<object> {
  const took: Record<'sql' | 'neo4j', number[]> = { sql: [], neo4j: [] };
  const bounds = { depth, nodes: NODES };
  const stores = { sql, neo4j } as const;
  for (let round = -WARM; round < rounds; round++) {
    const root = nodes[((round + WARM) * 7_919) % nodes.length]!.id;
    const answers: object[] = [];
    for (const name of round % 2 ? (['sql', 'neo4j'] as const) : (['neo4j', 'sql'] as const)) {
      const began_ms = performance.now();
      const network = await stores[name].network(workspaceId, [root], { direction: 'OUT' }, bounds);
      if (round >= 0) took[name].push(performance.now() - began_ms);
      answers.push(network);
    }
    if (!isDeepStrictEqual(answers[0], answers[1]))
      throw new Error(`from ${root}, ${depth} far, they differ`);
  }
  const times = quartiles(took.sql.map((each, at) => each / took.neo4j[at]!));
  return {
    sql_ms: quartiles(took.sql),
    neo4j_ms: quartiles(took.neo4j),
    times,
    within: times.median <= TIMES_MAX,
  };
}

/** In batches of the port. */
export async function writeAll(
  store: Graph,
  workspaceId: string,
  { nodes, relations }: BenchGraph,
): Promise<void> {
  for (let at = 0; at < nodes.length; at += BATCH_MAX)
    await store.write(workspaceId, { nodes: nodes.slice(at, at + BATCH_MAX) });
  for (let at = 0; at < relations.length; at += BATCH_MAX)
    await store.write(workspaceId, { relations: relations.slice(at, at + BATCH_MAX) });
}
