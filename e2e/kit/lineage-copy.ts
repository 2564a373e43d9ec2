/** Brings Neo4j's lineage up to the tables by reading them whole: for tests of its walks, on a server that others use too. */
import type { Neo4jClient } from '../../gateway/stores/graph-neo4j/client.ts';
import { heldLineage } from '../../gateway/stores/graph-neo4j/lineage-write.ts';
import {
  artifactsAfter,
  runsAfter,
  runsToBring,
  usesOfRuns,
} from '../../resolvers/projectors/lineage-rows.ts';
import type { TestDatabase } from './database.ts';

const ROWS_MAX = 10_000;
const MARK = 1;

/** Copies all rows of all workspaces, where they are not those of the last time: what it was then answered. */
export async function copyLineage(
  { sql }: TestDatabase,
  client: Neo4jClient,
  last: string,
): Promise<string> {
  const artifacts = await artifactsAfter(sql, null, ROWS_MAX);
  const { runs, uses } = await usesOfRuns(
    sql,
    await runsToBring(sql, await runsAfter(sql, null, ROWS_MAX)),
  );
  const now = JSON.stringify([artifacts, runs, uses]);
  if (now === last) return now;
  await client.write(async (run) => {
    const held = heldLineage(run);
    await held.writeArtifacts(artifacts, MARK);
    await held.writeUses(runs, uses, MARK);
  });
  return now;
}
